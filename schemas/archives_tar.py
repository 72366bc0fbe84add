"""Reads a tar, plain or gzipped, as a stream of members.

An archive is whole only with both end blocks: one cut between members looks sound to common
readers. Links, devices and what else is no file or folder are reported and never yielded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from schemas.archives import (
    CHUNK_BYTES,
    ByteBudget,
    Caps,
    MemberKind,
    Report,
    permissions,
    rejected,
)
from schemas.archives_paths import TakenPaths, tidy_path
from schemas.archives_tar_records import (
    BLOCK,
    DEVICES,
    FOLDER,
    GNU_LINK,
    GNU_NAME,
    GNU_SPARSE,
    HARD_LINK,
    PAX,
    PAX_GLOBAL,
    REGULAR,
    SYMLINK,
    Segment,
    TarHeader,
    TarMalformed,
    decimal,
    moment,
    parse_header,
    parse_pax,
)
from schemas.archives_tar_sparse import sparse_layout
from schemas.archives_tar_stream import TarStream
from schemas.findings import Finding, Severity
from schemas.names import printable

_ZEROS = bytes(CHUNK_BYTES)
_LINKS = {HARD_LINK: "ARCHIVE-HARD-LINK", SYMLINK: "ARCHIVE-LINK"}


@dataclass(slots=True)
class TarMember:
    """One member of an open tar; see :class:`schemas.archives.ArchiveMember`."""

    raw_path: bytes
    kind: MemberKind
    size_bytes: int
    mode: int | None
    modified: str
    declared_utf8: bool
    _archive: TarArchive
    _segments: list[Segment] | None
    """Where the packed pieces of a sparse file belong; None for an ordinary file."""

    def chunks(self) -> Iterator[bytes]:
        """The member's bytes, holes as zeros; a cut archive stops."""
        if self._segments is None:
            yield from self._archive.packed(self.size_bytes)
            return
        at = 0
        for offset, size in self._segments:
            yield from self._archive.hole(offset - at)
            yield from self._archive.packed(size)
            at = offset + size
        yield from self._archive.hole(self.size_bytes - at)


class TarArchive:
    """An open tar, to be used as a context manager; ``report`` takes the findings.

    :meth:`members` may be gone through once, and raises
    :class:`schemas.archives.ArchiveStopped` when nothing more must be read.
    """

    def __init__(self, path: Path, caps: Caps, report: Report, *, gzipped: bool) -> None:
        self._caps = caps
        self._report = report
        self._budget = ByteBudget(caps, report)
        self.taken = TakenPaths(caps, report)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._stream = TarStream(self._descriptor, self._budget, report, gzipped=gzipped)
        self._gzipped = gzipped
        self.size_bytes = self._stream.size_bytes
        self._unread_bytes = 0
        self._pax_global: list[tuple[str, bytes]] = []

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
        """Nothing is known before the members."""

    def names(self) -> Iterator[bytes]:
        """None: only reading tells."""
        return iter(())

    def declared_bytes(self) -> int:
        """What a plain tar can hold at most, holes aside; 0 for one in gzip."""
        return 0 if self._gzipped else self.size_bytes

    def sha256(self) -> str:
        """The digest of the container itself."""
        return self._stream.sha256()

    def changed(self) -> bool:
        """Whether the container is no longer what it was when it was opened."""
        return self._stream.changed()

    def members(self) -> Iterator[TarMember]:
        """Every harmless member in order; what is wrong with the others was reported."""
        try:
            yield from self._members()
        except TarMalformed as malformed:
            self._stream.stop("ARCHIVE-UNREADABLE", reason=malformed.reason)

    def _members(self) -> Iterator[TarMember]:
        extended = _Extended()
        while (header := self._next_header()) is not None:
            if header.kind in {PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK}:
                self._extend(extended, header)
                continue
            member = self._member(header, extended)
            extended = _Extended()
            if member is not None:
                yield member
            self._skip()

    def packed(self, size: int) -> Iterator[bytes]:
        """The next bytes of the present member."""
        for piece in self._stream.chunks(size):
            self._unread_bytes -= len(piece)
            yield piece

    def hole(self, size: int) -> Iterator[bytes]:
        """So many zeros of a sparse file, charged like bytes that were unpacked."""
        while size > 0:
            piece = _ZEROS[:size]
            self._budget.take(len(piece), self._stream.packed_bytes, self._stream.where)
            size -= len(piece)
            yield piece

    def _next_header(self) -> TarHeader | None:
        """The next header, or None at a proper end."""
        block = self._stream.read(BLOCK)
        if len(block) < BLOCK:
            self._stream.stop("ARCHIVE-TRUNCATED")
        if block.strip(b"\0"):
            self._budget.entry(self._stream.where)
            return parse_header(block)
        self._stream.where = ""
        second = self._stream.read(BLOCK)
        if len(second) < BLOCK:
            self._stream.stop("ARCHIVE-TRUNCATED")
        if second.strip(b"\0"):
            raise TarMalformed("lone-zero-block")
        while rest := self._stream.read(CHUNK_BYTES):
            if rest.strip(b"\0"):
                self._stream.stop("ARCHIVE-TRAILING")
        return None

    def _extend(self, extended: _Extended, header: TarHeader) -> None:
        """Takes an extended header into account; it is bounded by the caps."""
        if header.size_bytes > self._caps.header_bytes:
            raise TarMalformed("extended-header-too-long")
        content = self._stream.read(_padded(header.size_bytes))
        if len(content) < _padded(header.size_bytes):
            self._stream.stop("ARCHIVE-TRUNCATED")
        content = content[: header.size_bytes]
        if header.kind == GNU_NAME:
            extended.name = content.split(b"\0", 1)[0]
        elif header.kind == PAX:
            extended.records.extend(parse_pax(content))
        elif header.kind == PAX_GLOBAL:
            merged = dict(self._pax_global) | dict(parse_pax(content))
            self._pax_global = list(merged.items())

    def _member(self, header: TarHeader, extended: _Extended) -> TarMember | None:
        records = [*self._pax_global, *extended.records]
        pax = dict(records)
        name = pax.get("GNU.sparse.name") or pax.get("path") or extended.name or header.name
        packed = decimal(pax["size"]) if "size" in pax else header.size_bytes
        where = self._stream.where = printable(name)
        self._unread_bytes = _padded(packed)
        if header.kind not in REGULAR and header.kind != GNU_SPARSE:
            if packed:
                raise TarMalformed("member-without-bytes")
            if header.kind != FOLDER:
                code = "ARCHIVE-SPECIAL" if header.kind in DEVICES else "ARCHIVE-MEMBER-KIND"
                kind = header.kind.decode("latin-1")
                self._report(rejected(_LINKS.get(header.kind, code), where, kind=kind))
                return None
        layout = sparse_layout(self._stream, header, records, packed)
        if layout is None:
            return self._yielded(header, pax, name, packed, None)
        self._unread_bytes -= layout.map_bytes
        self._report(Finding("ARCHIVE-SPARSE", Severity.INFO, where))
        segments, size = layout.segments, layout.size_bytes
        return self._yielded(header, pax, name, size, segments)

    def _yielded(
        self,
        header: TarHeader,
        pax: dict[str, bytes],
        name: bytes,
        size: int,
        segments: list[Segment] | None,
    ) -> TarMember | None:
        path = tidy_path(name, self._report)
        folder = header.kind == FOLDER or name.endswith(b"/")
        if folder and size:
            self._report(rejected("ARCHIVE-FOLDER-WITH-BYTES", self._stream.where))
            return None
        if path is None:
            return None
        if not (self.taken.claim_folder(path) if folder else self.taken.claim_file(path)):
            return None
        mode, dropped = permissions(header.mode)
        if dropped:
            self._report(Finding("ARCHIVE-MODE-DROPPED", Severity.INFO, printable(path)))
        kind = MemberKind.FOLDER if folder else MemberKind.FILE
        utf8 = "path" in pax and pax.get("hdrcharset") != b"BINARY"
        return TarMember(path, kind, size, mode, _modified(header, pax), utf8, self, segments)

    def _skip(self) -> None:
        """What nobody read of the present member, and its padding, is passed over."""
        for _ in self._stream.chunks(self._unread_bytes):
            pass
        self._unread_bytes = 0


class _Extended:
    """What the headers before a member said of it."""

    def __init__(self) -> None:
        self.name = b""
        self.records: list[tuple[str, bytes]] = []


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _modified(header: TarHeader, pax: dict[str, bytes]) -> str:
    try:
        return moment(float(pax["mtime"]) if "mtime" in pax else header.mtime)
    except ValueError:
        return ""
