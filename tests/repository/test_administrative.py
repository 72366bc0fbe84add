"""What decides about records is kept like a record, and comes back only when it is intact."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed
from repository.administrative import (
    FONDS,
    NoIntactCopy,
    administrative_aips,
    cached_files,
    store_administrative,
)
from repository.archive import Repository
from schemas.events import Agent
from schemas.records import Receipt
from storage_backends.faulty import FaultyBackend, flipped
from storage_backends.memory import MemoryBackend

FILES = {"root.cer": b"a certificate", "lists/one.crl": b"a revocation list"}


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    return make_bed(tmp_path / "archive", stores)


def imported(archive: Repository, files: dict[str, bytes] = FILES) -> Receipt:
    return store_administrative(
        archive,
        kind="trust",
        title="Chứng thư gốc",
        files=files,
        agents=[Agent("tester", "person")],
        detail="imported",
    )


def test_what_was_imported_is_stored_on_every_replica_before_it_can_be_used(
    bed: TestBed,
) -> None:
    with bed.open() as archive:
        receipt = imported(archive)
        assert receipt.state == "stored"
        (summary,) = administrative_aips(archive, "trust")
        assert summary.aip_id == receipt.aip_id
        assert summary.fonds == FONDS
        assert not administrative_aips(archive, "formats")
        folder = cached_files(archive, summary.aip_id)
        assert {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        } == FILES


def test_importing_the_same_again_stores_nothing_new(bed: TestBed) -> None:
    with bed.open() as archive:
        first = imported(archive)
        assert imported(archive).receipt_id == first.receipt_id
        imported(archive, {"other.cer": b"another"})
        assert len(administrative_aips(archive, "trust")) == 2


def test_an_altered_cache_is_mended_from_a_replica_that_proves_itself(bed: TestBed) -> None:
    with bed.open() as archive:
        imported(archive)
        (summary,) = administrative_aips(archive, "trust")
        folder = cached_files(archive, summary.aip_id)
        (folder / "root.cer").write_bytes(b"forged")
        alpha = archive.replica("alpha").backend
        assert isinstance(alpha, FaultyBackend)
        key = next(info.key for info in alpha.list("ocfl/") if info.key.endswith("root.cer"))
        alpha.alter(key, flipped)
        assert (cached_files(archive, summary.aip_id) / "root.cer").read_bytes() == FILES[
            "root.cer"
        ]


def test_a_file_that_no_replica_has_intact_is_not_used(bed: TestBed) -> None:
    with bed.open() as archive:
        imported(archive)
        (summary,) = administrative_aips(archive, "trust")
        for replica in archive.replicas:
            assert isinstance(replica.backend, FaultyBackend)
            keys = [i.key for i in replica.backend.list("ocfl/") if i.key.endswith("root.cer")]
            replica.backend.alter(keys[0], flipped)
        with pytest.raises(NoIntactCopy):
            cached_files(archive, summary.aip_id)
