"""Streams of an OLE2 compound file, read in process within a budget.

A reader of our own instead of olefile in a worker: it follows chains only as far as wanted
streams need, so that a legacy office file costs microseconds instead of a trip to another
process; loops, absurd sizes and missing sectors end in ContainerDamagedError.
Source: [MS-CFB], sections 2.1 to 2.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

from preservation.formats.extent import ContainerDamagedError, Extent

MEMBER_CAP_BYTES = 512 * 1024
ENTRIES_CAP = 16_384
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = struct.Struct("<8s16s5H6s9L")
_DIFAT_IN_HEADER = 109
_ENTRY_BYTES = 128
_MINI_BYTES = 64
_LAST_SECTOR = 0xFFFFFFFA
_END_OF_CHAIN = 0xFFFFFFFE
_NO_STREAM = 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size_bytes: int


class OleMembers:
    """The wanted streams and storages of an OLE2 file.

    A name counts with and without one leading control character (``\\x01CompObj``).
    ``limited`` says that the directory was too long to be read whole.
    """

    def __init__(self, extent: Extent, wanted: AbstractSet[str]) -> None:
        self._extent = extent
        header = _HEADER.unpack_from(extent.read_at(0, 512))
        if header[0] != MAGIC or header[5] not in (9, 12) or header[6] != 6:
            raise ContainerDamagedError
        self._sector_bytes = 1 << header[5]
        self._sectors = extent.size_bytes // self._sector_bytes
        self._mini_cutoff = header[12]
        self._mini_fat_start = header[13]
        self._difat = list(struct.unpack("<109L", extent.read_at(76, 4 * _DIFAT_IN_HEADER)))
        self._next_difat = header[15]
        self._fat: dict[int, tuple[int, ...]] = {}
        self._mini: tuple[list[int], list[int]] | None = None
        self.limited = False
        self.encrypted = False
        self._wide = header[5] == 12
        self._directory = self._read_directory(header[10])
        self._found = self._collect(wanted)

    @property
    def names(self) -> AbstractSet[str]:
        """Which of the wanted names are there."""
        return self._found.keys()

    def read(self, name: str) -> tuple[bytes, bool]:
        """The stream's first bytes, and whether that is all of it."""
        entry = self._found[name]
        if entry.kind != _STREAM:
            return b"", True
        count = min(entry.size_bytes, MEMBER_CAP_BYTES)
        if entry.size_bytes < self._mini_cutoff:
            content = self._read_mini(entry.start, count)
        else:
            content = self._read_chain(entry.start, count, whole=count == entry.size_bytes)
        return content, count == entry.size_bytes

    def _sector(self, number: int) -> bytes:
        return self._extent.read_at((number + 1) * self._sector_bytes, self._sector_bytes)

    def _fat_sector(self, index: int) -> tuple[int, ...]:
        """The ``index``-th sector of the file allocation table."""
        known = self._fat.get(index)
        if known is None:
            while index >= len(self._difat):
                self._grow_difat()
            per_sector = self._sector_bytes // 4
            known = struct.unpack(f"<{per_sector}L", self._sector(self._difat[index]))
            self._fat[index] = known
        return known

    def _grow_difat(self) -> None:
        per_sector = self._sector_bytes // 4
        if self._next_difat >= _LAST_SECTOR or len(self._difat) > self._sectors:
            raise ContainerDamagedError
        numbers = struct.unpack(f"<{per_sector}L", self._sector(self._next_difat))
        self._difat += numbers[:-1]
        self._next_difat = numbers[-1]

    def _chain(self, start: int) -> Iterator[int]:
        """The sectors from ``start``; a loop is damage."""
        per_sector = self._sector_bytes // 4
        sector = start
        for _ in range(self._sectors + 1):
            if sector == _END_OF_CHAIN:
                return
            if sector >= _LAST_SECTOR:
                raise ContainerDamagedError
            yield sector
            sector = self._fat_sector(sector // per_sector)[sector % per_sector]
        raise ContainerDamagedError

    def _read_chain(self, start: int, count: int, *, whole: bool) -> bytes:
        """The first ``count`` bytes; a ``whole`` stream's chain must end where it ends."""
        sectors = self._chain(start)
        wanted = islice(sectors, -(-count // self._sector_bytes))
        content = b"".join(self._sector(sector) for sector in wanted)
        if len(content) < count or (whole and next(sectors, None) is not None):
            raise ContainerDamagedError
        return content[:count]

    def _read_mini(self, start: int, count: int) -> bytes:
        if self._mini is None:
            self._mini = self._load_mini()
        mini_fat, sectors = self._mini
        per_sector = self._sector_bytes // _MINI_BYTES
        parts: list[bytes] = []
        sector = start
        for _ in range(-(-count // _MINI_BYTES)):
            if sector >= len(mini_fat) or sector // per_sector >= len(sectors):
                raise ContainerDamagedError
            place = (sectors[sector // per_sector] + 1) * self._sector_bytes
            parts.append(
                self._extent.read_at(place + sector % per_sector * _MINI_BYTES, _MINI_BYTES)
            )
            sector = mini_fat[sector]
        return b"".join(parts)[:count]

    def _load_mini(self) -> tuple[list[int], list[int]]:
        """The mini allocation table, and the sectors of the stream that holds mini sectors."""
        table: list[int] = []
        per_sector = self._sector_bytes // 4
        for sector in self._chain(self._mini_fat_start):
            table += struct.unpack(f"<{per_sector}L", self._sector(sector))
        return table, list(self._chain(self._directory[0].start))

    def _read_directory(self, start: int) -> list[_Entry]:
        entries: list[_Entry] = []
        for sector in self._chain(start):
            content = self._sector(sector)
            places = range(0, len(content), _ENTRY_BYTES)
            entries += [self._entry(content[place : place + _ENTRY_BYTES]) for place in places]
            if len(entries) >= ENTRIES_CAP:
                self.limited = True
                break
        if not entries or entries[0].kind != _ROOT:
            raise ContainerDamagedError
        return entries

    def _entry(self, raw: bytes) -> _Entry:
        name_bytes = struct.unpack_from("<H", raw, 64)[0]
        left, right, child = struct.unpack_from("<3L", raw, 68)
        start, size_bytes = struct.unpack_from("<LQ", raw, 116)
        if not self._wide:
            size_bytes &= 0xFFFFFFFF
        name = raw[: max(0, min(64, name_bytes) - 2)].decode("utf-16-le", "replace")
        return _Entry(name, raw[66], left, right, child, start, size_bytes)

    def _collect(self, wanted: AbstractSet[str]) -> dict[str, _Entry]:
        """Walks the storages' trees once; a number met twice is damage."""
        found: dict[str, _Entry] = {}
        by_upper = {name.upper(): name for name in wanted}
        met: set[int] = set()
        waiting = [(self._directory[0].child, "")]
        while waiting:
            number, above = waiting.pop()
            if number == _NO_STREAM or (self.limited and number >= len(self._directory)):
                continue
            if number >= len(self._directory) or number in met:
                raise ContainerDamagedError
            met.add(number)
            entry = self._directory[number]
            waiting += [(entry.left, above), (entry.right, above)]
            path = above + entry.name
            if entry.kind == _STORAGE:
                waiting.append((entry.child, path + "/"))
            for name in (path, path[1:] if path[:1] < " " else path):
                known = by_upper.get(name.upper())
                if known is not None:
                    found.setdefault(known, entry)
            self.encrypted = self.encrypted or path == "EncryptedPackage"
        return found
