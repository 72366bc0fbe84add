"""Reads a zip as a stream of members, comparing everything that is said twice.

Reading is by position and in file order, so the container's own sha256 comes out of the same
pass. Nothing is extracted: paths are judged, bytes are handed on.
"""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from schemas.archives import (
    CHUNK_BYTES,
    ByteBudget,
    Caps,
    MemberDamaged,
    MemberKind,
    Report,
    permissions,
    rejected,
)
from schemas.archives_frontier import FrontierFile
from schemas.archives_paths import TakenPaths, tidy_path
from schemas.archives_zip_checks import header_difference, hidden_reason, kind_of, tail_surplus
from schemas.archives_zip_data import PackedDamaged, unpacked
from schemas.archives_zip_layout import ZipLayout, read_layout
from schemas.archives_zip_records import (
    FLAG_UTF8,
    WINDOWS_HOSTS,
    ZipEntry,
    ZipMalformed,
    extra_fields,
    modified,
    parse_local,
    unicode_path,
)
from schemas.findings import Finding, Severity
from schemas.names import printable

_DESCRIPTOR_MAX = 24
_PEEKED = 512


@dataclass(slots=True)
class ZipMember:
    """One member of an open zip; see :class:`schemas.archives.ArchiveMember`."""

    raw_path: bytes
    kind: MemberKind
    size_bytes: int
    """The declared size; :meth:`chunks` proves it."""
    mode: int | None
    modified: str
    declared_utf8: bool
    _archive: ZipArchive
    _entry: ZipEntry
    _data_offset: int
    _ready: bytes
    """What of the packed bytes came along with the local header."""

    def chunks(self) -> Iterator[bytes]:
        """The member's bytes; size and CRC are proven when the last one has passed."""
        entry = self._entry
        left, crc = entry.size_bytes, 0
        try:
            for piece in unpacked(entry.method, self._packed()):
                left -= len(piece)
                if left < 0:
                    break
                crc = zlib.crc32(piece, crc)
                self._archive.passed(entry, len(piece), entry.size_bytes - left)
                yield piece
        except PackedDamaged:
            left = -1
        if left or crc != entry.crc:
            self._archive.report(rejected("ARCHIVE-MEMBER-DAMAGED", printable(self.raw_path)))
            raise MemberDamaged(where=printable(self.raw_path))

    def peek(self, size: int) -> bytes:
        """The first few bytes, fewer when the packed bytes are damaged; nothing is proven."""
        try:
            start = unpacked(self._entry.method, [self._ready[:_PEEKED]])
            return next(start, b"")[:size]
        except PackedDamaged:
            return b""

    def _packed(self) -> Iterator[bytes]:
        left = self._entry.packed_bytes - len(self._ready)
        at = self._data_offset + len(self._ready)
        if self._ready:
            yield self._ready
        while left:
            piece = self._archive.file.read_at(at, min(CHUNK_BYTES, left))
            if not piece:
                raise PackedDamaged
            at += len(piece)
            left -= len(piece)
            yield piece


class ZipArchive:
    """An open zip, to be used as a context manager; ``report`` takes the findings.

    ``source`` is a path, or a descriptor that is borrowed and read by position.
    :meth:`members` may be gone through once. :class:`schemas.archives.ArchiveStopped` is raised
    by :meth:`prepare` and by the members when nothing more must be read.
    """

    def __init__(
        self, source: Path | int, caps: Caps, report: Report, *, hashing: bool = True
    ) -> None:
        self._caps = caps
        self.report = report
        self._budget = ByteBudget(caps, report)
        self.taken = TakenPaths(caps, report)
        self._layout = ZipLayout(b"", array("Q"), array("Q", [0]))
        if isinstance(source, int):
            self._descriptor = os.dup(source)
        else:
            self._descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        self.file = FrontierFile(self._descriptor, hashing=hashing)
        self.size_bytes = self.file.size_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def prepare(self) -> None:
        """The directory was read, everything is where it says, and would fit the caps."""
        self._layout = read_layout(self.file, self._caps, self.report)
        self._budget.foresee(self.declared_bytes(), self.size_bytes)

    def names(self) -> Iterator[bytes]:
        """Every entry's path as it stands in the directory, unjudged."""
        return (entry.raw_name for entry in self._layout.entries())

    def declared_bytes(self) -> int:
        """The sum of the sizes that the directory declares."""
        return sum(entry.size_bytes for entry in self._layout.entries())

    def sha256(self) -> str:
        """The digest of the zip itself."""
        return self.file.sha256()

    def changed(self) -> bool:
        """Whether the zip is no longer what it was when it was opened."""
        return self.file.changed()

    def members(self) -> Iterator[ZipMember]:
        """Every harmless member in file order; what is wrong with the others was reported."""
        for entry in self._layout.entries():
            where = printable(entry.raw_name)
            self._budget.entry(where)
            self.file.pass_to(entry.offset)
            self._budget.check_ratio(entry.size_bytes, entry.packed_bytes, where)
            member = self._member(entry, where)
            if member is not None:
                yield member

    def passed(self, entry: ZipEntry, size_bytes: int, so_far: int) -> None:
        """So many more bytes of a member came out; stops at the caps."""
        where = printable(entry.raw_name)
        self._budget.take(size_bytes, self.file.size_bytes, where)
        self._budget.check_ratio(so_far, entry.packed_bytes, where)

    def _member(self, entry: ZipEntry, where: str) -> ZipMember | None:
        self._drop_malformed_extra(entry, where)
        if code := hidden_reason(entry):
            self.report(rejected(code, where, method=entry.method))
            return None
        name, declared_utf8 = self._name(entry, where)
        path = tidy_path(name, self.report, windows=entry.host in WINDOWS_HOSTS)
        if path is None:
            return None
        place = self._locate(entry, where)
        kind = kind_of(entry)
        if place is None or not self._claim(path, kind):
            return None
        mode, dropped = permissions(entry.unix_mode)
        if dropped:
            self.report(Finding("ARCHIVE-MODE-DROPPED", Severity.INFO, where))
        return ZipMember(
            path, kind, entry.size_bytes, mode if entry.unix_mode else None,
            modified(entry, self._caps.zone), declared_utf8, self, entry, *place,
        )  # fmt: skip

    def _claim(self, path: bytes, kind: MemberKind) -> bool:
        if kind is MemberKind.FOLDER:
            return self.taken.claim_folder(path)
        return self.taken.claim_file(path)

    def _drop_malformed_extra(self, entry: ZipEntry, where: str) -> None:
        try:
            list(extra_fields(entry.extra))
        except ZipMalformed:
            self.report(Finding("ARCHIVE-EXTRA-MALFORMED", Severity.WARNING, where))
            entry.extra = b""

    def _name(self, entry: ZipEntry, where: str) -> tuple[bytes, bool]:
        """The entry's path, and whether the zip declares it UTF-8."""
        path, void = unicode_path(entry)
        if void:
            self.report(Finding("ARCHIVE-UNICODE-PATH-VOID", Severity.WARNING, where))
        if path is not None:
            return path, True
        return entry.raw_name, bool(entry.flags & FLAG_UTF8)

    def _locate(self, entry: ZipEntry, where: str) -> tuple[int, bytes] | None:
        """Where the packed bytes begin, and those at hand; None after a reported contradiction."""
        block = self.file.read_at(entry.offset, min(entry.limit - entry.offset, CHUNK_BYTES))
        try:
            local = parse_local(block, entry.offset)
        except ZipMalformed as malformed:
            self.report(rejected("ARCHIVE-HEADERS-DIFFER", where, field=malformed.reason))
            return None
        if field := header_difference(entry, local):
            self.report(rejected("ARCHIVE-HEADERS-DIFFER", where, field=field))
            return None
        end = local.data_offset + entry.packed_bytes
        if end > entry.limit:
            self.report(rejected("ARCHIVE-OVERLAP", where))
            return None
        tail = self._tail(entry, block, end)
        surplus = tail_surplus(entry, tail)
        if surplus is None:
            self.report(rejected("ARCHIVE-HEADERS-DIFFER", where, field="descriptor"))
            return None
        if surplus + entry.limit - end - len(tail):
            self.report(Finding("ARCHIVE-GAP", Severity.ERROR, where))
        start = local.data_offset - entry.offset
        return local.data_offset, block[start : start + entry.packed_bytes]

    def _tail(self, entry: ZipEntry, block: bytes, end: int) -> bytes:
        size = min(entry.limit - end, _DESCRIPTOR_MAX)
        at = end - entry.offset
        if at + size <= len(block):
            return block[at : at + size]
        return self.file.read_at(end, size)
