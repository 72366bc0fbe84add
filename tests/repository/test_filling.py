"""A replica that was away, or is new, gets what it lacks from copies that prove themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, store
from kit.crashing import Fuse, fused
from kit.stores import quick_disk
from repository.fill import copy_version, fill
from repository.ocfl.claims import Claim, VersionRef, VersionTaken, take_claim
from repository.ocfl.reader import list_objects
from repository.ocfl.writer import ReadBackFailed
from schemas.nouns import Access, Place
from schemas.progress import NoProgress
from storage_backends.faulty import FaultyBackend, SimulatedCrash, flipped
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    NoSpace,
    StorageError,
)
from storage_backends.memory import MemoryBackend


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta", "gamma")}
    return make_bed(tmp_path / "archive", stores, min_copies=2)


def outage_of_gamma(bed: TestBed) -> None:
    gamma = bed.backends["gamma"]
    assert isinstance(gamma, FaultyBackend)
    gamma.outage = True
    with bed.open() as archive:
        store(archive, FILES)
        store(archive, {b"x.txt": b"x"})
    gamma.outage = False


def test_a_replica_that_was_away_is_completed(bed: TestBed) -> None:
    outage_of_gamma(bed)
    with bed.open() as archive:
        assert not list(list_objects(bed.backends["gamma"], Place.ARCHIVE))
        report = fill(archive)
        assert (report.copied, report.failures) == (2, [])
        assert len(list(list_objects(bed.backends["gamma"], Place.ARCHIVE))) == 2
        keys = [{i.key for i in r.backend.list("ocfl/")} for r in archive.replicas]
        assert keys[0] == keys[2]
        assert fill(archive).copied == 0


@pytest.mark.parametrize("kind", [AccessDenied, NoSpace, BackendUnavailable])
def test_a_store_that_takes_nothing_is_not_called_damaged(
    bed: TestBed, kind: type[StorageError]
) -> None:
    outage_of_gamma(bed)
    gamma = bed.backends["gamma"]
    assert isinstance(gamma, FaultyBackend)
    gamma.fail("put_new", kind, key="kho/claims/", times=99)
    with bed.open() as archive:
        report = fill(archive)
    assert report.copied == 0
    assert [type(failure.reason) for failure in report.failures] == [kind, kind]
    assert not any(failure.is_damage for failure in report.failures)


def test_another_writer_that_came_first_is_no_damage(bed: TestBed) -> None:
    outage_of_gamma(bed)
    with bed.open() as other, bed.open() as archive:
        other.prepare_to_write()
        archive.prepare_to_write()
        (first, _second) = archive.catalogue.aips()
        ref = VersionRef(first.place, first.aip_id, 1)
        claim = Claim(writer="other", inventory_sha256="0" * 64, moment="2026-11-22T09:00:00.000Z")
        take_claim(bed.backends["gamma"], ref, claim)
        report = fill(archive)
    assert report.copied == 1
    (failure,) = report.failures
    assert isinstance(failure.reason, VersionTaken)
    assert not failure.is_damage


def test_what_only_a_replica_that_is_away_can_prove_is_not_called_lost(bed: TestBed) -> None:
    alpha, beta, gamma = (bed.backends[name] for name in ("alpha", "beta", "gamma"))
    assert isinstance(alpha, FaultyBackend)
    assert isinstance(beta, FaultyBackend)
    assert isinstance(gamma, FaultyBackend)
    outage_of_gamma(bed)
    alpha.outage = beta.outage = True
    with bed.open() as archive:
        (first, _second) = fill(archive).failures
    assert first.replica == "gamma"
    assert isinstance(first.reason, BackendUnavailable)
    assert first.reason.fields["backend"] in {"alpha", "beta"}


def test_a_damaged_source_is_passed_over_and_its_damage_is_not_copied(bed: TestBed) -> None:
    outage_of_gamma(bed)
    alpha = bed.backends["alpha"]
    assert isinstance(alpha, FaultyBackend)
    key = next(i.key for i in alpha.list("ocfl/") if i.key.endswith("a.txt"))
    alpha.alter(key, flipped)
    with bed.open() as archive:
        assert fill(archive).failures == []
    with bed.backends["gamma"].open(key) as stream:
        assert stream.read() == FILES[b"phu-luc/a.txt"]


def test_a_copy_that_is_there_but_damaged_is_not_recorded_as_verified(bed: TestBed) -> None:
    outage_of_gamma(bed)
    with bed.open() as archive:
        fill(archive)
    # The catalogue forgets the copies, as after a rebuild from a replica that lacks the lines.
    gamma = bed.backends["gamma"]
    assert isinstance(gamma, FaultyBackend)
    key = next(i.key for i in gamma.list("ocfl/") if i.key.endswith("a.txt"))
    gamma.alter(key, flipped)
    with bed.open() as archive:
        archive.prepare_to_write()
        (summary,) = [s for s in archive.catalogue.aips() if s.aip_id in key]
        ref = VersionRef(summary.place, summary.aip_id, 1)
        before = archive.ledger_head()
        with pytest.raises(ReadBackFailed):
            copy_version(archive, ref, archive.replica("gamma"), NoProgress())
        assert archive.ledger_head() == before


def test_what_no_copy_can_prove_is_named_and_nothing_half_is_left(bed: TestBed) -> None:
    outage_of_gamma(bed)
    for name in ("alpha", "beta"):
        backend = bed.backends[name]
        assert isinstance(backend, FaultyBackend)
        key = next(i.key for i in backend.list("ocfl/") if i.key.endswith("a.txt"))
        backend.alter(key, flipped)
    with bed.open() as archive:
        report = fill(archive)
        assert report.copied == 1
        assert [failure.replica for failure in report.failures] == ["gamma"]
        assert len(list(list_objects(bed.backends["gamma"], Place.ARCHIVE))) == 1


def test_secret_dossiers_are_not_filled_to_a_replica_that_may_not_hold_them(
    tmp_path: Path,
) -> None:
    bed = make_bed(tmp_path / "archive")
    with bed.open() as archive:
        store(archive, access=Access.SECRET)
    replicas = tuple(
        type(r)(name=r.name, url=r.url, site=r.site, max_access="public")
        for r in bed.settings.replicas
    )
    closed = type(bed.settings)(root=bed.settings.root, id=bed.settings.id, replicas=replicas)
    with TestBed(closed, bed.backends, bed.clock).open() as archive:
        report = fill(archive)
    assert report.copied == 0


def bed_after_an_outage(folder: Path) -> TestBed:
    stores = {n: FaultyBackend(MemoryBackend(n)) for n in ("alpha", "beta", "gamma")}
    bed = make_bed(folder, stores, min_copies=2)
    outage_of_gamma(bed)
    return bed


def test_a_fill_killed_at_any_call_is_finished_by_the_next() -> None:
    with quick_disk() as folder:
        fuse = Fuse()
        bed = bed_after_an_outage(folder / "count")
        with bed.open(fused(bed.backends, fuse)) as archive:
            fill(archive)
        for crash_at in range(1, fuse.calls, 6):
            bed = bed_after_an_outage(folder / str(crash_at))
            archive = bed.open(fused(bed.backends, Fuse(crash_at)))
            with pytest.raises(SimulatedCrash):
                fill(archive)
            if archive._writer is not None:
                archive._writer.release()
            archive.catalogue.close()
            with bed.open() as after:
                assert not fill(after).failures
                assert len(list(list_objects(bed.backends["gamma"], Place.ARCHIVE))) == 2
