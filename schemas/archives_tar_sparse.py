"""Where the packed pieces of a sparse tar member belong, in each of the four ways to say so."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.archives_tar_records import (
    BLOCK,
    DECIMAL_DIGITS,
    GNU_SPARSE,
    SPARSE_SEGMENTS,
    Segment,
    TarHeader,
    TarMalformed,
    decimal,
    more_sparse,
    old_sparse,
    pax_sparse,
    sound_segments,
)
from schemas.archives_tar_stream import TarStream


@dataclass(frozen=True, slots=True)
class SparseLayout:
    """The pieces of a sparse file, its real size, and what its map took of its packed bytes."""

    segments: list[Segment]
    size_bytes: int
    map_bytes: int = 0


def sparse_layout(
    stream: TarStream, header: TarHeader, records: list[tuple[str, bytes]], packed: int
) -> SparseLayout | None:
    """The layout of a member of ``packed`` bytes, None for an ordinary file.

    The stream stands behind the map afterwards. TarMalformed when the map cannot be true.
    """
    pax = dict(records)
    used = 0
    if header.kind == GNU_SPARSE:
        segments, size = _map_in_headers(stream, header)
    elif (found := pax_sparse(records)) is not None:
        segments, size = found, decimal(pax.get("GNU.sparse.size", b""))
    elif pax.get("GNU.sparse.major") == b"1":
        size = decimal(pax.get("GNU.sparse.realsize", b""))
        segments, used = _map_in_data(stream, packed)
    else:
        return None
    return SparseLayout(sound_segments(segments, size, packed - used), size, used)


def _map_in_headers(stream: TarStream, header: TarHeader) -> tuple[list[Segment], int]:
    """The old format's map, in the header and the blocks behind it, and the real size."""
    segments, more, size = old_sparse(header)
    while more:
        further, more = more_sparse(_whole_block(stream))
        segments += further
        if len(segments) > SPARSE_SEGMENTS:
            raise TarMalformed("sparse-map")
    return segments, size


def _map_in_data(stream: TarStream, packed: int) -> tuple[list[Segment], int]:
    """The map of pax sparse format 1.0, which precedes the data, and the bytes it took."""
    text = b""
    used = 0
    wanted = -1
    numbers: list[bytes] = []
    while wanted < 0 or len(numbers) < 1 + 2 * wanted:
        used += BLOCK
        if used > packed or len(text) > DECIMAL_DIGITS:
            raise TarMalformed("sparse-map")
        text += _whole_block(stream)
        *lines, text = text.split(b"\n")
        numbers += lines
        if wanted < 0 and numbers:
            wanted = decimal(numbers[0])
            if wanted > SPARSE_SEGMENTS:
                raise TarMalformed("sparse-map")
    flat = [decimal(line) for line in numbers[1 : 1 + 2 * wanted]]
    return list(zip(flat[::2], flat[1::2], strict=True)), used


def _whole_block(stream: TarStream) -> bytes:
    block = stream.read(BLOCK)
    if len(block) < BLOCK:
        stream.stop("ARCHIVE-TRUNCATED")
    return block
