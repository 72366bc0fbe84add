"""The records of a zip, parsed from bytes: end of directory, entries, local headers.

Source: APPNOTE.TXT 6.3.10 §4.3, §4.4.3, §4.5. Sizes in bytes; malformed records raise
:class:`ZipMalformed` with a reason for the finding.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from schemas.errors import PackageError
from schemas.moments import format_moment

END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")

END_MAGIC, LOCATOR_MAGIC, END64_MAGIC = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
CENTRAL_MAGIC, LOCAL_MAGIC, DESCRIPTOR_MAGIC = b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"

FLAG_ENCRYPTED = 0x0001
FLAG_DESCRIPTOR = 0x0008
FLAG_PATCH = 0x0020
FLAG_STRONG = 0x0040
FLAG_UTF8 = 0x0800
FLAG_MASKED = 0x2000
HIDDEN_FLAGS = FLAG_ENCRYPTED | FLAG_PATCH | FLAG_STRONG | FLAG_MASKED

EXTRA_ZIP64, EXTRA_NTFS, EXTRA_TIME = 0x0001, 0x000A, 0x5455
EXTRA_UNICODE_PATH, EXTRA_AES = 0x7075, 0x9901

FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
WINDOWS_HOSTS = frozenset({0, 10, 11, 14})
UNIX_HOSTS = frozenset({3, 19})


class ZipMalformed(PackageError):
    """A record is not what the format says."""

    code = "ARCHIVE-UNREADABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies, from the end records. Offsets are as declared."""

    entries: int
    size_bytes: int
    offset: int
    end_offset: int
    """Where the first end record (zip64's, if any) begins in the file."""


@dataclass(slots=True)
class ZipEntry:
    """One central directory record, zip64 values filled in. ``limit`` is set by the reader."""

    raw_name: bytes
    host: int
    flags: int
    method: int
    dos_moment: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    attributes: int
    extra: bytes
    limit: int = 0

    @property
    def unix_mode(self) -> int:
        """The Unix mode, 0 when the entry was made elsewhere."""
        return self.attributes >> 16 if self.host in UNIX_HOSTS else 0


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The (id, data) pairs of an extra block; trailing padding of zeros is tolerated."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if at + 4 + size > len(extra):
            raise ZipMalformed("extra-field")
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size
    if extra[at:].strip(b"\0"):
        raise ZipMalformed("extra-field")


def parse_central(block: bytes, at: int) -> tuple[ZipEntry, int]:
    """The entry whose record begins at ``at``, and where the next record begins."""
    try:
        values = CENTRAL.unpack_from(block, at)
    except struct.error:
        raise ZipMalformed("directory-cut") from None
    magic, made_by, _need, flags, method, time, date, crc, packed, size, *rest = values
    name_len, extra_len, comment_len, disk, _internal, attributes, offset = rest
    start = at + CENTRAL.size
    end = start + name_len + extra_len + comment_len
    if magic != CENTRAL_MAGIC or end > len(block):
        raise ZipMalformed("directory-record")
    name = block[start : start + name_len]
    extra = block[start + name_len : start + name_len + extra_len]
    if FULL32 in {packed, size, offset} or disk == FULL16:
        size, packed, offset, disk = _zip64_values(extra, size, packed, offset, disk)
    if disk != 0:
        raise ZipMalformed("several-disks")
    entry = ZipEntry(
        name, made_by >> 8, flags, method, date << 16 | time, crc, packed, size, offset,
        attributes, extra,
    )  # fmt: skip
    return entry, end


def _zip64_values(
    extra: bytes, size: int, packed: int, offset: int, disk: int
) -> tuple[int, int, int, int]:
    """The four values with those that were full replaced from the zip64 extra field."""
    data = next((data for kind, data in extra_fields(extra) if kind == EXTRA_ZIP64), b"")
    at = 0
    values = []
    for value, full, form in (
        (size, FULL32, "<Q"),
        (packed, FULL32, "<Q"),
        (offset, FULL32, "<Q"),
        (disk, FULL16, "<L"),
    ):
        if value != full:
            values.append(value)
            continue
        try:
            values.append(struct.unpack_from(form, data, at)[0])
        except struct.error:
            raise ZipMalformed("zip64-field") from None
        at += struct.calcsize(form)
    return values[0], values[1], values[2], values[3]


@dataclass(frozen=True, slots=True)
class LocalHeader:
    """One local header. ``data_offset`` is where the member's bytes begin."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    data_offset: int


def parse_local(block: bytes, offset: int) -> LocalHeader:
    """The local header at the start of ``block``, read from ``offset`` of the file."""
    try:
        magic, _need, flags, method, _t, _d, crc, packed, size, name_len, extra_len = (
            LOCAL.unpack_from(block)
        )
    except struct.error:
        raise ZipMalformed("local-header-cut") from None
    end = LOCAL.size + name_len + extra_len
    if magic != LOCAL_MAGIC or end > len(block):
        raise ZipMalformed("local-header")
    name = block[LOCAL.size : LOCAL.size + name_len]
    if FULL32 in {packed, size}:
        extra = block[LOCAL.size + name_len : end]
        size, packed, _, _ = _zip64_values(extra, size, packed, 0, 0)
    return LocalHeader(name, flags, method, crc, packed, size, offset + end)


def unicode_path(entry: ZipEntry) -> tuple[bytes | None, bool]:
    """The UTF-8 path of an Info-ZIP extra field, and whether one was there but is void.

    It counts only while its CRC is that of the entry's own name (APPNOTE §4.6.9).
    """
    for kind, data in extra_fields(entry.extra):
        if kind != EXTRA_UNICODE_PATH:
            continue
        if len(data) < 5 or data[0] != 1:
            return None, True
        crc = int.from_bytes(data[1:5], "little")
        path = data[5:]
        try:
            path.decode("utf-8")
        except UnicodeDecodeError:
            return None, True
        return (path, False) if crc == zlib.crc32(entry.raw_name) else (None, True)
    return None, False


def modified(entry: ZipEntry, zone: tzinfo) -> str:
    """The entry's moment, RFC 3339 in UTC; its DOS time is read as ``zone``'s. ``""``: none."""
    for kind, data in extra_fields(entry.extra):
        if kind == EXTRA_TIME and len(data) >= 5 and data[0] & 1:
            return _moment(int.from_bytes(data[1:5], "little", signed=True), 0)
        if kind == EXTRA_NTFS and len(data) >= 16 and data[4:8] == b"\x01\x00\x18\x00":
            ticks = int.from_bytes(data[8:16], "little")
            return _moment(ticks // 10_000_000 - 11_644_473_600, ticks // 10 % 1_000_000)
    dos = entry.dos_moment
    try:
        moment = datetime(
            (dos >> 25) + 1980, dos >> 21 & 15, dos >> 16 & 31,
            dos >> 11 & 31, dos >> 5 & 63, (dos & 31) * 2, tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return ""
    return format_moment(moment)


def _moment(seconds: int, microseconds: int) -> str:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
            seconds=seconds, microseconds=microseconds
        )
    except OverflowError:
        return ""
    return format_moment(moment)
