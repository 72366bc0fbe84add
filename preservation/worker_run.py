"""One call of a pool: items go out in requests, answers come back, nobody waits for ever."""

from __future__ import annotations

import fcntl
import os
import select
import stat
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from preservation.worker_frames import Answer, FrameError, JobLimits, Request
from preservation.worker_process import ChannelClosed, WorkerProcess
from schemas.errors import KhoError

Reason = Literal["timeout", "memory", "crash", "protocol", "refused", "error"]
File = str | bytes | os.PathLike[str] | os.PathLike[bytes] | int
"""A path, or a descriptor opened for reading only (its position is moved)."""
Result = dict[str, Any]

Key = TypeVar("Key")

_REPLACE_AFTER: frozenset[str] = frozenset({"memory", "refused"})
_SETTLED: frozenset[str] = frozenset({"memory", "refused", "error"})


_FINDINGS: Mapping[Reason, str] = {
    "timeout": "WORKER-TIMEOUT",
    "memory": "WORKER-MEMORY",
    "crash": "WORKER-CRASH",
    "protocol": "WORKER-PROTOCOL",
    "refused": "WORKER-REFUSED",
    "error": "WORKER-ERROR",
}


class WorkerFailed(KhoError):
    """A worker gave no result for one file; ``reason`` says why, ``detail`` is for staff."""

    code = "WORKER-FAILED"

    def __init__(self, kind: str, reason: Reason, detail: str = "") -> None:
        super().__init__(kind=kind, reason=reason, detail=detail)
        self.kind = kind
        self.reason: Reason = reason
        self.detail = detail

    @property
    def finding_code(self) -> str:
        """The code whose text tells a person what happened to the file."""
        return _FINDINGS[self.reason]


class Children(Protocol):
    """Where a run gets its children from: the pool."""

    @property
    def workers(self) -> int:
        """How many children one run may keep busy."""

    def checkout(self) -> WorkerProcess:
        """A living child for the caller alone."""

    def give_back(self, worker: WorkerProcess) -> None:
        """The caller is done with a child that has nothing left to answer."""


@dataclass(frozen=True, slots=True)
class _Item(Generic[Key]):
    key: Key
    file: File
    params: Mapping[str, Any]


@dataclass(slots=True)
class _Lane(Generic[Key]):
    """One child and what it has been given and not yet answered."""

    worker: WorkerProcess
    pending: deque[_Item[Key]] = field(default_factory=deque)
    answered: int = 0
    deadline: float = 0.0


class Run(Generic[Key]):
    """The state of one ``map``; :meth:`outcomes` drives it to its end."""

    def __init__(
        self,
        pool: Children,
        kind: str,
        limits: JobLimits,
        items: Iterator[tuple[Key, File, Mapping[str, Any]]],
        batch: int,
    ) -> None:
        self._pool = pool
        self._kind = kind
        self._limits = limits
        self._items = items
        self._batch = batch
        self._again: deque[_Item[Key]] = deque()
        self._lanes: list[_Lane[Key]] = []
        self._ready: deque[tuple[Key, Result | WorkerFailed]] = deque()

    def outcomes(self) -> Iterator[tuple[Key, Result | WorkerFailed]]:
        """Every item's outcome; children still busy when the caller stops early are ended."""
        try:
            while True:
                # Work is handed out before results are, so that children work meanwhile.
                self._hand_out()
                while self._ready:
                    yield self._ready.popleft()
                if not self._lanes:
                    return
                self._wait()
        finally:
            for lane in self._lanes:
                lane.worker.close()
            self._lanes.clear()

    def _hand_out(self) -> None:
        while len(self._lanes) < self._pool.workers:
            opened, refused = self._next_batch()
            self._ready.extend(refused)
            if not opened:
                if refused:
                    continue
                return
            self._start(opened)

    def _next_batch(
        self,
    ) -> tuple[list[tuple[_Item[Key], int]], list[tuple[Key, WorkerFailed]]]:
        opened: list[tuple[_Item[Key], int]] = []
        refused: list[tuple[Key, WorkerFailed]] = []
        try:
            while len(opened) < self._batch and (item := self._next_item()) is not None:
                try:
                    opened.append((item, open_for_judging(item.file)))
                except (OSError, ValueError) as error:
                    refused.append((item.key, self._failure("error", str(error))))
        except BaseException:
            _close_all(opened)
            raise
        return opened, refused

    def _next_item(self) -> _Item[Key] | None:
        if self._again:
            return self._again.popleft()
        for key, file, params in self._items:
            return _Item(key, file, params)
        return None

    def _start(self, opened: list[tuple[_Item[Key], int]]) -> None:
        request = Request(
            kind=self._kind, limits=self._limits, items=[dict(item.params) for item, _ in opened]
        )
        try:
            # A child that died while at rest is nobody's fault: one more try.
            for attempt in (1, 2):
                worker = self._pool.checkout()
                try:
                    worker.submit(request, [descriptor for _, descriptor in opened])
                    break
                except ChannelClosed:
                    worker.close()
                    if attempt == 2:
                        raise
                except BaseException:
                    worker.close()
                    raise
        except ChannelClosed as error:
            self._ready.extend(
                (item.key, self._failure("crash", str(error))) for item, _ in opened
            )
            return
        except FrameError as error:
            self._unsendable(opened, str(error))
            return
        finally:
            _close_all(opened)
        lane = _Lane(worker, deque(item for item, _ in opened))
        lane.deadline = time.monotonic() + self._limits.wall_s
        self._lanes.append(lane)

    def _unsendable(self, opened: list[tuple[_Item[Key], int]], detail: str) -> None:
        if len(opened) == 1:
            self._ready.append((opened[0][0].key, self._failure("protocol", detail)))
            return
        self._again.extend(item for item, _ in opened)
        self._batch = max(1, len(opened) // 2)

    def _wait(self) -> None:
        poll = select.poll()
        for lane in self._lanes:
            poll.register(lane.worker, select.POLLIN)
        nearest = min(lane.deadline for lane in self._lanes)
        remaining = max(0.0, nearest - time.monotonic())
        readable = {descriptor for descriptor, _ in poll.poll(remaining * 1000 + 1)}
        for lane in tuple(self._lanes):
            if lane.worker.fileno() in readable:
                self._read(lane)
            elif time.monotonic() >= lane.deadline:
                self._end(lane, "timeout", f"no answer within {self._limits.wall_s} s")

    def _read(self, lane: _Lane[Key]) -> None:
        try:
            answers = lane.worker.answers()
            for answer in answers:
                if not self._take(lane, answer):
                    return
        except ChannelClosed:
            lane.worker.wait_for_end()
            reason: Reason = "timeout" if lane.worker.exceeded_cpu else "crash"
            self._end(lane, reason, lane.worker.last_words())
            return
        except FrameError as error:
            self._end(lane, "protocol", str(error))
            return
        if answers:
            lane.deadline = time.monotonic() + self._limits.wall_s
        elif time.monotonic() >= lane.deadline:
            self._end(lane, "timeout", "an answer that never became whole")
        if not lane.pending and lane in self._lanes:
            self._lanes.remove(lane)
            self._pool.give_back(lane.worker)

    def _take(self, lane: _Lane[Key], answer: Answer) -> bool:
        """Record one answer; False when the child had to be ended."""
        consistent = (answer.result is None) == (answer.failed in _SETTLED)
        if answer.item != lane.answered or not lane.pending or not consistent:
            raise FrameError("an answer nobody asked for")
        lane.answered += 1
        lane.worker.served += 1
        item = lane.pending.popleft()
        if answer.result is not None:
            self._ready.append((item.key, answer.result))
            return True
        self._ready.append((item.key, self._failure(_reason(answer.failed), answer.detail)))
        if answer.failed in _REPLACE_AFTER:
            self._retire(lane)
            return False
        return True

    def _end(self, lane: _Lane[Key], reason: Reason, detail: str) -> None:
        """The child is finished; the file it was busy with is the one that failed."""
        if lane.pending:
            item = lane.pending.popleft()
            self._ready.append((item.key, self._failure(reason, detail)))
        self._retire(lane)

    def _retire(self, lane: _Lane[Key]) -> None:
        self._again.extend(lane.pending)
        lane.worker.close()
        self._lanes.remove(lane)

    def _failure(self, reason: Reason, detail: str) -> WorkerFailed:
        return WorkerFailed(self._kind, reason, detail)


def _reason(failed: str) -> Reason:
    if failed == "memory":
        return "memory"
    return "refused" if failed == "refused" else "error"


def _close_all(opened: list[tuple[Any, int]]) -> None:
    for _, descriptor in opened:
        os.close(descriptor)


def open_for_judging(file: File) -> int:
    """A new read-only descriptor of an ordinary file; OSError when there is none."""
    if isinstance(file, int):
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise OSError("the descriptor is not read-only")
        return os.dup(file)
    # O_NONBLOCK: a FIFO put in place of a file must not hang the archive.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
    os.close(descriptor)
    raise OSError("not an ordinary file")
