"""Due dates (*thời hạn*): by when a held submission must be decided.

Circular 05/2025, article 24 as digested in the project's reference: the decision about a package
falls within sixty days of its reception. Days are counted by the calendar of the archive's
place, from the day after reception; the last day is over when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from schemas.moments import parse_moment


@dataclass(frozen=True, slots=True)
class Due:
    """``days_left`` is 0 on the last day and negative afterwards."""

    day: date
    age_days: int
    days_left: int

    @property
    def overdue(self) -> bool:
        """Whether the last day is over."""
        return self.days_left < 0


def due_of(received: str, *, days: int, now: datetime, zone: tzinfo | None = None) -> Due:
    """When what was ``received`` (RFC 3339) must be decided, seen from ``now``.

    ``zone`` None is the machine's own.
    """
    came = parse_moment(received).astimezone(zone).date()
    today = now.astimezone(zone).date()
    last = came + timedelta(days=days)
    return Due(last, (today - came).days, (last - today).days)
