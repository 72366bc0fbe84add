"""The records of a tar, parsed from bytes: headers, extended headers, sparse maps.

Source: POSIX.1-2017 *pax*, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" and
"Storing Sparse Files". Malformed records raise :class:`TarMalformed` with a reason.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.errors import PackageError
from schemas.moments import format_moment

BLOCK = 512
SPARSE_SEGMENTS = 1 << 16
"""The most pieces of one sparse file that are accepted."""

DECIMAL_DIGITS = 20
"""The most digits of a decimal number; 64 bits need no more."""

REGULAR = frozenset({b"0", b"\0", b"7"})
HARD_LINK, SYMLINK, FOLDER = b"1", b"2", b"5"
DEVICES = frozenset({b"3", b"4", b"6"})
PAX, PAX_GLOBAL = b"x", b"g"
GNU_NAME, GNU_LINK, GNU_SPARSE = b"L", b"K", b"S"

Segment = tuple[int, int]
"""Where a piece of a sparse file lies in it, and its size, in bytes."""


class TarMalformed(PackageError):
    """A record is not what the format says."""

    code = "ARCHIVE-UNREADABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TarHeader:
    """One header block. ``name`` joins the ustar prefix; ``block`` is the block itself."""

    name: bytes
    mode: int
    size_bytes: int
    mtime: int
    kind: bytes
    block: bytes


def parse_header(block: bytes) -> TarHeader:
    """The header in one block that is not all zeros; its checksum holds."""
    claimed = number(block[148:156])
    rest = block[:148] + b" " * 8 + block[156:]
    if claimed not in {sum(rest), sum(struct.unpack("512b", rest))}:
        raise TarMalformed("checksum")
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0":
        prefix = block[345:500].split(b"\0", 1)[0]
        name = prefix + b"/" + name if prefix else name
    return TarHeader(
        name,
        number(block[100:108]),
        number(block[124:136]),
        number(block[136:148]),
        block[156:157],
        block,
    )


def number(field: bytes) -> int:
    """A header number: octal digits, or base 256 when the first bit is set."""
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise TarMalformed("negative-number")
        return int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise TarMalformed("number")
    return int(digits, 8)


def parse_pax(content: bytes) -> list[tuple[str, bytes]]:
    """The (keyword, value) records of an extended header, in order."""
    records = []
    at = 0
    while at < len(content) and content[at] != 0:
        space = content.find(b" ", at, at + 20)
        length = content[at : max(space, at)]
        if not length.isdigit():
            raise TarMalformed("extended-header")
        end = at + int(length)
        keyword, equals, value = content[space + 1 : end - 1].partition(b"=")
        if end <= space or content[end - 1 : end] != b"\n" or not equals:
            raise TarMalformed("extended-header")
        records.append((keyword.decode("utf-8", "replace"), value))
        at = end
    return records


def decimal(value: bytes) -> int:
    """A non-negative decimal number of an extended header."""
    if not value.isdigit() or len(value) > DECIMAL_DIGITS:
        raise TarMalformed("extended-header")
    return int(value)


def old_sparse(header: TarHeader) -> tuple[list[Segment], bool, int]:
    """GNU's old sparse header: its segments, whether more blocks of them follow, real size."""
    block = header.block
    more = block[482] != 0
    return list(_pairs(block, 386, 4)), more, number(block[483:495])


def more_sparse(block: bytes) -> tuple[list[Segment], bool]:
    """A continuation block of GNU's old sparse header."""
    return list(_pairs(block, 0, 21)), block[504] != 0


def _pairs(block: bytes, start: int, count: int) -> Iterator[Segment]:
    for at in range(start, start + 24 * count, 24):
        if block[at : at + 24].strip(b"\0"):
            yield number(block[at : at + 12]), number(block[at + 12 : at + 24])


def pax_sparse(records: Sequence[tuple[str, bytes]]) -> list[Segment] | None:
    """The segments of pax sparse format 0.0 or 0.1; None when the map is elsewhere or absent."""
    by_keyword = dict(records)
    flat: list[int]
    if "GNU.sparse.map" in by_keyword:
        flat = [decimal(value) for value in by_keyword["GNU.sparse.map"].split(b",") if value]
    elif "GNU.sparse.numblocks" in by_keyword:
        wanted = {"GNU.sparse.offset", "GNU.sparse.numbytes"}
        flat = [decimal(value) for keyword, value in records if keyword in wanted]
    else:
        return None
    if len(flat) % 2:
        raise TarMalformed("sparse-map")
    return list(zip(flat[::2], flat[1::2], strict=True))


def sound_segments(segments: Sequence[Segment], real_size: int, packed: int) -> list[Segment]:
    """The non-empty segments: in order, apart, inside the file, and all that is packed."""
    kept = [segment for segment in segments if segment[1]]
    at = 0
    for offset, size in kept:
        if offset < at or offset + size > real_size:
            raise TarMalformed("sparse-map")
        at = offset + size
    if len(kept) > SPARSE_SEGMENTS or sum(size for _, size in kept) != packed:
        raise TarMalformed("sparse-map")
    return kept


def moment(seconds: float) -> str:
    """RFC 3339 of a tar time; ``""`` when it is none or beyond the calendar."""
    try:
        return format_moment(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    except (OverflowError, ValueError):
        return ""
