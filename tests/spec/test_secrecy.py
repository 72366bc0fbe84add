"""The secrecy gates: what a replica may not hold it does not get, and nothing tells of it.

Access levels bind at ingest, fill and the sealing of the ledger (tests/repository); here is
what goes to every replica, the journal, and what counts as networked.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.pipeline import ingest, reject
from kit.archives import TestBed, make_bed, make_plan, make_settings, store
from kit.desk import desk_of, write_files
from repository.archive import NoReplicaAllowed, Repository
from repository.creation import create_archive
from repository.journal_files import last_line
from repository.rebuild import rebuild_archive_catalogue
from repository.replica import Replica
from repository.settings import ReplicaSettings
from schemas.events import Event, EventOutcome, EventType
from schemas.ids import AipId, RepositoryId, new_uuid
from schemas.nouns import Access, Outcome
from schemas.progress import NoProgress
from schemas.records import ReplicaMarker
from storage_backends.memory import MemoryBackend

TITLE = "Phuong an bao ve Zebedeus"
FILES = {b"ke-hoach-Obadiah.txt": b"mat\n", "sơ đồ Nehemiah.txt".encode(): b"mat 2\n"}
TELLING = ("Zebedeus", "Obadiah", "Nehemiah", "H99.10.05.2024.07.VP", "Melchior", "/nop/hoso")


def journal_of(backend: MemoryBackend) -> str:
    return "".join(
        backend.read_head(info.key)[0].decode() for info in backend.list("kho/journal/")
    )


def stores_of(bed: TestBed) -> list[MemoryBackend]:
    return [store for store in bed.backends.values() if isinstance(store, MemoryBackend)]


def telling(text: str) -> list[str]:
    return [word for word in TELLING if word in text]


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def test_the_journal_says_of_a_secret_dossier_neither_title_nor_code_nor_source(
    bed: TestBed,
) -> None:
    with bed.open() as archive:
        receipt = store(archive, FILES, title=TITLE, access=Access.SECRET)
        assert telling(str(receipt))
        archive.record(
            Event(
                id=new_uuid(),
                type=EventType.DECISION,
                moment=archive.now(),
                outcome=EventOutcome.SUCCESS,
                detail="because of Melchior",
                aip_id=AipId(receipt.aip_id),
            )
        )
        again = archive.receipt_for(AipId(receipt.aip_id))
    for backend in stores_of(bed):
        assert receipt.aip_id in journal_of(backend)
        assert telling(journal_of(backend)) == []
    assert again is not None
    assert (again.title, again.dossier_code) == (TITLE, receipt.dossier_code)
    assert (again.receipt_id, again.files) == (receipt.receipt_id, 2)


def test_the_journal_says_of_another_dossier_what_its_receipt_says(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive, FILES, title=TITLE, access=Access.RESTRICTED)
    for backend in stores_of(bed):
        assert "Zebedeus" in journal_of(backend)


def test_a_refused_secret_package_leaves_digests_but_no_names(bed: TestBed) -> None:
    with bed.open() as archive, desk_of(archive) as desk:
        archive.prepare_to_write()
        with archive.submission_folder() as folder:
            plan = make_plan(archive, folder, FILES, title=TITLE, access=Access.SECRET)
            plan = replace(plan, outcome=Outcome.REJECTED)
            receipt = reject(plan, desk)
            assert receipt.title == TITLE
            head = archive.ledger_head()
            assert reject(plan, desk).receipt_id == receipt.receipt_id
            assert archive.ledger_head() == head
    for backend in stores_of(bed):
        journal = journal_of(backend)
        assert telling(journal) == []
        assert all(file.digests.sha256 in journal for file in plan.draft.files)


def dump_of(bed: TestBed) -> str:
    with bed.open() as archive:
        out = io.StringIO()
        archive.catalogue.dump(out)
        return out.getvalue()


def test_a_catalogue_rebuilt_beside_a_secret_dossier_is_the_same(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive, FILES, title=TITLE, access=Access.SECRET)
    before = dump_of(bed)
    for path in Path(bed.settings.root).glob("catalogue.sqlite*"):
        path.unlink()
    report = rebuild_archive_catalogue(
        bed.settings, backends=bed.backends, only=["beta"], progress=NoProgress()
    )
    assert not report.unreadable
    assert dump_of(bed) == before


def three(folder: Path, **net: object) -> tuple[dict[str, MemoryBackend], Repository]:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta", "net")}
    settings = make_settings(folder / "archive", tuple(stores))
    last = settings.replicas[-1]
    closed = ReplicaSettings(name=last.name, url=last.url, site=last.site, **net)  # type: ignore[arg-type]
    settings = make_settings(
        folder / "archive", tuple(stores), replicas=(*settings.replicas[:-1], closed)
    )
    create_archive(settings, backends=stores)
    return stores, Repository.open(settings, backends=stores)


def test_a_replica_for_public_dossiers_gets_no_word_of_others(tmp_path: Path) -> None:
    stores, archive = three(tmp_path, max_access="public")
    with archive:
        store(archive, FILES, title=TITLE, access=Access.RESTRICTED)
        store(archive, {b"mo.txt": b"mo"}, title="ai cung xem", access=Access.PUBLIC)
    assert last_line(stores["net"]) is None
    assert "Zebedeus" in journal_of(stores["alpha"])
    net = stores["net"]
    everything = b"".join(net.read_head(info.key)[0] for info in net.list(""))
    assert b"ai cung xem" in everything
    assert b"Zebedeus" not in everything


def test_access_that_nobody_decided_counts_as_restricted(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    settings = make_settings(tmp_path / "archive", tuple(stores))
    public = tuple(
        ReplicaSettings(name=r.name, url=r.url, site=r.site, max_access="public")
        for r in settings.replicas
    )
    settings = make_settings(tmp_path / "archive", tuple(stores), replicas=public)
    create_archive(settings, backends=stores)
    with Repository.open(settings, backends=stores) as archive, desk_of(archive) as desk:
        with pytest.raises(NoReplicaAllowed) as caught:
            ingest(write_files(tmp_path / "nop", FILES), desk, fonds="TL05")
        assert caught.value.fields["access"] == "restricted"
    for backend in stores.values():
        assert not [info for info in backend.list("ocfl/") if "content" in info.key]


@pytest.mark.parametrize(
    ("url", "stated", "allowed"),
    [
        ("s3://bucket/p", False, False),
        ("sftp://kho@host/p", False, False),
        ("file:///mnt/a", False, True),
        ("file:///mnt/a", True, False),
    ],
)
def test_a_secret_dossier_may_not_go_where_other_machines_reach(
    url: str, stated: bool, allowed: bool
) -> None:
    backend = MemoryBackend("x")
    backend.url = url
    marker = ReplicaMarker(
        repository_id=RepositoryId("r"),
        replica_id="x",
        name="x",
        site="one",
        medium="disk",
        max_access="secret",
        networked=False,
        created="2026-01-01T00:00:00Z",
    )
    settings = ReplicaSettings(name="x", url=url, site="one", networked=stated)
    replica = Replica(settings, backend, marker)
    assert replica.may_hold(Access.SECRET) is allowed
    assert replica.may_hold(Access.RESTRICTED)
