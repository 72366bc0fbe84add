"""Turns a member's packed bytes into its bytes, a bounded piece at a time."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterable, Iterator

from schemas.archives import CHUNK_BYTES


class PackedDamaged(Exception):
    """The packed bytes are not a whole stream of their method, or there are more of them."""


STORED, DEFLATED, BZIP2 = 0, 8, 12


def _copied(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in pieces:
        if inflater.eof:
            raise PackedDamaged
        waiting = piece
        while waiting:
            out = inflater.decompress(waiting, CHUNK_BYTES)
            waiting = inflater.unconsumed_tail
            if out:
                yield out
            if inflater.unused_data:
                raise PackedDamaged
    while not inflater.eof:
        out = inflater.decompress(inflater.unconsumed_tail, CHUNK_BYTES)
        if not out:
            raise PackedDamaged
        yield out


def _unbzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflater = bz2.BZ2Decompressor()
    for piece in pieces:
        if inflater.eof:
            raise PackedDamaged
        out = inflater.decompress(piece, CHUNK_BYTES)
        while out:
            yield out
            out = b"" if inflater.eof else inflater.decompress(b"", CHUNK_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise PackedDamaged


METHODS: dict[int, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    STORED: _copied,
    DEFLATED: _inflated,
    BZIP2: _unbzipped,
}
"""The methods we unpack; deflate64 (9) is the one that Windows writes and Python cannot."""


def unpacked(method: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The member's bytes. :class:`PackedDamaged` when the stream is broken, short or long."""
    try:
        yield from METHODS[method](pieces)
    except (zlib.error, OSError, EOFError, ValueError) as error:
        raise PackedDamaged(str(error)) from error
