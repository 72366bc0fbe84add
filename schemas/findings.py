"""Findings: coded observations about a submission, a file or a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs.

    ``error`` holds a submission; ``reject`` (unsafe or unreadable container) refuses it.
    """

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    REJECT = "reject"

    @property
    def rank(self) -> int:
        """0 for info … 3 for reject."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation: a stable code, its weight, its place, and what fills its text.

    ``code`` selects the text in both languages (``schemas.text.say``); a standard's codes
    keep their ids (``OCFL-E092``, ``CSIP66``, ``TT05-068``). ``where`` is a path or
    identifier inside what was examined, ``""`` for the whole.
    """

    code: str
    severity: Severity
    where: str = ""
    fields: Mapping[str, str | int] = field(default_factory=dict)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The heaviest severity among the findings; None when there are none."""
    return max((f.severity for f in findings), key=lambda s: s.rank, default=None)
