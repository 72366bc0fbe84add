"""The files Kho writes into an AIP, collected with their digests as they are written."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.digests import Digests

SMALL = "generated/small"
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """One file written by Kho: where it belongs and what it is."""

    logical_path: str
    staged: str
    """Relative to the submission's folder."""
    start: int | None
    """Where it begins in a staged file that holds many small ones; None in a file of its own."""
    size_bytes: int
    digests: Digests
    mime: str


class _Digested:
    """Collects what is written, line by line; hands it on digested, in large pieces."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._out: BinaryIO | None = None
        self._sha256 = hashlib.sha256()
        self._sha512 = hashlib.sha512()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _PIECE_BYTES:
            if self._out is None:
                self._out = self._path.open("wb")
            self._out.write(self._piece())
        return len(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing: what is read of a file is read when it is complete."""

    def rest(self) -> bytes | None:
        """What is left when all is written: None when it went to a file of its own."""
        piece = self._piece()
        if self._out is None:
            return piece
        self._out.write(piece)
        return None

    def close(self) -> None:
        """No file is open any more."""
        if self._out is not None:
            self._out.close()

    @property
    def digests(self) -> Digests:
        return Digests(self._sha256.hexdigest(), self._sha512.hexdigest())

    def _piece(self) -> bytes:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._sha256.update(piece)
        self._sha512.update(piece)
        self.size_bytes += len(piece)
        return piece


class GeneratedFiles:
    """Writes generated files under ``<submission>/generated/``: large ones in ordinal names,
    small ones one after the other into one file, for making a file and removing it again costs
    more than what most of them hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[GeneratedFile] = []
        self._small_bytes = 0
        (folder / "generated").mkdir(mode=0o700, exist_ok=True)

    def write(self, logical_path: str, write: Callable[[BinaryIO], None]) -> GeneratedFile:
        """The file exists in staging with what ``write`` wrote, digests taken in passing."""
        staged = f"generated/{len(self._written):06d}"
        with closing(_Digested(self._folder / staged)) as digested:
            write(digested)  # type: ignore[arg-type]  # writers use write, writelines and flush only
            small = digested.rest()
        start = None
        if small is not None:
            staged, start = SMALL, self._append(small)
        file = GeneratedFile(
            logical_path,
            staged,
            start,
            digested.size_bytes,
            digested.digests,
            mime_of(logical_path),
        )
        self._written.append(file)
        return file

    def _append(self, content: bytes) -> int:
        """Where the content now is in the file of small ones."""
        start = self._small_bytes
        with (self._folder / SMALL).open("ab" if start else "wb") as out:
            out.write(content)
        self._small_bytes += len(content)
        return start

    def all(self) -> list[GeneratedFile]:
        """Everything written so far, in order."""
        return list(self._written)


_KNOWN = mimetypes.MimeTypes(filenames=())
"""Python's own table: what the machine's mime.types says must not change an AIP."""
_OURS = {".ndjson": "text/plain", ".xsd": "application/xml", ".xml": "text/xml"}
"""Registered media types only (CSIP40): lines of JSON have none of their own."""


def mime_of(path: str) -> str:
    """The MIME type that a name suggests, for files that nobody identified."""
    suffix = Path(path).suffix.lower()
    if suffix in _OURS:
        return _OURS[suffix]
    return _KNOWN.guess_type(path)[0] or "application/octet-stream"
