"""What is due is enqueued once: after downtime, in its hours, whatever the clock does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kho.scheduler.plan import plan_of
from kho.scheduler.settings import ScheduleSettings, cycles_of
from kit.archives import store
from kit.schedule import DAY, NOON, HandClock, ScheduleBed, make_schedule_bed
from preservation.audit_items import AuditScope, due_items

EVERY_TASK = {
    "ledger-seal", "check", "fill", "sample:alpha", "sample:beta", "audit:alpha", "audit:beta",
    "audit-sha512:alpha", "audit-sha512:beta", "drill", "audit-signatures", "ledger-check",
}  # fmt: skip
NOT_DAILY = {"drill", "audit-signatures", "ledger-check"}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    return make_schedule_bed(tmp_path / "archive")


def finish_all(bed: ScheduleBed) -> list[str]:
    """Everything in the queue is done by somebody very fast."""
    done = []
    with bed.worker().catalogue() as catalogue:
        while item := catalogue.take_work("x", now=bed.clock(), lease=timedelta(minutes=5)):
            catalogue.finish_work(item, now=bed.clock(), outcome="done", result={})
            done.append(item.policy)
    return done


def test_at_the_first_start_every_task_is_due_once(bed: ScheduleBed) -> None:
    assert set(bed.planner.enqueue_due()) == EVERY_TASK
    assert bed.planner.enqueue_due() == []
    assert sorted(finish_all(bed)) == sorted(EVERY_TASK)
    assert bed.planner.enqueue_due() == []


def test_after_forty_days_without_power_everything_is_due_exactly_once(bed: ScheduleBed) -> None:
    bed.planner.enqueue_due()
    finish_all(bed)
    bed.clock.move(40 * DAY)
    assert set(bed.planner.enqueue_due()) == EVERY_TASK - {"drill"}
    assert len(finish_all(bed)) == len(EVERY_TASK) - 1
    assert bed.planner.enqueue_due() == []


def test_work_that_still_waits_is_not_enqueued_a_second_time(bed: ScheduleBed) -> None:
    bed.planner.enqueue_due()
    bed.clock.move(3 * DAY)
    assert bed.planner.enqueue_due() == []
    assert len(finish_all(bed)) == len(EVERY_TASK)


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_ten_years_off_makes_each_task_due_once_and_skips_none(
    bed: ScheduleBed, years: int
) -> None:
    bed.planner.enqueue_due()
    finish_all(bed)
    bed.clock.move(years * 365 * DAY)
    assert set(bed.planner.enqueue_due()) == EVERY_TASK
    finish_all(bed)
    bed.clock.move(-years * 365 * DAY)
    assert bed.planner.enqueue_due() == []
    bed.clock.move(DAY)
    assert set(bed.planner.enqueue_due()) == EVERY_TASK - NOT_DAILY
    finish_all(bed)
    bed.clock.move(90 * DAY)
    assert set(bed.planner.enqueue_due()) == EVERY_TASK


def test_a_week_of_hours_runs_each_daily_task_once_a_day(bed: ScheduleBed) -> None:
    runs: dict[str, int] = {}
    for _ in range(7 * 8):
        bed.planner.enqueue_due()
        for policy in finish_all(bed):
            runs[policy] = runs.get(policy, 0) + 1
        bed.clock.move(timedelta(hours=3))
    assert runs["audit:alpha"] in (7, 8)
    assert runs["ledger-seal"] in (7, 8)
    assert runs["check"] in range(27, 30)
    assert runs["drill"] == 1
    assert runs["audit-signatures"] in (1, 2)


def test_a_clock_ten_years_ahead_leaves_no_file_unread_when_it_is_right_again(
    bed: ScheduleBed,
) -> None:
    with bed.open() as archive:
        store(archive)
    bed.clock.move(3650 * DAY)
    bed.work_off()
    bed.clock.move(-3650 * DAY)
    with bed.open() as archive:
        # What was "read in the future" was never read.
        assert len(list(due_items(archive, AuditScope(), "alpha"))) > 10
    bed.clock.move(DAY)
    bed.work_off()
    with bed.open() as archive:
        assert not list(due_items(archive, AuditScope(), "alpha"))


def test_audits_keep_to_the_hours_of_their_replica(tmp_path: Path) -> None:
    schedule = ScheduleSettings(window="22:00-06:00", windows={"beta": "11:00-13:00"})
    bed = make_schedule_bed(tmp_path / "archive", schedule=schedule)
    assert set(bed.planner.enqueue_due()) == {
        "ledger-seal", "check", "sample:beta", "audit:beta", "audit-sha512:beta",
    }  # fmt: skip
    finish_all(bed)
    waiting = {s.task.policy.name: s.next for s in bed.planner.standings()}
    assert waiting["audit:alpha"] == NOON.replace(hour=22)
    bed.clock.moment = NOON.replace(hour=22, minute=30)
    assert {"sample:alpha", "audit:alpha", "drill", "fill"} <= set(bed.planner.enqueue_due())


def test_presets_and_single_settings(tmp_path: Path) -> None:
    assert cycles_of(ScheduleSettings()).audit == 90
    stretched = cycles_of(ScheduleSettings(preset="three-years", drill_days=30))
    assert (stretched.audit, stretched.sha512, stretched.drill) == (1095, 1095, 30)
    schedule = ScheduleSettings(sample_files=0, signatures_days=0, metrics_file="kho.prom")
    bed = make_schedule_bed(tmp_path / "archive", schedule=schedule)
    kinds = {task.policy.name.partition(":")[0] for task in plan_of(bed.settings)}
    assert not kinds & {"sample", "audit-signatures"}
    assert "metrics" in kinds


def test_the_clock_of_the_bed_stands_still() -> None:
    clock = HandClock()
    assert clock() - clock() < timedelta()
