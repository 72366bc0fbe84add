"""One child interpreter as its parent sees it: started, fed, watched, and ended for certain."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from preservation.worker_frames import (
    ANSWER_CAP_BYTES,
    REQUEST_CAP_BYTES,
    Answer,
    Request,
    Unpacker,
    pack,
)

_STDERR_TAIL_BYTES = 2000
_DYING_S = 2


class ChannelClosed(Exception):
    """The child is gone; :meth:`WorkerProcess.last_words` says what is known of it."""


class WorkerProcess:
    """A child with an empty environment, a session and a scratch directory of its own.

    Not for two threads at once. :meth:`close` leaves no process, zombie, descriptor or file.
    """

    def __init__(self, scratch: Path, jobs: Mapping[str, str]) -> None:
        self.served = 0
        self._scratch = tempfile.TemporaryDirectory(
            prefix="worker-", dir=scratch, ignore_cleanup_errors=True
        )
        self._unpacker = Unpacker(ANSWER_CAP_BYTES)
        self._channel, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.callback(self._scratch.cleanup)
            undo.callback(self._channel.close)
            self._process = self._start(theirs, jobs)
            undo.pop_all()

    def _start(self, theirs: socket.socket, jobs: Mapping[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-B", "-X", "utf8", "-m", "preservation.worker_child"]
        command += [str(theirs.fileno()), msgspec.json.encode(dict(jobs)).decode()]
        with theirs, self._stderr().open("wb") as stderr:
            return subprocess.Popen(  # noqa: S603  our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=self._scratch.name,
                env={},
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )

    def _stderr(self) -> Path:
        return Path(self._scratch.name, ".stderr")

    @property
    def pid(self) -> int:
        """The child's process id, which is also its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child has not ended."""
        return self._process.poll() is None

    def fileno(self) -> int:
        """The channel, for waiting on several children at once."""
        return self._channel.fileno()

    def submit(self, request: Request, descriptors: Sequence[int]) -> None:
        """Hand over ``request`` with one descriptor per item; ChannelClosed, FrameError."""
        frame = memoryview(pack(request, REQUEST_CAP_BYTES))
        rights = array.array("i", descriptors)
        try:
            self._channel.settimeout(request.limits.wall_s)
            sent = self._channel.sendmsg(
                [frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
            )
            self._channel.sendall(frame[sent:])
        except OSError as error:
            raise ChannelClosed(str(error)) from error

    def answers(self) -> list[Answer]:
        """Every whole answer that has arrived; never waits. ChannelClosed, FrameError."""
        self._channel.setblocking(False)
        found: list[Answer] = []
        while (answer := self._unpacker.take(Answer)) is None:
            try:
                chunk = self._channel.recv(1 << 18)
            except BlockingIOError:
                return found
            except OSError as error:
                raise ChannelClosed(str(error)) from error
            if not chunk:
                raise ChannelClosed
            self._unpacker.feed(chunk)
        while answer is not None:
            found.append(answer)
            answer = self._unpacker.take(Answer)
        return found

    def last_words(self) -> str:
        """After the child ended: how, and the end of what it wrote to standard error."""
        code = self._process.returncode
        if code is None:
            how = "killed"
        elif code < 0:
            how = f"signal {-code} ({signal.strsignal(-code)})"
        else:
            how = f"exit {code}"
        with contextlib.suppress(OSError):
            tail = self._stderr().read_bytes()[-_STDERR_TAIL_BYTES:].decode("utf-8", "replace")
            how = f"{how}\n{tail}".strip()
        return how

    def wait_for_end(self) -> None:
        """After the channel closed: let the child finish dying by its own cause."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_DYING_S)
        self.kill()

    def kill(self) -> None:
        """End the child and everything in its process group now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def exceeded_cpu(self) -> bool:
        """Whether the kernel ended the child for using up its processor seconds."""
        return self._process.returncode == -signal.SIGXCPU

    def close(self) -> None:
        """End the child, reap it, and remove its scratch directory."""
        self.kill()
        self._channel.close()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
