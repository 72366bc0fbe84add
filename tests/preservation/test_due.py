"""What is due: each policy once in each period, whatever the clock does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preservation.due import ALWAYS, DAY, Policy, Window, earliest, is_due, period_name, window_of

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAILY = Policy("audit", DAY, ALWAYS)
moments = st.integers(0, 60 * 365 * 24 * 60).map(
    lambda minutes: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


def test_what_never_ran_is_due_at_once() -> None:
    assert is_due(DAILY, NOON, last=None, done=False)


def test_a_period_that_was_worked_on_is_not_due_again() -> None:
    assert not is_due(DAILY, NOON, last=NOON - timedelta(hours=1), done=True)
    assert earliest(DAILY, NOON, last=None, done=True) == at(0) + DAY


def test_a_new_period_right_after_a_run_waits_for_half_a_period() -> None:
    quarterly = Policy("drill", 90 * DAY, ALWAYS)
    last = NOON - 3 * DAY
    assert earliest(quarterly, NOON, last=last, done=False) == last + 45 * DAY


def test_a_run_in_the_future_counts_as_never() -> None:
    assert is_due(DAILY, NOON, last=NOON + 3650 * DAY, done=False)


@given(moments, moments)
def test_no_jump_of_the_clock_makes_anything_wait_longer_than_one_period(
    now: datetime, last: datetime
) -> None:
    wait = earliest(DAILY, now, last=last, done=True) - now
    assert timedelta() <= wait <= DAY


@settings(max_examples=30)
@given(moments, st.lists(st.integers(-3650, 3650), max_size=6))
def test_every_day_is_worked_on_once_even_when_the_clock_jumps(
    start: datetime, jumps: list[int]
) -> None:
    """A worker that looks every hour, with a clock that jumps by up to ten years."""
    done: set[str] = set()
    last: datetime | None = None
    now = start
    for jump in (0, *jumps, 0):
        now += jump * DAY
        for _hour in range(48):
            name = period_name(DAILY, now)
            if is_due(DAILY, now, last=last, done=name in done):
                assert name not in done
                done.add(name)
                last = now
            now += timedelta(hours=1)
        # Two days of hours, wherever they lie, hold at least one run or were done before.
        assert period_name(DAILY, now - DAY) in done


def test_a_window_passes_midnight() -> None:
    window = window_of("22:00-06:00")
    assert [window.is_open(at(h)) for h in (21, 22, 23, 0, 5, 6, 12)] == [
        False, True, True, True, True, False, False,
    ]  # fmt: skip
    assert window.next_open(NOON) == at(22)
    assert window.left(at(23)) == timedelta(hours=7)


def test_several_spans_are_one_window() -> None:
    window = window_of("12:00-13:30, 22:00-23:00")
    assert window.is_open(at(12, 29))
    assert window.next_open(at(14)) == at(22)
    assert window.next_open(at(23, 30)) == at(12) + DAY


def test_a_window_without_spans_never_closes() -> None:
    assert window_of("") == Window()
    assert Window().left(NOON) is None


@pytest.mark.parametrize("text", ["22-06", "24:00-01:00", "06:00-06:00", "nights"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        window_of(text)


def test_a_policy_with_a_window_is_due_only_in_it() -> None:
    nightly = Policy("audit", DAY, window_of("22:00-06:00"))
    assert earliest(nightly, NOON, last=None, done=False) == at(22)
    assert os.environ["TZ"] == "UTC"
