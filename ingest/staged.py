"""What admission hands on: files read once and staged, and everything noticed on the way.

Staged names are ordinal numbers, never submitted ones: nothing can be written outside the
staging folder, and no name is unholdable.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from schemas.digests import Digests, PassingReader
from schemas.errors import KhoError
from schemas.findings import Finding, Severity
from schemas.names import printable
from schemas.nouns import Container, FileRole, SubmittedFile

KEPT_PER_CODE = 200
FILES_PER_FOLDER = 1000
_NOTHING: Mapping[str, str] = MappingProxyType({})
"""Shared by all files without further digests: an empty dict each would cost 13 MB in 200,000."""


class StagingFull(KhoError):
    """The staging area has no room for this submission: our side's limit, not the sender's."""

    code = "STAGING-FULL"


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One submitted file, read once. ``extra`` holds digests a bag asked for, by algorithm.

    ``raw_path`` is relative to the submission; ``staged`` is where the bytes are now: an
    ordinal file in staging, or the source itself when it was admitted in place.
    ``declared_utf8`` says that the container calls the path UTF-8.
    """

    raw_path: bytes
    staged: str
    size_bytes: int
    digests: Digests
    extra: Mapping[str, str] = field(default_factory=dict)
    mode: int | None = None
    modified: str = ""
    declared_utf8: bool = False

    @property
    def known_digests(self) -> Mapping[str, str]:
        """Every digest made while the file passed, by hashlib's name."""
        return {"sha256": self.digests.sha256, "sha512": self.digests.sha512, **self.extra}

    def open(self) -> BinaryIO:
        """The staged bytes."""
        return Path(self.staged).open("rb")

    def submitted(self, logical_path: str, role: FileRole) -> SubmittedFile:
        """The archive's noun for this file, once its place in the AIP is decided."""
        return SubmittedFile(
            raw_path=self.raw_path,
            logical_path=logical_path,
            role=role,
            staged=self.staged,
            size_bytes=self.size_bytes,
            digests=self.digests,
            mode=self.mode,
            modified=self.modified,
        )


@dataclass(frozen=True, slots=True)
class StagedEntry:
    """A staged file with its first and last bytes, for identification at that moment.

    Keep ``file`` and let the entry go: head and tail are up to 256 KiB.
    """

    file: StagedFile
    head: bytes
    tail: bytes


class Findings:
    """Collects findings in bounded memory: of each code the first ones, and how many more."""

    def __init__(self, kept_per_code: int = KEPT_PER_CODE) -> None:
        self._kept_per_code = kept_per_code
        self._kept: list[Finding] = []
        self._counts: Counter[tuple[str, Severity]] = Counter()

    def __call__(self, finding: Finding) -> None:
        """Takes one finding."""
        key = (finding.code, finding.severity)
        self._counts[key] += 1
        if self._counts[key] <= self._kept_per_code:
            self._kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Takes several."""
        for finding in findings:
            self(finding)

    def all(self) -> tuple[Finding, ...]:
        """What was kept, in order, and one finding for each code that had more."""
        more = [
            Finding(
                "PACKAGE-MORE", severity, "", {"of": code, "more": count - self._kept_per_code}
            )
            for (code, severity), count in self._counts.items()
            if count > self._kept_per_code
        ]
        return (*self._kept, *more)


@dataclass(slots=True)
class Admission:
    """What one reading of a source noticed; filled while the staged entries are taken.

    ``complete`` is False until every file was read, and stays so when reading had to stop.
    """

    findings: Findings = field(default_factory=Findings)
    empty_directories: list[bytes] = field(default_factory=list)
    strays: dict[bytes, str] = field(default_factory=dict)
    """Links, devices and the like by raw path; never followed or opened."""
    container: Container | None = None
    complete: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing of the source is wanting, so that its digest stands for all of it."""
        rejected = any(each.severity is Severity.REJECT for each in self.findings.all())
        return self.complete and not rejected

    def hold_empty(self, folders: Iterable[bytes]) -> None:
        """Folders that hold nothing are remembered: the AIP's own form cannot keep them."""
        for folder in folders:
            self.empty_directories.append(folder)
            finding = Finding("PACKAGE-EMPTY-FOLDER", Severity.WARNING, printable(folder))
            self.findings(finding)


@dataclass(frozen=True, slots=True)
class StagedTree:
    """A submission as a tree that :func:`schemas.bag.read_bag` can judge."""

    files: Mapping[bytes, StagedFile]
    empty_directories: Collection[bytes] = ()
    strays: Mapping[bytes, str] = field(default_factory=dict)

    @staticmethod
    def of(files: Iterable[StagedFile], admission: Admission) -> StagedTree:
        """The tree of everything that one admission yielded."""
        by_path = {file.raw_path: file for file in files}
        return StagedTree(by_path, tuple(admission.empty_directories), admission.strays)


class Passing:
    """A passing reader that makes further digests as well."""

    __slots__ = ("_extra", "reader")

    def __init__(self, algorithms: Iterable[str]) -> None:
        self.reader = PassingReader()
        self._extra = [hashlib.new(name, usedforsecurity=False) for name in algorithms]

    def update(self, chunk: bytes) -> None:
        """Takes the next bytes into account."""
        self.reader.update(chunk)
        for made in self._extra:
            made.update(chunk)

    def entry(
        self, raw_path: bytes, staged: str, mode: int | None, modified: str, *, utf8: bool = False
    ) -> StagedEntry:
        """The staged entry, when everything has passed."""
        extra = {made.name: made.hexdigest() for made in self._extra} or _NOTHING
        reader = self.reader
        file = StagedFile(
            raw_path, staged, reader.size_bytes, reader.digests, extra, mode, modified, utf8
        )
        return StagedEntry(file, reader.head, reader.tail)


class StagingArea:
    """Ordinal files in one folder, up to a quota; bytes are not made durable here."""

    def __init__(self, folder: Path, quota_bytes: int | None = None) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._used_bytes = 0
        self._number = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, chunks: Iterable[bytes], passing: Passing) -> str:
        """Where the chunks now are; each passed ``passing`` once.

        What an error leaves behind goes with the submission's staging folder.
        """
        name = self._next()
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for chunk in chunks:
                self._charge(len(chunk))
                passing.update(chunk)
                _write_all(descriptor, chunk)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StagingFull(folder=str(self._folder)) from error
            raise
        finally:
            os.close(descriptor)
        return name

    def reserve(self, size_bytes: int) -> None:
        """Refuses at once what is known not to fit."""
        room = os.statvfs(self._folder)
        free = room.f_bavail * room.f_frsize
        if self._quota_bytes is not None:
            free = min(free, self._quota_bytes - self._used_bytes)
        if size_bytes > free:
            raise StagingFull(folder=str(self._folder), needed=size_bytes, free=free)

    def _charge(self, size_bytes: int) -> None:
        self._used_bytes += size_bytes
        if self._quota_bytes is not None and self._used_bytes > self._quota_bytes:
            raise StagingFull(folder=str(self._folder), quota=self._quota_bytes)

    def _next(self) -> str:
        number = self._number
        self._number += 1
        folder = self._folder / f"{number // FILES_PER_FOLDER:03d}"
        if number % FILES_PER_FOLDER == 0:
            folder.mkdir(mode=0o700, parents=True)
        return f"{folder}/{number:06d}"


def _write_all(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])
