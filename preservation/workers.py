"""Judging submitted files in child interpreters, so that no file can stop the archive.

Two long-lived children by default. A file is opened here and passed as a read-only
descriptor; a child that dies, loops, outgrows its memory or babbles costs that file a
:class:`WorkerFailed` and is replaced, and the next file is served. Design §8.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from preservation.worker_frames import FILES_PER_REQUEST, JobLimits
from preservation.worker_jobs import DEFAULT_LIMITS, JOBS, LIMITS
from preservation.worker_process import WorkerProcess
from preservation.worker_run import File, Reason, Result, Run, WorkerFailed

__all__ = ["File", "JobLimits", "Reason", "Result", "WorkerFailed", "WorkerPool"]

Key = TypeVar("Key")

JOBS_PER_WORKER = 200


class WorkerPool:
    """At most ``workers`` children at rest or in one call; replaced after ``jobs_per_worker``.

    ``scratch`` is an existing directory inside staging. ``limits`` override the defaults per
    kind of job. Safe for several threads: calls that overlap get children of their own.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        scratch: Path,
        limits: Mapping[str, JobLimits] | None = None,
        jobs_per_worker: int = JOBS_PER_WORKER,
        jobs: Mapping[str, str] | None = None,
    ) -> None:
        self.workers = workers
        self.jobs_per_worker = jobs_per_worker
        self.scratch = scratch
        self._jobs = dict(JOBS if jobs is None else jobs)
        self._limits = {**LIMITS, **(limits or {})}
        self._idle: list[WorkerProcess] = []
        self._lock = threading.Lock()
        self._closed = False
        self.started = 0
        """How many children were started so far."""

    def run(self, kind: str, file: File, params: Mapping[str, Any] | None = None) -> Result:
        """The result for one file; WorkerFailed when a worker could not give one."""
        for _, outcome in self.map(kind, [(None, file, params or {})]):
            if isinstance(outcome, WorkerFailed):
                raise outcome
            return outcome
        raise AssertionError("one item has one outcome")

    def map(
        self, kind: str, items: Iterable[tuple[Key, File, Mapping[str, Any]]]
    ) -> Iterator[tuple[Key, Result | WorkerFailed]]:
        """One outcome per item, as they come; order is not kept, keys are.

        Items are taken lazily, as workers become free.
        """
        return self.map_batches(kind, items, batch=1)

    def map_batches(
        self,
        kind: str,
        items: Iterable[tuple[Key, File, Mapping[str, Any]]],
        *,
        batch: int = FILES_PER_REQUEST,
    ) -> Iterator[tuple[Key, Result | WorkerFailed]]:
        """Like :meth:`map`, handing each worker ``batch`` files at a time (many tiny jobs).

        Limits still hold per file: after a failure the rest of that batch is served anew.
        """
        if kind not in self._jobs:
            raise KeyError(kind)
        if not 1 <= batch <= FILES_PER_REQUEST:
            raise ValueError(f"batch must be 1 to {FILES_PER_REQUEST}")
        limits = self._limits.get(kind, DEFAULT_LIMITS)
        return Run(self, kind, limits, iter(items), batch).outcomes()

    def checkout(self) -> WorkerProcess:
        """A living child for the caller alone; give it back, or close it."""
        while True:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the pool is closed")
                worker = self._idle.pop() if self._idle else None
                self.started += worker is None
            if worker is None:
                return WorkerProcess(self.scratch, self._jobs)
            if worker.alive:
                return worker
            worker.close()

    def give_back(self, worker: WorkerProcess) -> None:
        """Keep a child for the next call, unless it is spent or there are enough."""
        with self._lock:
            keep = (
                not self._closed
                and worker.served < self.jobs_per_worker
                and len(self._idle) < self.workers
            )
            if keep:
                self._idle.append(worker)
        if not keep:
            worker.close()

    def close(self) -> None:
        """End every child at rest; children in use end when their call does."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
