"""A file read by position whose whole content is hashed in the same pass."""

from __future__ import annotations

import hashlib
import os

from schemas.archives import CHUNK_BYTES


class FrontierFile:
    """Reads ranges of an open file; hashes each byte the first time the frontier passes it.

    Readers that go through a file in order cost no second read. What lies between two ranges
    is read when the later one is asked for, unless that is far ahead of the frontier (an index
    at the end): then it waits until the readers come there, or until :meth:`sha256`.
    """

    def __init__(self, descriptor: int, *, hashing: bool = True) -> None:
        self._descriptor = descriptor
        self._hash = hashlib.sha256() if hashing else None
        self._frontier = 0
        self._before = os.fstat(descriptor)
        self.size_bytes = self._before.st_size

    def read_at(self, offset: int, size: int) -> bytes:
        """The bytes of the range, fewer only at the end of the file."""
        content = os.pread(self._descriptor, size, offset)
        while content and len(content) < size:
            more = os.pread(self._descriptor, size - len(content), offset + len(content))
            if not more:
                break
            content += more
        if self._hash is not None and offset <= self._frontier < offset + len(content):
            self._hash.update(memoryview(content)[self._frontier - offset :])
            self._frontier = offset + len(content)
        return content

    def pass_to(self, offset: int) -> None:
        """Everything before ``offset`` is hashed."""
        while self._hash is not None and self._frontier < min(offset, self.size_bytes):
            if not self.read_at(self._frontier, min(CHUNK_BYTES, offset - self._frontier)):
                return

    def sha256(self) -> str:
        """The digest of the whole file, reading what no reader asked for."""
        if self._hash is None:
            raise ValueError("this file was opened without hashing")
        self.pass_to(self.size_bytes)
        return self._hash.hexdigest()

    def changed(self) -> bool:
        """Whether the file is no longer what it was when it was opened."""
        now = os.fstat(self._descriptor)
        before = self._before
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (
            before.st_size,
            before.st_mtime_ns,
            before.st_ctime_ns,
        )
