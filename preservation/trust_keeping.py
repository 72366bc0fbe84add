"""Trust material of an archive: imported as administrative AIPs, kept for ever, retired by note.

Nothing is built in. Every list ever imported is kept: a verdict of today may have to be made
again as of a day long past. What is retired stays stored and is no longer used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from preservation.signatures.recognise import TrustFact, recognised
from preservation.signatures.trust import TrustFile, TrustRole, TrustSnapshot
from repository.administrative import administrative_aips, cached_files, store_administrative
from repository.archive import Repository
from schemas.digests import digests_of
from schemas.errors import ConfigError
from schemas.events import Agent
from schemas.records import Receipt, Record, decode, encode

KIND = "trust"
RETIREMENT = "trust-retirement"
FILE_CAP_BYTES = 64 << 20
"""A national revocation list is a few MB; anything beyond this is no trust material."""


_SET_NAME = re.compile(r"\w[\w-]{0,63}")
_PRIVATE_KEY = b"PRIVATE KEY-----"

SHORTEST_PREFIX = 8
"""Digits of a digest that are needed to retire what it names."""


class NotTrustMaterial(ConfigError):
    """A file holds no certificate, revocation list or OCSP response; nothing was imported."""

    code = "TRUST-NOT-MATERIAL"


class HoldsPrivateKey(ConfigError):
    """A file holds a private key beside what it was brought for; nothing was imported."""

    code = "TRUST-PRIVATE-KEY"


class SetNameUnusable(ConfigError):
    """The name of an anchor set cannot be that of a folder; nothing was imported."""

    code = "TRUST-SET-NAME"


class RetiredBefore(ConfigError):
    """A file was retired, for the reason given, and is not used again; nothing was imported."""

    code = "TRUST-RETIRED-BEFORE"


class NothingToRetire(ConfigError):
    """No trust material in use has a digest that starts like this."""

    code = "TRUST-NONE-SUCH"


class Retirement(Record, frozen=True, kw_only=True):
    """What is no longer used, and why."""

    format: str = "kho.trust-retirement/1"
    sha256: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class KeptTrust:
    """One file of trust material, in use or retired, with what it holds."""

    file: TrustFile
    aip_id: str
    imported: str
    facts: tuple[TrustFact, ...]
    retired: str = ""
    """Why it is no longer used; empty while it is."""


def import_trust(
    archive: Repository,
    paths: Sequence[Path],
    *,
    anchor_set: str = "",
    agents: Sequence[Agent],
) -> Receipt:
    """Every file under ``paths`` is stored and from now on in use.

    With ``anchor_set`` certificates become anchors of that set (``cong-vu``, ``quoc-gia``);
    without, they are intermediates. Lists and responses are recognised by themselves.
    :class:`NotTrustMaterial`, :class:`HoldsPrivateKey`, :class:`RetiredBefore` or
    :class:`SetNameUnusable` before anything is stored: what is stored can never be taken back.
    """
    if anchor_set and not _SET_NAME.fullmatch(anchor_set):
        raise SetNameUnusable(named=anchor_set)
    generation = archive.now().date().isoformat()
    retired = _retired(archive)
    files: dict[str, bytes] = {}
    for path in _files(paths):
        content = _content(path)
        if reason := retired.get(digests_of(content).sha256):
            raise RetiredBefore(where=str(path), reason=reason)
        role = _role(path, content, anchor_set)
        files[_place(role, path, content, anchor_set, generation)] = content
    return store_administrative(
        archive,
        kind=KIND,
        title=f"Trust material of {generation}: {len(files)} files",
        files=files,
        agents=agents,
        detail=f"{len(files)} files; anchor set: {anchor_set or '-'}",
    )


def kept_trust(archive: Repository) -> list[KeptTrust]:
    """Everything ever imported, oldest first, each file once."""
    retired = _retired(archive)
    kept: dict[tuple[TrustRole, str, str], KeptTrust] = {}
    for summary in administrative_aips(archive, KIND):
        folder = cached_files(archive, summary.aip_id)
        for file in TrustSnapshot.load(folder).files:
            key = (file.role, file.anchor_set, file.sha256)
            if key not in kept:
                kept[key] = KeptTrust(
                    file,
                    summary.aip_id,
                    summary.created,
                    recognised(Path(file.path).read_bytes()),
                    retired.get(file.sha256, ""),
                )
    return list(kept.values())


def current_trust(archive: Repository) -> TrustSnapshot:
    """The snapshot of what is in use now."""
    retired = _retired(archive)
    snapshot = TrustSnapshot()
    for summary in administrative_aips(archive, KIND):
        folder = cached_files(archive, summary.aip_id)
        files = TrustSnapshot.load(folder).files
        snapshot = snapshot.joined(file for file in files if file.sha256 not in retired)
    return snapshot


def retire_trust(
    archive: Repository, prefixes: Sequence[str], *, reason: str, agents: Sequence[Agent]
) -> tuple[KeptTrust, ...]:
    """The files whose sha256 starts with one of ``prefixes`` are no longer used; they stay
    stored. :class:`NothingToRetire` when a prefix names none."""
    in_use = [kept for kept in kept_trust(archive) if not kept.retired]
    chosen: list[KeptTrust] = []
    for prefix in prefixes:
        named = [kept for kept in in_use if kept.file.sha256.startswith(prefix)]
        if not named or len(prefix) < SHORTEST_PREFIX:
            raise NothingToRetire(named=prefix)
        chosen += named
    record = Retirement(sha256=tuple(sorted({kept.file.sha256 for kept in chosen})), reason=reason)
    store_administrative(
        archive,
        kind=RETIREMENT,
        title=f"Retired trust material: {len(record.sha256)} files",
        files={"retirement.json": encode(record)},
        agents=agents,
        detail=reason,
    )
    return tuple(chosen)


def _retired(archive: Repository) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for summary in administrative_aips(archive, RETIREMENT):
        folder = cached_files(archive, summary.aip_id)
        try:
            record = decode((folder / "retirement.json").read_bytes(), Retirement)
        except msgspec.MsgspecError:
            continue
        reasons |= dict.fromkeys(record.sha256, record.reason)
    return reasons


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        found += inside
    if not found:
        raise NotTrustMaterial(where=", ".join(map(str, paths)))
    return found


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_CAP_BYTES:
            raise NotTrustMaterial(where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise NotTrustMaterial(where=str(path)) from error


def _role(path: Path, content: bytes, anchor_set: str) -> TrustRole:
    if _PRIVATE_KEY in content:
        raise HoldsPrivateKey(where=str(path))
    facts = recognised(content)
    if not facts:
        raise NotTrustMaterial(where=str(path))
    role = facts[0].role
    if any(fact.role is not role for fact in facts):
        raise NotTrustMaterial(where=str(path))
    if role is TrustRole.INTERMEDIATE and anchor_set:
        return TrustRole.ANCHOR
    return role


_FOLDERS = {
    TrustRole.INTERMEDIATE: "intermediates",
    TrustRole.CRL: "crls",
    TrustRole.OCSP: "ocsp",
}
_ENDINGS = {TrustRole.CRL: ".crl", TrustRole.OCSP: ".ors"}


def _place(role: TrustRole, path: Path, content: bytes, anchor_set: str, generation: str) -> str:
    """Where the file stands in the AIP: its folder says its role, its name its digest."""
    folder = _FOLDERS.get(role) or f"anchors/{anchor_set}/{generation}"
    ending = _ENDINGS.get(role, ".cer")
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem)[:40]
    return f"{folder}/{name}-{digests_of(content).sha256[:16]}{ending}"
