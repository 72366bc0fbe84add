"""A further version adds; it takes nothing away, and of two writers one makes it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, store, store_next
from repository.archive import Repository
from repository.fill import fill
from repository.ocfl.claims import VersionRef, VersionTaken, drop_claim, open_claims, take_claim
from repository.ocfl.reader import read_object
from repository.ocfl.validator import inspect_backend
from repository.rebuild import rebuild_archive_catalogue
from repository.versions import VersionRefused, build_next
from schemas.ids import AipId
from schemas.nouns import Place
from schemas.progress import NoProgress
from storage_backends.faulty import FaultyBackend
from storage_backends.memory import MemoryBackend

ADDED = "metadata/preservation/premis-0001.xml"


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta", "gamma")}
    return make_bed(tmp_path / "archive", stores, min_copies=2)


def prefix_of(aip_id: AipId) -> str:
    return VersionRef(Place.ARCHIVE, aip_id, 1).object_prefix


def faulty(bed: TestBed, name: str) -> FaultyBackend:
    backend = bed.backends[name]
    assert isinstance(backend, FaultyBackend)
    return backend


def dump_of(archive: Repository) -> str:
    out = io.StringIO()
    archive.catalogue.dump(out)
    return out.getvalue()


def test_a_further_version_adds_beside_what_was_there(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        before = archive.catalogue.aip(aip_id)
        receipt = store_next(archive, aip_id, {ADDED: b"<premis/>"})
        after = archive.catalogue.aip(aip_id)
        assert before is not None
        assert after is not None
        assert receipt.state == "stored"
        assert (before.version, after.version) == (1, 2)
        kept = {f.logical_path: f.sha256 for f in after.files if f.role != "structure"}
        old = {f.logical_path: f.sha256 for f in before.files if f.role != "structure"}
        assert kept.items() - old.items() == {(ADDED, kept[ADDED])}
        for replica in archive.replicas:
            reports = inspect_backend(replica.backend, "ocfl/")
            assert {report.outcome for report in reports} == {"valid"}


def test_a_further_version_is_told_in_the_journal_and_survives_a_rebuild(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        store_next(archive, aip_id, {ADDED: b"<premis/>"}, message="Phiên bản thứ hai")
        details = [event.detail for event in archive.catalogue.events(aip_id)]
        assert details == ["v2: Phiên bản thứ hai"]
        assert len(list(archive.catalogue.receipts())) == 1
        before = dump_of(archive)
    rebuild_archive_catalogue(bed.settings, backends=bed.backends, progress=NoProgress())
    with bed.open() as archive:
        assert dump_of(archive) == before


def test_nothing_that_is_there_can_be_replaced(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        before = [sorted(i.key for i in r.backend.list("")) for r in archive.replicas]
        for files in ({"METS.xml": b"<mets/>"}, {}):
            with archive.submission_folder() as folder, pytest.raises(VersionRefused):
                build_next(archive, aip_id, files, folder, message="no")
        after = [sorted(i.key for i in r.backend.list("")) for r in archive.replicas]
        assert before == after


def test_content_that_the_aip_has_already_is_not_written_again(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        store_next(archive, aip_id, {"metadata/other/twin.txt": FILES[b"phu-luc/a.txt"]})
        backend = archive.replicas[0].backend
        assert not list(backend.list(f"{prefix_of(aip_id)}v2/content/"))
        inventory = read_object(backend, prefix_of(aip_id)).inventory
        _digest, content_path = inventory.locate("metadata/other/twin.txt")
        assert content_path.startswith("v1/")


def test_a_replica_that_missed_the_further_version_is_completed(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        faulty(bed, "gamma").outage = True
        store_next(archive, aip_id, {ADDED: b"<premis/>"})
    faulty(bed, "gamma").outage = False
    with bed.open() as archive:
        report = fill(archive)
        assert (report.copied, report.failures) == (1, [])
        assert read_object(bed.backends["gamma"], prefix_of(aip_id)).inventory.head == "v2"


def test_a_writer_that_meets_the_version_on_one_replica_writes_it_on_none(bed: TestBed) -> None:
    """The first writer could not reach gamma; the second must not make another v2 there."""
    with bed.open() as first, bed.open() as second:
        aip_id = AipId(store(first).aip_id)
        second.prepare_to_write()
        with first.submission_folder() as one, second.submission_folder() as two:
            mine = build_next(first, aip_id, {ADDED: b"<mine/>"}, one, message="mine")
            theirs = build_next(second, aip_id, {ADDED: b"<theirs/>"}, two, message="theirs")
            faulty(bed, "gamma").outage = True
            first.store(mine)
            faulty(bed, "gamma").outage = False
            before = sorted(i.key for i in bed.backends["gamma"].list(""))
            with pytest.raises(VersionTaken):
                second.store(theirs)
        assert sorted(i.key for i in bed.backends["gamma"].list("")) == before
        assert not [ref for backend in bed.backends.values() for ref in open_claims(backend)]


def test_dropping_a_claim_leaves_the_claim_on_the_next_version(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        second = VersionRef(Place.ARCHIVE, aip_id, 2)
        third = VersionRef(Place.ARCHIVE, aip_id, 3)
        with archive.submission_folder() as folder:
            build = build_next(archive, aip_id, {ADDED: b"<premis/>"}, folder, message="m")
            claim = archive.claim_for(build)
        backend = bed.backends["alpha"]
        take_claim(backend, second, claim)
        take_claim(backend, third, claim)
        drop_claim(backend, second)
        assert list(open_claims(backend)) == [third]
