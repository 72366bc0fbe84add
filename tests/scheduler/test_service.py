"""The process: one at a time, heard by its service manager, ended between two files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from kho.config import load
from kho.scheduler.composing import opener_of
from kho.scheduler.service import HEARTBEAT, STALLED_S, Service, WorkerDied, scheduler_lock
from kho.scheduler.service_manager import tell_manager, watchdog_s
from kho.scheduler.timetable import LEAST, MOST, DueTrigger, Timetable
from kit.command_line import Shell
from kit.oracles import PROJECT
from kit.schedule import DAY, ScheduleBed, make_schedule_bed
from repository.catalogue import NoticeState
from repository.locks import RepositoryLocked


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    return make_schedule_bed(tmp_path / "archive")


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """A service manager's socket; its path must be short."""
    with (
        tempfile.TemporaryDirectory(prefix="kho-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound,
    ):
        bound.bind(f"{folder}/notify")
        bound.settimeout(60)
        yield bound


def service_of(bed: ScheduleBed, environment: dict[str, str]) -> Service:
    return Service(
        root=Path(bed.settings.repository.root),
        planner=bed.planner,
        worker=bed.worker(),
        environment=environment,
        now=bed.clock,
        stopping=threading.Event(),
        monotonic=lambda: 0.0,
    )


def timetable_of(bed: ScheduleBed, readings: list[float] | None = None) -> Timetable:
    told = iter(readings or [0.0] * 10)
    return Timetable(bed.planner, lambda: None, now=bed.clock, monotonic=told.__next__)


def test_every_task_has_one_job_that_coalesces_and_runs_once_at_a_time(bed: ScheduleBed) -> None:
    timetable = timetable_of(bed)
    timetable.scheduler.start(paused=True)
    jobs = timetable.scheduler.get_jobs()
    assert [job.id for job in jobs] == [task.policy.name for task in bed.planner.tasks]
    assert {(job.coalesce, job.max_instances, job.misfire_grace_time) for job in jobs} == {
        (True, 1, None)
    }
    for job in jobs:
        job.func(*job.args)
        job.func(*job.args)
    timetable.stop()
    with bed.worker().catalogue() as catalogue:
        assert len(catalogue.work_items(limit=500)) == len(jobs)


def test_a_job_looks_again_soon_and_never_at_what_is_past(bed: ScheduleBed) -> None:
    trigger = DueTrigger(bed.planner.tasks[0], bed.planner)
    now = bed.clock()
    years_ago = now - 3650 * DAY
    for before in (None, years_ago, now + 3650 * DAY):
        assert trigger.get_next_fire_time(before, now) == now + LEAST
    bed.work_off()
    assert trigger.get_next_fire_time(None, now) == now + MOST


@pytest.mark.parametrize("years", [10, -10])
def test_a_jump_of_the_clock_makes_the_timetable_anew(bed: ScheduleBed, years: int) -> None:
    timetable = timetable_of(bed, [0.0, 60.0, 120.0, 180.0])
    timetable.scheduler.start(paused=True)
    bed.clock.move(timedelta(minutes=1))
    assert not timetable.look_at_clock()
    bed.clock.move(timedelta(minutes=1, days=365 * years))
    assert timetable.look_at_clock()
    jobs = timetable.scheduler.get_jobs()
    assert len(jobs) == len(bed.planner.tasks)
    assert all(abs(job.next_run_time - bed.clock()) < timedelta(minutes=1) for job in jobs)
    bed.clock.move(timedelta(minutes=1))
    assert not timetable.look_at_clock()
    timetable.stop()


def test_a_service_manager_hears_that_the_process_is_ready_lives_and_ends(
    bed: ScheduleBed, manager: socket.socket
) -> None:
    service = service_of(bed, {"NOTIFY_SOCKET": manager.getsockname()})
    running = threading.Thread(target=service.run)
    running.start()
    heard = [manager.recv(100), manager.recv(100)]
    service.stopping.set()
    running.join()
    heard.append(manager.recv(100))
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
    said = json.loads((service.root / HEARTBEAT).read_text())
    assert said["doing"] == "ended"
    assert said["pid"] == os.getpid()


def test_a_process_whose_work_does_not_move_is_not_called_alive(
    bed: ScheduleBed, manager: socket.socket
) -> None:
    service = service_of(bed, {"NOTIFY_SOCKET": manager.getsockname()})
    bed.planner.enqueue_due()
    with bed.worker().catalogue() as catalogue:
        service.worker.in_hand = catalogue.take_work("x", now=bed.clock(), lease=DAY)
    service.monotonic = lambda: STALLED_S + 1
    manager.settimeout(0)
    service.beat(threading.current_thread())
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    service.beats.advance(files=1)
    service.beats.moved_s = STALLED_S
    service.beat(threading.current_thread())
    assert manager.recv(100) == b"WATCHDOG=1"
    assert json.loads((service.root / HEARTBEAT).read_text())["doing"] == "ledger-seal"


def test_a_worker_that_died_ends_the_process(bed: ScheduleBed) -> None:
    with pytest.raises(WorkerDied):
        service_of(bed, {}).beat(threading.Thread())


def test_without_a_service_manager_nobody_is_told() -> None:
    assert not tell_manager({}, "READY=1")
    assert not tell_manager({"NOTIFY_SOCKET": "/nowhere/at/all"}, "READY=1")
    assert watchdog_s({}) is None
    assert watchdog_s({"WATCHDOG_USEC": "30000000"}) == 15


def test_there_is_one_scheduler_for_an_archive(bed: ScheduleBed) -> None:
    service = service_of(bed, {})
    with scheduler_lock(service.root), pytest.raises(RepositoryLocked):
        service.run()


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    made = Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})
    replicas = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")
    assert made("init", ".", *replicas, "--accept-shared-failure-domain").code == 0
    return made


def test_the_real_process_starts_once_and_ends_at_sigterm(
    shell: Shell, manager: socket.socket
) -> None:
    environment = {
        "PYTHONPATH": str(PROJECT),
        "PATH": os.environ["PATH"],
        "HOME": str(shell.here),
        "NOTIFY_SOCKET": manager.getsockname(),
        "LANG": "en_GB.UTF-8",
    }
    command = [sys.executable, "-c", "import sys; from kho.cli import main; sys.exit(main())"]
    process = subprocess.Popen(
        [*command, "schedule", "run"],
        cwd=shell.here,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert manager.recv(100) == b"READY=1"
        second = shell("schedule", "run", "--once")
        assert second.code == 11
        assert "scheduler.lock" in second.err
        assert msgspec.json.decode(shell("schedule", "show", "--json").out)["running"] is True
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "due at start: ledger-seal" in err


def test_what_is_due_is_done_once_and_shown(shell: Shell) -> None:
    ran = shell("schedule", "run", "--once", "--json")
    assert ran.code == 0
    work = msgspec.json.decode(ran.out)["work"]
    assert {one["outcome"] for one in work} == {"done"}
    assert len(work) == 12
    assert msgspec.json.decode(shell("schedule", "run", "--once", "--json").out) == {"work": []}
    shown = msgspec.json.decode(shell("schedule", "show", "--json").out)
    assert (shown["running"], shown["backlog"]) == (False, 0)
    assert {one["state"] for one in shown["policies"]} == {"later"}
    told = shell("schedule", "show").out
    assert "audit-sha512:beta\tlater" in told
    assert "not running" in told


def test_a_channel_that_fails_is_told_once_and_only_while_it_is_configured(shell: Shell) -> None:
    with (shell.here / "kho.toml").open("a") as stated:
        stated.write('\n[[notify.command]]\nargv = ["/bin/false"]\n')
    with opener_of(load(shell.here / "kho.toml"))() as catalogue:
        for kind, channel in [
            ("damage", "command-1"),
            ("failed-drill", "command-1"),
            ("damage", "smtp-1"),
        ]:
            catalogue.keep_notice_state(NoticeState(kind=kind, channel=channel, error="exit 1"))
    told = shell("schedule", "show").out
    assert told.count("command-1 fails: exit 1") == 1
    assert "smtp-1" not in told
    assert "smtp-1" not in shell("schedule", "show", "--json").out


def test_damage_that_the_schedule_finds_is_its_exit_code(shell: Shell) -> None:
    shell("schedule", "run", "--once")
    layout = shell.here / "a" / "ocfl" / "ocfl_layout.json"
    layout.chmod(0o600)
    layout.write_bytes(b"{}")
    with (shell.here / "kho.toml").open("a") as settings:
        settings.write('\n[schedule]\npreset = "yearly"\n')
    import sqlite3

    with sqlite3.connect(shell.here / "catalogue.sqlite") as catalogue:
        catalogue.execute("DELETE FROM work")
    catalogue.close()
    ran = shell("schedule", "run", "--once")
    assert ran.code == 3
    assert "audit:alpha: DAMAGE FOUND" in ran.out
