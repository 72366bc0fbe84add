"""Sources: re-openable content for ``put_new`` and ``replace_damaged``."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from storage_backends.interface import StorageBackend
from storage_backends.streams import ReadingStream


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
class PartSource:
    """A small part of a plain local file, which is read whole when it is opened."""

    path: Path
    start: int
    size_bytes: int

    @property
    def local_path(self) -> Path | None:
        """None: no file has just these bytes."""
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the part's first byte; OSError when the file cannot be read."""
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.start)
            return io.BytesIO(file.read(self.size_bytes))


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


@dataclass(frozen=True, slots=True)
class StartOf:
    """The first ``size_bytes`` of an object whose rest cannot be read."""

    backend: StorageBackend
    key: str
    size_bytes: int

    @property
    def local_path(self) -> Path | None:
        """None: only the store knows where its bytes lie."""
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the first byte; the store's own errors."""
        if not self.size_bytes:
            return BytesSource(b"").open()
        return cast(BinaryIO, _FirstBytes(self.backend.open(self.key), self.size_bytes))


class _FirstBytes(ReadingStream):
    """A stream that ends after so many bytes."""

    def __init__(self, inner: AbstractContextManager[BinaryIO], size_bytes: int) -> None:
        super().__init__()
        self._inner = ExitStack()
        self._stream = self._inner.enter_context(inner)
        self._left = size_bytes

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._inner.close()
        super().close()
