"""The files of one package by path, whether they were submitted or have just been written."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

METS = "METS.xml"
EAD = "metadata/descriptive/EAD.xml"
PREMIS = "metadata/preservation/PREMIS.xml"
REP = "representations/rep1/"
REP_METS = f"{REP}METS.xml"
REP_PREMIS = f"{REP}metadata/preservation/PREMIS_rep1.xml"
REP_DESCRIPTIVE = f"{REP}metadata/descriptive/"
DATA = f"{REP}data/"
SCHEMAS = "schemas/"
DOCUMENTATION = "documentation/"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class PackageFile(Protocol):
    """One file of a package: digests by hashlib's name, made when it was read."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def known_digests(self) -> Mapping[str, str]: ...
    def open(self) -> AbstractContextManager[BinaryIO]: ...


@dataclass(slots=True)
class Tree:
    """A package's files; paths are relative to its folder, as text.

    ``folder`` is the folder's name, None when the package lies bare at the top of an archive.
    ``top_folders`` and ``outside`` describe what surrounds it; ``empty_folders`` hold nothing.
    """

    files: Mapping[str, PackageFile]
    folder: str | None = None
    top_folders: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    empty_folders: tuple[str, ...] = ()
    _by_fold: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self.files:
            self._by_fold.setdefault(nfc(path).casefold(), []).append(path)

    def find(self, path: str) -> str | None:
        """The file at ``path``, or the only one whose name differs by capitals or marks."""
        if path in self.files:
            return path
        alike = self._by_fold.get(nfc(path).casefold(), [])
        return alike[0] if len(alike) == 1 else None

    def alike(self, path: str) -> list[str]:
        """Every file whose path differs from ``path`` at most by capitals or marks."""
        return list(self._by_fold.get(nfc(path).casefold(), []))

    def below(self, folder: str) -> Iterator[str]:
        """The files in a folder, given with its slash, and in folders in it."""
        return (path for path in self.files if path.startswith(folder))

    def resolve(self, href: str, path: str, base: str) -> tuple[str, ...]:
        """The files that a reference in a METS file in folder ``base`` may mean.

        ``path`` is the decoded ``href``. Tried against the METS file's folder, then against
        the package's; a name that somebody forgot to encode is tried as it stands.
        """
        found: dict[str, None] = {}
        for folder in dict.fromkeys((base, "")):
            for said in dict.fromkeys((path, href)):
                target = self._target(said, folder, href)
                if target is not None:
                    found[target] = None
                    break
        return tuple(found)

    def _target(self, said: str, folder: str, href: str) -> str | None:
        if not said or said.startswith(("/", "\\")) or _SCHEME.match(href) or "\0" in said:
            return None
        joined = posixpath.normpath(folder + said)
        if joined in self.files:
            return joined
        same = [path for path in self.alike(joined) if nfc(path) == nfc(joined)]
        return same[0] if len(same) == 1 else None


def nfc(text: str) -> str:
    """The composed form, in which texts are compared."""
    return unicodedata.normalize("NFC", text)
