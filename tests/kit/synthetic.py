"""An archive of any number of files whose replica is made up as it is read.

Its catalogue is a real one, registered with real facts; its store answers every key with the
few bytes that the key names. So a million files cost no disk, and the audit's own path runs.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from repository.archive import Repository
from repository.creation import create_archive
from repository.facts import AipFacts, FileFacts, VersionFacts
from repository.ocfl.layout import object_prefix
from repository.settings import ReplicaSettings, RepositorySettings
from schemas.ids import AipId, aip_id_for, new_uuid, ocfl_id
from schemas.moments import Clock, utc_now
from schemas.nouns import Access, Place
from storage_backends.interface import ObjectInfo
from storage_backends.memory import MemoryBackend

FILES_PER_AIP = 1_000


def content_of(path: str) -> bytes:
    """What stands at a content path."""
    return f"content of {path}\n".encode()


class MadeUpStore(MemoryBackend):
    """A store in memory, with so many more objects that are made when they are read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.prefixes: dict[str, int] = {}
        self.opened = 0
        self.listed = 0

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        self.opened += 1
        prefix, _slash, path = key.partition("/v1/content/")
        if path and f"{prefix}/" in self.prefixes:
            return io.BytesIO(content_of(path)[offset:])
        return super().open(key, offset=offset)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self.listed += 1
        yield from super().list(prefix)
        for made_up, files in self.prefixes.items():
            if made_up.startswith(prefix):
                for number in range(files):
                    yield ObjectInfo(f"{made_up}v1/content/{number:06d}", 18)


def make_synthetic(
    folder: Path, *, files: int, now: Clock = utc_now
) -> tuple[RepositorySettings, MadeUpStore]:
    """An archive of so many files in AIPs of a thousand, and the store that it was copied to."""
    store = MadeUpStore("made-up")
    settings = RepositorySettings(
        root=str(folder),
        id=new_uuid(),
        replicas=(ReplicaSettings(name=store.name, url="memory:made-up", site="here"),),
        min_copies=1,
    )
    create_archive(settings, backends={store.name: store}, now=now)
    digests = [
        (hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest())
        for content in map(content_of, (f"{number:06d}" for number in range(FILES_PER_AIP)))
    ]
    with Repository.open(settings, backends={store.name: store}, now=now) as archive:
        archive.prepare_to_write()
        for start in range(0, files, FILES_PER_AIP):
            count = min(FILES_PER_AIP, files - start)
            facts = _facts(archive, start, digests[:count])
            archive.catalogue.register(facts)
            store.prefixes[object_prefix(Place.ARCHIVE, ocfl_id(facts.aip_id))] = count
            archive.record_entries([("copy", _copy(facts.aip_id, store.name))])
    return settings, store


def _facts(archive: Repository, number: int, digests: list[tuple[str, str]]) -> AipFacts:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    files = tuple(
        FileFacts(
            logical_path=f"representations/rep1/data/{index:06d}",
            content_path=f"v1/content/{index:06d}",
            sha256=sha256,
            sha512=sha512,
            role="data",
            size_bytes=18,
        )
        for index, (sha256, sha512) in enumerate(digests)
    )
    return AipFacts(
        aip_id=aip_id_for(archive.id, digest),  # type: ignore[arg-type]  # a digest of our own
        place=Place.ARCHIVE,
        version=1,
        versions=(
            VersionFacts(
                number=1,
                created="2026-01-01T00:00:00Z",
                inventory_sha256=digest,
                inventory_sha512=digest * 2,
            ),
        ),
        created="2026-01-01T00:00:00Z",
        profile="folder",
        outcome="accepted",
        fonds="P",
        fonds_name="",
        dossier_code=f"H{number}",
        title=f"Hồ sơ {number}",
        access=Access.PUBLIC,
        date_from="",
        date_to="",
        backlog=False,
        submission_digest=digest,
        data_files=len(files),
        data_bytes=18 * len(files),
        warnings=0,
        files=files,
    )


def _copy(aip_id: AipId, replica: str) -> dict[str, object]:
    return {
        "aip_id": aip_id,
        "place": Place.ARCHIVE.value,
        "version": 1,
        "replica": replica,
        "state": "verified",
        "verified_at": "2026-01-01T00:00:00Z",
    }
