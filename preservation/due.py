"""When what is due: periods, gaps and windows, as pure functions of a moment.

Time is cut into periods that begin at fixed moments, so that nothing drifts and a period that
was worked on is known by its name. A clock that jumps forward makes each policy due once, not
once for every period that it skipped; one that jumps back makes nothing wait for a future
that has already been.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_DAY_MINUTES = 24 * 60
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Policy:
    """Something to be done once in each period; ``window`` says at which hours."""

    name: str
    period: timedelta
    window: Window


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day, in the machine's own time, in which work may run.

    ``spans`` are minutes after midnight; one that ends before it begins passes midnight.
    Without spans it is always open.
    """

    spans: tuple[tuple[int, int], ...] = ()

    def is_open(self, now: datetime) -> bool:
        """Whether work may run at this moment."""
        return not self.spans or self._left_minutes(now) > 0

    def left(self, now: datetime) -> timedelta | None:
        """How long the window stays open; None when it never closes."""
        if not self.spans:
            return None
        return timedelta(minutes=self._left_minutes(now))

    def next_open(self, now: datetime) -> datetime:
        """The first moment from ``now`` on, to the minute, at which the window is open."""
        if self.is_open(now):
            return now
        minute = _minute(now)
        wait = min((begin - minute) % _DAY_MINUTES for begin, _end in self.spans)
        return now.replace(second=0, microsecond=0) + timedelta(minutes=wait)

    def _left_minutes(self, now: datetime) -> int:
        minute = _minute(now)
        left = [
            (end - minute) % _DAY_MINUTES
            for begin, end in self.spans
            if (minute - begin) % _DAY_MINUTES < (end - begin) % _DAY_MINUTES
        ]
        return max(left, default=0)


ALWAYS = Window()


def window_of(text: str) -> Window:
    """The window that a text such as ``22:00-06:00, 12:00-13:30`` names; empty: always.

    ValueError for anything else, and for a span without length.
    """
    spans = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        found = _WINDOW.fullmatch(part)
        if found is None:
            raise ValueError(part)
        begin, end = (int(found[i]) * 60 + int(found[i + 1]) for i in (1, 3))
        if begin == end:
            raise ValueError(part)
        spans.append((begin, end))
    return Window(tuple(spans))


def period_start(policy: Policy, now: datetime) -> datetime:
    """The beginning of the period in which ``now`` lies."""
    return EPOCH + (now - EPOCH) // policy.period * policy.period


def period_name(policy: Policy, now: datetime) -> str:
    """The name of the period in which ``now`` lies: its beginning."""
    return period_start(policy, now).strftime("%Y-%m-%dT%H:%MZ")


def earliest(policy: Policy, now: datetime, *, last: datetime | None, done: bool) -> datetime:
    """The first moment from ``now`` on at which the policy is due.

    ``last`` is when it last ran; a moment in the future (somebody's clock was wrong) counts
    as never. ``done``: the present period was worked on already. Two runs are at least half a
    period apart, so that a period that begins right after a run does not bring another.
    """
    start = period_start(policy, now)
    begin = start + policy.period if done else now
    if last is not None and last <= now:
        begin = max(begin, last + policy.period / 2)
    return policy.window.next_open(begin)


def is_due(policy: Policy, now: datetime, *, last: datetime | None, done: bool) -> bool:
    """Whether the policy is due at this very moment."""
    return earliest(policy, now, last=last, done=done) <= now


def _minute(now: datetime) -> int:
    local = now.astimezone()
    return local.hour * 60 + local.minute
