"""Faults 35 to 40: rolled-back copies, lost catalogues, wrong clocks, wrong keys, wrong mounts.

The numbers are those of docs/measurements/forty-faults.md.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kit.archives import FILES, START, TestBed, make_bed, make_settings, store
from kit.disk_archive import (
    DiskArchive,
    add_version,
    audited,
    filled_disk_archive,
    make_disk_archive,
    repaired,
)
from kit.s3_server import READER, S3Server
from kit.stores import get, put
from preservation.audit_items import AuditScope
from preservation.fixity import audit
from preservation.repair_result import Healing
from repository.archive import Repository
from repository.catalogue import Catalogue, CatalogueDamaged, CatalogueLocked
from repository.creation import create_archive
from repository.rebuild import rebuild_archive_catalogue
from repository.replica import EmptyReplica, ForeignReplica
from schemas.progress import NoProgress
from storage_backends.faulty import FaultyBackend
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import AccessDenied, StorageBackend
from storage_backends.memory import MemoryBackend
from storage_backends.s3 import open_store

YEARS = timedelta(days=3652)


@pytest.fixture
def disks(tmp_path: Path) -> DiskArchive:
    return filled_disk_archive(tmp_path)


def test_35_a_copy_rolled_back_to_a_valid_older_version_is_told_and_caught_up(
    disks: DiskArchive,
) -> None:
    snapshot = disks.folder / "snapshot"
    shutil.copytree(disks.object("beta"), snapshot)
    with disks.open() as archive:
        add_version(archive, "metadata/preservation/premis-0002.xml", b"<premis/>")
    newest = disks.tree("beta")
    shutil.rmtree(disks.object("beta"))
    shutil.copytree(snapshot, disks.folder / "back")
    shutil.move(disks.folder / "back", folder_of_object(disks))
    with disks.open() as archive:
        result = audited(archive)
        assert (result.behind, result.forged) == (1, ())
        assert repaired(archive).not_healed == 0
        assert disks.tree("beta") == newest
        assert not audited(archive).found_damage


def folder_of_object(disks: DiskArchive) -> Path:
    """Where beta's object lies, by where alpha's does."""
    return disks.root("beta") / disks.object("alpha").relative_to(disks.root("alpha"))


def dump_of(archive: Repository) -> str:
    out = StringIO()
    archive.catalogue.dump(out)
    return out.getvalue()


@pytest.mark.parametrize("how", ["lost", "damaged"])
@pytest.mark.parametrize("survivor", ["alpha", "beta"])
def test_36_a_lost_or_damaged_catalogue_is_rebuilt_from_any_copy_as_it_was(
    disks: DiskArchive, how: str, survivor: str
) -> None:
    with disks.open() as archive:
        before = dump_of(archive)
    file = disks.folder / "archive" / "catalogue.sqlite"
    if how == "lost":
        file.unlink()
    else:
        file.write_bytes(b"SQLite format 3\0" + b"rot" * 4000)
        with pytest.raises(CatalogueDamaged):
            disks.open()
    rebuild_archive_catalogue(
        disks.bed.settings, backends=disks.bed.backends, only=[survivor], progress=NoProgress()
    )
    with disks.open() as archive:
        assert dump_of(archive) == before
        assert not audited(archive).found_damage


def test_37_a_locked_catalogue_is_waited_for_and_then_given_up_cleanly(
    disks: DiskArchive,
) -> None:
    file = disks.folder / "archive" / "catalogue.sqlite"
    with Catalogue.open(f"sqlite:///{file}", busy_timeout_s=0.05) as catalogue:
        with exclusively(file), pytest.raises(CatalogueLocked):
            catalogue.start_run("run", "alpha", "2026-11-22T09:00:00Z")
        assert catalogue.audit_runs() == ()
        catalogue.start_run("run", "alpha", "2026-11-22T09:00:00Z")
        assert [run.run_id for run in catalogue.audit_runs()] == ["run"]


@contextmanager
def exclusively(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


class JumpingClock:
    """Each look is a second later; ``jump`` moves it by years."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def jump(self, by: timedelta) -> None:
        self.moment += by


def with_clock(bed: TestBed, clock: JumpingClock) -> Repository:
    return Repository.open(bed.settings, backends=bed.backends, now=clock)


@pytest.mark.parametrize("by", [YEARS, -YEARS], ids=["ten years on", "ten years back"])
def test_38_a_clock_that_jumps_skips_no_audit_and_breaks_no_order(
    tmp_path: Path, by: timedelta
) -> None:
    disks, clock = make_disk_archive(tmp_path), JumpingClock()
    with with_clock(disks.bed, clock) as archive:
        store(archive, FILES)
        every = audit(archive, AuditScope(), seed=1).files
        verified = audit(archive, AuditScope(), seed=2).files
        assert verified < every
    clock.jump(by)
    with with_clock(disks.bed, clock) as archive:
        # What was verified long ago, and what was verified "in the future", is due.
        assert audit(archive, AuditScope(), seed=3).files == every
        add_version(archive, "metadata/preservation/premis-0002.xml", b"<premis/>")
        (summary,) = archive.catalogue.aips()
        assert summary.version == 2
        facts = archive.catalogue.aip(summary.aip_id)
        assert facts is not None
        assert [version.number for version in facts.versions] == [1, 2]
    clock.jump(-by)
    with with_clock(disks.bed, clock) as archive:
        add_version(archive, "metadata/preservation/premis-0003.xml", b"<premis n='3'/>")
        assert [summary.version for summary in archive.catalogue.aips()] == [3]
        again = audit(archive, AuditScope(), seed=4)
        assert not again.found_damage
        assert again.behind == 0
        lines = [line.seq for line in archive.catalogue.ledger_lines(after_seq=0)]
        assert lines == list(range(1, len(lines) + 1))


@contextmanager
def archive_with_s3(server: S3Server, folder: Path, profile: str) -> Iterator[Repository]:
    """An archive of a store in memory and an S3 place, opened with another credential."""
    url, memory = server.new_url(), MemoryBackend("alpha")

    def stores(profile: str) -> dict[str, StorageBackend]:
        return {"alpha": memory, "beta": open_store("beta", url, server.options(profile))}

    bed = make_bed(folder / "archive", stores("writer"))
    with bed.open() as archive:
        store(archive, FILES)
    with bed.open(stores(profile)) as archive:
        yield archive


@pytest.mark.xdist_group("s3")
@pytest.mark.loopback
@pytest.mark.parametrize("profile", ["stranger", "mistyped"])
def test_39_a_wrong_credential_is_a_setting_to_mend_and_not_damage(
    s3_server: S3Server, profile: str
) -> None:
    url = s3_server.new_url()
    with pytest.raises(AccessDenied) as raised:
        open_store("beta", url, s3_server.options(profile))
    assert raised.value.code.startswith("S3-CREDENTIAL")


@pytest.mark.xdist_group("s3")
@pytest.mark.loopback
def test_39_a_credential_that_may_only_read_repairs_nothing_and_damages_nothing(
    s3_server: S3Server, tmp_path: Path
) -> None:
    with archive_with_s3(s3_server, tmp_path, READER) as archive:
        beta = archive.replica("beta").backend
        key = next(info.key for info in beta.list("ocfl/") if info.key.endswith("a.txt"))
        place = beta.bucket.place.prefix  # type: ignore[attr-defined]  # an S3 store
        s3_server.client.put_object(Bucket="kho", Key=place + key, Body=b"rotten")
        assert [line.verdict for line in audited(archive).damage] == ["altered"]
        (line,) = repaired(archive).files
        assert line.healing is Healing.FAILED
        assert "READ-ONLY" in line.reason
        with beta.open(key) as stream:
            assert stream.read(10) == b"rotten"


def test_39_a_credential_that_expires_during_an_audit_ends_it_without_damage(
    tmp_path: Path,
) -> None:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores)
    with bed.open() as archive:
        store(archive, FILES)
        stores["beta"].fail(None, AccessDenied, times=10_000)
        result = audit(archive, AuditScope(everything=True), seed=1)
        assert (result.damage, result.unreachable) == ((), ("beta",))
        assert not result.complete
        assert repaired(archive).files == ()


@pytest.mark.xdist_group("s3")
@pytest.mark.loopback
def test_40_a_lock_that_denies_deletion_is_told_and_keeps_the_bytes(s3_server: S3Server) -> None:
    bucket = f"locked-{uuid4().hex[:8]}"
    admin: Any = s3_server.client
    admin.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    options = s3_server.options(lock="compliance", lock_days=30)
    backend = open_store("s3", f"s3://{bucket}/archive", options)
    put(backend, "ocfl/o/v1/content/a", b"1")
    locked = admin.head_object(Bucket=bucket, Key="archive/ocfl/o/v1/content/a")
    with pytest.raises(Exception, match="AccessDenied"):
        admin.delete_object(
            Bucket=bucket, Key="archive/ocfl/o/v1/content/a", VersionId=locked["VersionId"]
        )
    assert get(backend, "ocfl/o/v1/content/a") == b"1"
    backend.close()


def test_40_an_empty_mount_point_stops_everything_and_is_never_repaired(
    disks: DiskArchive,
) -> None:
    shutil.move(disks.root("beta"), disks.folder / "unmounted")
    disks.root("beta").mkdir()
    stores: dict[str, StorageBackend] = {
        name: FilesystemBackend(name, disks.root(name)) for name in disks.names
    }
    with disks.open(stores) as archive, pytest.raises(EmptyReplica):
        audit(archive, AuditScope(everything=True), seed=1)
    with disks.open(stores) as archive, pytest.raises(EmptyReplica):
        repaired(archive)
    assert list(disks.root("beta").iterdir()) == []


def test_40_the_mount_of_another_archive_stops_everything(
    disks: DiskArchive, tmp_path: Path
) -> None:
    strange = MemoryBackend("beta")
    other = make_settings(tmp_path / "other", ("beta",), min_copies=1)
    create_archive(other, backends={"beta": strange}, now=lambda: START)
    before = dict(strange._content_by_key)
    stores: dict[str, StorageBackend] = {**disks.bed.backends, "beta": strange}
    with disks.open(stores) as archive, pytest.raises(ForeignReplica):
        repaired(archive)
    assert strange._content_by_key == before
