"""Places for replicas on every kind of store, as kho.toml would name them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from kit.archives import TestBed, TickingClock
from repository.creation import create_archive
from repository.settings import ReplicaSettings, RepositorySettings
from schemas.ids import new_uuid
from storage_backends.interface import StorageBackend
from storage_backends.registry import open_backend

Place = tuple[str, dict[str, str | int | bool]]
"""A URL and the options of its store."""

_S3 = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]
_SFTP = [pytest.mark.loopback, pytest.mark.xdist_group("sftp")]
KINDS = (
    "folder",
    pytest.param("s3", marks=_S3),
    pytest.param("s3_fast", marks=_S3),
    pytest.param("sftp", marks=_SFTP),
)
"""Parameters for a test that takes ``kind``."""


def new_place(kind: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    """A place that no other test uses."""
    if kind == "folder":
        return (folder / new_uuid()).as_uri(), {}
    server = request.getfixturevalue("sftp_server" if kind == "sftp" else "s3_server")
    more = {"client": "fast"} if kind == "s3_fast" else {}
    if kind == "s3_fast":
        pytest.importorskip("obstore", reason="obstore is not installed")
    return server.new_url(), server.options(**more)


def new_archive(
    kind: str, folder: Path, request: pytest.FixtureRequest, names: tuple[str, ...]
) -> TestBed:
    """An archive with a replica of this kind for each name; its stores are open."""
    places = {name: new_place(kind, folder, request) for name in names}
    settings = RepositorySettings(
        root=str(folder / "archive"),
        id=new_uuid(),
        min_copies=min(2, len(names)),
        accept_shared_failure_domain=True,
        replicas=tuple(
            ReplicaSettings(name=name, url=url, site=name, options=options)
            for name, (url, options) in places.items()
        ),
    )
    stores: Mapping[str, StorageBackend] = {
        name: open_backend(name, url, options, create=True)
        for name, (url, options) in places.items()
    }
    clock = TickingClock()
    create_archive(settings, backends=stores, now=clock)
    (folder / "settings.json").write_bytes(msgspec.json.encode(settings))
    return TestBed(settings, stores, clock)
