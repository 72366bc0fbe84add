"""Digests: both algorithms in one read, lower-case hex, always named."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO, Literal

Algorithm = Literal["sha256", "sha512"]

HEAD_TAIL_BYTES = 128 * 1024
"""How much of a file's start and end identification needs (design §4)."""

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Digests:
    """The two digests of one file's bytes, lower-case hex."""

    sha256: str
    sha512: str

    def by(self, algorithm: Algorithm) -> str:
        """The digest made with ``algorithm``."""
        return self.sha256 if algorithm == "sha256" else self.sha512


def digests_of(content: bytes) -> Digests:
    """Both digests of a small content held in memory."""
    return Digests(hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest())


class PassingReader:
    """Collects digests, size, head and tail while a file's bytes pass by once.

    Feed every chunk in order to :meth:`update`; afterwards ``size_bytes``, ``digests``,
    ``head`` and ``tail`` describe the whole file. ``tail`` overlaps ``head`` on short files:
    each is simply the first and last 128 KiB.
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sha512 = hashlib.sha512()
        self.size_bytes = 0
        self.head = b""
        self._tail = b""

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes into account."""
        self._sha256.update(chunk)
        self._sha512.update(chunk)
        self.size_bytes += len(chunk)
        missing = HEAD_TAIL_BYTES - len(self.head)
        if missing > 0:
            self.head += bytes(chunk[:missing])
        if len(chunk) >= HEAD_TAIL_BYTES:
            self._tail = bytes(chunk[-HEAD_TAIL_BYTES:])
        else:
            self._tail = (self._tail + bytes(chunk))[-HEAD_TAIL_BYTES:]

    @property
    def tail(self) -> bytes:
        """The last 128 KiB, or the whole of a shorter file."""
        return self._tail

    @property
    def digests(self) -> Digests:
        """Digests of everything passed so far."""
        return Digests(self._sha256.hexdigest(), self._sha512.hexdigest())


def read_through(stream: BinaryIO) -> PassingReader:
    """The passing reader after all of ``stream`` went by, in constant memory."""
    reader = PassingReader()
    while chunk := stream.read(CHUNK_BYTES):
        reader.update(chunk)
    return reader
