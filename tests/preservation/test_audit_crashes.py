"""An audit that dies goes on where it was, repeats two seconds' work at most, loses no verdict."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from kit.archives import TestBed, make_bed, store
from kit.disk_archive import make_disk_archive
from preservation import fixity
from preservation.audit_items import AuditScope, due_items
from preservation.examine import Examined, Item, examine, key_of
from preservation.fixity import audit
from repository.archive import Repository
from repository.catalogue import Catalogue
from schemas.digests import Algorithm
from storage_backends.faulty import SimulatedCrash, flipped
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

MANY = {f"{n}.txt".encode(): bytes([n]) * 9 for n in range(30)}
DUE = AuditScope()


def a_bed(folder: Path) -> TestBed:
    """An archive with one damaged file on beta."""
    bed = make_bed(folder / "archive")
    with bed.open() as archive:
        store(archive, MANY)
        (summary,) = archive.catalogue.aips()
        path = next(
            file.content_path
            for file in archive.catalogue.files(summary.aip_id)
            if file.logical_path.endswith("/7.txt")
        )
    beta = bed.backends["beta"]
    assert isinstance(beta, MemoryBackend)
    key = key_of(summary.place, summary.aip_id, path)
    beta.damage(key, flipped(MANY[b"7.txt"]))
    return bed


def due(archive: Repository) -> list[tuple[str, str]]:
    """(replica, key) of every file that is due."""
    names = [replica.name for replica in archive.replicas]
    return [(name, item.key) for name in names for item in due_items(archive, DUE, name)]


def die(archive: Repository) -> None:
    """The kernel takes a dead process's locks and connections; nothing else is tidied."""
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()


class Looks:
    """An examiner that keeps what it looked at, takes so long for each, and may die."""

    def __init__(self, seconds_each: float = 0.0, die_after: int = 0) -> None:
        self.keys: list[str] = []
        self.now_s = 0.0
        self._seconds_each = seconds_each
        self._die_after = die_after

    def monotonic(self) -> float:
        return self.now_s

    def __call__(
        self, backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for found in examine(backend, items, algorithm=algorithm):
            self.keys.append(found.item.key)
            self.now_s += self._seconds_each
            if len(self.keys) == self._die_after:
                raise SimulatedCrash
            yield found


def finish(bed: TestBed) -> None:
    """The next run looks at what is left, and the damage is on the list whoever found it."""
    with bed.open() as archive:
        left = len(due(archive))
        result = audit(archive, DUE, seed=2)
        assert result.is_trustworthy
        assert result.files == left + 2 * 6  # the files that make the roots, every time
        assert due(archive) == []
        (damage,) = archive.catalogue.damage()
        assert damage.replica == "beta"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_every_commit_loses_no_verdict_and_repeats_one_window_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(fixity, "WINDOW_FILES", 15)
    whole = Catalogue.record_checks
    crashed_at = 0
    while True:
        bed = a_bed(tmp_path / f"{crashed_at}")
        committed: list[int] = []

        def record(
            self: Catalogue,
            run_id: str,
            replica: str,
            checks: Sequence[object],
            cursor: str,
            committed: list[int] = committed,
            number: int = crashed_at,
        ) -> None:
            if when == "before" and len(committed) == number:
                raise SimulatedCrash
            whole(self, run_id, replica, checks, cursor)  # type: ignore[arg-type]  # passed on
            committed.append(len(list(checks)))
            if when == "after" and len(committed) == number + 1:
                raise SimulatedCrash

        monkeypatch.setattr(Catalogue, "record_checks", record)
        archive = bed.open()
        before = len(due(archive))
        finished = False
        with suppress(SimulatedCrash):
            audit(archive, DUE, seed=1)
            finished = True
        monkeypatch.setattr(Catalogue, "record_checks", whole)
        if finished:
            archive.close()
            break
        # What was committed is no longer due, whichever files the run began with.
        assert before - len(due(archive)) in range(sum(committed) - 2 * 6, sum(committed) + 1)
        die(archive)
        finish(bed)
        crashed_at += 1
    assert crashed_at > 5


@pytest.mark.parametrize("die_after", [7, 23, 40, 61, 88])
def test_at_most_two_seconds_of_work_are_repeated(tmp_path: Path, die_after: int) -> None:
    """Each look takes 0.3 s by an injected clock, so that two seconds are seven looks; those
    at the canaries in disguise come once more, at the end of their window."""
    bed = a_bed(tmp_path)
    archive = bed.open()
    before = set(due(archive))
    looks = Looks(0.3, die_after)
    with pytest.raises(SimulatedCrash):
        audit(archive, DUE, seed=1, examiner=looks, monotonic=looks.monotonic)
    permanent = sum(key.startswith("kho/canary/") for key in looks.keys)
    roots = sum(
        key.endswith(("config.json", "ocfl_layout.json", "0=ocfl_1.1")) for key in looks.keys
    )
    noted = len(before) - len(due(archive))
    lost = die_after - permanent - roots - noted
    assert lost <= 7 + 1 + 4 + 2, lost
    die(archive)
    finish(bed)


def test_what_is_not_intact_is_committed_in_time_as_well(tmp_path: Path) -> None:
    bed = a_bed(tmp_path)
    looks = Looks(0.3)
    committed: list[float] = []

    def watch(progress_s: Callable[[], float]) -> None:
        committed.append(progress_s())

    with bed.open() as archive:
        whole = archive.catalogue.record_checks

        def record(run_id: str, replica: str, checks: object, cursor: str) -> None:
            watch(looks.monotonic)
            whole(run_id, replica, checks, cursor)  # type: ignore[arg-type]  # passed on

        archive.catalogue.record_checks = record  # type: ignore[method-assign]  # watched
        audit(archive, DUE, seed=1, examiner=looks, monotonic=looks.monotonic)
    steps = [later - sooner for sooner, later in pairwise(committed)]
    # Between the replicas lie the permanent canaries, five looks.
    assert max(steps) <= 2.0 + 3 * 0.3 + 5 * 0.3


_CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import msgspec
from preservation import fixity
from preservation.audit_items import AuditScope
from preservation.examine import examine
from repository.archive import Repository
from repository.settings import RepositorySettings

fixity.WINDOW_FILES = 10
left = int(sys.argv[3])

def dying(backend, items, *, algorithm):
    global left
    for found in examine(backend, items, algorithm=algorithm):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        yield found

with open(sys.argv[2], "rb") as stream:
    settings = msgspec.json.decode(stream.read(), type=RepositorySettings)
with Repository.open(settings) as archive:
    fixity.audit(archive, AuditScope(), seed=5, examiner=dying)
"""


@pytest.mark.parametrize("kill_at", [9, 31, 58, 84])
def test_a_process_killed_for_real_is_gone_on_with(tmp_path: Path, kill_at: int) -> None:
    disks = make_disk_archive(tmp_path)
    with disks.open() as archive:
        store(archive, MANY)
        before = len(due(archive))
    replicas = tuple(
        msgspec.structs.replace(replica, url=disks.root(replica.name).as_uri())
        for replica in disks.bed.settings.replicas
    )
    settings = msgspec.structs.replace(disks.bed.settings, replicas=replicas)
    (tmp_path / "settings.json").write_bytes(msgspec.json.encode(settings))
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(Path(__file__).parents[1]),
         str(tmp_path / "settings.json"), str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    with Repository.open(settings) as archive:  # by the clock that the child had
        left = len(due(archive))
        # Besides the files: canaries and roots of both replicas, four canaries a window of ten
        # once more, and the window in hand.
        done = (kill_at - 2 * (5 + 6) - 14) / 1.4
        assert left <= before - done
        result = audit(archive, DUE, seed=6)
        assert result.is_trustworthy
        assert not result.found_damage
        assert result.files == left + 2 * 6
        assert due(archive) == []
