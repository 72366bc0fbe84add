"""Locks of one archive on one machine (design §9).

``repository.lock`` is held only for opening, recovery and migration; ``journal.lock`` while a
journal line is numbered and written; a *writer's lock* lives as long as its process, so that
recovery can tell a dead writer's claim from a living one's. All are ``flock``s: the kernel
drops them when the process dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import RepositoryError
from schemas.ids import new_uuid

_POLL_S = 0.05


class RepositoryLocked(RepositoryError):
    """Another process holds the lock named in ``lock`` of the archive at ``where``."""

    code = "REPO-LOCKED"
    exit_code = 11


@contextmanager
def held(
    path: Path, *, wait_s: float = 10.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Holds the exclusive lock at ``path``; :class:`RepositoryLocked` after ``wait_s``."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise RepositoryLocked(lock=path.name, where=str(path.parent.parent))
            sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


class WriterLock:
    """Proof that the process which opened the archive for writing still lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.writer = new_uuid()
        self._path = folder / self.writer
        self._descriptor = os.open(
            self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def release(self) -> None:
        """The writer is gone; its claims may be taken over."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def writer_lives(folder: Path, writer: str) -> bool:
    """Whether the process that took ``writer``'s lock still holds it."""
    try:
        descriptor = os.open(folder / writer, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if not _try_lock(descriptor):
            return True
        (folder / writer).unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
