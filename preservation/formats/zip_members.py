"""Wanted members of a ZIP, found through its central directory and inflated within caps.

For identification only: it reads the directory (usually in the tail that is at hand already)
and the first bytes of the few members that signatures name. Admission has readers of its own
(``schemas.archives``) that check everything.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from preservation.formats.extent import BudgetSpentError, ContainerDamagedError, Extent

MEMBER_CAP_BYTES = 512 * 1024
ENTRIES_CAP = 65_536
DIRECTORY_CAP_BYTES = 8 * 1024 * 1024

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_ENTRY_BYTES = 46
_LOCAL_BYTES = 30
_CHUNK_BYTES = 64 * 1024
_WIDE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Entry:
    method: int
    flags: int
    squeezed_bytes: int
    offset: int


class ZipMembers:
    """The members named in ``wanted`` that the ZIP holds.

    A wanted name that ends in ``/`` is there when anything lies below it. ``limited`` says
    that the directory was too long to be read whole, ``encrypted`` that some member is.
    Raises ContainerDamagedError or BudgetSpentError, from the constructor too.
    """

    def __init__(self, extent: Extent, wanted: AbstractSet[str]) -> None:
        self._extent = extent
        self.limited = False
        self.encrypted = False
        self._entries: dict[str, _Entry] = {}
        directory, shift = self._directory()
        self._shift = shift
        self._collect(directory, wanted)

    @property
    def names(self) -> AbstractSet[str]:
        """Which of the wanted names are there."""
        return self._entries.keys()

    def read(self, name: str) -> tuple[bytes, bool]:
        """The member's first bytes, and whether that is all of it."""
        entry = self._entries[name]
        if entry.flags & 1:
            return b"", False
        extent = self._extent
        place = entry.offset + self._shift
        local = extent.read_at(place, _LOCAL_BYTES)
        if local[:4] != b"PK\3\4":
            raise ContainerDamagedError
        name_bytes, extra_bytes = struct.unpack_from("<2H", local, 26)
        place += _LOCAL_BYTES + name_bytes + extra_bytes
        if entry.method == 0:
            count = min(entry.squeezed_bytes, MEMBER_CAP_BYTES)
            return extent.read_at(place, count), count == entry.squeezed_bytes
        if entry.method != 8:
            return b"", False
        return self._inflate(place, entry.squeezed_bytes)

    def _inflate(self, place: int, squeezed_bytes: int) -> tuple[bytes, bool]:
        inflater = zlib.decompressobj(wbits=-15)
        content = b""
        end = place + squeezed_bytes
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
        return content, inflater.eof

    def _directory(self) -> tuple[bytes, int]:
        """The central directory, and by how much offsets are shifted by bytes in front."""
        extent = self._extent
        tail = extent.tail
        found = tail.rfind(b"PK\5\6", max(0, len(tail) - 65_535 - _END.size))
        if found < 0 or found + _END.size > len(tail):
            raise ContainerDamagedError
        _, disk, _, _, _, size, offset, _ = _END.unpack_from(tail, found)
        end_place = extent.size_bytes - len(tail) + found
        if _WIDE in (size, offset) or disk == 0xFFFF:
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
        locator = self._extent.read_at(end_place - 20, 20)
        if locator[:4] != b"PK\6\7":
            raise ContainerDamagedError
        (place,) = struct.unpack_from("<Q", locator, 8)
        record = self._extent.read_at(place, _END64.size)
        fields = _END64.unpack(record)
        if fields[0] != b"PK\6\6":
            raise ContainerDamagedError
        return fields[8], fields[9], place

    def _collect(self, directory: bytes, wanted: AbstractSet[str]) -> None:
        by_raw = {name.encode(): name for name in wanted}
        folders = tuple(raw for raw in by_raw if raw.endswith(b"/"))
        place = 0
        for _ in range(ENTRIES_CAP):
            if place + _ENTRY_BYTES > len(directory):
                break
            fields = _ENTRY.unpack_from(directory, place)
            if fields[0] != b"PK\1\2":
                raise ContainerDamagedError
            start = place + _ENTRY_BYTES
            raw = directory[start : start + fields[10]]
            self.encrypted = self.encrypted or bool(fields[3] & 1)
            name = by_raw.get(raw)
            if name is None and raw.startswith(folders):
                name = next(by_raw[f] for f in folders if raw.startswith(f))
            place = start + fields[10] + fields[11] + fields[12]
            if name is not None:
                extra = directory[start + fields[10] : start + fields[10] + fields[11]]
                self._entries[name] = _entry(fields, extra)
        self.limited = self.limited or place + _ENTRY_BYTES <= len(directory)


def _entry(fields: tuple[int, ...], extra: bytes) -> _Entry:
    squeezed, plain, offset = fields[8], fields[9], fields[16]
    if _WIDE in (squeezed, plain, offset):
        squeezed, offset = _wide_fields(squeezed, plain, offset, extra)
    return _Entry(fields[4], fields[3], squeezed, offset)


def _wide_fields(squeezed: int, plain: int, offset: int, extra: bytes) -> tuple[int, int]:
    """Compressed size and offset where a ZIP64 extra field holds them."""
    place = 0
    while place + 4 <= len(extra):
        kind, count = struct.unpack_from("<2H", extra, place)
        place += 4
        if kind == 1:
            values = list(struct.unpack(f"<{count // 8}Q", extra[place : place + count // 8 * 8]))
            try:
                if plain == _WIDE:
                    values.pop(0)
                if squeezed == _WIDE:
                    squeezed = values.pop(0)
                if offset == _WIDE:
                    offset = values.pop(0)
            except IndexError as problem:
                raise ContainerDamagedError from problem
            return squeezed, offset
        place += count
    raise ContainerDamagedError


__all__ = ["BudgetSpentError", "ContainerDamagedError", "ZipMembers"]
