"""The planner: compares what is due with the last runs, and enqueues; it never works itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from kho.scheduler.plan import Task
from preservation.due import earliest, is_due, period_name
from repository.catalogue import Catalogue, WorkItem
from schemas.moments import Clock, parse_moment

OpenCatalogue = Callable[[], AbstractContextManager[Catalogue]]
"""Opens the archive's catalogue; it may be rebuilt between two openings."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one task stands: its open work, its last finished work, and when it is next due."""

    task: Task
    open: WorkItem | None
    last: WorkItem | None
    next: datetime

    @property
    def is_open(self) -> bool:
        """Whether its work waits or runs, so that nothing more is enqueued."""
        return self.open is not None


@dataclass(frozen=True, slots=True)
class Planner:
    """Knows the tasks; looks into the catalogue anew each time."""

    tasks: Sequence[Task]
    catalogue: OpenCatalogue
    now: Clock

    def enqueue_due(self) -> list[str]:
        """The names of the policies whose work is new in the queue: what is due now, once for
        each policy however many periods were missed."""
        with self.catalogue() as catalogue:
            return [task.policy.name for task in self.tasks if self._enqueue(catalogue, task)]

    def enqueue(self, task: Task) -> bool:
        """The task's work is in the queue if it is due; whether it was not before."""
        with self.catalogue() as catalogue:
            return self._enqueue(catalogue, task)

    def _enqueue(self, catalogue: Catalogue, task: Task) -> bool:
        now = self.now()
        standing = self._standing(catalogue, task, now)
        if standing.is_open or standing.next > now:
            return False
        name = period_name(task.policy, now)
        seed = secrets.token_hex(8)
        return catalogue.enqueue(task.policy.name, name, now=now, seed=seed)

    def standings(self) -> list[Standing]:
        """How every task stands now."""
        return self.standings_of(self.tasks)

    def standings_of(self, tasks: Sequence[Task]) -> list[Standing]:
        """How these tasks stand now."""
        now = self.now()
        with self.catalogue() as catalogue:
            return [self._standing(catalogue, task, now) for task in tasks]

    def _standing(self, catalogue: Catalogue, task: Task, now: datetime) -> Standing:
        newest = catalogue.work_items(task.policy.name, limit=8)
        opened = next((item for item in newest if item.state != "done"), None)
        last = next((item for item in newest if item.state == "done"), None)
        done = catalogue.work_of(task.policy.name, period_name(task.policy, now)) is not None
        ran = parse_moment(last.finished) if last is not None else None
        due = is_due(task.policy, now, last=ran, done=done)
        return Standing(
            task, opened, last, now if due else earliest(task.policy, now, last=ran, done=done)
        )
