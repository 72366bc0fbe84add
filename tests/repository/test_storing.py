"""What holds of an AIP that was stored."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, make_plan, store
from repository.archive import NoReplicaAllowed, NothingStored
from repository.ocfl.claims import VersionTaken, open_claims
from repository.ocfl.reader import list_objects
from repository.replica import (
    ClonedReplica,
    EmptyReplica,
    ForeignReplica,
    SharedFailureDomain,
)
from schemas.ids import new_uuid
from schemas.nouns import Access, Outcome, Place
from storage_backends.faulty import FaultyBackend
from storage_backends.memory import MemoryBackend


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def dump_of(bed: TestBed) -> str:
    out = io.StringIO()
    with bed.open() as archive:
        archive.catalogue.dump(out)
    return out.getvalue()


def test_a_stored_aip_was_read_back_from_every_replica(bed: TestBed) -> None:
    with bed.open() as archive:
        receipt = store(archive)
    assert receipt.state == "stored"
    assert [copy.replica for copy in receipt.copies] == ["alpha", "beta"]
    assert all(copy.verified_at for copy in receipt.copies)


def test_the_same_submission_is_the_same_aip(bed: TestBed) -> None:
    with bed.open() as archive:
        first = store(archive)
        with pytest.raises(VersionTaken):
            store(archive)
        assert [summary.aip_id for summary in archive.catalogue.aips()] == [first.aip_id]


def test_replicas_hold_the_same_keys_and_no_claims_or_staging(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        keys = [
            {i.key for i in r.backend.list("") if not i.key.startswith("kho/replica")}
            for r in archive.replicas
        ]
        assert keys[0] == keys[1]
        assert not [key for key in keys[0] if key.startswith(("kho/claims/", "kho/staging/"))]
    assert not list((Path(bed.settings.root) / "staging").iterdir())


def test_a_held_submission_lives_in_the_holding_root(bed: TestBed) -> None:
    with bed.open() as archive:
        receipt = store(archive, outcome=Outcome.HELD)
        (summary,) = archive.catalogue.aips()
        assert (summary.place, receipt.outcome) == (Place.HOLDING, "held")
        backend = archive.replicas[0].backend
        assert not list(list_objects(backend, Place.ARCHIVE))
        assert len(list(list_objects(backend, Place.HOLDING))) == 1


def test_a_replica_that_is_down_leaves_the_aip_under_replicated(tmp_path: Path) -> None:
    beta = FaultyBackend(MemoryBackend("beta"))
    bed = make_bed(tmp_path / "archive", {"alpha": MemoryBackend("alpha"), "beta": beta})
    with bed.open() as archive:
        archive.prepare_to_write()
        beta.outage = True
        receipt = store(archive)
    assert receipt.state == "under_replicated"
    assert [copy.replica for copy in receipt.copies] == ["alpha"]


def test_when_no_replica_takes_the_aip_nothing_is_stored_or_registered(tmp_path: Path) -> None:
    alpha = FaultyBackend(MemoryBackend("alpha"))
    bed = make_bed(tmp_path / "archive", {"alpha": alpha}, min_copies=1)
    with bed.open() as archive:
        archive.prepare_to_write()
        alpha.outage = True
        with pytest.raises(NothingStored):
            store(archive)
        assert not list(archive.catalogue.aips())


def test_a_store_that_lies_about_what_it_wrote_is_caught_before_the_commit(tmp_path: Path) -> None:
    beta = FaultyBackend(MemoryBackend("beta"))
    bed = make_bed(tmp_path / "archive", {"alpha": MemoryBackend("alpha"), "beta": beta})
    with bed.open() as archive:
        archive.prepare_to_write()
        with archive.submission_folder() as folder:
            build = archive.build(make_plan(archive, folder, FILES), folder)
            content = next(iter(build.content()))
            beta.lose_writes(build.ref.object_prefix + content.path)
            receipt = archive.store(build)
    assert receipt.state == "under_replicated"
    assert not list(beta.inner.list(build.ref.object_prefix))


def test_secret_dossiers_never_go_to_a_networked_replica(tmp_path: Path) -> None:
    bed = make_bed(tmp_path / "archive")
    replicas = tuple(
        type(r)(name=r.name, url=r.url, site=r.site, networked=r.name == "beta")
        for r in bed.settings.replicas
    )
    networked = type(bed.settings)(root=bed.settings.root, id=bed.settings.id, replicas=replicas)
    bed = TestBed(networked, bed.backends, bed.clock)
    with bed.open() as archive:
        with pytest.raises(NoReplicaAllowed):
            store(archive, access=Access.SECRET)
        assert not list(list_objects(bed.backends["beta"], Place.ARCHIVE))
        assert not list(archive.catalogue.aips())


def test_the_catalogue_rebuilt_from_either_replica_dumps_the_same(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        store(archive, {b"khac.txt": b"ho so khac"}, title="Hồ sơ khác", fonds="TL06")
        store(archive, {b"giu.txt": b"cho xu ly"}, outcome=Outcome.HELD)
    before = dump_of(bed)
    assert before.count("\n") > 20
    for name in ("alpha", "beta"):
        rebuild_from(bed, name)
        assert dump_of(bed) == before


def rebuild_from(bed: TestBed, name: str) -> None:
    from repository.rebuild import rebuild_archive_catalogue
    from schemas.progress import NoProgress

    database = Path(bed.settings.root) / "catalogue.sqlite"
    for path in database.parent.glob("catalogue.sqlite*"):
        path.unlink()
    report = rebuild_archive_catalogue(
        bed.settings, backends=bed.backends, only=[name], progress=NoProgress()
    )
    assert not report.unreadable


def test_an_empty_mount_where_a_replica_was_stops_everything(bed: TestBed) -> None:
    with (
        bed.open({"alpha": bed.backends["alpha"], "beta": MemoryBackend("beta")}) as archive,
        pytest.raises(EmptyReplica),
    ):
        archive.prepare_to_write()


def test_a_replica_of_another_archive_stops_everything(bed: TestBed, tmp_path: Path) -> None:
    other = make_bed(tmp_path / "other")
    with (
        bed.open({"alpha": bed.backends["alpha"], "beta": other.backends["beta"]}) as archive,
        pytest.raises(ForeignReplica),
    ):
        archive.prepare_to_write()


def test_a_cloned_replica_is_refused(tmp_path: Path) -> None:
    bed = make_bed(tmp_path / "archive")
    clone = MemoryBackend("beta")
    from repository.ocfl.claims import put_small

    marker = bed.backends["alpha"].read_head("kho/replica.json")[0]
    put_small(clone, "kho/replica.json", marker.replace(b'"alpha"', b'"beta"'))
    with (
        bed.open({"alpha": bed.backends["alpha"], "beta": clone}) as archive,
        pytest.raises(ClonedReplica),
    ):
        archive.prepare_to_write()


def test_replicas_of_one_failure_domain_are_refused_unless_accepted(tmp_path: Path) -> None:
    def shared() -> dict[str, MemoryBackend]:
        return {n: MemoryBackend(n, failure_domain="one disk") for n in ("alpha", "beta")}

    with pytest.raises(SharedFailureDomain):
        make_bed(tmp_path / "refused", shared())
    bed = make_bed(tmp_path / "accepted", shared(), accept_shared_failure_domain=True)
    with bed.open() as archive:
        assert store(archive).shared_failure_domain


def test_of_two_writers_one_wins_and_the_other_writes_nothing(bed: TestBed) -> None:
    with bed.open() as first, bed.open() as second:
        first.prepare_to_write()
        second.prepare_to_write()
        with first.submission_folder() as one, second.submission_folder() as two:
            mine = first.build(make_plan(first, one, FILES), one)
            theirs = second.build(make_plan(second, two, FILES), two)
            first.store(mine)
            before = {i.key for i in bed.backends["alpha"].list("")}
            with pytest.raises(VersionTaken):
                second.store(theirs)
        assert {i.key for i in bed.backends["alpha"].list("")} == before
        assert not list(open_claims(bed.backends["beta"]))


def test_the_ledger_head_moves_with_every_receipt(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        head = archive.ledger_head()
        store(archive, {b"x": new_uuid().encode()})
        assert archive.ledger_head() != head
