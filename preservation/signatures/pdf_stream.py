"""A PDF read so that pyHanko need not read every signature byte by byte.

pyHanko takes about 1.5 s per decoded MB of ``/Contents`` because it reads hex strings one
character at a time, and it reads each of them several times. Here the long strings are read
in bulk, once; what pyHanko sees in their place is the sha256 of the value followed by blanks,
of exactly the same length, so that every offset holds and equal strings stay equal. The real
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
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from preservation.signatures.kinds import pdf_name_pattern

if TYPE_CHECKING:
    from typing_extensions import Buffer

CHUNK_BYTES = 1024 * 1024
_WORTHWHILE_BYTES = 256
_OVERLAP_BYTES = 256
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
        """What stands in the patched file: the value pyHanko will read."""
        return bytes.fromhex(self.sha256)


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


class PatchedFile(io.RawIOBase):
    """The file with every gap replaced by its short form; nothing else differs."""

    def __init__(self, file: BinaryIO, survey: Survey) -> None:
        self._file = file
        self._size = survey.size_bytes
        self._gaps = survey.gaps
        self._starts = [gap.start for gap in survey.gaps]
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The usual."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("seek before the start of the file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        """The next bytes, patched."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._position)
        content = self._file.read(len(view))
        view[: len(content)] = content
        self._patch(view, self._position, self._position + len(content))
        self._position += len(content)
        return len(content)

    def _patch(self, view: memoryview, start: int, end: int) -> None:
        index = max(0, bisect_right(self._starts, start) - 1)
        for gap in self._gaps[index:]:
            if gap.start >= end:
                return
            low, high = max(start, gap.start), min(end, gap.end)
            if low < high:
                short = b"<" + gap.sha256.encode() + b">"
                part = short[low - gap.start : high - gap.start]
                view[low - start : high - start] = part + _blank(high - low - len(part))


@cache
def _all_blank() -> bytes:
    return b" " * CHUNK_BYTES


def _blank(length: int) -> bytes:
    return _all_blank()[:length] if length <= CHUNK_BYTES else b" " * length
