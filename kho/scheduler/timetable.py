"""The timetable: APScheduler, told by the plan; its jobs enqueue and do nothing else.

The jobs are in memory, made anew from the settings at each start: nothing is pickled, and no
second process can run them twice. A trigger never looks further ahead than ``MOST`` and never
asks for what is past, so that a clock that jumps forward makes no job fire a thousand times;
one that jumps back is noticed (:meth:`Timetable.look_at_clock`) and the timetable made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from kho.scheduler.plan import Task
from kho.scheduler.planner import Planner
from schemas.errors import KhoError
from schemas.moments import Clock

LEAST = timedelta(minutes=1)
MOST = timedelta(minutes=15)
JUMP = timedelta(minutes=2)

_log = logging.getLogger(__name__)


class DueTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires when the task is due, and looks again between a minute and a quarter of an hour."""

    def __init__(self, task: Task, planner: Planner) -> None:
        self._task = task
        self._planner = planner

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """A moment after ``now``, whatever was before."""
        try:
            due = next(s.next for s in self._planner.standings_of([self._task]))
        except KhoError as error:
            _log.warning("timetable: %s", error)
            due = now
        return min(max(due, now + LEAST), now + MOST)


class Timetable:
    """One APScheduler with a job for each task of the plan."""

    def __init__(
        self,
        planner: Planner,
        wake: Callable[[], None],
        *,
        now: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._wake = wake
        self._now = now
        self._monotonic = monotonic
        self._seen = now(), monotonic()
        self.scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
            daemon=True,
        )
        self._fill()

    def start(self) -> None:
        """Jobs fire from now on, in a thread of the timetable's own."""
        self.scheduler.start()

    def stop(self) -> None:
        """No job fires any more."""
        if self.scheduler.running:
            self.scheduler.shutdown(wait=True)

    def look_at_clock(self) -> bool:
        """Whether the calendar clock jumped since the last look; the timetable is then new."""
        moment, reading = self._now(), self._monotonic()
        before, reading_before = self._seen
        self._seen = moment, reading
        passed = timedelta(seconds=reading - reading_before)
        if abs((moment - before) - passed) < JUMP:
            return False
        _log.warning("the clock jumped from %s to %s", before.isoformat(), moment.isoformat())
        self.scheduler.remove_all_jobs()
        self._fill()
        return True

    def _fill(self) -> None:
        for task in self._planner.tasks:
            self.scheduler.add_job(
                self._enqueue,
                DueTrigger(task, self._planner),
                args=(task,),
                id=task.policy.name,
                next_run_time=self._now(),
            )

    def _enqueue(self, task: Task) -> None:
        try:
            if self._planner.enqueue(task):
                self._wake()
        except KhoError as error:
            _log.warning("enqueue=%s: %s", task.policy.name, error)
