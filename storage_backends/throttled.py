"""A wrapper that leaves bandwidth to others: bytes per second, by the time of day."""

from __future__ import annotations

import threading
import time as clocks
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO, cast

from schemas.moments import Clock, utc_now
from storage_backends.interface import HeadToken, Source, StorageBackend
from storage_backends.streams import ReadingStream
from storage_backends.wrapping import WrappedBackend

_PIECE_BYTES = 1024 * 1024
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of every day; one that ends before it starts goes past midnight."""

    start: time
    end: time
    bytes_per_s: int | None
    """None: as fast as it goes. 0: nothing passes."""

    def covers(self, moment: time) -> bool:
        """Whether ``moment`` lies in it; the end does not."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class Pace:
    """How fast bytes may pass, shared by every thread that uses the store.

    Outside all windows ``bytes_per_s`` holds (None: no limit). The first window that covers a
    moment decides. Times of day are those of ``zone``.
    """

    def __init__(
        self,
        bytes_per_s: int | None = None,
        windows: Sequence[Window] = (),
        *,
        zone: tzinfo = UTC,
        now: Clock = utc_now,
        monotonic: Callable[[], float] = clocks.monotonic,
        sleep: Callable[[float], None] = clocks.sleep,
    ) -> None:
        self._bytes_per_s = bytes_per_s
        self._windows = tuple(windows)
        self._zone = zone
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._free_at = 0.0
        self._lock = threading.Lock()

    def pay(self, size_bytes: int) -> None:
        """Returns when ``size_bytes`` more bytes may have passed; waits while nothing may."""
        while (rate := self.rate_at(self._now())) == 0:
            self._sleep(self._until_change_s())
        if rate is None:
            return
        with self._lock:
            moment = self._monotonic()
            self._free_at = max(self._free_at, moment) + size_bytes / rate
            wait_s = self._free_at - moment
        if wait_s > 0:
            self._sleep(wait_s)

    def rate_at(self, moment: datetime) -> int | None:
        """Bytes per second allowed at ``moment``."""
        local = moment.astimezone(self._zone).time()
        for window in self._windows:
            if window.covers(local):
                return window.bytes_per_s
        return self._bytes_per_s

    def _until_change_s(self) -> float:
        """Seconds to the next edge of a window; an hour when there are none."""
        local = self._now().astimezone(self._zone)
        waits = [3600.0]
        for edge in {edge for window in self._windows for edge in (window.start, window.end)}:
            at = datetime.combine(local.date(), edge, self._zone)
            if at <= local:
                at += _DAY
            waits.append((at - local).total_seconds())
        return max(min(waits), 1.0)


class ThrottledBackend(WrappedBackend):
    """``inner`` at the pace given: what is read and what is written pay alike."""

    def __init__(self, inner: StorageBackend, pace: Pace) -> None:
        super().__init__(inner)
        self._pace = pace

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        paced = _PacedSource(source, self._pace)
        self.inner.put_new(key, paced, size_bytes=size_bytes, sha256=sha256)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        content, token = self.inner.read_head(key)
        self._pace.pay(len(content))
        return content, token

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        self._pace.pay(len(content))
        self.inner.put_head(key, content, replaces=replaces)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        return cast(BinaryIO, _PacedStream(self.inner.open(key, offset=offset), self._pace))

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        paced = _PacedSource(source, self._pace)
        self.inner.replace_damaged(
            key, paced, size_bytes=size_bytes, sha256=sha256, observed=observed
        )


@dataclass(frozen=True, slots=True)
class _PacedSource:
    inner: Source
    pace: Pace

    @property
    def local_path(self) -> Path | None:
        """None: a kernel's copy would pass unpaced."""
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        return cast(BinaryIO, _PacedStream(self.inner.open(), self.pace))


class _PacedStream(ReadingStream):
    """Pays for each piece before the next; passes ``drop_cache`` and ``fileno`` on."""

    def __init__(self, context: AbstractContextManager[BinaryIO], pace: Pace) -> None:
        super().__init__()
        self._inner = ExitStack()
        self._stream = self._inner.enter_context(context)
        self._pace = pace

    def fileno(self) -> int:
        return self._stream.fileno()

    def drop_cache(self) -> None:
        """What is read next comes from the medium, where the store inside has one."""
        drop_cache = getattr(self._stream, "drop_cache", None)
        if drop_cache is not None:
            drop_cache()

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return self.readall()
        chunk = self._stream.read(min(size, _PIECE_BYTES))
        self._pace.pay(len(chunk))
        return chunk

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()
