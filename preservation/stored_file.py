"""A stored file as a seekable stream, for judges that look at parts of large containers."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast

from storage_backends.interface import StorageBackend

_BUFFER_BYTES = 64 * 1024


class _StoredFile(io.RawIOBase):
    """Reads from the backend at wherever it was told to be; memory is one buffer."""

    def __init__(self, backend: StorageBackend, key: str, size_bytes: int) -> None:
        super().__init__()
        self._backend = backend
        self._key = key
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}
        self._position = max(0, base[whence] + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast(bytearray, buffer)).cast("B")
        if self._position >= self._size_bytes or not view:
            return 0
        with self._backend.open(self._key, offset=self._position) as stream:
            chunk = stream.read(len(view))
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)


def open_stored(backend: StorageBackend, key: str, size_bytes: int) -> BinaryIO:
    """A fresh seekable stream of the stored bytes, not verified."""
    return cast(BinaryIO, io.BufferedReader(_StoredFile(backend, key, size_bytes), _BUFFER_BYTES))
