"""What adoption says of a store that fails under it: nothing about the copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import make_bed, store
from kit.stores import keys
from repository.adoption import (
    FileMissingThere,
    NotACopy,
    OtherBytes,
    OtherJournal,
    TooSecret,
    UnknownThere,
    adopt,
)
from repository.journal import chain
from repository.journal_files import LedgerBroken, journal_key
from repository.replica import ReplicaError
from repository.settings import ReplicaSettings
from schemas.nouns import Access
from schemas.progress import NoProgress
from schemas.records import encode_line
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


def altered(store: MemoryBackend, key: str, content: bytes | None) -> None:
    """Behind the archive's back: the key holds ``content``, or is gone when that is None."""
    if content is None:
        del store._content_by_key[key]
    else:
        store._keep(key, content)


@pytest.mark.parametrize(
    ("where", "content", "kind"),
    [
        ("ocfl/3e0/note.txt", b"x", UnknownThere),
        ("ocfl/0=ocfl_1.0", b"ocfl_1.0\n", UnknownThere),
        ("ocfl/ocfl_layout.json", b"{}", OtherBytes),
        ("{object}v1/content/extra.bin", b"x", UnknownThere),
        ("{object}v2/inventory.json", b"{}", UnknownThere),
        ("{object}inventory.json.sha512", b"0", OtherBytes),
        ("{object}inventory.json.sha512", None, FileMissingThere),
        ("{object}0=ocfl_object_1.1", None, FileMissingThere),
    ],
)
def test_what_an_audit_would_call_damage_is_not_adopted(
    tmp_path: Path, where: str, content: bytes | None, kind: type[ReplicaError]
) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        copy = copied(stores["alpha"])
        (root,) = [k for k in keys(copy) if k.startswith("ocfl/") and k.endswith("object_1.1")]
        key = where.format(object=root.removesuffix("0=ocfl_object_1.1"))
        altered(copy, key, content)
        with pytest.raises(NotACopy) as caught:
            adopt(archive, GAMMA, copy, NoProgress())
    first = caught.value.fields["first"]
    assert isinstance(first, kind)
    assert first.fields["key"] == key


@pytest.mark.parametrize("what", ["emptied", "beginning lost", "a line of another history"])
def test_a_journal_that_tells_another_history_is_not_adopted(tmp_path: Path, what: str) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        store(archive, {b"khac.txt": b"khac"})
        copy = copied(stores["alpha"])
        files = {k: stores["alpha"]._content(k) for k in keys(stores["alpha"], "kho/journal/")}
        for key, content in files.items():
            altered(copy, key, content)
        if what == "emptied":
            altered(copy, max(files), b"")
        elif what == "beginning lost":
            altered(copy, min(files), None)
        else:
            (newer,) = chain(
                [("event", {})], seq=len(b"".join(files.values()).splitlines()),
                prev=archive.ledger_head(), moment="2026-11-22T09:00:00.000Z",
            )  # fmt: skip
            altered(copy, journal_key(newer.seq), encode_line(newer))
        with pytest.raises(NotACopy) as caught:
            adopt(archive, GAMMA, copy, NoProgress())
    assert isinstance(caught.value.fields["first"], (OtherJournal, LedgerBroken))


def test_an_adopted_copy_has_both_roots_whole(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        copy = copied(stores["alpha"])
        altered(copy, "ocfl/0=ocfl_1.1", None)
        adopt(archive, GAMMA, copy, NoProgress())
    own = [key for key in keys(stores["alpha"]) if not key.startswith("kho/")]
    assert [key for key in keys(copy) if not key.startswith("kho/")] == own


def test_the_remains_of_a_dossier_too_secret_for_it_are_refused_too(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores)
    with bed.open() as archive:
        store(archive)
        store(archive, {b"mat.txt": b"mat"}, access=Access.SECRET, title="Mật")
        copy = copied(stores["alpha"])
        secret = next(key for key in keys(copy) if key.endswith("data/mat.txt"))
        altered(copy, secret.partition("v1/")[0] + "inventory.json", None)
        with pytest.raises(NotACopy) as caught:
            adopt(archive, GAMMA, copy, NoProgress())
    assert isinstance(caught.value.fields["first"], TooSecret)
