"""Builders: whole archives on memory or disk, and plans for AIPs, for any test."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from repository.aip.plan import AipPlan
from repository.archive import Repository
from repository.creation import create_archive
from repository.settings import ReplicaSettings, RepositorySettings
from repository.versions import build_next
from schemas.digests import read_through
from schemas.ids import AipId, aip_id_for, new_uuid, submission_digest
from schemas.nouns import Access, Draft, FileRole, FormatResult, Outcome, SubmittedFile
from schemas.records import Receipt
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class TickingClock:
    """Each look is one second later; nothing sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self._ticks = itertools.count()
        self.start = start

    def __call__(self) -> datetime:
        return self.start + timedelta(seconds=next(self._ticks))


@dataclass(frozen=True, slots=True)
class TestBed:
    """An archive's settings and stores; ``open()`` gives a fresh ``Repository`` each time."""

    __test__ = False

    settings: RepositorySettings
    backends: Mapping[str, StorageBackend]
    clock: TickingClock

    def open(self, backends: Mapping[str, StorageBackend] | None = None) -> Repository:
        """The archive opened as a new process would."""
        return Repository.open(self.settings, backends=backends or self.backends, now=self.clock)


def make_settings(
    root: Path, names: Sequence[str] = ("alpha", "beta"), **changes: object
) -> RepositorySettings:
    """Settings of an archive with one in-memory replica per name."""
    replicas = tuple(
        ReplicaSettings(name=name, url=f"memory:{name}", site=f"site-{name}") for name in names
    )
    values: dict[str, object] = {"root": str(root), "id": new_uuid(), "replicas": replicas}
    return RepositorySettings(**{**values, **changes})  # type: ignore[arg-type]  # test changes


def make_bed(
    root: Path,
    backends: Mapping[str, StorageBackend] | None = None,
    **changes: object,
) -> TestBed:
    """A created archive: two memory replicas unless told otherwise."""
    stores = backends or {name: MemoryBackend(name) for name in ("alpha", "beta")}
    settings = make_settings(root, tuple(stores), **changes)
    clock = TickingClock()
    create_archive(settings, backends=stores, now=clock)
    return TestBed(settings, stores, clock)


def stage(folder: Path, files: Mapping[bytes, bytes]) -> tuple[SubmittedFile, ...]:
    """The files staged as ingest does: ordinal names, digests from one pass."""
    staged = []
    (folder / "payload").mkdir(exist_ok=True)
    for number, (raw_path, content) in enumerate(files.items()):
        path = folder / "payload" / f"{number:06d}"
        path.write_bytes(content)
        with path.open("rb") as stream:
            passing = read_through(stream)
        logical = raw_path.decode("utf-8", "backslashreplace").replace("\\x", "%")
        staged.append(
            SubmittedFile(
                raw_path=raw_path,
                logical_path=f"representations/rep1/data/{logical}",
                role=FileRole.DATA,
                staged=str(path),
                size_bytes=passing.size_bytes,
                digests=passing.digests,
                mode=0o644,
            )
        )
    return tuple(staged)


def make_plan(
    archive: Repository,
    folder: Path,
    files: Mapping[bytes, bytes],
    *,
    title: str = "Hồ sơ Hội nghị tổng kết năm 2024",
    fonds: str = "TL05",
    outcome: Outcome = Outcome.ACCEPTED,
    access: Access = Access.RESTRICTED,
) -> AipPlan:
    """A plan for the files, everything identified as plain text."""
    staged = stage(folder, files)
    digest = submission_digest((f.raw_path, f.size_bytes, f.digests.sha256) for f in staged)
    text = FormatResult(("x-fmt/111",), "extension", ("Plain Text File",), "text/plain")
    return AipPlan(
        aip_id=aip_id_for(archive.id, digest),
        submission_digest=digest,
        draft=Draft(
            profile="folder",
            title=title,
            files=staged,
            fonds=fonds,
            dossier_code="H99.10.05.2024.07.VP",
            access=access,
        ),
        outcome=outcome,
        source="/nop/hoso",
        received=archive.now(),
        created=archive.now(),
        formats={file.logical_path: text for file in staged},
    )


FILES: Mapping[bytes, bytes] = {
    "Tờ trình.txt".encode(): "Kính gửi: Uỷ ban nhân dân\n".encode(),
    b"phu-luc/a.txt": b"phu luc a\n",
    b"phu-luc/b.txt": b"phu luc b\n",
    b"rong.txt": b"",
}


def store(archive: Repository, files: Mapping[bytes, bytes] = FILES, **plan: object) -> Receipt:
    """The files stored as one AIP, through the whole of build and store."""
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        made = make_plan(archive, folder, files, **plan)  # type: ignore[arg-type]  # test changes
        return archive.store(archive.build(made, folder))


def store_next(
    archive: Repository,
    aip_id: AipId,
    files: Mapping[str, bytes],
    *,
    message: str = "thêm tệp",
) -> Receipt:
    """One more version of the AIP, with the files by logical path."""
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        return archive.store(build_next(archive, aip_id, files, folder, message=message))
