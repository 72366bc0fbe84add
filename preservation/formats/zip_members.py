"""Wanted members of a ZIP, found through its central directory and inflated within caps.

For identification only: it reads the directory (usually in the tail that is at hand already)
and the first bytes of the few members that signatures name. Admission has a reader of its own
(``schemas.archives_zip``) that checks everything; the records are parsed by the same code.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Set as AbstractSet

from preservation.formats.extent import ContainerDamagedError, Extent
from schemas.archives_zip_records import (
    CENTRAL,
    CENTRAL_MAGIC,
    END,
    END64,
    END64_LOCATOR,
    END64_MAGIC,
    END_MAGIC,
    FLAG_ENCRYPTED,
    FULL16,
    FULL32,
    LOCAL,
    LOCAL_MAGIC,
    LOCATOR_MAGIC,
    ZipEntry,
    ZipMalformed,
    parse_central,
)

MEMBER_CAP_BYTES = 512 * 1024
ENTRIES_CAP = 65_536
DIRECTORY_CAP_BYTES = 8 * 1024 * 1024
RATIO_CAP = 250
"""A member that unfolds further than this is no document (as in ``schemas.archives``)."""

_CHUNK_BYTES = 64 * 1024
_STORED, _DEFLATED = 0, 8
_LENGTHS = struct.Struct("<3H")
_FLAGS_AT, _LENGTHS_AT, _LOCAL_LENGTHS_AT = 8, 28, 26


class ZipMembers:
    """The members named in ``wanted`` that the ZIP holds.

    A wanted name that ends in ``/`` is there when anything lies below it. ``limited`` says
    that the directory was too long to be read whole, or a member unfolds like a bomb;
    ``encrypted`` that some member is.
    Raises ContainerDamagedError or BudgetSpentError, from the constructor too.
    """

    def __init__(self, extent: Extent, wanted: AbstractSet[str]) -> None:
        self._extent = extent
        self.limited = False
        self.encrypted = False
        self._entries: dict[str, ZipEntry] = {}
        directory, self._shift = self._directory()
        self._collect(directory, wanted)

    @property
    def names(self) -> AbstractSet[str]:
        """Which of the wanted names are there."""
        return self._entries.keys()

    def read(self, name: str) -> tuple[bytes, bool]:
        """The member's first bytes, and whether that is all of it."""
        entry = self._entries[name]
        if entry.flags & FLAG_ENCRYPTED or entry.method not in (_STORED, _DEFLATED):
            return b"", False
        place = entry.offset + self._shift
        local = self._extent.read_at(place, LOCAL.size)
        if local[:4] != LOCAL_MAGIC:
            raise ContainerDamagedError
        place += LOCAL.size + sum(struct.unpack_from("<2H", local, _LOCAL_LENGTHS_AT))
        if entry.method == _STORED:
            count = min(entry.packed_bytes, MEMBER_CAP_BYTES)
            return self._extent.read_at(place, count), count == entry.packed_bytes
        return self._inflate(place, entry.packed_bytes)

    def _inflate(self, place: int, packed_bytes: int) -> tuple[bytes, bool]:
        inflater = zlib.decompressobj(wbits=-15)
        content = b""
        end = place + packed_bytes
        try:
            while place < end and not inflater.eof and len(content) < MEMBER_CAP_BYTES:
                count = min(_CHUNK_BYTES, end - place)
                chunk = self._extent.read_at(place, count)
                place += count
                content += inflater.decompress(chunk, MEMBER_CAP_BYTES - len(content))
        except zlib.error as problem:
            raise ContainerDamagedError from problem
        self._extent.spend(len(content))
        if not inflater.eof and len(content) < MEMBER_CAP_BYTES:
            raise ContainerDamagedError
        taken = packed_bytes - (end - place) - len(inflater.unconsumed_tail)
        self.limited |= len(content) == MEMBER_CAP_BYTES and taken * RATIO_CAP < len(content)
        return content, inflater.eof

    def _directory(self) -> tuple[bytes, int]:
        """The central directory, and by how much offsets are shifted by bytes in front."""
        extent = self._extent
        tail = extent.tail
        found = tail.rfind(END_MAGIC, max(0, len(tail) - FULL16 - END.size))
        if found < 0 or found + END.size > len(tail):
            raise ContainerDamagedError
        _, disk, _, _, _, size, offset, _ = END.unpack_from(tail, found)
        end_place = extent.size_bytes - len(tail) + found
        if FULL32 in (size, offset) or disk == FULL16:
            size, offset, end_place = self._wide_end(end_place)
        shift = end_place - size - offset
        if shift < 0:
            raise ContainerDamagedError
        if size > DIRECTORY_CAP_BYTES:
            self.limited = True
            size = DIRECTORY_CAP_BYTES
        return extent.read_at(offset + shift, size), shift

    def _wide_end(self, end_place: int) -> tuple[int, int, int]:
        """Size and offset of a ZIP64 directory and where it ends."""
        locator = self._extent.read_at(end_place - END64_LOCATOR.size, END64_LOCATOR.size)
        magic, _, place, _ = END64_LOCATOR.unpack(locator)
        if magic != LOCATOR_MAGIC:
            raise ContainerDamagedError
        fields = END64.unpack(self._extent.read_at(place, END64.size))
        if fields[0] != END64_MAGIC:
            raise ContainerDamagedError
        return fields[8], fields[9], place

    def _collect(self, directory: bytes, wanted: AbstractSet[str]) -> None:
        by_raw = {name.encode(): name for name in wanted}
        folders = tuple(raw for raw in by_raw if raw.endswith(b"/"))
        place = 0
        for _ in range(ENTRIES_CAP):
            start = place + CENTRAL.size
            if start > len(directory):
                break
            if directory[place : place + 4] != CENTRAL_MAGIC:
                raise ContainerDamagedError
            self.encrypted |= bool(directory[place + _FLAGS_AT] & FLAG_ENCRYPTED)
            lengths = _LENGTHS.unpack_from(directory, place + _LENGTHS_AT)
            raw = directory[start : start + lengths[0]]
            name = by_raw.get(raw)
            if name is None and raw.startswith(folders):
                name = next(by_raw[f] for f in folders if raw.startswith(f))
            if name is not None:
                try:
                    self._entries[name] = parse_central(directory, place)[0]
                except ZipMalformed as problem:
                    raise ContainerDamagedError from problem
            place = start + sum(lengths)
        self.limited = self.limited or place + CENTRAL.size <= len(directory)
