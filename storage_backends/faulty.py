"""A store that fails on purpose, for tests: a wrapper that is quiet until it is told otherwise.

    store = FaultyBackend(MemoryBackend("a"))
    store.crash_at(7)                        # the process dies before the 7th call
    store.crash_at(7, when="inside")         # … in the middle of its bytes
    store.outage = True                      # every call: BackendUnavailable
    store.fail("put_new", NoSpace, times=2)  # the next two puts
    store.alter("ocfl/a", flipped)           # reads of this key lie
    store.lose_writes("ocfl/a")              # puts there are acknowledged and forgotten

A dead process makes no calls: after a crash every call raises :class:`SimulatedCrash` again, so
no ``finally`` can tidy up what a real death would have left behind.
"""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from storage_backends.interface import (
    BackendUnavailable,
    HeadToken,
    MediumFailed,
    ObjectInfo,
    ObjectNotFound,
    Source,
    StorageBackend,
    StorageError,
)
from storage_backends.wrapping import WrappedBackend

When = Literal["before", "inside", "after"]
_CARRYING_BYTES = frozenset(["put_new", "replace_damaged"])


class SimulatedCrash(BaseException):
    """The process ends here. Not an Exception, so nothing that catches those survives it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb: its number from 1 on, and the key or prefix it names."""

    number: int
    verb: str
    key: str


@dataclass(slots=True)
class _Failure:
    verb: str | None
    key: str | None
    error: type[StorageError]
    times: int

    def takes(self, call: Call) -> bool:
        return (
            self.times > 0
            and self.verb in {None, call.verb}
            and (self.key is None or call.key.startswith(self.key))
        )


class FaultyBackend(WrappedBackend):
    """Counts every call, and does to it what the test asked for.

    ``before`` is called ahead of each call, outside any lock: a test delays, counts or raises
    there. A stream's reads are not calls; what a stream gives is changed by :meth:`alter`.
    """

    def __init__(
        self, inner: StorageBackend, *, before: Callable[[Call], None] | None = None
    ) -> None:
        super().__init__(inner)
        self.calls: list[Call] = []
        self.outage = False
        self.dead = False
        self.before = before
        self._crash: tuple[int, When] | None = None
        self._failures: list[_Failure] = []
        self._altered: dict[str, Callable[[bytes], bytes]] = {}
        self._hidden: set[str] = set()
        self._unreadable: set[str] = set()
        self._lost: set[str] = set()
        self._extra: list[ObjectInfo] = []
        self._shuffle: random.Random | None = None
        self._lock = threading.Lock()

    def crash_at(self, number: int, *, when: When = "before") -> None:
        """The process dies at call ``number``; ``inside`` means half of its bytes were read."""
        self._crash = (number, when)

    def fail(
        self,
        verb: str | None,
        error: type[StorageError],
        *,
        key: str | None = None,
        times: int = 1,
    ) -> None:
        """The next ``times`` calls of ``verb`` (any with None) below ``key`` raise ``error``."""
        self._failures.append(_Failure(verb, key, error, times))

    def alter(self, key: str, change: Callable[[bytes], bytes]) -> None:
        """Whoever reads ``key`` gets ``change`` of its bytes; the store keeps the true ones."""
        self._altered[key] = change

    def hide(self, key: str) -> None:
        """``key`` is neither found nor listed, though the store keeps it."""
        self._hidden.add(key)

    def make_unreadable(self, key: str) -> None:
        """Reading ``key`` fails as a bad block does; it is still listed."""
        self._unreadable.add(key)

    def lose_writes(self, key: str) -> None:
        """A put at ``key`` is acknowledged, and nothing is kept."""
        self._lost.add(key)

    def list_also(self, info: ObjectInfo) -> None:
        """Listings that cover its key show one entry more."""
        self._extra.append(info)

    def shuffle_lists(self, seed: int) -> None:
        """Every listing comes in another order."""
        self._shuffle = random.Random(seed)  # noqa: S311  # an order, not a secret

    def heal(self) -> None:
        """Quiet again; the calls counted so far stay counted."""
        self.outage = False
        self._crash = None
        for faults in (self._failures, self._altered, self._hidden, self._unreadable):
            faults.clear()
        self._lost.clear()
        self._extra.clear()
        self._shuffle = None

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        with self._call("put_new", key) as call:
            if key in self._lost:
                return
            source = self._dying(source, call, size_bytes)
            self.inner.put_new(key, source, size_bytes=size_bytes, sha256=sha256)

    def settle(self, prefix: str) -> None:
        with self._call("settle", prefix):
            self.inner.settle(prefix)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        with self._call("read_head", key):
            self._check_readable(key)
            content, token = self.inner.read_head(key)
            change = self._altered.get(key)
            return (change(content) if change else content), token

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        with self._call("put_head", key):
            if key not in self._lost:
                self.inner.put_head(key, content, replaces=replaces)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        with self._call("open", key):
            self._check_readable(key)
            if key in self._altered:
                return io.BytesIO(self._lie(key)[offset:])
            return self.inner.open(key, offset=offset)

    def stat(self, key: str) -> ObjectInfo:
        with self._call("stat", key):
            if key in self._hidden:
                raise ObjectNotFound(backend=self.name, key=key)
            if key in self._altered:
                return ObjectInfo(key, len(self._lie(key)))
            return self.inner.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._call("list", prefix):
            found = (info for info in self.inner.list(prefix) if info.key not in self._hidden)
            if not self._extra and self._shuffle is None:
                return found
            extra = [info for info in self._extra if info.key.startswith(prefix)]
            everything = [*found, *extra]
            if self._shuffle is not None:
                self._shuffle.shuffle(everything)
            return iter(everything)

    def set_aside(self, key: str, *, reason: str) -> str:
        with self._call("set_aside", key):
            return self.inner.set_aside(key, reason=reason)

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        with self._call("replace_damaged", key) as call:
            source = self._dying(source, call, size_bytes)
            self.inner.replace_damaged(
                key, source, size_bytes=size_bytes, sha256=sha256, observed=observed
            )

    def move_aside(self, prefix: str, *, reason: str) -> str:
        with self._call("move_aside", prefix):
            return self.inner.move_aside(prefix, reason=reason)

    def abandon_uploads(self, prefix: str) -> int:
        with self._call("abandon_uploads", prefix):
            return self.inner.abandon_uploads(prefix)

    def sweep(self, prefix: str) -> None:
        with self._call("sweep", prefix):
            self.inner.sweep(prefix)

    @contextmanager
    def _call(self, verb: str, key: str) -> Iterator[Call]:
        with self._lock:
            call = Call(len(self.calls) + 1, verb, key)
            self.calls.append(call)
        self._die_if(call, "before")
        if self.before is not None:
            self.before(call)
        if self.outage:
            raise BackendUnavailable(backend=self.name, key=key, reason="outage")
        self._fail_if(call)
        yield call
        self._die_if(call, "after")

    def _die_if(self, call: Call, when: When) -> None:
        if self._crash is not None and self._crash[0] == call.number:
            wanted = self._crash[1]
            if wanted == "inside" and call.verb not in _CARRYING_BYTES:
                wanted = "before"  # there is no inside to die in
            self.dead = self.dead or wanted == when
        if self.dead:
            raise SimulatedCrash(call)

    def _fail_if(self, call: Call) -> None:
        with self._lock:
            failure = next((f for f in self._failures if f.takes(call)), None)
            if failure is None:
                return
            failure.times -= 1
        raise failure.error(backend=self.name, key=call.key, reason="on-purpose")

    def _dying(self, source: Source, call: Call, size_bytes: int) -> Source:
        if self._crash != (call.number, "inside"):
            return source
        return _DyingSource(source, size_bytes // 2, self._die)

    def _die(self) -> None:
        self.dead = True
        raise SimulatedCrash

    def _check_readable(self, key: str) -> None:
        if key in self._hidden:
            raise ObjectNotFound(backend=self.name, key=key)
        if key in self._unreadable:
            raise MediumFailed(backend=self.name, key=key, reason="EIO")

    def _lie(self, key: str) -> bytes:
        with self.inner.open(key) as stream:
            content = b""
            while chunk := stream.read(1024 * 1024):
                content += chunk
        return self._altered[key](content)


@dataclass(frozen=True, slots=True)
class _DyingSource:
    """Gives the first ``after_bytes`` of ``inner``, then ends the process."""

    inner: Source
    after_bytes: int
    die: Callable[[], None]

    @property
    def local_path(self) -> Path | None:
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        with self.inner.open() as stream:
            return _DyingStream(stream.read(self.after_bytes), self.die)


class _DyingStream(io.BytesIO):
    def __init__(self, content: bytes, die: Callable[[], None]) -> None:
        super().__init__(content)
        self._die = die

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        if not chunk or size is None or size < 0:
            self._die()
        return chunk


def flipped(content: bytes) -> bytes:
    """``content`` with one bit changed in its middle; a lone zero byte where it was empty."""
    if not content:
        return b"\0"
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def truncated(content: bytes) -> bytes:
    """The first half of ``content``."""
    return content[: len(content) // 2]
