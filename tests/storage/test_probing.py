"""The probe says what a store really does, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kit.s3_server import S3Server
from kit.sftp_server import SftpServer
from kit.stores import keys
from storage_backends.faulty import FaultyBackend
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    HeadToken,
    NoSpace,
    ObjectInfo,
    Source,
    StorageBackend,
    StorageError,
)
from storage_backends.memory import MemoryBackend
from storage_backends.probing import CHECKS, probe
from storage_backends.retrying import RetryingBackend
from storage_backends.s3_fast import FastS3Store

S3_ONLY = {"creates-in-parts", "checks-digests", "keeps-versions", "locks-objects"}


def holds(store: StorageBackend) -> dict[str, bool | None]:
    findings = probe(store)
    assert [finding.check for finding in findings] == list(CHECKS)
    assert keys(store) == []
    return {finding.check: finding.holds for finding in findings}


def test_a_folder_holds_everything_that_is_asked_of_it(tmp_path: Path) -> None:
    found = holds(FilesystemBackend.create("disk", tmp_path / "a"))
    assert {check for check, held in found.items() if held is None} == S3_ONLY
    assert all(held for check, held in found.items() if check not in S3_ONLY)


@pytest.mark.loopback
@pytest.mark.xdist_group("sftp")
def test_an_sftp_server_is_probed(sftp_server: SftpServer) -> None:
    found = holds(sftp_server.handles()())
    assert all(held for check, held in found.items() if check not in S3_ONLY)


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("fast", [False, True])
def test_an_s3_server_is_probed(s3_server: S3Server, fast: bool) -> None:
    make = s3_server.handles(FastS3Store) if fast else s3_server.handles()
    found = holds(RetryingBackend(make()))
    assert {check for check, held in found.items() if not held} == {
        "keeps-versions",
        "locks-objects",
    }


class Careless(MemoryBackend):
    """A store that overwrites, forgets conditions and folds case."""

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        with source.open() as stream:
            self._keep(key.lower(), stream.read())

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        self._keep(key, content)

    def stat(self, key: str) -> ObjectInfo:
        return super().stat(key.lower())


def test_a_store_that_overwrites_and_forgets_conditions_is_found_out() -> None:
    findings = {finding.check: finding for finding in probe(Careless("careless"))}
    for check in ("creates-only", "one-creator", "compares-and-sets", "one-replacer"):
        assert findings[check].holds is False
        assert findings[check].needed


class Lax(MemoryBackend):
    """Stands for an S3 store that says yes to everything."""

    class _Bucket:
        def __getattr__(self, _verb: str) -> Callable[..., bool]:
            return lambda *_arguments, **_more: True

    bucket = _Bucket()


def test_a_store_that_takes_any_digest_and_replaces_in_parts_is_found_out() -> None:
    findings = {finding.check: finding for finding in probe(Lax("lax"))}
    assert findings["checks-digests"].holds is False
    assert findings["creates-in-parts"].holds is False


@pytest.mark.parametrize("kind", [AccessDenied, BackendUnavailable, NoSpace])
def test_a_store_that_takes_nothing_is_not_told_to_be_incapable(kind: type[StorageError]) -> None:
    store = FaultyBackend(MemoryBackend("m"))
    store.fail("put_new", kind, times=999)
    with pytest.raises(kind):
        probe(store)


def test_a_store_that_stops_answering_under_the_probe_is_not_told_to_be_incapable() -> None:
    store = FaultyBackend(MemoryBackend("m"))
    store.fail("put_head", BackendUnavailable, times=999)
    with pytest.raises(BackendUnavailable):
        probe(store)
