"""Where everything lies in a zip: one end, one directory, entries that do not overlap.

What other programs forgive is refused here, because two programs that forgive differently see
two different packages: bytes before the first entry, bytes after the end, two ends, entries
that share bytes, a directory that is not where the end says.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.archives import ArchiveStopped, Caps, Report, rejected
from schemas.archives_frontier import FrontierFile
from schemas.archives_zip_records import (
    END,
    END64,
    END64_LOCATOR,
    END64_MAGIC,
    END_MAGIC,
    FULL16,
    FULL32,
    LOCAL,
    LOCATOR_MAGIC,
    Directory,
    ZipEntry,
    ZipMalformed,
    parse_central,
)
from schemas.names import printable

DIRECTORY_BYTES = 256 << 20
"""The largest central directory that is read into memory."""
_COMMENT_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class ZipLayout:
    """The central directory in memory, and the order in which the entries lie in the file."""

    block: bytes
    starts: array[int]
    """Where each entry's directory record begins in ``block``, in file order."""
    offsets: array[int]
    """Where each entry's local header begins, ascending; the directory's own offset last."""

    def entries(self) -> Iterator[ZipEntry]:
        """Every entry in file order, with its limit: where the next thing begins."""
        for at, start in enumerate(self.starts):
            entry, _ = parse_central(self.block, start)
            entry.limit = self.offsets[at + 1]
            yield entry


def read_layout(file: FrontierFile, caps: Caps, report: Report) -> ZipLayout:
    """The layout of a zip in which everything is where it is said to be, else a stop."""
    try:
        directory = _find_directory(file)
        if directory.entries > caps.entries or directory.size_bytes > DIRECTORY_BYTES:
            report(rejected("ARCHIVE-TOO-MANY", "", cap=caps.entries))
            raise ArchiveStopped
        block = file.read_at(directory.offset, directory.size_bytes)
        return _ordered(block, directory)
    except _Refused as refused:
        report(rejected(refused.code, refused.where, **refused.facts))
    except ZipMalformed as malformed:
        report(rejected("ARCHIVE-UNREADABLE", "", reason=malformed.reason))
    raise ArchiveStopped


class _Refused(Exception):
    def __init__(self, code: str, where: str = "", **facts: str | int) -> None:
        super().__init__(code)
        self.code, self.where, self.facts = code, where, facts


def _find_directory(file: FrontierFile) -> Directory:
    at, end = _find_end(file)
    _, disk, first_disk, here, entries, size, offset, _comment = end
    if FULL16 not in {disk, here} and (disk or first_disk or here != entries):
        raise ZipMalformed("several-disks")
    end_offset = at
    locator = file.read_at(max(at - END64_LOCATOR.size, 0), END64_LOCATOR.size)
    if at >= END64_LOCATOR.size and locator.startswith(LOCATOR_MAGIC):
        end_offset, wide = _find_end64(file, at - END64_LOCATOR.size, locator)
        for narrow, full, value in zip(
            (entries, size, offset), (FULL16, FULL32, FULL32), wide, strict=True
        ):
            if narrow not in {full, value}:
                raise ZipMalformed("zip64-contradiction")
        entries, size, offset = wide
    elif FULL32 in {size, offset}:
        raise ZipMalformed("zip64-end-missing")
    shift = end_offset - size - offset
    if shift > 0:
        raise _Refused("ARCHIVE-PREFIX", "", bytes=shift)
    if shift < 0:
        raise ZipMalformed("directory-place")
    return Directory(entries, size, offset, end_offset)


def _find_end(file: FrontierFile) -> tuple[int, tuple[int, ...]]:
    """Where the one end record begins, and its values."""
    start = max(file.size_bytes - END.size - _COMMENT_MAX, 0)
    tail = file.read_at(start, file.size_bytes - start)
    exact: list[int] = []
    seen = False
    at = tail.find(END_MAGIC)
    while 0 <= at <= len(tail) - END.size:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        seen = seen or at + END.size + comment < len(tail)
        if at + END.size + comment == len(tail):
            exact.append(at)
        at = tail.find(END_MAGIC, at + 1)
    if len(exact) > 1:
        raise _Refused("ARCHIVE-TWO-ENDS")
    if not exact:
        raise _Refused("ARCHIVE-TRAILING" if seen else "ARCHIVE-TRUNCATED")
    return start + exact[0], END.unpack_from(tail, exact[0])


def _find_end64(
    file: FrontierFile, locator_at: int, locator: bytes
) -> tuple[int, tuple[int, int, int]]:
    """Where the zip64 end record begins, and its (entries, size, offset)."""
    _, disk, at, disks = END64_LOCATOR.unpack(locator)
    record = file.read_at(at, END64.size) if at + END64.size <= locator_at else b""
    if disk or disks > 1 or len(record) < END64.size or not record.startswith(END64_MAGIC):
        raise ZipMalformed("zip64-end")
    _, length, _, _, here, first, entries_here, entries, size, offset = END64.unpack(record)
    if here or first or entries_here != entries or at + 12 + length != locator_at:
        raise ZipMalformed("zip64-end")
    return at, (entries, size, offset)


def _ordered(block: bytes, directory: Directory) -> ZipLayout:
    """The entries in file order; refuses overlaps, a prefix and a wrong count."""
    spans: list[tuple[int, int, int]] = []
    at = 0
    while at < len(block):
        entry, after = parse_central(block, at)
        end = entry.offset + LOCAL.size + len(entry.raw_name) + entry.packed_bytes
        spans.append((entry.offset, at, end))
        at = after
    if len(spans) != directory.entries:
        raise ZipMalformed("directory-count")
    spans.sort()
    starts = array("Q", [span[1] for span in spans])
    offsets = array("Q", [span[0] for span in spans])
    offsets.append(directory.offset)
    if offsets[0] > 0:
        raise _Refused("ARCHIVE-PREFIX", "", bytes=offsets[0])
    for number, (_, start, end) in enumerate(spans):
        if end > offsets[number + 1]:
            raise _Refused("ARCHIVE-OVERLAP", printable(parse_central(block, start)[0].raw_name))
    return ZipLayout(block, starts, offsets)
