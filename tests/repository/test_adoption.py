"""What adoption says of a store that fails under it: nothing about the copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import make_bed, store
from kit.stores import keys
from repository.adoption import NotACopy, TooSecret, UnknownThere, adopt
from repository.settings import ReplicaSettings
from schemas.nouns import Access
from schemas.progress import NoProgress
from storage_backends.interface import AccessDenied, BackendUnavailable, StorageError
from storage_backends.memory import MemoryBackend
from storage_backends.sources import BytesSource, StoredSource
from storage_backends.wrapping import WrappedBackend

GAMMA = ReplicaSettings(name="gamma", url="memory:gamma", site="three", max_access="restricted")


def copied(source: MemoryBackend) -> MemoryBackend:
    target = MemoryBackend("gamma")
    for info in source.list("ocfl/"):
        with StoredSource(source, info.key).open() as stream:
            target._keep(info.key, stream.read())
    return target


class Failing(WrappedBackend):
    """A store that stops answering, or refuses us, at the content files."""

    def __init__(self, inner: MemoryBackend, error: StorageError) -> None:
        super().__init__(inner)
        self.error = error

    def open(self, key: str, *, offset: int = 0):  # type: ignore[no-untyped-def]  # raises or passes on
        if "/content/" in key:
            raise self.error
        return self.inner.open(key, offset=offset)


@pytest.mark.parametrize("kind", [BackendUnavailable, AccessDenied])
def test_a_store_that_fails_during_adoption_is_not_called_a_wrong_copy(
    tmp_path: Path, kind: type[StorageError]
) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        backend = Failing(copied(stores["alpha"]), kind(backend="gamma", key="", reason="so"))
        before = keys(backend)
        with pytest.raises(kind):
            adopt(archive, GAMMA, backend, NoProgress())
        assert keys(backend) == before


def test_a_copy_with_a_dossier_too_secret_for_it_is_refused(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive, access=Access.SECRET)
        with pytest.raises(NotACopy) as caught:
            adopt(archive, GAMMA, copied(stores["alpha"]), NoProgress())
    assert isinstance(caught.value.fields["first"], TooSecret)


def test_a_dossier_that_the_archive_does_not_know_is_named(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        copy = copied(stores["alpha"])
        digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        stranger = "ocfl/abc/def/012/stranger/0=ocfl_object_1.1"
        copy.put_new(stranger, BytesSource(b""), size_bytes=0, sha256=digest)
        with pytest.raises(NotACopy) as caught:
            adopt(archive, GAMMA, copy, NoProgress())
    first = caught.value.fields["first"]
    assert isinstance(first, UnknownThere)
    assert first.fields["key"] == "ocfl/abc/def/012/stranger/"
