"""Dates as archivists write them: a day, a month or a year, in the circular's form or ISO."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from enum import Enum, auto

_FULL = re.compile(r"(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})")
_PART = re.compile(r"(?:(?P<month>\d\d)/)?(?P<year>\d{4})")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?(?:T.*)?", re.DOTALL)


class DateForm(Enum):
    """How a date was written: to the day, to month or year, or as ISO 8601."""

    FULL = auto()
    PART = auto()
    ISO = auto()


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written; 0 for a month or day that was left out."""

    form: DateForm
    year: int
    month: int
    day: int

    @property
    def exists(self) -> bool:
        """Whether the calendar has it."""
        if self.year == 0 or self.month > 12 or (self.day and not self.month):
            return False
        if not self.month:
            return True
        return self.day <= calendar.monthrange(self.year, self.month)[1]

    @property
    def first(self) -> tuple[int, int, int]:
        """The first day it may mean, for comparing."""
        return self.year, self.month or 1, self.day or 1

    @property
    def last(self) -> tuple[int, int, int]:
        """The last day it may mean, for comparing."""
        return self.year, self.month or 12, self.day or 31


def read_date(text: str) -> Written | None:
    """What the text says; None when it is in none of the forms. A month or day ``00`` does
    not exist."""
    for form, pattern in (
        (DateForm.FULL, _FULL),
        (DateForm.PART, _PART),
        (DateForm.ISO, _ISO),
    ):
        match = pattern.fullmatch(text)
        if match is not None and match[0].isascii():
            parts = match.groupdict()
            month, day = parts.get("month"), parts.get("day")
            return Written(form, int(parts["year"]), _number(month), _number(day))
    return None


def _number(text: str | None) -> int:
    """0 for what was left out, 99 for ``00``."""
    return 0 if text is None else int(text) or 99
