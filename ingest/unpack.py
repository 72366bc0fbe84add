"""Unpacks a submitted archive into staging: each member read once, names kept as facts only."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from ingest.nested import NestedArchives
from ingest.staged import Admission, Passing, StagedEntry, StagingArea
from schemas.archives import (
    Archive,
    ArchiveMember,
    ArchiveStopped,
    Caps,
    MemberDamaged,
    MemberKind,
    Report,
    archive_kind,
    rejected,
)
from schemas.archives_tar import TarArchive
from schemas.archives_zip import ZipArchive
from schemas.bag_algorithms import algorithms_needed
from schemas.names import NameJudge, printable
from schemas.nouns import Container
from schemas.progress import NoProgress, Progress


def unpack_archive(
    source: Path,
    staging: Path,
    caps: Caps,
    admission: Admission,
    *,
    extra_algorithms: Collection[str] = (),
    quota_bytes: int | None = None,
    progress: Progress | None = None,
) -> Iterator[StagedEntry]:
    """Every file of the archive, staged in ``staging``; findings go to ``admission``.

    The container's own name, size and sha256 are in ``admission`` afterwards, whatever was
    found in it. ``admission`` is complete when every member was read; a refused member leaves a
    finding of severity reject.
    """
    name = printable(os.fsencode(source.name))
    head = _head(source)
    archive = _opened(archive_kind(head, source.name), source, caps, admission.findings)
    if archive is None:
        admission.findings(rejected("ARCHIVE-KIND", name))
        return
    with archive:
        area = StagingArea(staging, quota_bytes)
        nested = NestedArchives(caps, admission.findings, staging)
        run = _Unpacking(archive, admission, area, nested, progress)
        with suppress(ArchiveStopped):
            archive.prepare()
            yield from run.entries({*extra_algorithms, *algorithms_needed(archive.names())})
            admission.complete = True
        admission.hold_empty(archive.taken.empty_folders())
        admission.container = Container(name, archive.size_bytes, archive.sha256())
        if archive.changed():
            admission.findings(rejected("PACKAGE-CHANGED", name))


def _head(source: Path) -> bytes:
    """The first bytes; nothing but a regular file is read."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.read(descriptor, 512)
    finally:
        os.close(descriptor)


def _opened(kind: str | None, source: Path, caps: Caps, report: Report) -> Archive | None:
    if kind == "zip":
        return ZipArchive(source, caps, report)
    if kind is not None:
        return TarArchive(source, caps, report, gzipped=kind == "tar.gz")
    return None


class _Unpacking:
    """One pass over an archive's members."""

    def __init__(
        self,
        archive: Archive,
        admission: Admission,
        area: StagingArea,
        nested: NestedArchives,
        progress: Progress | None,
    ) -> None:
        self._archive = archive
        self._area = area
        self._nested = nested
        self._progress = progress or NoProgress()
        self._names = NameJudge(admission.findings)

    def entries(self, algorithms: Collection[str]) -> Iterator[StagedEntry]:
        """Every file that came out whole."""
        self._area.reserve(self._archive.declared_bytes())
        ordered = sorted(algorithms)
        for member in self._archive.members():
            self._names.judge(member.raw_path)
            if member.kind is MemberKind.FILE:
                with suppress(MemberDamaged):
                    yield self._staged(member, ordered)

    def _staged(self, member: ArchiveMember, algorithms: Collection[str]) -> StagedEntry:
        passing = Passing(algorithms)
        staged = self._area.write(self._told(member), passing)
        self._progress.advance(files=1)
        self._nested.examine(staged, member.raw_path, passing.reader.head)
        return passing.entry(
            member.raw_path, staged, member.mode, member.modified, utf8=member.declared_utf8
        )

    def _told(self, member: ArchiveMember) -> Iterator[bytes]:
        for chunk in member.chunks():
            self._progress.advance(size_bytes=len(chunk))
            yield chunk
