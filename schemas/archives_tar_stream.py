"""The bytes of a tar in order, straight from the file or out of gzip, each charged once."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from typing import NoReturn

from schemas.archives import CHUNK_BYTES, ArchiveStopped, ByteBudget, Report, rejected

_GZIP = b"\x1f\x8b"


class TarStream:
    """Sequential reading with a limit at the caps; hashes the container on the way.

    ``where`` names the member being read, for findings.
    """

    def __init__(
        self, descriptor: int, budget: ByteBudget, report: Report, *, gzipped: bool
    ) -> None:
        self._descriptor = descriptor
        self._before = os.fstat(descriptor)
        self._hash = hashlib.sha256()
        self._budget = budget
        self._report = report
        self._pieces = self._gunzipped() if gzipped else self._charged(self._raw(), packed=False)
        self._buffer = memoryview(b"")
        self.size_bytes = self._before.st_size
        self.packed_bytes = 0
        self.where = ""

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only at the end of the stream."""
        if size <= len(self._buffer):
            return bytes(self._taken(size))
        parts = []
        while size and self._fill():
            parts.append(self._taken(min(size, len(self._buffer))))
            size -= len(parts[-1])
        return b"".join(parts)

    def chunks(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes in pieces; a stream that ends before is reported, stopped."""
        while size:
            if not self._fill():
                self.stop("ARCHIVE-TRUNCATED")
            piece = self._taken(min(size, len(self._buffer)))
            size -= len(piece)
            yield bytes(piece)

    def stop(self, code: str, **fields: str | int) -> NoReturn:
        """Reports why nothing more can be read, and stops."""
        self._report(rejected(code, self.where, **fields))
        raise ArchiveStopped(where=self.where)

    def sha256(self) -> str:
        """The digest of the whole container, reading what is left of it."""
        for _ in self._raw():
            pass
        return self._hash.hexdigest()

    def changed(self) -> bool:
        """Whether the container is no longer what it was when it was opened."""
        now, before = os.fstat(self._descriptor), self._before
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (
            before.st_size,
            before.st_mtime_ns,
            before.st_ctime_ns,
        )

    def _taken(self, size: int) -> memoryview:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _fill(self) -> bool:
        """Whether at least one byte is at hand."""
        while not self._buffer:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._buffer = memoryview(piece)
        return True

    def _raw(self) -> Iterator[bytes]:
        while piece := os.read(self._descriptor, CHUNK_BYTES):
            self._hash.update(piece)
            self.packed_bytes += len(piece)
            yield piece

    def _charged(self, pieces: Iterator[bytes], *, packed: bool) -> Iterator[bytes]:
        for piece in pieces:
            self._budget.take(len(piece), self.packed_bytes if packed else None, self.where)
            yield piece

    def _gunzipped(self) -> Iterator[bytes]:
        try:
            yield from self._charged(self._members(), packed=True)
        except zlib.error:
            self.stop("ARCHIVE-UNREADABLE", reason="gzip")

    def _members(self) -> Iterator[bytes]:
        """What the gzip members hold; several in a row count as one, zeros may follow."""
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        started = False
        for raw in self._raw():
            waiting = raw
            while waiting:
                if inflater.eof:
                    waiting = self._rest(waiting)
                    if not waiting:
                        break
                    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
                started = True
                if piece := inflater.decompress(waiting, CHUNK_BYTES):
                    yield piece
                waiting = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        while started and not inflater.eof:
            piece = inflater.decompress(b"", CHUNK_BYTES)
            if not piece:
                self.stop("ARCHIVE-TRUNCATED")
            yield piece

    def _rest(self, waiting: bytes) -> bytes:
        """What follows a gzip member: another one, padding (nothing), or garbage (a stop)."""
        if not waiting.strip(b"\0"):
            return b""
        if not waiting.startswith(_GZIP[: len(waiting)]):
            self.stop("ARCHIVE-TRAILING")
        return waiting
