"""A wrapper that asks again when a store could not be asked: bounded, spread by jitter.

Only ``BackendUnavailable`` is retried. A write whose answer was lost may have been done: then
the repetition finds the key taken, and only re-reading tells whose bytes stand there.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, TypeVar, cast

from schemas.logs import without_names
from storage_backends.interface import (
    BackendUnavailable,
    HeadConflict,
    HeadToken,
    ObjectExists,
    ObjectInfo,
    Source,
    StorageBackend,
)
from storage_backends.streams import ReadingStream
from storage_backends.wrapping import WrappedBackend

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long; ``sleep`` and ``chance`` (0 ≤ x < 1) are given by tests."""

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def wait(self, attempt: int) -> None:
        """Waits after failed attempt number ``attempt``: up to twice as long each time.

        The wait is anything between half of that and all of it, so that many readers of one
        store do not come back together.
        """
        longest_s = min(self.longest_wait_s, self.first_wait_s * 2 ** (attempt - 1))
        self.sleep(longest_s * (0.5 + self.chance() / 2))


class RetryingBackend(WrappedBackend):
    """``inner``, asked up to ``patience.attempts`` times; then its last error is raised."""

    def __init__(self, inner: StorageBackend, *, patience: Patience | None = None) -> None:
        super().__init__(inner)
        self._patience = patience or Patience()

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        def act(attempt: int) -> None:
            try:
                self.inner.put_new(key, source, size_bytes=size_bytes, sha256=sha256)
            except ObjectExists:
                if attempt == 1 or self._digest_of(key) != (size_bytes, sha256):
                    raise

        self._persist("put_new", key, act)

    def settle(self, prefix: str) -> None:
        self._persist("settle", prefix, lambda _attempt: self.inner.settle(prefix))

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        return self._persist("read_head", key, lambda _attempt: self.inner.read_head(key))

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        def act(attempt: int) -> None:
            try:
                self.inner.put_head(key, content, replaces=replaces)
            except HeadConflict:
                if attempt == 1 or not self._holds(key, content):
                    raise

        self._persist("put_head", key, act)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        if self.capabilities.local_files:
            return self._persist("open", key, lambda _a: self.inner.open(key, offset=offset))

        def open_at(start: int) -> AbstractContextManager[BinaryIO]:
            return self._persist("open", key, lambda _a: self.inner.open(key, offset=start))

        return cast(BinaryIO, _ResumingStream(open_at, offset, self._patience))

    def stat(self, key: str) -> ObjectInfo:
        return self._persist("stat", key, lambda _attempt: self.inner.stat(key))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Asks again only until the first entry came: later, a repetition would list twice."""

        def act(_attempt: int) -> Iterator[ObjectInfo]:
            found = self.inner.list(prefix)
            first = list(islice(found, 1))
            return chain(first, found)

        return self._persist("list", prefix, act)

    def set_aside(self, key: str, *, reason: str) -> str:
        return self._persist("set_aside", key, lambda _a: self.inner.set_aside(key, reason=reason))

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        def act(_attempt: int) -> None:
            self.inner.replace_damaged(
                key, source, size_bytes=size_bytes, sha256=sha256, observed=observed
            )

        self._persist("replace_damaged", key, act)

    def move_aside(self, prefix: str, *, reason: str) -> str:
        return self._persist(
            "move_aside", prefix, lambda _a: self.inner.move_aside(prefix, reason=reason)
        )

    def abandon_uploads(self, prefix: str) -> int:
        return self._persist(
            "abandon_uploads", prefix, lambda _attempt: self.inner.abandon_uploads(prefix)
        )

    def sweep(self, prefix: str) -> None:
        self._persist("sweep", prefix, lambda _attempt: self.inner.sweep(prefix))

    def _persist(self, verb: str, key: str, act: Callable[[int], T]) -> T:
        attempt = 1
        while True:
            try:
                return act(attempt)
            except BackendUnavailable as error:
                if attempt >= self._patience.attempts:
                    raise
                _LOG.info(
                    "retry backend=%s verb=%s key=%s attempt=%d cause=%s",
                    self.name, verb, without_names(key), attempt,
                    type(error.__cause__ or error).__name__,
                )  # fmt: skip
                self._patience.wait(attempt)
                attempt += 1

    def _digest_of(self, key: str) -> tuple[int, str]:
        found = hashlib.sha256()
        size_bytes = 0
        with self.inner.open(key) as stream:
            while chunk := stream.read(1024 * 1024):
                found.update(chunk)
                size_bytes += len(chunk)
        return size_bytes, found.hexdigest()

    def _holds(self, key: str, content: bytes) -> bool:
        return self.inner.read_head(key)[0] == content


class _ResumingStream(ReadingStream):
    """A stream that is opened again where it broke off, as long as it gets on in between."""

    def __init__(
        self,
        open_at: Callable[[int], AbstractContextManager[BinaryIO]],
        offset: int,
        patience: Patience,
    ) -> None:
        super().__init__()
        self._open_at = open_at
        self._offset = offset
        self._patience = patience
        self._breaks = 0
        self._inner = ExitStack()
        self._stream = self._inner.enter_context(open_at(offset))

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return self.readall()
        while True:
            try:
                chunk = self._stream.read(size)
            except BackendUnavailable:
                self._breaks += 1
                if self._breaks >= self._patience.attempts:
                    raise
                self._patience.wait(self._breaks)
                self._inner.close()
                self._stream = self._inner.enter_context(self._open_at(self._offset))
                continue
            self._offset += len(chunk)
            self._breaks = 0
            return chunk

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()
