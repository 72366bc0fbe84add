"""The worker: one piece after the other, whatever befalls it; nothing is done twice or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import msgspec
import pytest

from kho.scheduler import tasks
from kho.scheduler.composing import opener_of, paced_settings, worker_of
from kho.scheduler.outcomes import Ended, Outcome
from kho.scheduler.plan import TaskKind, plan_of
from kho.scheduler.settings import ScheduleSettings
from kho.scheduler.worker import LEASE
from kit.archives import store
from kit.command_line import Shell
from kit.oracles import PROJECT
from kit.schedule import DAY, Listener, ScheduleBed, make_schedule_bed
from preservation import fixity
from preservation.audit_items import AuditScope, due_items
from preservation.examine import Examined, Item, root_items
from preservation.fixity import audit
from repository.archive import Repository
from repository.journal_files import JOURNAL
from repository.sealing import range_of
from schemas.digests import Algorithm
from schemas.moments import format_moment, parse_moment, utc_now
from schemas.nouns import Verdict
from storage_backends.faulty import flipped
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    made = make_schedule_bed(tmp_path / "archive", channels=[Listener()])
    with made.open() as archive:
        for number in range(3):
            store(archive, {b"a.txt": f"dossier {number}".encode()})
    return made


def listener(bed: ScheduleBed) -> Listener:
    (channel,) = bed.channels
    assert isinstance(channel, Listener)
    return channel


def test_a_day_of_a_whole_archive_is_good_and_nobody_is_told_of_anything(
    bed: ScheduleBed,
) -> None:
    done = bed.work_off()
    assert {policy: w.ended.outcome for policy, w in done.items()} == dict.fromkeys(
        done, Outcome.DONE
    )
    assert done["audit:alpha"].ended.result["files"] > 20
    assert done["drill"].ended.result["failed"] == 0
    assert listener(bed).heard == []
    with bed.open() as archive:
        assert [s for s in archive.catalogue.aips() if range_of(s.dossier_code)]
        assert {line.body["replica"] for line in archive.catalogue.ledger_lines(kind="drill")}
        for name in ("alpha", "beta"):
            assert archive.catalogue.coverage(name, now=format_moment(bed.clock())).never == 0
    assert bed.work_off() == {}


def test_damage_is_told_once_a_day_and_again_when_it_is_over(bed: ScheduleBed) -> None:
    bed.work_off()
    beta = bed.faulty("beta")
    key = next(i.key for i in beta.list("ocfl/") if i.key.endswith("/a.txt"))
    with beta.inner.open(key) as stream:
        whole = stream.read()
    beta.alter(key, flipped)
    bed.clock.move(91 * DAY)
    assert bed.work_off()["audit:beta"].ended.outcome is Outcome.DAMAGE
    raised = [notice for notice in listener(bed).heard if notice.kind == "damage"]
    assert [(n.state, n.count, n.replicas) for n in raised] == [("raised", 1, ("beta",))]
    beta.alter(key, lambda _damaged: whole)
    bed.clock.move(91 * DAY)
    bed.work_off()
    assert [n.state for n in listener(bed).heard if n.kind == "damage"][-1] == "recovered"
    # Nothing that a dossier says leaves the house.
    assert not [t for t in listener(bed).texts if "Hồ sơ" in t or "a.txt" in t or "H99" in t]


def test_a_broken_ledger_is_told_within_a_week_and_is_over_when_it_is_healed(
    bed: ScheduleBed,
) -> None:
    bed.work_off()
    beta = bed.faulty("beta")
    first = min(i.key for i in beta.list(JOURNAL))
    beta.alter(first, flipped)
    bed.clock.move(8 * DAY)
    assert bed.work_off()["ledger-check"].ended.outcome is Outcome.DAMAGE
    raised = [notice for notice in listener(bed).heard if notice.kind == "broken-ledger"]
    assert [(n.state, n.count, n.replicas) for n in raised] == [("raised", 1, ("beta",))]
    beta.alter(first, lambda content: content)
    bed.clock.move(8 * DAY)
    assert bed.work_off()["ledger-check"].ended.outcome is Outcome.DONE
    assert [n.state for n in listener(bed).heard if n.kind == "broken-ledger"][-1] == "recovered"


def test_a_replica_that_is_away_is_tried_again_and_told(bed: ScheduleBed) -> None:
    bed.faulty("beta").outage = True
    done = bed.work_off()
    assert done["audit:beta"].ended.outcome is Outcome.UNREACHABLE
    assert done["audit:alpha"].ended.outcome is Outcome.DONE
    assert ("unreachable-replica", "raised") in listener(bed).states()
    bed.clock.move(timedelta(minutes=4))
    assert "audit:beta" not in bed.work_off()
    bed.clock.move(timedelta(minutes=2))
    again = bed.work_off()["audit:beta"]
    assert (again.ended.outcome, again.item.attempts) == (Outcome.UNREACHABLE, 2)
    bed.faulty("beta").outage = False
    bed.clock.move(timedelta(minutes=11))
    assert bed.work_off()["audit:beta"].ended.outcome is Outcome.DONE
    assert ("unreachable-replica", "recovered") in listener(bed).states()
    assert listener(bed).states().count(("unreachable-replica", "raised")) == 1


def test_the_waits_between_tries_grow_to_six_hours_and_no_further(bed: ScheduleBed) -> None:
    bed.faulty("beta").outage = True
    task = next(each for each in plan_of(bed.settings) if each.policy.name == "audit:beta")
    assert bed.planner.enqueue(task)
    waits = []
    for _ in range(9):
        worked = bed.worker().step()
        assert worked is not None
        assert bed.worker().step() is None
        with bed.worker().catalogue() as catalogue:
            (item,) = catalogue.work_items()
        wait = parse_moment(item.not_before) - bed.clock()
        waits.append(round(wait.total_seconds() / 60))
        bed.clock.move(wait + timedelta(seconds=1))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]


def test_copies_that_are_missing_are_made_without_being_asked(bed: ScheduleBed) -> None:
    bed.work_off()
    bed.faulty("beta").outage = True
    with bed.open() as archive:
        store(archive, {b"new.txt": b"while beta was away"})
    bed.clock.move(DAY)
    bed.work_off()
    assert ("under-replicated", "raised") in listener(bed).states()
    bed.faulty("beta").outage = False
    bed.clock.move(DAY)
    assert bed.work_off()["fill"].ended.result["copied"] >= 1
    assert ("under-replicated", "recovered") in listener(bed).states()


def test_a_task_that_crashes_is_put_back_and_the_next_is_done(
    bed: ScheduleBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_doing: tasks.Doing) -> Ended:
        raise ZeroDivisionError

    monkeypatch.setitem(tasks._TASKS, TaskKind.SEAL, broken)
    done = bed.work_off()
    assert done["ledger-seal"].ended.outcome is Outcome.FAILED
    assert done["audit:alpha"].ended.outcome is Outcome.DONE
    assert ("failed-task", "raised") in listener(bed).states()
    monkeypatch.undo()
    bed.clock.move(timedelta(minutes=6))
    assert bed.work_off()["ledger-seal"].ended.outcome is Outcome.DONE
    assert ("failed-task", "recovered") in listener(bed).states()


def test_a_wrong_mount_fails_every_task_and_somebody_is_told(bed: ScheduleBed) -> None:
    beta = bed.faulty("beta").inner
    assert isinstance(beta, MemoryBackend)
    marker, _token = beta.read_head("kho/replica.json")
    beta.damage("kho/replica.json", None)
    done = bed.work_off()
    assert {w.ended.outcome for w in done.values()} == {Outcome.FAILED}
    assert {w.ended.result["code"] for w in done.values()} == {"REPLICA-EMPTY"}
    assert listener(bed).states() == [("failed-task", "raised")]
    beta.damage("kho/replica.json", marker)
    bed.clock.move(timedelta(minutes=6))
    bed.work_off()
    assert listener(bed).states() == [("failed-task", "raised"), ("failed-task", "recovered")]


def test_an_auditor_that_proves_nothing_is_told(
    bed: ScheduleBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for item in items:
            yield Examined(item, Verdict.INTACT, 1, item.expected)

    monkeypatch.setattr(tasks, "audit", partial(audit, examiner=trusting))
    assert bed.work_off()["audit:alpha"].ended.outcome is Outcome.UNTRUSTED
    told = [n for n in listener(bed).heard if n.kind == "untrusted-audit"]
    assert told[0].state == "raised"
    monkeypatch.undo()
    bed.clock.move(91 * DAY)
    bed.work_off()
    assert listener(bed).states()[-1] == ("untrusted-audit", "recovered")


def test_work_in_hand_belongs_to_one_worker_until_its_lease_ends(bed: ScheduleBed) -> None:
    bed.planner.enqueue_due()
    with bed.worker().catalogue() as catalogue:
        first = catalogue.take_work("one", now=bed.clock(), lease=LEASE)
        assert first is not None
        others = [catalogue.take_work("two", now=bed.clock(), lease=LEASE) for _ in range(20)]
        assert first.policy not in {item.policy for item in others if item}
        bed.clock.move(timedelta(minutes=4))
        assert catalogue.renew_work(first, now=bed.clock(), lease=LEASE)
        bed.clock.move(timedelta(minutes=4))
        assert catalogue.renew_work(first, now=bed.clock(), lease=LEASE)
        bed.clock.move(timedelta(minutes=6))
        taken = catalogue.take_work("two", now=bed.clock(), lease=LEASE)
        assert taken is not None
        # Whoever lost the lease can no longer say how the work ended.
        again = catalogue.work_of(first.policy, first.period)
        assert again is not None
        if again.owner == "two":
            assert not catalogue.finish_work(first, now=bed.clock(), outcome="done", result={})


def test_a_lease_that_ends_ten_years_from_now_is_nobodys(bed: ScheduleBed) -> None:
    bed.planner.enqueue_due()
    with bed.worker().catalogue() as catalogue:
        bed.clock.move(3650 * DAY)
        while catalogue.take_work("gone", now=bed.clock(), lease=LEASE):
            pass
        bed.clock.move(-3650 * DAY)
    assert len(bed.work_off()) == 12


def test_a_stopped_audit_goes_on_where_it_was(bed: ScheduleBed) -> None:
    """SIGTERM between two files: what was read is kept, the rest waits in the queue."""
    bed.planner.enqueue_due()
    looks = count()
    worker = bed.worker(stop=lambda: next(looks) >= 8)
    done = {}
    while (worked := worker.step()) is not None:
        done[worked.item.policy] = worked
        if worked.ended.outcome is Outcome.STOPPED:
            break
    stopped = done.popitem()[1]
    assert stopped.ended.outcome is Outcome.STOPPED
    seen = int(stopped.ended.result["files"])
    rest = bed.work_off(bed.worker("two"))[stopped.item.policy]
    assert rest.item.key == stopped.item.key
    assert rest.ended.outcome is Outcome.DONE
    assert seen > 0


def runs_of(bed: ScheduleBed, policy: str) -> list[Ended]:
    """One task alone, as often as it has more to do; how each run ended."""
    worker = bed.worker()
    (task,) = (task for task in worker.tasks if task.policy.name == policy)
    assert bed.planner.enqueue(task)
    return [worked.ended for worked in iter(worker.step, None)]


def test_the_first_cycle_by_sha512_is_spread_over_days(
    bed: ScheduleBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SHARE_FILES", 15)
    always = len(root_items())
    with bed.open() as archive:
        deep = AuditScope(algorithm="sha512", due_after_days=365)
        left = len(list(due_items(archive, deep, "alpha")))
    while left > 0:
        (ended,) = runs_of(bed, "audit-sha512:alpha")
        assert (ended.outcome, ended.more) == (Outcome.DONE, False)
        assert ended.result["files"] == min(left, 15) + always
        left -= 15
        bed.clock.move(DAY)
    assert [e.result["files"] for e in runs_of(bed, "audit-sha512:alpha")] == [always]


def test_a_share_that_the_hours_cut_short_is_gone_on_with(
    bed: ScheduleBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SLICE_S", 0.0)
    monkeypatch.setattr(fixity, "WINDOW_FILES", 15)
    runs = runs_of(bed, "audit-sha512:alpha")
    assert [ended.more for ended in runs] == [*[True] * (len(runs) - 1), False]
    assert len(runs) > 2


def test_an_audit_that_runs_far_beyond_its_hours_waits_for_the_next(tmp_path: Path) -> None:
    schedule = ScheduleSettings(windows={"alpha": "00:00-23:00"}, sample_files=0)
    bed = make_schedule_bed(tmp_path / "archive", schedule=schedule)
    midnight = bed.clock().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    with bed.open() as archive:
        store(archive)
    bed.clock.moment = midnight + timedelta(hours=22, minutes=50)

    def slow() -> bool:
        bed.clock.moment = max(bed.clock.moment, midnight + timedelta(hours=23, minutes=45))
        return False

    done = bed.work_off(bed.worker(stop=slow))
    assert done["audit:alpha"].ended.outcome is Outcome.STOPPED
    with bed.worker().catalogue() as catalogue:
        (item, *_) = catalogue.work_items("audit:alpha")
    assert item.not_before >= format_moment(midnight + DAY)
    assert item.not_before < format_moment(midnight + DAY + timedelta(minutes=1))


CHILD = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from kho.config import load
from kho.scheduler.composing import planner_of, worker_of
from storage_backends.filesystem import FilesystemBackend

calls, at = 0, int(sys.argv[2])
opened = FilesystemBackend.open

def counting(self, *given, **named):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return opened(self, *given, **named)

FilesystemBackend.open = counting
settings = load(Path(sys.argv[1]) / "kho.toml")
planner_of(settings).enqueue_due()
worker = worker_of(settings, {})
while worker.step() is not None:
    pass
print(calls)
"""


@pytest.mark.parametrize("kill_at", [9, 60])
def test_a_scheduler_killed_in_the_middle_of_a_job_is_taken_over_and_nothing_is_doubled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kill_at: int
) -> None:
    shell = Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})
    replicas = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")
    assert shell("init", ".", *replicas, "--accept-shared-failure-domain").code == 0
    settings = shell.settings()
    with Repository.open(settings.repository) as archive:
        store(archive, {f"{n}.txt".encode(): str(n).encode() for n in range(30)})
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path, str(kill_at)],
        env={"PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with opener_of(settings)() as catalogue:
        (held,) = [item for item in catalogue.work_items() if item.state == "running"]
    now = [w.item.policy for w in iter(worker_of(settings, {}).step, None)]
    assert held.policy not in now
    later = worker_of(settings, {}, now=lambda: utc_now() + timedelta(minutes=6))
    (taken,) = [w for w in iter(later.step, None) if w.item.policy == held.policy]
    assert (taken.item.key, taken.item.attempts) == (held.key, 2)
    assert taken.ended.outcome is Outcome.DONE
    with Repository.open(settings.repository) as archive:
        ranges = [range_of(s.dossier_code) for s in archive.catalogue.aips()]
        firsts = [lines[0] for lines in ranges if lines]
        assert len(firsts) == len(set(firsts)) >= 1
        assert len(list(archive.catalogue.ledger_lines(kind="drill"))) == 1
        items = archive.catalogue.work_items(limit=500)
        assert {item.state for item in items} == {"done"}
        assert len({(item.policy, item.period) for item in items}) == len(items)
    assert shell("audit", "--all").code == 0


def test_the_schedules_rate_is_that_of_replicas_without_their_own(tmp_path: Path) -> None:
    bed = make_schedule_bed(tmp_path / "archive", schedule=ScheduleSettings(bytes_per_s=1000))
    own = msgspec.structs.replace(bed.settings.repository.replicas[0], options={"bytes_per_s": 7})
    archive = msgspec.structs.replace(
        bed.settings.repository, replicas=(own, bed.settings.repository.replicas[1])
    )
    paced = paced_settings(msgspec.structs.replace(bed.settings, repository=archive))
    assert [r.options["bytes_per_s"] for r in paced.replicas] == [7, 1000]
