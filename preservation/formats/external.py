"""Programs of others that judge one file: ffprobe, ffmpeg, veraPDF.

Workers refuse to start programs, so these run beside them, with the same fences: a process
group, an empty environment and a scratch directory of their own, limits on time, memory and
what they write, and the file as a read-only descriptor. When :func:`run` returns, nothing of
them is left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preservation.formats import external_start
from preservation.worker_frames import JobLimits
from preservation.worker_run import open_for_judging

FILE = "{file}"
"""Stands in a command for the path under which the program finds the file."""

OUTPUT_CAP_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended; ``failure`` is a finding code when it gave no answer to go by."""

    code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    failure: str = ""

    @property
    def complaint(self) -> str:
        """The first line that it wrote to standard error, made harmless."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return "".join(c for c in lines[0] if c.isprintable())[:200] if lines else ""


def run(
    command: Sequence[str], file: Path, *, limits: JobLimits, scratch: Path, suffix: str = ""
) -> Ran:
    """The program's answer about ``file``; never raises for the file's or the program's sake.

    ``command`` starts with an absolute path. With ``suffix`` the file has a name that ends so,
    for programs that go by names; it is a link to the descriptor all the same.
    """
    try:
        descriptor = open_for_judging(file)
    except OSError as problem:
        return Ran(stderr=str(problem).encode(), failure="WORKER-ERROR")
    try:
        with tempfile.TemporaryDirectory(
            prefix="external-", dir=scratch, ignore_cleanup_errors=True
        ) as own:
            place = f"/dev/fd/{descriptor}"
            if suffix:
                Path(own, "file" + suffix).symlink_to(place)
                place = "file" + suffix
            filled = [place if word == FILE else word for word in command]
            return _run(filled, descriptor, limits, Path(own))
    finally:
        os.close(descriptor)


def _run(command: Sequence[str], descriptor: int, limits: JobLimits, own: Path) -> Ran:
    start = [sys.executable, "-I", "-S", "-B", str(external_start.__file__)]
    start += [str(limits.cpu_s), str(limits.memory_bytes), str(limits.file_bytes)]
    with (own / ".stdout").open("w+b") as stdout, (own / ".stderr").open("w+b") as stderr:
        process = subprocess.Popen(  # noqa: S603  the operator's own program, no shell
            [*start, *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=own,
            env={},
            start_new_session=True,
            pass_fds=(descriptor,),
        )
        try:
            ended = _ended(process.pid, limits.wall_s)
        finally:
            # Before it is reaped, so that the number of the group cannot be another's yet.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out, err = _content(stdout.fileno()), _content(stderr.fileno())
    return Ran(process.returncode, out, err, _failure(process.returncode, out, err, ended))


def _ended(pid: int, wall_s: float) -> bool:
    """Whether the process ended by itself in time; it is not reaped."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(wall_s * 1000))
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, OUTPUT_CAP_BYTES + 1, 0)


def _failure(code: int, out: bytes, err: bytes, ended: bool) -> str:
    if not ended or code == -signal.SIGXCPU:
        return "WORKER-TIMEOUT"
    if max(len(out), len(err)) > OUTPUT_CAP_BYTES or code == -signal.SIGXFSZ:
        return "WORKER-PROTOCOL"
    if b"Cannot allocate memory" in err or b"OutOfMemoryError" in err:
        return "WORKER-MEMORY"
    return "WORKER-CRASH" if code < 0 or code == external_start.NOT_STARTED else ""
