"""Faults 17 to 26: disks that refuse, fill up, fail and lie, and processes that are killed.

Injected at the filesystem backend's own system calls, on real files. The numbers are those of
docs/measurements/forty-faults.md.
"""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from kit.archives import FILES, make_bed, store
from kit.disk_archive import DiskArchive, audited, filled_disk_archive, make_disk_archive, repaired
from kit.stores import quick_disk
from kit.system_faults import FaultySystem, failing
from preservation import fixity
from preservation.audit_items import AuditScope, due_items
from preservation.examine import Examined, Item, examine
from preservation.fixity import audit
from preservation.repair_result import Healing
from preservation.restore import RestoreRequest, restore
from preservation.restore_proof import RestoreProof
from repository.archive import NothingStored, Repository
from repository.fill import fill
from repository.ocfl.claims import open_claims
from schemas.digests import Algorithm
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.records import Receipt
from storage_backends.faulty import Call, FaultyBackend, SimulatedCrash
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import Capabilities, StorageBackend
from storage_backends.memory import MemoryBackend

A = "phu-luc/a.txt"
ONE_AT_A_TIME = Capabilities(local_files=True, read_threads=1)


def with_faulty_beta(disks: DiskArchive, system: FaultySystem) -> dict[str, StorageBackend]:
    """The replicas as a process sees them whose calls on beta go through ``system``."""
    beta = FilesystemBackend("beta", disks.root("beta"), system=system)
    return {"alpha": FilesystemBackend("alpha", disks.root("alpha")), "beta": beta}


def test_17_a_file_that_may_not_be_read_is_unreadable_and_the_run_goes_on(tmp_path: Path) -> None:
    disks, system = filled_disk_archive(tmp_path), FaultySystem()
    with disks.open(with_faulty_beta(disks, system)) as archive:
        system.on_call = failing("open", errno.EACCES, path=A, times=1000)
        result = audited(archive)
        assert [line.verdict for line in result.damage] == ["unreadable"]
        assert (result.altered, result.absent) == (0, 0)
        assert result.intact == result.due - 1


def test_18_a_bad_block_is_read_again_and_then_healed_from_elsewhere(tmp_path: Path) -> None:
    disks, system = filled_disk_archive(tmp_path), FaultySystem()
    whole = disks.file("alpha", A).read_bytes()
    with disks.open(with_faulty_beta(disks, system)) as archive:
        failing_once = failing("read_into", errno.EIO, path=A, times=1)
        system.on_call = failing_once
        passing = audited(archive)
        assert (len(passing.flaky), passing.damage) == (1, ())
        # The block stays bad while the same file stands there.
        bad = disks.file("beta", A).stat().st_ino

        def worn_out(name: str, path: str) -> None:
            if name == "read_into" and path.endswith(A) and Path(path).stat().st_ino == bad:
                raise OSError(errno.EIO, "EIO", path)

        system.on_call = worn_out
        assert [line.verdict for line in audited(archive).damage] == ["unreadable"]
        assert [file.healing for file in repaired(archive).files] == [Healing.HEALED]
        assert not audited(archive).damage
    assert disks.file("beta", A).read_bytes() == whole


def assert_nothing_half_stored(disks: DiskArchive, name: str, before: dict[str, bytes]) -> None:
    backend = FilesystemBackend(name, disks.root(name))
    assert disks.tree(name) == before
    assert not list(open_claims(backend))
    assert not [info for info in backend.list("kho/staging/") if info.kind == "file"]


def test_19_a_disk_that_fills_up_in_the_middle_keeps_the_old_state(tmp_path: Path) -> None:
    disks, system = filled_disk_archive(tmp_path), FaultySystem()
    before = disks.tree("beta")
    with disks.open(with_faulty_beta(disks, system)) as archive:
        archive.prepare_to_write()
        written: list[str] = []

        def fill_up(name: str, path: str) -> None:
            written.extend([path] if name == "link" and "/ocfl/" in path else [])
            if name == "write" and len(written) >= 3:
                raise OSError(errno.ENOSPC, "ENOSPC", path)

        system.on_call = fill_up
        receipt = store(archive, {f"{n}.txt".encode(): bytes([n]) * 9 for n in range(9)})
        assert receipt.state == "under_replicated"
        assert [copy.replica for copy in receipt.copies] == ["alpha"]
        assert_nothing_half_stored(disks, "beta", before)


_FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from kit.stores import put
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import NoSpace
store = FilesystemBackend("disk", sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    put(store, "ocfl/o/v1/content/large", b"x" * 5000)
except NoSpace:
    print("refused")
"""


def test_20_a_write_cut_short_by_a_limit_leaves_nothing(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE is not None
    FilesystemBackend.create("disk", tmp_path / "replica")
    child = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "replica"), str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stdout == "refused\n", child.stderr
    assert not [path for path in (tmp_path / "replica").rglob("*") if path.is_file()]


def test_21_a_file_whose_fsync_failed_is_never_trusted_and_sent_again(tmp_path: Path) -> None:
    disks, system = make_disk_archive(tmp_path), FaultySystem()
    before = disks.tree("beta")
    with disks.open(with_faulty_beta(disks, system)) as archive:
        archive.prepare_to_write()
        system.on_call = failing("fsync", errno.EIO, path="", times=1)
        receipt = store(archive, FILES)
        assert [copy.replica for copy in receipt.copies] == ["alpha"]
        assert_nothing_half_stored(disks, "beta", before)
    with disks.open() as archive:
        assert fill(archive).failures == []
        assert not audited(archive).found_damage
        assert disks.tree("beta") == disks.tree("alpha")


def test_22_a_write_that_the_disk_forgot_is_caught_by_reading_it_back(tmp_path: Path) -> None:
    disks, system = make_disk_archive(tmp_path), FaultySystem()
    before = disks.tree("beta")
    with disks.open(with_faulty_beta(disks, system)) as archive:
        archive.prepare_to_write()

        def forget(_name: str, path: str) -> None:
            system.lost_writes = True

        system.on_call = forget
        receipt = store(archive, FILES)
        assert [copy.replica for copy in receipt.copies] == ["alpha"]
        assert disks.tree("beta") == before


def test_23_a_store_killed_at_any_system_call_is_old_or_new_never_half() -> None:
    """Every 23rd call here; every single one in tests/storage/test_crashed_writer.py."""
    with quick_disk() as folder:
        crash_at, killed = 4, 0
        while True:
            disks, system = make_disk_archive(folder / str(crash_at)), FaultySystem()
            backends = with_faulty_beta(disks, system)
            backends["beta"].capabilities = ONE_AT_A_TIME  # type: ignore[misc]  # so that call N is the same call in every run
            archive = disks.open(backends)
            archive.prepare_to_write()
            system.crash_at = len(system.calls) + crash_at
            try:
                store(archive, {b"a.txt": b"a"})
            except SimulatedCrash:
                killed += 1
                forget_process(archive)
                assert_old_or_new(disks)
                crash_at += 23
                continue
            archive.close()
            break
        assert killed > 8


def forget_process(archive: Repository) -> None:
    """The kernel takes a dead process's locks and connections; nothing else is tidied."""
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()


def assert_old_or_new(disks: DiskArchive) -> None:
    with disks.open() as archive:
        archive.prepare_to_write()
        if list(archive.catalogue.aips()):
            assert disks.tree("alpha") == disks.tree("beta")
        assert not audited(archive).found_damage
        for name in disks.names:
            backend = FilesystemBackend(name, disks.root(name))
            assert not list(open_claims(backend))


def test_24_a_process_killed_between_two_copies_is_not_stored_until_both_are_proved(
    tmp_path: Path,
) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores)
    committed = Event()

    def watch_alpha(call: Call) -> None:
        if call.verb == "sweep":  # the claim goes last
            committed.set()

    def kill_before_beta(call: Call) -> None:
        if call.verb == "put_new" and call.key.startswith("ocfl/"):
            committed.wait(60)
            raise SimulatedCrash(call)

    dying = {
        "alpha": FaultyBackend(stores["alpha"], before=watch_alpha),
        "beta": FaultyBackend(stores["beta"], before=kill_before_beta),
    }
    archive = bed.open(dying)
    with pytest.raises(SimulatedCrash):
        store(archive)
    assert not list(archive.catalogue.receipts())
    forget_process(archive)
    with bed.open() as archive:
        archive.prepare_to_write()
        (receipt,) = archive.catalogue.receipts()
        assert isinstance(receipt, Receipt)
        assert (receipt.state, len(receipt.copies)) == ("stored", 2)
        assert not audited(archive).found_damage


def test_25_an_audit_killed_in_the_middle_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the verdicts are committed every five files; tests/preservation/test_audit_crashes.py
    kills at every commit and counts the two seconds."""
    monkeypatch.setattr(fixity, "WINDOW_FILES", 5)
    bed = make_bed(tmp_path / "archive")
    archive = bed.open()
    store(archive, {f"{n}.txt".encode(): bytes([n]) * 9 for n in range(20)})
    due = still_due(archive)
    seen: list[str] = []
    with pytest.raises(SimulatedCrash):
        audit(archive, AuditScope(), seed=1, examiner=dying_after(seen, 30))
    forget_process(archive)
    with bed.open() as archive:
        left = still_due(archive)
        assert 0 < left < due
        rest = audit(archive, AuditScope(), seed=2)
        assert rest.is_trustworthy
        assert rest.files == left + 2 * 6  # the files that make the roots are always looked at
        assert still_due(archive) == 0


def still_due(archive: Repository) -> int:
    """How many files are due on all replicas."""
    names = [replica.name for replica in archive.replicas]
    return sum(1 for name in names for _item in due_items(archive, AuditScope(), name))


def dying_after(seen: list[str], number: int) -> Callable[..., Iterator[Examined]]:
    """An examiner whose process ends when it has given ``number`` verdicts."""

    def examiner(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for found in examine(backend, items, algorithm=algorithm):
            seen.append(found.item.key)
            if len(seen) > number:
                raise SimulatedCrash
            yield found

    return examiner


def test_26_a_restore_killed_in_the_middle_downloads_nothing_twice(tmp_path: Path) -> None:
    disks = make_disk_archive(tmp_path)
    with disks.open() as archive:
        store(archive, {f"{n}.txt".encode(): bytes([n]) * 9 for n in range(20)})

    def run(killed_at: int) -> tuple[RestoreProof | None, list[str]]:
        opened: list[str] = []

        def count(call: Call) -> None:
            if call.verb == "open" and "/content/representations/" in call.key:
                opened.append(call.key)
                if len(opened) == killed_at:
                    raise SimulatedCrash(call)

        store_of = FaultyBackend(FilesystemBackend("alpha", disks.root("alpha")), before=count)
        with disks.open({"alpha": store_of, "beta": disks.bed.backends["beta"]}) as archive:
            sources = [replica for replica in archive.replicas if replica.name == "alpha"]
            request = RestoreRequest(target=tmp_path / "out", form="submission")
            try:
                return restore(sources, request, now=utc_now, progress=NoProgress()), opened
            except SimulatedCrash:
                return None, opened

    proof, _opened = run(killed_at=12)
    assert proof is None
    whole = set((tmp_path / "out").rglob("*.txt"))
    assert 0 < len(whole) < 20
    proof, opened = run(killed_at=0)
    assert proof is not None
    assert proof.complete
    # Kho's own files are read to know what there is; of the payload only what was missing.
    assert len([key for key in opened if key.endswith(".txt")]) == 20 - len(whole)
    assert {p.read_bytes() for p in (tmp_path / "out").rglob("*.txt")} == {
        bytes([n]) * 9 for n in range(20)
    }


def test_a_store_that_fails_on_every_copy_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    systems = {name: FaultySystem() for name in ("alpha", "beta")}
    disks = make_disk_archive(tmp_path, systems=systems)
    with disks.open() as archive:
        archive.prepare_to_write()
        for system in systems.values():
            system.on_call = failing("fsync", errno.EIO, times=10_000)
        with pytest.raises(NothingStored):
            store(archive)
        for system in systems.values():
            system.on_call = lambda _name, _path: None
    with disks.open() as archive:
        archive.prepare_to_write()
        assert store(archive).state == "stored"
