"""How far the bytes are proved: shares by day, the rate, and the day when all is read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kho.reports.fixity import (
    ReplicaFixity,
    coverage_by_day,
    files_per_day,
    fixity_report,
    fixity_sheet,
    forecast_day,
)
from kho.scheduler.settings import ScheduleSettings
from kit.archives import START, TestBed, make_bed, store
from preservation.audit_items import AuditScope
from preservation.fixity import audit
from repository.archive import Repository
from repository.catalogue import AuditRun
from schemas.moments import format_moment
from storage_backends.memory import MemoryBackend

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


def run(days_ago: float, files: int, **other: Any) -> AuditRun:
    """A whole run over so many files that was started so many days before ``NOW``."""
    started = format_moment(NOW - timedelta(days=days_ago))
    given: dict[str, Any] = {
        "run_id": f"run-{days_ago}",
        "replica": "alpha",
        "started": started,
        "finished": started,
        "cursor": "",
        "complete": True,
        "summary": {"files": files},
    }
    return AuditRun(**{**given, **other})


def shares(*runs: AuditRun, files: int = 100, cycle_days: int = 10) -> list[float]:
    return [share for _day, share in coverage_by_day(runs, files, cycle_days)]


def test_a_replica_that_nobody_audited_has_no_coverage() -> None:
    assert shares() == []


def test_each_day_with_a_run_is_told_once_oldest_first() -> None:
    runs = (run(0, 10), run(0.1, 10), run(2, 30))
    assert list(coverage_by_day(runs, 100, 10)) == [("2026-06-28", 0.3), ("2026-06-30", 0.5)]


def test_what_was_read_before_the_cycle_counts_no_more() -> None:
    assert shares(run(10, 40), run(0, 20)) == [0.4, 0.2], "ten days ago is outside of ten days"
    assert shares(run(9, 40), run(0, 20)) == [0.4, 0.6]


def test_a_share_is_never_more_than_everything() -> None:
    assert shares(run(1, 100), run(0, 100)) == [1.0, 1.0]


def test_a_run_over_a_replica_without_files_covers_nothing() -> None:
    assert shares(run(0, 0), files=0) == [0.0]


def test_a_run_that_was_cut_short_counts_as_far_as_it_came() -> None:
    assert shares(run(0, 25, complete=False, finished="")) == [0.25]
    assert shares(run(0, 0, summary={})) == [0.0]


def test_the_rate_is_what_was_read_since_the_first_run_of_the_last_days() -> None:
    assert files_per_day([run(10, 50), run(5, 50)], NOW) == 10.0
    assert files_per_day([run(31, 10_000), run(10, 100)], NOW) == 10.0, "older runs say nothing"


def test_runs_of_one_hour_are_the_work_of_a_day() -> None:
    assert files_per_day([run(0.04, 500)], NOW) == 500.0


def test_runs_that_ended_nowhere_and_runs_of_the_future_make_no_rate() -> None:
    assert files_per_day([run(3, 500, finished="")], NOW) == 0.0
    assert files_per_day([run(-3, 500)], NOW) == 0.0
    assert files_per_day([], NOW) == 0.0


def test_the_forecast_is_the_day_when_all_files_were_read_at_that_rate() -> None:
    assert forecast_day(NOW, 100, 10.0) == "2026-07-10"
    assert forecast_day(NOW, 5, 10.0) == "2026-07-01", "half a day after noon is midnight"


@pytest.mark.parametrize(("files", "rate"), [(0, 10.0), (100, 0.0), (10**9, 1.0)])
def test_there_is_no_forecast_without_files_without_a_rate_or_beyond_a_century(
    files: int, rate: float
) -> None:
    assert forecast_day(NOW, files, rate) == ""


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path)


def of_alpha(archive: Repository) -> ReplicaFixity:
    return fixity_report(archive, ScheduleSettings()).replicas[0]


def test_a_replica_without_files_is_neither_covered_nor_missing_anything(bed: TestBed) -> None:
    with bed.open() as archive:
        audit(archive, AuditScope(), seed=1)
        report = fixity_report(archive, ScheduleSettings())
        row = report.replicas[0]
    assert (row.files, row.never, row.intact, row.overdue) == (0, 0, 0, 0)
    assert (row.oldest, row.forecast) == ("", "")
    assert {share for _day, share in row.coverage} <= {0.0}
    notes = fixity_sheet(report, "en").notes
    assert not any("read in the last" in note or "never" in note for note in notes), notes


def test_nothing_verified_yet_is_told_as_such(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        row = of_alpha(archive)
    assert row.never == row.files > 0
    assert (row.intact, row.oldest, row.forecast, row.files_per_day) == (0, "", "", 0.0)


def test_everything_verified_covers_all_and_says_when_it_will_again(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        audit(archive, AuditScope(everything=True), seed=1)
        row = of_alpha(archive)
    assert (row.never, row.intact) == (0, row.files)
    assert [share for _day, share in row.coverage] == [1.0]
    assert row.oldest.startswith(f"{START:%Y-%m-%d}")
    assert row.forecast >= f"{START:%Y-%m-%d}"


def test_damaged_files_are_read_but_not_intact(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        alpha = bed.backends["alpha"]
        assert isinstance(alpha, MemoryBackend)
        (key,) = (each.key for each in alpha.list("ocfl/") if each.key.endswith("/phu-luc/a.txt"))
        alpha.damage(key, b"khac han")
        audit(archive, AuditScope(everything=True), seed=1)
        row = of_alpha(archive)
    assert (row.altered, row.intact, row.never) == (1, row.files - 1, 0)
    assert (row.damage_open, row.damage_ever) == (1, 1)
    assert row.coverage[-1][1] == 1.0, "the share says what was read, not what was whole"
