"""Locks on an SFTP server, which has no compare-and-set: one writer replaces a key at a time.

A lock is a file in staging that its holder made; a dead holder's lock is broken by its age, by
the server's own clock.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from storage_backends.aside import STAGING
from storage_backends.interface import BackendUnavailable
from storage_backends.settling import parent_of
from storage_backends.sftp.remote import Remote
from storage_backends.sftp.upload import StagedUpload

_LOCK_WAIT_S = 60.0
_STALE_LOCK_S = 300
"""A lock is held for one read and one rename; its holder is dead when it is older."""
_STALE_UPLOAD_S = 24 * 3600


class Locks:
    """The locks in one replica's staging."""

    def __init__(self, remote: Remote, sleep: Callable[[float], None]) -> None:
        self._remote = remote
        self._sleep = sleep

    @contextmanager
    def held(self, channel: Any, key: str, staged: StagedUpload) -> Iterator[None]:
        """Only we replace ``key`` now. ``staged`` tells the server's time."""
        lock = f"{STAGING}lock-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        mine = uuid4().hex.encode()
        waited_s = 0.0
        while not self._take_lock(channel, lock, mine):
            self._break_stale(channel, lock, staged.moment())
            if waited_s >= _LOCK_WAIT_S:
                raise BackendUnavailable(
                    backend=self._remote.name, key=key, reason=f"{lock} is held by another writer"
                )
            pause_s = 0.01 + random.random() / 20  # noqa: S311 - spreads writers
            self._sleep(pause_s)
            waited_s += pause_s
        try:
            yield
        finally:
            self._remote.remove(channel, lock)

    def _take_lock(self, channel: Any, lock: str, mine: bytes) -> bool:
        try:
            with channel.open(self._remote.path(lock), "wx") as handle:
                handle.write(mine)
        except OSError:
            if self._remote.status(channel, lock) is None:
                self._remote.make_folders(channel, parent_of(lock))
            return False
        return True

    def _break_stale(self, channel: Any, lock: str, now: int) -> None:
        """A lock whose holder must be dead is taken out of the way, by one of us only."""
        status = self._remote.status(channel, lock)
        if status is None or now - int(status.st_mtime or 0) < _STALE_LOCK_S:
            return
        broken = f"{STAGING}broken-{uuid4().hex}"
        with suppress(OSError):
            channel.rename(self._remote.path(lock), self._remote.path(broken))
            self._remote.remove(channel, broken)

    def in_use(self, channel: Any, key: str) -> bool:
        """Whether ``key`` is a staged file or a lock whose writer may still live."""
        name = key.removeprefix(STAGING)
        if not name.startswith(("put-", "lock-")) or name == key:
            return False
        status = self._remote.status(channel, key)
        if status is None:
            return False
        with self._remote.staged(channel) as clock:
            age_s = clock.moment() - int(status.st_mtime or 0)
        return age_s < (_STALE_LOCK_S if name.startswith("lock-") else _STALE_UPLOAD_S)
