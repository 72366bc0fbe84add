"""Admits a source folder: every file read once, nothing followed, nothing opened but files.

Folders are gone through by descriptor, so that a folder swapped for a link meanwhile cannot
lead outside. What changes while it is read is reported and refused.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.nested import NestedArchives
from ingest.staged import Admission, Passing, StagedEntry, StagingArea
from schemas.archives import ArchiveStopped, ByteBudget, Caps, rejected
from schemas.bag_algorithms import algorithms_needed
from schemas.digests import CHUNK_BYTES
from schemas.errors import PackageError
from schemas.moments import format_moment
from schemas.names import NameJudge, printable
from schemas.progress import NoProgress, Progress

_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def admit_folder(
    source: Path,
    staging: Path | None,
    caps: Caps,
    admission: Admission,
    *,
    extra_algorithms: Collection[str] = (),
    quota_bytes: int | None = None,
    progress: Progress | None = None,
) -> Iterator[StagedEntry]:
    """Every regular file under ``source``, staged in ``staging``; findings go to ``admission``.

    ``staging`` None reads in place: the entries name the source's own files. Digests that a
    bag's manifests need are made besides ``extra_algorithms``. ``admission`` is complete when
    the iterator is exhausted and nothing stopped it.
    """
    area = StagingArea(staging, quota_bytes) if staging is not None else None
    algorithms = sorted({*extra_algorithms, *algorithms_needed(_upper_names(source))})
    nested = NestedArchives(caps, admission.findings, staging)
    walk = FolderWalk(source, area, caps, admission, algorithms, nested, progress or NoProgress())
    with suppress(ArchiveStopped):
        yield from walk.entries()
        admission.complete = True


def _upper_names(source: Path) -> Iterator[bytes]:
    """Paths in the root folder and one level below, where a bag's manifests are."""
    with os.scandir(os.fsencode(source)) as top:
        for entry in top:
            yield entry.name
            if entry.is_dir(follow_symlinks=False):
                with suppress(OSError), os.scandir(entry.path) as inner:
                    yield from (entry.name + b"/" + below.name for below in inner)


class _Unheld(PackageError):
    """A file cannot be held as it was found; ``code`` of the finding is in ``reason``."""

    code = "PACKAGE-UNHELD"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason=reason, detail=detail)
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class _OpenFolder:
    descriptor: int
    path: bytes
    before: os.stat_result
    waiting: list[tuple[bytes, str]]
    """Names and kinds still to be taken, the next one last."""


class FolderWalk:
    """One pass over a source folder, depth first, names in byte order."""

    def __init__(
        self,
        source: Path,
        area: StagingArea | None,
        caps: Caps,
        admission: Admission,
        algorithms: Collection[str],
        nested: NestedArchives,
        progress: Progress,
    ) -> None:
        self._source = os.fsencode(source.resolve())
        self._area = area
        self._caps = caps
        self._admission = admission
        self._report = admission.findings
        self._algorithms = algorithms
        self._nested = nested
        self._progress = progress
        self._budget = ByteBudget(caps, self._report)
        self._names = NameJudge(self._report)
        self._open: list[_OpenFolder] = []

    def entries(self) -> Iterator[StagedEntry]:
        """Every file; the folders on the way are closed in the end."""
        try:
            self._enter(os.open(self._source, _OPEN_FOLDER & ~os.O_NOFOLLOW), b"")
            while self._open:
                folder = self._open[-1]
                if not folder.waiting:
                    self._leave(folder)
                    continue
                entry = self._take(folder, *folder.waiting.pop())
                if entry is not None:
                    yield entry
        finally:
            for folder in self._open:
                os.close(folder.descriptor)

    def _enter(self, descriptor: int, path: bytes) -> None:
        before = os.fstat(descriptor)
        waiting = sorted(self.listed(descriptor, path), reverse=True)
        self._open.append(_OpenFolder(descriptor, path, before, waiting))
        if not waiting and path:
            self._admission.hold_empty([path])

    def listed(self, descriptor: int, _path: bytes) -> list[tuple[bytes, str]]:
        """Names and kinds of what is taken of a folder: everything."""
        with os.scandir(descriptor) as listing:
            return [(os.fsencode(e.name), _kind(e)) for e in listing]

    def _leave(self, folder: _OpenFolder) -> None:
        self._open.pop()
        after = os.fstat(folder.descriptor)
        os.close(folder.descriptor)
        if _state(after) != _state(folder.before):
            self._report(rejected("PACKAGE-CHANGED", printable(folder.path)))

    def _take(self, folder: _OpenFolder, name: bytes, kind: str) -> StagedEntry | None:
        """The file's entry; None for a folder, which is entered, and for what cannot be held."""
        path = folder.path + b"/" + name if folder.path else name
        where = printable(path)
        self._budget.entry(where)
        self._names.judge(path)
        try:
            if kind == "file":
                return self._read(folder, name, path)
            if kind == "folder":
                self._go_down(folder, name, path)
            else:
                self._admission.strays[path] = kind
                code = "PACKAGE-LINK" if kind == "symlink" else "PACKAGE-SPECIAL"
                self._report(rejected(code, where))
        except _Unheld as unheld:
            self._report(rejected(unheld.reason, where, detail=unheld.detail))
        return None

    def _go_down(self, folder: _OpenFolder, name: bytes, path: bytes) -> None:
        if len(self._open) >= self._caps.folder_depth:
            cap = self._caps.folder_depth
            self._report(rejected("ARCHIVE-TOO-DEEP", printable(path), cap=cap))
            return
        self._enter(_opened(name, folder.descriptor, _OPEN_FOLDER), path)

    def _read(self, folder: _OpenFolder, name: bytes, path: bytes) -> StagedEntry:
        descriptor = _opened(name, folder.descriptor, _OPEN_FILE)
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise _Unheld("PACKAGE-CHANGED")
            passing = Passing(self._algorithms)
            chunks = self._chunks(descriptor, before.st_size, path)
            if self._area is not None:
                staged = self._area.write(chunks, passing)
            else:
                staged = os.fsdecode(self._source + b"/" + path)
                for chunk in chunks:
                    passing.update(chunk)
            if _state(os.fstat(descriptor)) != _state(before):
                raise _Unheld("PACKAGE-CHANGED")
        finally:
            os.close(descriptor)
        self._nested.examine(staged, path, passing.reader.head)
        self._progress.advance(files=1)
        mode = stat.S_IMODE(before.st_mode) & 0o777
        return passing.entry(path, staged, mode, _moment(before.st_mtime_ns))

    def _chunks(self, descriptor: int, size_bytes: int, path: bytes) -> Iterator[bytes]:
        """Exactly the bytes the file had when it was opened."""
        left = size_bytes
        while True:
            try:
                chunk = os.read(descriptor, min(left + 1, CHUNK_BYTES))
            except OSError as error:
                raise _Unheld("PACKAGE-UNREADABLE", os.strerror(error.errno or 0)) from error
            left -= len(chunk)
            if left < 0 or (not chunk and left):
                raise _Unheld("PACKAGE-CHANGED")
            if not chunk:
                return
            self._budget.take(len(chunk), None, printable(path))
            self._progress.advance(size_bytes=len(chunk))
            yield chunk


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "symlink"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def _opened(name: bytes, parent: int, flags: int) -> int:
    try:
        return os.open(os.fsdecode(name), flags, dir_fd=parent)
    except OSError as error:
        gone = error.errno in {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}
        code = "PACKAGE-CHANGED" if gone else "PACKAGE-UNREADABLE"
        raise _Unheld(code, os.strerror(error.errno or 0)) from error


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _moment(nanoseconds: int) -> str:
    """RFC 3339 of a file's time; ``""`` when it is beyond the calendar."""
    try:
        return format_moment(_EPOCH + timedelta(microseconds=nanoseconds // 1000))
    except OverflowError:
        return ""
