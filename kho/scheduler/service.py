"""The service: one locked process that keeps the timetable and works until it is told to end."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kho.scheduler.planner import Planner
from kho.scheduler.service_manager import tell_manager, watchdog_s
from kho.scheduler.timetable import Timetable
from kho.scheduler.worker import Worked, Worker
from repository.locks import held
from schemas.errors import RepositoryError
from schemas.moments import Clock, format_moment

BEAT_S = 20.0
IDLE_S = 60.0
STALLED_S = 2 * 3600.0
"""Work without any progress for so long is stuck: the service manager is told no more."""
HEARTBEAT = "scheduler.heartbeat"

_log = logging.getLogger(__name__)


class WorkerDied(RepositoryError):
    """The worker's thread ended by itself; the service ends so that its manager restarts it."""

    code = "SCHEDULE-WORKER-DIED"


@contextmanager
def scheduler_lock(root: Path) -> Iterator[None]:
    """This is the archive's only scheduler; :class:`RepositoryLocked` when there is another."""
    with held(root / "locks" / "scheduler.lock", wait_s=0.5):
        yield


def run_once(planner: Planner, worker: Worker) -> list[Worked]:
    """What is due now was enqueued and done, as far as hours and replicas allow."""
    planner.enqueue_due()
    done: list[Worked] = []
    while not worker.stop() and (worked := worker.step()) is not None:
        done.append(worked)
    return done


class BeatingProgress:
    """Remembers when anything last moved."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.moved_s = monotonic()

    def phase(
        self,
        name: str,  # noqa: ARG002 - the protocol's
        *,
        files_total: int | None = None,  # noqa: ARG002
        bytes_total: int | None = None,  # noqa: ARG002
        replica: str = "",  # noqa: ARG002
    ) -> None:
        """Something moved."""
        self.moved_s = self._monotonic()

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:  # noqa: ARG002
        """Something moved."""
        self.moved_s = self._monotonic()


@dataclass(slots=True, kw_only=True)
class Service:
    """The long-lived process: timetable, worker, heartbeat."""

    root: Path
    planner: Planner
    worker: Worker
    environment: Mapping[str, str]
    now: Clock
    stopping: threading.Event
    monotonic: Callable[[], float] = time.monotonic
    beats: BeatingProgress = field(init=False)
    timetable: Timetable = field(init=False)
    _wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.beats = BeatingProgress(self.monotonic)
        self.worker.progress = self.beats
        self.worker.stop = self.stopping.is_set
        self.timetable = Timetable(
            self.planner, self._wake.set, now=self.now, monotonic=self.monotonic
        )

    def run(self) -> None:
        """Everything due was seen to until ``stopping`` was set; ended between two files.

        :class:`RepositoryLocked` when another scheduler runs, :class:`WorkerDied`.
        """
        with scheduler_lock(self.root):
            caught_up = self.planner.enqueue_due()
            _log.info("scheduler started, due at start: %s", ", ".join(caught_up) or "nothing")
            self.timetable.start()
            thread = threading.Thread(target=self._work, name="kho-worker")
            thread.start()
            try:
                tell_manager(self.environment, "READY=1")
                pause_s = min(BEAT_S, watchdog_s(self.environment) or BEAT_S)
                while True:
                    self.beat(thread)
                    if self.stopping.wait(pause_s):
                        break
            finally:
                self.stopping.set()
                self._wake.set()
                tell_manager(self.environment, "STOPPING=1")
                self.timetable.stop()
                thread.join()
                self._write_heartbeat("ended")

    def beat(self, thread: threading.Thread) -> None:
        """Whoever watches us knows that we live, and on what we work; a jumped clock is seen."""
        if not thread.is_alive() and not self.stopping.is_set():
            raise WorkerDied
        if self.timetable.look_at_clock():
            self._wake.set()
        in_hand = self.worker.in_hand
        stalled = in_hand is not None and self.monotonic() - self.beats.moved_s > STALLED_S
        if not stalled:
            tell_manager(self.environment, "WATCHDOG=1")
        self._write_heartbeat(in_hand.policy if in_hand is not None else "idle")

    def _work(self) -> None:
        while not self.stopping.is_set():
            self.beats.moved_s = self.monotonic()
            try:
                worked = self.worker.step()
            except Exception:  # noqa: BLE001 - a catalogue that is away: the next step asks again
                _log.exception("worker")
                worked = None
            if worked is None:
                self._wake.wait(IDLE_S)
                self._wake.clear()

    def _write_heartbeat(self, doing: str) -> None:
        """A small file beside the catalogue, for those who have no service manager."""
        path = self.root / HEARTBEAT
        partial = path.with_name(f"{HEARTBEAT}.partial")
        said = {"moment": format_moment(self.now()), "pid": os.getpid(), "doing": doing}
        try:
            partial.write_text(json.dumps(said) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            _log.warning("heartbeat: %s", error)
