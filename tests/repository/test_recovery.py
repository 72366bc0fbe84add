"""What a dead writer left is finished or taken back, on each kind of store, and told as events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from kit.archives import TestBed, make_bed, make_plan, store
from kit.places import KINDS, new_archive
from repository.archive import Repository
from repository.ocfl.claims import Claim, VersionRef, open_claims, take_claim
from repository.ocfl.inventory import SIDECAR
from repository.ocfl.reader import list_objects
from repository.recovery import Action
from schemas.digests import digests_of
from schemas.events import EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.nouns import Place
from schemas.progress import NoProgress
from storage_backends.faulty import FaultyBackend
from storage_backends.interface import AccessDenied, StorageBackend
from storage_backends.memory import MemoryBackend
from storage_backends.sources import BytesSource

MOMENT = "2026-11-22T09:00:00.000Z"
FILES = {b"a.txt": b"van ban"}


@pytest.fixture
def bed(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[TestBed]:
    bed = new_archive(kind, tmp_path, request, ("alpha",))
    yield bed
    for backend in bed.backends.values():
        backend.close()


def open_archive(bed: TestBed) -> Repository:
    """The archive of a new process; the stores outlive it."""
    return Repository.open(bed.settings, backends=bed.backends, now=bed.clock)


def let_go(archive: Repository) -> None:
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()


def put(backend: StorageBackend, key: str, content: bytes) -> None:
    digest = digests_of(content).sha256
    backend.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)


def claim_of_a_dead_writer(inventory_sha256: str = "0" * 64) -> Claim:
    return Claim(writer=new_uuid(), inventory_sha256=inventory_sha256, moment=MOMENT)


def events_after_recovery(bed: TestBed, aip_id: AipId) -> list[tuple[str, EventType]]:
    """What the next writing process did, as the journal tells it."""
    archive = open_archive(bed)
    archive.prepare_to_write()
    events = archive.catalogue.events(aip_id)
    assert {event.outcome for event in events} <= {EventOutcome.SUCCESS}
    assert not list(open_claims(bed.backends["alpha"]))
    let_go(archive)
    return [(str(event.facts["action"]), event.type) for event in events]


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_that_nobody_can_finish_is_moved_aside(kind: str, bed: TestBed) -> None:
    alpha = bed.backends["alpha"]
    ref = VersionRef(Place.ARCHIVE, AipId(new_uuid()), 1)
    take_claim(alpha, ref, claim_of_a_dead_writer())
    put(alpha, f"{ref.version_prefix}content/a.txt", b"half of a dossier")
    assert events_after_recovery(bed, ref.aip_id) == [("moved aside", EventType.QUARANTINE)]
    assert not list(alpha.list(ref.object_prefix))
    (kept,) = [info.key for info in alpha.list("kho/set-aside/") if info.key.endswith("a.txt")]
    assert alpha.read_head(kept)[0] == b"half of a dossier"


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_sidecar_that_was_not_written_is_written(kind: str, bed: TestBed) -> None:
    archive = open_archive(bed)
    aip_id = AipId(store(archive, FILES).aip_id)
    (known,) = archive.catalogue.inventories(aip_id, Place.ARCHIVE)
    let_go(archive)
    alpha = bed.backends["alpha"]
    ref = VersionRef(Place.ARCHIVE, aip_id, 1)
    key = f"{ref.object_prefix}{SIDECAR}"
    whole, token = alpha.read_head(key)
    alpha.put_head(key, b"the sidecar of the version before\n", replaces=token)
    take_claim(alpha, ref, claim_of_a_dead_writer(known))
    assert events_after_recovery(bed, aip_id) == [
        ("root sidecar written", EventType.REPAIR),
        ("finished", EventType.REPAIR),
    ]
    assert alpha.read_head(key)[0] == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_root_inventory_gets_no_sidecar_that_agrees_with_it(
    kind: str, bed: TestBed
) -> None:
    """The claim says what the inventory must be."""
    archive = open_archive(bed)
    aip_id = AipId(store(archive, FILES).aip_id)
    let_go(archive)
    alpha = bed.backends["alpha"]
    ref = VersionRef(Place.ARCHIVE, aip_id, 1)
    root = f"{ref.object_prefix}inventory.json"
    content, token = alpha.read_head(root)
    sidecar = alpha.read_head(f"{ref.object_prefix}{SIDECAR}")[0]
    alpha.put_head(root, content.replace(b"Ingest", b"Ingxst"), replaces=token)
    take_claim(alpha, ref, claim_of_a_dead_writer(digests_of(content).sha256))
    assert events_after_recovery(bed, aip_id) == [("finished", EventType.REPAIR)]
    assert alpha.read_head(f"{ref.object_prefix}{SIDECAR}")[0] == sidecar


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("kind", ["s3"])
def test_uploads_that_a_dead_writer_began_are_abandoned(kind: str, bed: TestBed) -> None:
    alpha = bed.backends["alpha"]
    store = cast(Any, alpha).inner  # the S3 store behind the one that asks again
    ref = VersionRef(Place.ARCHIVE, AipId(new_uuid()), 1)
    take_claim(alpha, ref, claim_of_a_dead_writer())
    for name in ("large.bin", "larger.bin"):
        store.bucket.begin_upload(
            f"{ref.version_prefix}content/{name}", sha256="0" * 64, lock=False
        )
    assert events_after_recovery(bed, ref.aip_id) == [
        ("uploads abandoned", EventType.REPAIR),
        ("moved aside", EventType.QUARANTINE),
    ]
    assert alpha.abandon_uploads("ocfl/") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_sealed_build_is_completed_and_gets_its_receipt(kind: str, bed: TestBed) -> None:
    dead = open_archive(bed)
    dead.prepare_to_write()
    folder = dead.staging.new_folder()
    (folder / "writer").write_text(new_uuid())
    build = dead.build(make_plan(dead, folder, FILES), folder)
    alpha = bed.backends["alpha"]
    take_claim(alpha, build.ref, claim_of_a_dead_writer(build.record.inventory_sha256))
    first = next(iter(build.content()))
    with first.source.open() as stream:
        put(alpha, build.ref.object_prefix + first.path, stream.read())
    let_go(dead)
    assert events_after_recovery(bed, build.ref.aip_id) == [
        ("completed from build", EventType.REPLICATION),
        ("concluded", EventType.REPAIR),
    ]
    archive = open_archive(bed)
    assert archive.receipt_for(build.ref.aip_id) is not None
    let_go(archive)


def two_memories(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    return make_bed(tmp_path / "archive", stores, min_copies=2)


def die_with_a_sealed_build(bed: TestBed) -> tuple[AipId, Path]:
    """A sealed build whose writer is dead, committed on alpha alone."""
    with bed.open() as dead:
        dead.prepare_to_write()
        folder = dead.staging.new_folder()
        (folder / "writer").write_text(new_uuid())
        build = dead.build(make_plan(dead, folder, FILES), folder)
        dead._write(build, [dead.replica("alpha")], NoProgress())
    return build.ref.aip_id, folder


def outage(bed: TestBed, name: str, *, away: bool) -> None:
    backend = bed.backends[name]
    assert isinstance(backend, FaultyBackend)
    backend.outage = away


def test_a_build_is_kept_while_a_replica_that_may_hold_it_is_away(tmp_path: Path) -> None:
    bed = two_memories(tmp_path)
    aip_id, folder = die_with_a_sealed_build(bed)
    outage(bed, "alpha", away=True)
    with bed.open() as archive:
        (action,) = archive.prepare_to_write()
        assert action.action is Action.POSTPONED
        assert folder.exists()
    outage(bed, "alpha", away=False)
    with bed.open() as archive:
        archive.prepare_to_write()
        assert archive.receipt_for(aip_id) is not None
        assert not folder.exists()
        assert len({c.replica for c in archive.catalogue.copies(aip_id)}) == 2


def test_a_submission_that_comes_again_meanwhile_is_stored_as_it_was_built(
    tmp_path: Path,
) -> None:
    """Other bytes of the same version would be a second truth beside the one that is away."""
    bed = two_memories(tmp_path)
    aip_id, folder = die_with_a_sealed_build(bed)
    outage(bed, "alpha", away=True)
    with bed.open() as archive:
        store(archive, FILES)
    assert not folder.exists()
    outage(bed, "alpha", away=False)
    inventories = {
        backend.read_head(VersionRef(Place.ARCHIVE, aip_id, 1).object_prefix + "inventory.json")[0]
        for backend in bed.backends.values()
    }
    assert len(inventories) == 1


def test_a_build_torn_by_a_power_cut_still_gives_its_receipt_when_it_is_committed(
    tmp_path: Path,
) -> None:
    bed = two_memories(tmp_path)
    aip_id, folder = die_with_a_sealed_build(bed)
    for path in [*folder.glob("payload/*"), *folder.glob("generated/*")]:
        path.write_bytes(b"")
    with bed.open() as archive:
        archive.prepare_to_write()
        assert archive.receipt_for(aip_id) is not None
        assert len({c.replica for c in archive.catalogue.copies(aip_id)}) == 2
        assert len(list(list_objects(bed.backends["beta"], Place.ARCHIVE))) == 1


def test_a_replica_that_fails_does_not_keep_the_archive_from_being_written_to(
    tmp_path: Path,
) -> None:
    bed = two_memories(tmp_path)
    ref = VersionRef(Place.ARCHIVE, AipId(new_uuid()), 1)
    take_claim(bed.backends["beta"], ref, claim_of_a_dead_writer())
    beta = bed.backends["beta"]
    assert isinstance(beta, FaultyBackend)
    beta.fail("move_aside", AccessDenied)
    with bed.open() as archive:
        (action,) = archive.prepare_to_write()
        assert (action.action, action.where) == (Action.POSTPONED, "beta")
        assert store(archive, FILES).state == "stored"
