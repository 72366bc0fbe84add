"""Stops 2 and 3, *admit* and *unpack*: one submission (*gói nộp*), read once and staged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.admit import admit_folder
from ingest.parts import Part, admit_part
from ingest.settings import IngestSettings
from ingest.staged import Admission, StagedEntry, StagedFile, StagedTree
from ingest.unpack import unpack_archive
from preservation.formats.engine import Identifier
from schemas.archives import Caps
from schemas.errors import PackageError
from schemas.ids import SubmissionDigest, submission_digest
from schemas.names import printable
from schemas.nouns import FormatResult
from schemas.progress import Progress


class SourceMissing(PackageError):
    """There is nothing at the path that was given."""

    code = "SOURCE-MISSING"
    exit_code = 2


class SourceIsOwn(PackageError):
    """What was given is a folder of the archive itself, lies in one, or holds one."""

    code = "SOURCE-IS-OWN"
    exit_code = 2


class SourceUnknown(PackageError):
    """What was given is neither a folder nor a regular file."""

    code = "PROFILE-UNKNOWN"
    exit_code = 2


@dataclass(slots=True)
class Submission:
    """What arrived, untrusted, never altered: its files staged, its formats identified."""

    source: Path
    admission: Admission
    files: list[StagedFile] = field(default_factory=list)
    formats: dict[bytes, FormatResult] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The source's name, without the ending of an archive."""
        name = printable(self.source.name.encode("utf-8", "surrogateescape"))
        return name.rpartition(".")[0] or name if self.admission.container else name

    @property
    def tree(self) -> StagedTree:
        """The submission as the judges of packages see it."""
        return StagedTree.of(self.files, self.admission)

    @property
    def digest(self) -> SubmissionDigest:
        """Names the content, whatever container it came in."""
        return submission_digest(
            (file.raw_path, file.size_bytes, file.digests.sha256) for file in self.files
        )


def admit(
    source: Path,
    staging: Path,
    *,
    settings: IngestSettings,
    identifier: Identifier,
    progress: Progress,
    part: Part | None = None,
) -> Submission:
    """Every file of the source is staged; each byte was read once, for the copy, the digests
    and the identification. What is wrong with container and names is in the findings.

    ``part`` is one dossier of a list; then ``source`` only names it.

    :class:`SourceMissing` and :class:`SourceUnknown` when there is nothing to read.
    """
    admission = Admission()
    entries = _entries(source, staging, settings, admission, progress, part)
    return gathered(source, entries, admission, identifier=identifier, progress=progress)


def gathered(
    source: Path,
    entries: Iterable[StagedEntry],
    admission: Admission,
    *,
    identifier: Identifier,
    progress: Progress,
) -> Submission:
    """The submission that these entries are, each identified while it passes."""
    submission = Submission(source, admission)
    progress.phase("PROGRESS-READ")
    alike: dict[FormatResult, FormatResult] = {}
    for entry in entries:
        submission.files.append(entry.file)
        found = identify(identifier, entry)
        submission.formats[entry.file.raw_path] = alike.setdefault(found, found)
    return submission


def identify(identifier: Identifier, entry: StagedEntry) -> FormatResult:
    """Stop 7, *format*: identified from the bytes at hand while the file passes."""
    return identifier.identify(
        name=printable(entry.file.raw_path),
        size_bytes=entry.file.size_bytes,
        head=entry.head,
        tail=entry.tail,
        open_file=entry.file.open,
    )


def _entries(
    source: Path,
    staging: Path,
    settings: IngestSettings,
    admission: Admission,
    progress: Progress,
    part: Part | None,
) -> Iterator[StagedEntry]:
    caps = Caps(
        total_bytes=settings.max_bytes, entries=settings.max_files, ratio=settings.max_ratio
    )
    if part is not None:
        room = _room_bytes(staging, settings)
        return admit_part(part, staging, caps, admission, quota_bytes=room, progress=progress)
    if source.is_dir():
        room = _room_bytes(staging, settings)
        return admit_folder(source, staging, caps, admission, quota_bytes=room, progress=progress)
    if source.is_file():
        room = _room_bytes(staging, settings)
        return unpack_archive(
            source, staging, caps, admission, quota_bytes=room, progress=progress
        )
    if not source.exists() and not source.is_symlink():
        raise SourceMissing(where=str(source))
    raise SourceUnknown(where=str(source))


def _room_bytes(staging: Path, settings: IngestSettings) -> int:
    """What reading a submission may take of the staging disk, so that the reserve stays free."""
    free = os.statvfs(staging.parent)
    return max(0, int(free.f_bavail * free.f_frsize) - settings.staging_reserve_bytes)
