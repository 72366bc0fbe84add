"""The worker: takes one piece of work at a time, does it, and says what came of it.

Its lease is renewed while it works. A worker that was killed leaves a lease that ends; whoever
comes next takes the work up again, and every task is safe to repeat.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kho.notify.notices import Kind, Trouble
from kho.notify.notifier import Notifier
from kho.scheduler.outcomes import Ended, Outcome
from kho.scheduler.plan import Task
from kho.scheduler.planner import OpenCatalogue
from kho.scheduler.tasks import Doing, do
from kho.settings import Settings
from preservation.drill import ReplicaAway
from repository.archive import Repository
from repository.catalogue import WorkItem
from schemas.errors import KhoError
from schemas.events import Agent
from schemas.moments import Clock
from schemas.progress import NoProgress, Progress
from storage_backends.interface import AccessDenied, BackendUnavailable

LEASE = timedelta(minutes=5)
RENEW_S = 60.0
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worked:
    """One piece of work that was done, and what came of it."""

    item: WorkItem
    ended: Ended


@dataclass(slots=True, kw_only=True)
class Worker:
    """Works on the queue of one archive, one piece after the other."""

    settings: Settings
    tasks: Sequence[Task]
    catalogue: OpenCatalogue
    open_archive: Callable[[], AbstractContextManager[Repository]]
    notifier: Notifier
    now: Clock
    owner: str
    agent: Agent
    stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=NoProgress)
    in_hand: WorkItem | None = None

    def step(self) -> Worked | None:
        """One piece of work was taken and ended; None when nobody's work is left.

        Whatever goes wrong with one piece is its outcome, and the next is taken all the same.
        """
        with self.catalogue() as catalogue:
            item = catalogue.take_work(self.owner, now=self.now(), lease=LEASE)
        if item is None:
            return None
        self.in_hand = item
        _log.info("work=%s period=%s attempt=%d", item.policy, item.period, item.attempts)
        try:
            with self._leased(item):
                ended = self._do(item)
        finally:
            self.in_hand = None
        self._put_down(item, ended)
        self._tell(ended)
        _log.info("work=%s outcome=%s", item.policy, ended.outcome)
        return Worked(item, ended)

    def _do(self, item: WorkItem) -> Ended:
        task = self._task(item)
        if task is None:  # a replica that is no longer configured
            return Ended(Outcome.DONE, {"dropped": True})
        try:
            with self.open_archive() as archive:
                doing = Doing(
                    settings=self.settings,
                    archive=archive,
                    task=task,
                    item=item,
                    stop=self.stop,
                    progress=self.progress,
                    agent=self.agent,
                )
                return do(doing)
        except (KhoError, OSError) as error:
            _log.warning("work=%s failed=%s", item.policy, error)
            code = error.code if isinstance(error, KhoError) else type(error).__name__
            away = isinstance(error, BackendUnavailable | AccessDenied | ReplicaAway)
            return Ended(Outcome.UNREACHABLE if away else Outcome.FAILED, {"code": code})
        except Exception as error:  # noqa: BLE001 - no piece of work may end the worker
            _log.exception("work=%s", item.policy)
            return Ended(Outcome.FAILED, {"code": type(error).__name__})

    def _task(self, item: WorkItem) -> Task | None:
        return next((task for task in self.tasks if task.policy.name == item.policy), None)

    def _put_down(self, item: WorkItem, ended: Ended) -> None:
        """The queue's row says how the work ended, or when it is taken up again."""
        now = self.now()
        with self.catalogue() as catalogue:
            if not (ended.more or ended.retried or ended.outcome is Outcome.STOPPED):
                catalogue.finish_work(
                    item, now=now, outcome=ended.outcome, result=dict(ended.result)
                )
                return
            outcome = Outcome.MORE if ended.outcome is Outcome.DONE else ended.outcome
            catalogue.put_back_work(
                item,
                not_before=self._again(item, ended, now),
                outcome=outcome,
                result=dict(ended.result),
                failed=ended.retried,
            )

    def _again(self, item: WorkItem, ended: Ended, now: datetime) -> datetime:
        """When the work is taken up again: within its hours, later each time it fails."""
        wait = timedelta()
        if ended.retried:
            wait = min(FIRST_WAIT * 2 ** min(item.attempts - 1, 10), LONGEST_WAIT)
        elif not ended.result.get("files"):
            wait = FIRST_WAIT  # nothing moved: not at once again
        task = self._task(item)
        return task.policy.window.next_open(now + wait) if task is not None else now + wait

    def _tell(self, ended: Ended) -> None:
        try:
            troubles = (*ended.troubles, self._failing())
            self.notifier.tell(troubles, ledger_head=ended.ledger_head)
        except KhoError as error:
            _log.warning("notifications: %s", error)

    def _failing(self) -> Trouble:
        """How many tasks wait for another try because something went wrong."""
        with self.catalogue() as catalogue:
            items = catalogue.work_items(limit=500)
        failing = {i.policy for i in items if i.state == "waiting" and i.outcome == Outcome.FAILED}
        return Trouble(Kind.FAILED_TASK, len(failing))

    @contextmanager
    def _leased(self, item: WorkItem) -> Iterator[None]:
        """The lease is renewed from a thread of its own: one file may take longer than it."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(RENEW_S):
                self.renew(item)

        thread = threading.Thread(target=renew, name="kho-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def renew(self, item: WorkItem) -> None:
        """The lease ends later than it did; a catalogue that is busy is asked again later."""
        try:
            with self.catalogue() as catalogue:
                catalogue.renew_work(item, now=self.now(), lease=LEASE)
        except KhoError as error:
            _log.warning("lease=%s: %s", item.policy, error)
