"""Archives of many files for benchmarks and acceptance runs, made through the real writer.

Files are staged, built and stored as ingest does it, without judging them: what is measured
begins when the archive stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from repository.aip.plan import AipPlan
from repository.archive import Repository
from repository.creation import create_archive
from repository.settings import ReplicaSettings, RepositorySettings
from schemas.digests import PassingReader
from schemas.ids import aip_id_for, new_uuid, submission_digest
from schemas.moments import utc_now
from schemas.nouns import Access, Draft, FileRole, FormatResult, Outcome, SubmittedFile
from storage_backends.registry import open_backend

MIB = 1 << 20
_TEXT = FormatResult(("x-fmt/111",), "extension", ("Plain Text File",), "text/plain")
Content = Callable[[int], Iterator[bytes]]


def random_bytes(size_bytes: int) -> Iterator[bytes]:
    """So many bytes that do not compress, a mebibyte at a time."""
    for start in range(0, size_bytes, MIB):
        yield os.urandom(min(MIB, size_bytes - start))


def make_archive(
    folder: Path, urls: dict[str, str], options: dict[str, str | int | bool] | None = None
) -> RepositorySettings:
    """An empty archive in ``folder`` with a replica at each URL; its settings, also kept in
    ``settings.json`` for another process."""
    replicas = tuple(
        ReplicaSettings(
            name=name, url=url, site=name, options={} if url.startswith("file") else options or {}
        )
        for name, url in urls.items()
    )
    settings = RepositorySettings(
        root=str(folder / "archive"),
        id=new_uuid(),
        replicas=replicas,
        min_copies=1,
        accept_shared_failure_domain=True,
    )
    backends = {
        replica.name: open_backend(replica.name, replica.url, replica.options, create=True)
        for replica in replicas
    }
    create_archive(settings, backends=backends, now=utc_now)
    for backend in backends.values():
        backend.close()
    (folder / "settings.json").write_bytes(msgspec.json.encode(settings))
    return settings


def read_settings(folder: Path) -> RepositorySettings:
    """The settings that :func:`make_archive` left."""
    return msgspec.json.decode((folder / "settings.json").read_bytes(), type=RepositorySettings)


def store_files(
    archive: Repository, number: int, *, files: int, size_bytes: int, content: Content
) -> None:
    """AIP ``number`` with so many files of so many bytes is stored on every replica."""
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        (folder / "payload").mkdir()
        staged = tuple(
            _stage(folder / "payload" / f"{index:06d}", index, content(size_bytes))
            for index in range(files)
        )
        digest = submission_digest((f.raw_path, f.size_bytes, f.digests.sha256) for f in staged)
        now = datetime.now(UTC)
        draft = Draft(
            profile="folder",
            title=f"Hồ sơ {number}",
            files=staged,
            fonds=f"P{number % 5}",
            dossier_code=f"H99.{number:06d}",
            access=Access.PUBLIC,
        )
        plan = AipPlan(
            aip_id=aip_id_for(archive.id, digest),
            submission_digest=digest,
            draft=draft,
            outcome=Outcome.ACCEPTED,
            source="benchmark",
            received=now,
            created=now,
            formats={file.logical_path: _TEXT for file in staged},
        )
        archive.store(archive.build(plan, folder))


def _stage(path: Path, number: int, content: Iterator[bytes]) -> SubmittedFile:
    reader = PassingReader()
    with path.open("wb") as out:
        for chunk in content:
            reader.update(chunk)
            out.write(chunk)
    return SubmittedFile(
        raw_path=f"{number:06d}.txt".encode(),
        logical_path=f"representations/rep1/data/{number:06d}.txt",
        role=FileRole.DATA,
        staged=str(path),
        size_bytes=reader.size_bytes,
        digests=reader.digests,
        mode=0o644,
    )
