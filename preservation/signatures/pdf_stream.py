"""A PDF read so that pyHanko need not read every signature byte by byte.

pyHanko takes about 1.5 s per decoded MB of ``/Contents`` because it reads hex strings one
character at a time, and it reads each of them several times. Here the long strings are read
in bulk, once; what pyHanko sees in their place is the sha256 of the value, so that equal
strings stay equal, in a stream whose positions are still those of the real file. The real
value is put back by ``pdf_reader``; digests are taken over the real file.
"""

from __future__ import annotations

import binascii
import hashlib
import io
import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from preservation.signatures.kinds import pdf_name_pattern

if TYPE_CHECKING:
    from typing_extensions import Buffer

CHUNK_BYTES = 1024 * 1024
_WORTHWHILE_BYTES = 256
_BUFFER_BYTES = 65536
_OVERLAP_BYTES = 256
_SHORT_BYTES = 66
"""A sha256 in hexadecimal, in its brackets: what stands in place of every long string."""
_BLANKS = b" \t\r\n\f\0"


BYTE_RANGE = re.compile(pdf_name_pattern("ByteRange") + rb"(?![A-Za-z0-9])")
"""The name every signature dictionary carries, in all its spellings."""

_NUMBERS = re.compile(rb"\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_CONTENTS = re.compile(pdf_name_pattern("Contents") + rb"\s*\Z")


@dataclass(frozen=True, slots=True)
class Gap:
    """A ``/Contents`` string that a ``/ByteRange`` leaves out, brackets included."""

    start: int
    end: int
    sha256: str

    @property
    def key(self) -> bytes:
        """The value that pyHanko will read."""
        return bytes.fromhex(self.sha256)

    @property
    def short(self) -> bytes:
        """What stands in its place."""
        return b"<%s>" % self.sha256.encode()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over the file found, before any parser touches it."""

    size_bytes: int
    byte_ranges: int
    gaps: tuple[Gap, ...]
    largest_gap_bytes: int
    values: dict[bytes, bytes]
    """The decoded ``/Contents`` by :attr:`Gap.key`."""


def survey(file: BinaryIO, *, contents_cap_bytes: int, ranges_cap: int) -> Survey:
    """All byte ranges of the file; strings beyond the cap are measured, not read."""
    size = file.seek(0, os.SEEK_END)
    found = 0
    largest = 0
    gaps: dict[int, Gap] = {}
    values: dict[bytes, bytes] = {}
    for start, end in _ranges(file):
        found += 1
        if end > size or end - start < 2 or found > ranges_cap:
            continue
        value = None
        if end - start <= 2 * contents_cap_bytes + 2:
            value = _hex_value(file, start, end)
        elif not _opens_contents(file, start):
            continue
        largest = max(largest, end - start)
        if value is not None and end - start > _WORTHWHILE_BYTES and start not in gaps:
            gap = Gap(start, end, hashlib.sha256(value).hexdigest())
            gaps[start] = gap
            values[gap.key] = value
    ordered = tuple(gaps[start] for start in sorted(gaps))
    return Survey(size, found, _disjoint(ordered), largest, values)


def _ranges(file: BinaryIO) -> list[tuple[int, int]]:
    """Start and end of what each ``/ByteRange`` in the file leaves out."""
    found: dict[int, tuple[int, int]] = {}
    position, kept = 0, b""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        window = kept + chunk
        base = position - len(kept)
        for match in BYTE_RANGE.finditer(window):
            numbers = _NUMBERS.match(window, match.end())
            first, length, second = (
                (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else (0, 0, 0)
            )
            place = base + match.start()
            # A match cut by the window's end is seen again, whole, in the next one.
            if place not in found or numbers:
                found[place] = (first + length, second)
        kept = window[-_OVERLAP_BYTES:]
        position += len(chunk)
    return list(found.values())


def _opens_contents(file: BinaryIO, start: int) -> bool:
    lead = min(start, 64)
    file.seek(start - lead)
    before = file.read(lead)
    return file.read(1) == b"<" and _CONTENTS.search(before) is not None


def _hex_value(file: BinaryIO, start: int, end: int) -> bytes | None:
    """The string between ``start`` and ``end``, None unless it is exactly one hex string."""
    if not _opens_contents(file, start):
        return None
    digits = file.read(end - start - 2)
    if file.read(1) != b">":
        return None
    digits = digits.translate(None, _BLANKS)
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error:
        return None


def _disjoint(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    kept: list[Gap] = []
    for gap in gaps:
        if not kept or gap.start >= kept[-1].end:
            kept.append(gap)
    return tuple(kept)


class ShortRaw(io.RawIOBase):
    """The file with every gap's string in its short form: the same bytes, fewer of them."""

    def __init__(self, file: BinaryIO, survey: Survey) -> None:
        self._file = file
        self._position = 0
        self._starts: list[int] = []
        self._pieces: list[tuple[int, bytes]] = []
        """Where each piece begins in the file, or what stands in its place."""
        at, real = 0, 0
        for gap in survey.gaps:
            self._add(at, real, b"")
            at += gap.start - real
            self._add(at, 0, gap.short)
            at += len(gap.short)
            real = gap.end
        self._add(at, real, b"")
        self._size = at + survey.size_bytes - real

    def _add(self, at: int, real: int, instead: bytes) -> None:
        self._starts.append(at)
        self._pieces.append((real, instead))

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The usual, in positions of the short file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("seek before the start of the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        """The next bytes of one piece; empty at the end."""
        view = memoryview(buffer).cast("B")
        if self._position >= self._size:
            return 0
        index = bisect_right(self._starts, self._position) - 1
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self._size
        length = min(len(view), end - self._position)
        within = self._position - self._starts[index]
        real, instead = self._pieces[index]
        if instead:
            content = instead[within : within + length]
        else:
            self._file.seek(real + within)
            content = self._file.read(length)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)


class ShortStream:
    """What pyHanko reads: positions are those of the real file, long strings are short.

    Reading is the C reader's own; only seeking and telling translate.
    """

    def __init__(self, file: BinaryIO, survey: Survey) -> None:
        inner = io.BufferedReader(ShortRaw(file, survey), _BUFFER_BYTES)
        self.read = inner.read
        self.readinto = inner.readinto
        self._seek = inner.seek
        self._tell = inner.tell
        self._size = survey.size_bytes
        self._gaps = survey.gaps
        self._real = [gap.start for gap in survey.gaps]
        self._removed: list[int] = []
        removed = 0
        for gap in survey.gaps:
            self._removed.append(removed)
            removed += gap.end - gap.start - _SHORT_BYTES
        self._short = [s - r for s, r in zip(self._real, self._removed, strict=True)]

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position of the real file, or by so many bytes of what is read."""
        if whence == os.SEEK_CUR:
            return self._to_real(self._seek(offset, os.SEEK_CUR))
        target = offset if whence == os.SEEK_SET else self._size + offset
        self._seek(self._to_short(target))
        return target

    def tell(self) -> int:
        """The position in the real file."""
        return self._to_real(self._tell())

    def seekable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Always."""
        return True

    def _to_short(self, position: int) -> int:
        index = bisect_right(self._real, position) - 1
        if index < 0:
            return position
        gap = self._gaps[index]
        if position < gap.end:
            return self._short[index] + min(position - gap.start, _SHORT_BYTES)
        return self._short[index] + _SHORT_BYTES + position - gap.end

    def _to_real(self, position: int) -> int:
        index = bisect_right(self._short, position) - 1
        if index < 0:
            return position
        gap, within = self._gaps[index], position - self._short[index]
        if within < _SHORT_BYTES:
            return gap.start + within
        return gap.end + within - _SHORT_BYTES
