"""What came of a piece of work, for the queue, for notifications and for the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kho.notify.notices import Trouble


class Outcome(StrEnum):
    """How a piece of work ended. The first two are good; all but ``failed`` are results."""

    DONE = "done"
    MORE = "more"
    """As far as hours and slices allow; the rest waits in the queue."""
    DAMAGE = "damage"
    UNTRUSTED = "untrusted"
    STOPPED = "stopped"
    """Somebody asked it to stop; the rest waits in the queue."""
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ended:
    """The outcome, figures for the queue's row, and what notifications are told.

    ``more``: something of the same work is left and could be done now.
    """

    outcome: Outcome
    result: Mapping[str, Any] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    more: bool = False
    ledger_head: str = ""

    @property
    def retried(self) -> bool:
        """Whether the work is tried again after a while."""
        return self.outcome in (Outcome.UNREACHABLE, Outcome.FAILED)
