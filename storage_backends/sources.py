"""Sources: re-openable content for ``put_new`` and ``replace_damaged``."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage_backends.interface import StorageBackend


@dataclass(frozen=True, slots=True)
class FileSource:
    """The bytes of a plain local file."""

    path: Path

    @property
    def local_path(self) -> Path | None:
        """The file itself."""
        return self.path

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the first byte; OSError when the file cannot be opened."""
        return self.path.open("rb", buffering=0)


@dataclass(frozen=True, slots=True)
class BytesSource:
    """A small content held in memory."""

    content: bytes

    @property
    def local_path(self) -> Path | None:
        """None: there is no file."""
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the first byte."""
        return io.BytesIO(self.content)


@dataclass(frozen=True, slots=True)
class StoredSource:
    """The bytes at a key of another store: the source of a copy or a repair."""

    backend: StorageBackend
    key: str

    @property
    def local_path(self) -> Path | None:
        """None: only the store knows where its bytes lie."""
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the first byte; the store's own errors."""
        return self.backend.open(self.key)
