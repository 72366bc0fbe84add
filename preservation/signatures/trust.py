"""Trust material as files: what the operator imported, named, dated and hashed.

A snapshot names files and their hashes; it holds no parsed certificate, so it is cheap to
make, to compare and to send to a worker, which parses it once (``material``). Nothing is
built in: without anchors, trust is *not established*.

Folder layout: ``anchors/<set>[/<generation>]/``, ``intermediates/``, ``crls/``, ``ocsp/``, with
files in DER or PEM. A set is a community (``cong-vu`` public service, ``quoc-gia`` national);
a generation is a date or a name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from schemas.errors import ConfigError

_SUFFIXES = frozenset({".cer", ".crt", ".pem", ".der", ".crl", ".ors", ".ocsp", ".p7b", ".p7c"})


class TrustRole(StrEnum):
    """What a file of trust material is good for."""

    ANCHOR = "anchor"
    INTERMEDIATE = "intermediate"
    CRL = "crl"
    OCSP = "ocsp"


_FOLDERS = {
    "anchors": TrustRole.ANCHOR,
    "intermediates": TrustRole.INTERMEDIATE,
    "crls": TrustRole.CRL,
    "ocsp": TrustRole.OCSP,
}


class TrustUnreadable(ConfigError):
    """A file of trust material is missing, changed, or not what its folder says."""

    code = "SIG-TRUST-UNREADABLE"


class TrustFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of trust material."""

    role: TrustRole
    path: str
    sha256: str
    anchor_set: str = ""
    """The community an anchor belongs to; empty for other roles."""
    generation: str = ""


@dataclass(frozen=True)
class TrustSnapshot:
    """The trust material in force for one run.

    ``sha256`` identifies the material by content, not by place: two machines with the same
    files have the same snapshot.
    """

    files: tuple[TrustFile, ...] = ()
    sha256: str = field(init=False, default="")

    def __post_init__(self) -> None:
        lines = sorted(f"{f.role} {f.anchor_set} {f.generation} {f.sha256}\n" for f in self.files)
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        object.__setattr__(self, "sha256", digest)

    @property
    def has_anchors(self) -> bool:
        """Whether any trust can be established at all."""
        return any(f.role == TrustRole.ANCHOR for f in self.files)

    @classmethod
    def load(cls, folder: Path) -> TrustSnapshot:
        """Everything under ``folder``; an absent folder is an empty snapshot."""
        return cls(tuple(_files_under(folder))) if folder.is_dir() else cls()

    def write_manifest(self, folder: Path) -> Path:
        """The list of files, for workers; the same snapshot always has the same file."""
        path = folder / f"trust-{self.sha256}.json"
        if not path.exists():
            partial = path.with_suffix(f".{os.getpid()}.partial")
            partial.write_bytes(msgspec.json.encode(self.files))
            partial.replace(path)
        return path

    @classmethod
    def read_manifest(cls, path: Path) -> TrustSnapshot:
        """What :meth:`write_manifest` wrote; TrustUnreadable."""
        try:
            return cls(msgspec.json.decode(path.read_bytes(), type=tuple[TrustFile, ...]))
        except (OSError, msgspec.MsgspecError) as error:
            raise TrustUnreadable(path=str(path), reason=str(error)) from error

    def joined(self, others: Iterable[TrustFile]) -> TrustSnapshot:
        """This snapshot and more files; a file already there is not counted twice."""
        known = {(f.role, f.anchor_set, f.generation, f.sha256) for f in self.files}
        more = [f for f in others if (f.role, f.anchor_set, f.generation, f.sha256) not in known]
        return TrustSnapshot((*self.files, *more))


def trust_file(
    path: Path, role: TrustRole, *, anchor_set: str = "", generation: str = ""
) -> TrustFile:
    """``path`` with its hash; TrustUnreadable when it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrustUnreadable(path=str(path), reason=str(error)) from error
    return TrustFile(
        role=role,
        path=str(path.absolute()),
        sha256=hashlib.sha256(content).hexdigest(),
        anchor_set=anchor_set,
        generation=generation,
    )


def _files_under(folder: Path) -> Iterable[TrustFile]:
    for name, role in _FOLDERS.items():
        for path in sorted((folder / name).rglob("*")):
            if not path.is_file() or path.suffix.lower() not in _SUFFIXES:
                continue
            anchor_set = generation = ""
            if role == TrustRole.ANCHOR:
                anchor_set, _, generation = (
                    path.relative_to(folder / name).parent.as_posix().partition("/")
                )
            yield trust_file(path, role, anchor_set=anchor_set, generation=generation)
