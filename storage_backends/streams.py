"""Streams that know how to ``read`` and nothing else."""

from __future__ import annotations

import io


class ReadingStream(io.RawIOBase):
    """A raw stream whose makers write ``read`` alone; the rest of reading follows from it."""

    def readable(self) -> bool:
        """Always: it exists to be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # typeshed wants any buffer
        """``buffer`` begins with what was read; how much that is, 0 at the end."""
        chunk = self.read(len(buffer)) or b""
        buffer[: len(chunk)] = chunk
        return len(chunk)
