"""Killed at the calls of an ingest to a real S3 server: old or new, and one AIP afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from kit.crashing import Fuse
from kit.other_process import files_of
from kit.s3_server import S3Server
from repository.archive import Repository
from repository.ocfl.claims import open_claims
from repository.ocfl.inventory import INVENTORY
from repository.ocfl.reader import list_objects, read_object
from repository.ocfl.validator import inspect_backend
from schemas.nouns import Place
from storage_backends.faulty import Call, FaultyBackend, SimulatedCrash
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]

EVERY_NTH_OF_THE_SAME = 8
"""Content files are written and read back by calls that are all alike; of those, one in so many.
Every other call (claim, inventories, heads, settling, sweeping, journal) is a point to die at."""


def points(calls: list[Call]) -> list[int]:
    alike = 0
    found = []
    for call in calls:
        if "/content/" in call.key:
            alike += 1
            if alike % EVERY_NTH_OF_THE_SAME:
                continue
        found.append(call.number)
    return found


def open_archive(bed: TestBed, alpha: StorageBackend) -> Repository:
    stores = {**bed.backends, "alpha": alpha}
    return Repository.open(bed.settings, backends=stores, now=bed.clock)


def let_go(archive: Repository) -> None:
    """What the kernel does for a dead process: its locks and connections are gone."""
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()


def calls_of_one_ingest(bed: TestBed) -> list[Call]:
    alpha = FaultyBackend(bed.backends["alpha"])
    archive = open_archive(bed, alpha)
    store(archive, files_of(0))
    let_go(archive)
    return alpha.calls


def assert_never_half(backend: StorageBackend) -> None:
    for prefix in list_objects(backend, Place.ARCHIVE):
        keys = {info.key for info in backend.list(prefix)}
        if prefix + INVENTORY in keys:
            inventory = read_object(backend, prefix).inventory
            assert {prefix + path for path, _d in inventory.content_files()} <= keys


def the_next_writer_completes(bed: TestBed, number: int) -> None:
    archive = open_archive(bed, bed.backends["alpha"])
    archive.prepare_to_write()
    if len(list(archive.catalogue.aips())) == number:
        assert len(list(list_objects(bed.backends["alpha"], Place.ARCHIVE))) == number
        store(archive, files_of(number))
    receipts = list(archive.catalogue.receipts())
    assert len(receipts) == number + 1
    assert receipts[-1].state == "stored"
    let_go(archive)


def test_an_ingest_killed_at_any_call_on_s3_leaves_the_old_or_the_new_state(
    s3_server: S3Server, tmp_path: Path
) -> None:
    """One archive lives through all of it; each death is of another dossier's ingest."""
    alpha = s3_server.handles()()
    bed = make_bed(tmp_path / "archive", {"alpha": alpha, "beta": MemoryBackend("beta")})
    calls = calls_of_one_ingest(bed)
    deaths = points(calls)
    assert len(deaths) > 25
    for number, crash_at in enumerate(deaths, 1):
        fuse = Fuse(crash_at)
        archive = open_archive(bed, FaultyBackend(alpha, before=fuse))
        with pytest.raises(SimulatedCrash):
            store(archive, files_of(number))
        let_go(archive)
        assert_never_half(alpha)
        the_next_writer_completes(bed, number)
    assert {report.outcome for report in inspect_backend(alpha, "ocfl/")} == {"valid"}
    assert not list(open_claims(alpha))
    assert not list((Path(bed.settings.root) / "staging").iterdir())
