"""The child's side: ``python -I -m preservation.worker_child CHANNEL JOBS``.

Reads requests from the descriptor CHANNEL, runs each item under its limits, answers one
frame per item. The audit hook is a tripwire, not a sandbox: a job that reaches for the
network or for another process loses its result even when it hides the refusal.
"""

from __future__ import annotations

import array
import errno
import importlib
import logging
import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from preservation.worker_frames import (
    ANSWER_CAP_BYTES,
    FILES_PER_REQUEST,
    REQUEST_CAP_BYTES,
    Answer,
    FrameError,
    JobLimits,
    Request,
    Unpacker,
    pack,
)

Job = Callable[[BinaryIO, dict[str, Any]], dict[str, Any]]

_FORBIDDEN = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
        "ftplib.connect",
        "http.client.connect",
        "urllib.Request",
    }
)


class Refused(RuntimeError):
    """A job reached for the network or for another process."""


class Tripwire:
    """Refuses, and remembers what was refused since the last :meth:`reset`."""

    def __init__(self) -> None:
        self.tripped = ""

    def reset(self) -> None:
        """Forget the last job's attempts."""
        self.tripped = ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook."""
        if event == "socket.__new__":
            # An event loop wants a socket pair with itself; that leads nowhere.
            if args[1] == socket.AF_UNIX:
                return
        elif event not in _FORBIDDEN and not event.startswith("socket."):
            return
        self.tripped = self.tripped or event
        raise Refused(event)


class Child:
    """One worker: a channel, the jobs it may import, and the tripwire."""

    def __init__(self, channel: socket.socket, jobs: dict[str, str], tripwire: Tripwire) -> None:
        self._channel = channel
        self._paths = jobs
        self._tripwire = tripwire
        self._loaded: dict[str, Job] = {}

    def serve(self) -> None:
        """Answer requests until the parent closes the channel."""
        while (received := self._receive()) is not None:
            request, descriptors = received
            job = self._job(request.kind)
            for number, (params, descriptor) in enumerate(
                zip(request.items, descriptors, strict=True)
            ):
                answer = self._run(job, number, params, descriptor, request.limits)
                self._channel.sendall(_packed(answer))

    def _receive(self) -> tuple[Request, list[int]] | None:
        unpacker = Unpacker(REQUEST_CAP_BYTES)
        descriptors: list[int] = []
        while (request := unpacker.take(Request)) is None:
            room = socket.CMSG_LEN(FILES_PER_REQUEST * array.array("i").itemsize)
            chunk, notes, _flags, _address = self._channel.recvmsg(65536, room)
            if not chunk:
                return None
            unpacker.feed(chunk)
            for level, kind, content in notes:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    numbers = array.array("i")
                    numbers.frombytes(content)
                    descriptors.extend(numbers)
        return request, descriptors

    def _job(self, kind: str) -> Job:
        if kind not in self._loaded:
            module, _, name = self._paths[kind].partition(":")
            if module.partition(".")[0] != "preservation":
                raise FrameError(f"{module} is not a judge")
            self._loaded[kind] = getattr(importlib.import_module(module), name)
        return self._loaded[kind]

    def _run(
        self, job: Job, number: int, params: dict[str, Any], descriptor: int, limits: JobLimits
    ) -> Answer:
        self._tripwire.reset()
        failed, detail, result = "", "", None
        with os.fdopen(descriptor, "rb") as file:
            _apply(limits)
            try:
                result = job(file, params)
            except MemoryError:
                failed = "memory"
            except Exception as error:  # noqa: BLE001  a file's failure is that file's answer
                failed, detail = "error", f"{type(error).__name__}: {error}"[:2000]
                if isinstance(error, OSError) and error.errno == errno.ENOMEM:
                    failed = "memory"
            finally:
                _lift()
        if self._tripwire.tripped:
            return Answer(item=number, failed="refused", detail=self._tripwire.tripped)
        return Answer(item=number, result=result, failed=failed, detail=detail)


def _packed(answer: Answer) -> bytes:
    try:
        return pack(answer, ANSWER_CAP_BYTES)
    except (FrameError, msgspec.MsgspecError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {error}"[:2000]
        return pack(Answer(item=answer.item, failed="error", detail=detail), ANSWER_CAP_BYTES)


def _apply(limits: JobLimits) -> None:
    """The next job may use so much and no more; CPU seconds count from now."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime) + 1
    _soft(resource.RLIMIT_CPU, spent + limits.cpu_s)
    _soft(resource.RLIMIT_AS, limits.memory_bytes)
    _soft(resource.RLIMIT_FSIZE, limits.file_bytes)


def _lift() -> None:
    """Between jobs there is room to answer."""
    _soft(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def _soft(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY and (value == resource.RLIM_INFINITY or value > hard):
        value = hard
    resource.setrlimit(what, (value, hard))


def main() -> None:
    """Serve until the parent closes the channel; nothing is written to standard output."""
    # The one socket this process ever has: made before the hook stands.
    channel = socket.socket(fileno=int(sys.argv[1]))
    jobs = msgspec.json.decode(sys.argv[2], type=dict[str, str])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft(resource.RLIMIT_NOFILE, 4 * FILES_PER_REQUEST)
    os.environ["TMPDIR"] = str(Path.cwd())
    # Libraries log what an answer says anyway, tracebacks included.
    logging.disable(logging.CRITICAL)
    tripwire = Tripwire()
    sys.addaudithook(tripwire)
    with channel:
        Child(channel, jobs, tripwire).serve()


if __name__ == "__main__":
    main()
