"""The files Kho writes into an AIP, collected with their digests as they are written."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.digests import Digests

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """One file written by Kho: where it belongs and what it is."""

    logical_path: str
    staged: str
    """Relative to the submission's folder."""
    size_bytes: int
    digests: Digests
    mime: str


class _Digested:
    """Collects what is written, line by line, and hands it on in large pieces, digested."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sha256 = hashlib.sha256()
        self._sha512 = hashlib.sha512()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _PIECE_BYTES:
            self.flush()
        return len(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._sha256.update(piece)
        self._sha512.update(piece)
        self._out.write(piece)
        self.size_bytes += len(piece)

    @property
    def digests(self) -> Digests:
        return Digests(self._sha256.hexdigest(), self._sha512.hexdigest())


class GeneratedFiles:
    """Writes generated files under ``<submission>/generated/`` in ordinal names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[GeneratedFile] = []
        (folder / "generated").mkdir(mode=0o700, exist_ok=True)

    def write(self, logical_path: str, write: Callable[[BinaryIO], None]) -> GeneratedFile:
        """The file exists in staging with what ``write`` wrote, digests taken in passing."""
        staged = f"generated/{len(self._written):06d}"
        with (self._folder / staged).open("wb") as out:
            digested = _Digested(out)
            write(digested)  # type: ignore[arg-type]  # writers use write, writelines and flush only
            digested.flush()
        file = GeneratedFile(
            logical_path, staged, digested.size_bytes, digested.digests, mime_of(logical_path)
        )
        self._written.append(file)
        return file

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
