"""One open file of a local replica."""

from __future__ import annotations

import io

from storage_backends.system import SystemCalls, meaning_of


class LocalFile(io.FileIO):
    """An unbuffered file whose reads fail with the storage error they mean."""

    def __init__(self, descriptor: int, system: SystemCalls, backend: str, key: str) -> None:
        super().__init__(descriptor, "rb")
        self._system = system
        self._descriptor = descriptor
        self._where = (backend, key)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override] # typeshed wants any buffer
        """How many bytes were read; 0 at the end."""
        try:
            return self._system.read_into(self._descriptor, buffer)
        except OSError as error:
            backend, key = self._where
            raise meaning_of(error, backend=backend, key=key) from error

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left when it is negative; empty at the end."""
        if size is None or size < 0:
            return self.readall()
        buffer = bytearray(size)
        return bytes(memoryview(buffer)[: self.readinto(buffer)])

    def readall(self) -> bytes:
        """Everything that is left."""
        chunks = []
        while chunk := self.read(1024 * 1024):
            chunks.append(chunk)
        return b"".join(chunks)

    def drop_cache(self) -> None:
        """What is read next comes from the medium."""
        self._system.drop_cache(self._descriptor)
