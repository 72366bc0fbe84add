"""Killed at any backend call: old or new on each replica, and exactly one AIP afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, make_settings, store
from kit.crashing import Fuse, fused
from kit.stores import quick_disk
from repository.creation import create_archive
from repository.ocfl.claims import open_claims
from repository.ocfl.inventory import INVENTORY
from repository.ocfl.reader import list_objects, read_object
from repository.replica import ReplicaExists, read_marker
from schemas.nouns import Place
from storage_backends.faulty import SimulatedCrash
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

FILES = {b"a.txt": b"van ban a", b"b/c.txt": b"van ban c", b"twin.txt": b"van ban a"}


def make_stores(folder: Path) -> dict[str, StorageBackend]:
    return {name: FilesystemBackend.create(name, str(folder / name)) for name in ("alpha", "beta")}


def calls_of_one_ingest(folder: Path) -> int:
    bed = make_bed(folder / "archive", make_stores(folder), accept_shared_failure_domain=True)
    fuse = Fuse()
    with bed.open(fused(bed.backends, fuse)) as archive:
        store(archive, FILES)
    return fuse.calls


def crash_and_reopen(folder: Path, crash_at: int) -> TestBed:
    bed = make_bed(folder / "archive", make_stores(folder), accept_shared_failure_domain=True)
    archive = bed.open(fused(bed.backends, Fuse(crash_at)))
    with pytest.raises(SimulatedCrash):
        store(archive, FILES)
    # The kernel takes the dead process's locks and connections; nothing else is tidied.
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()
    return bed


def assert_old_or_new(bed: TestBed) -> None:
    """No replica shows half a version: an object is readable and whole, or not there."""
    for backend in bed.backends.values():
        for prefix in list_objects(backend, Place.ARCHIVE):
            committed = [i for i in backend.list(prefix) if i.key == prefix + INVENTORY]
            if committed:
                view = read_object(backend, prefix)
                keys = {info.key for info in backend.list(prefix)}
                assert {prefix + path for path, _d in view.inventory.content_files()} <= keys


def assert_one_whole_aip(bed: TestBed) -> None:
    with bed.open() as archive:
        archive.prepare_to_write()
        known = list(archive.catalogue.aips())
        if not known:
            # The old state: nothing of the dead writer is left in any root.
            for backend in bed.backends.values():
                assert not list(list_objects(backend, Place.ARCHIVE))
            store(archive, FILES)
            known = list(archive.catalogue.aips())
        (summary,) = known
        receipts = list(archive.catalogue.receipts())
        assert [receipt.aip_id for receipt in receipts] == [summary.aip_id]
        assert receipts[0].state == "stored"
        for backend in bed.backends.values():
            assert len(list(list_objects(backend, Place.ARCHIVE))) == 1
            assert not list(open_claims(backend))
        assert not list((Path(bed.settings.root) / "staging").iterdir())


def test_an_ingest_killed_at_any_call_leaves_the_old_or_the_new_state() -> None:
    with quick_disk() as folder:
        total = calls_of_one_ingest(folder / "count")
        assert total > 50
        for crash_at in range(1, total - 1):
            bed = crash_and_reopen(folder / str(crash_at), crash_at)
            assert_old_or_new(bed)
            assert_one_whole_aip(bed)


def test_an_archive_whose_making_was_killed_at_any_call_is_made_by_asking_again() -> None:
    def stores() -> dict[str, StorageBackend]:
        return {name: MemoryBackend(name) for name in ("alpha", "beta")}

    with quick_disk() as folder:
        fuse = Fuse()
        create_archive(make_settings(folder / "count"), backends=fused(stores(), fuse))
        assert fuse.calls > 20
        for crash_at in range(1, fuse.calls + 1):
            settings, kept = make_settings(folder / str(crash_at)), stores()
            with pytest.raises(SimulatedCrash):
                create_archive(settings, backends=fused(kept, Fuse(crash_at)))
            if any(read_marker(store) for store in kept.values()):
                other = make_settings(folder / f"other-{crash_at}")
                with pytest.raises(ReplicaExists):  # what another archive began is not ours
                    create_archive(other, backends=kept, resuming=True)
            create_archive(settings, backends=kept, resuming=True)
            ids = {read_marker(store).replica_id for store in kept.values()}  # type: ignore[union-attr]  # just made
            assert len(ids) == 2
