"""Canaries: damage of our own making, by which every audit proves that it looks (promise 6).

Two kinds. A *permanent set* lies on every replica since it was made
(``repository.canaries``). And in every run a few real entries of its
own work list, chosen by a seed the engine does not see, are *presented* as flipped, truncated,
absent and unreadable, and one entry too many is listed. The supervisor requires exactly those
verdicts; a run that misses one is not trusted (exit code 5).
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import BinaryIO, cast

from schemas.nouns import Verdict
from storage_backends.interface import (
    BackendUnavailable,
    Capabilities,
    ObjectInfo,
    ObjectNotFound,
    StorageBackend,
    StorageError,
)
from storage_backends.reading import PassEach


class Disguise(StrEnum):
    """How a real entry is presented to the engine."""

    FLIPPED = "flipped"
    TRUNCATED = "truncated"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


EXPECTED: Mapping[Disguise, Verdict] = {
    Disguise.FLIPPED: Verdict.ALTERED,
    Disguise.TRUNCATED: Verdict.ALTERED,
    Disguise.ABSENT: Verdict.ABSENT,
    Disguise.UNREADABLE: Verdict.UNREADABLE,
}


def canary_rng(seed: int, replica: str) -> random.Random:
    """The choice of canaries for one replica's part of a run. It need not resist an attacker,
    only an engine's mistakes."""
    return random.Random(f"{seed}:{replica}")  # noqa: S311 - see above


def choose(
    keys: Sequence[tuple[str, bool]], rng: random.Random, *, wanted: int = 4
) -> dict[str, Disguise]:
    """Which of a window's keys are presented as what; ``keys`` are (key, may be empty).

    Flipping and truncating need a byte, so a possibly empty file is only ever presented as
    absent or unreadable.
    """
    picked = rng.sample(range(len(keys)), min(wanted, len(keys)))
    disguises = list(Disguise)
    rng.shuffle(disguises)
    chosen = {}
    for number, index in enumerate(picked):
        key, may_be_empty = keys[index]
        disguise = disguises[number % len(disguises)]
        if may_be_empty and disguise in (Disguise.FLIPPED, Disguise.TRUNCATED):
            disguise = rng.choice([Disguise.ABSENT, Disguise.UNREADABLE])
        chosen[key] = disguise
    return chosen


class DisguisedStore:
    """A store that presents chosen entries as damaged and lists one entry too many.

    It passes everything else through; it has the verbs that an audit uses, and no others.
    """

    def __init__(
        self, inner: StorageBackend, disguises: Mapping[str, Disguise], extra_key: str = ""
    ) -> None:
        self._inner = inner
        self._disguises = disguises
        self._extra_key = extra_key
        pass_each: PassEach | None = getattr(inner, "pass_each", None)
        if pass_each is not None:
            self.pass_each = _DisguisedEach(self, pass_each)

    @property
    def name(self) -> str:
        """The store's own name."""
        return self._inner.name

    @property
    def capabilities(self) -> Capabilities:
        """The store's own."""
        return self._inner.capabilities

    def is_disguised(self, key: str) -> bool:
        """Whether the key is presented as something else than it is."""
        return key in self._disguises

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        """The stored bytes, or what the key's disguise shows instead."""
        disguise = self._disguises.get(key)
        if disguise is None:
            return self._inner.open(key, offset=offset)
        if disguise is Disguise.ABSENT:
            raise ObjectNotFound(backend=self.name, key=key)
        if disguise is Disguise.UNREADABLE:
            raise BackendUnavailable(backend=self.name, key=key, reason="input/output error")
        return self._spoilt(key, disguise)

    def stat(self, key: str) -> ObjectInfo:
        """What the store says of the key, in keeping with its disguise."""
        disguise = self._disguises.get(key)
        info = self._inner.stat(key)
        if disguise is Disguise.ABSENT:
            raise ObjectNotFound(backend=self.name, key=key)
        if disguise is Disguise.TRUNCATED:
            return ObjectInfo(key, info.size_bytes - 1, info.kind)
        return info

    def read_head(self, key: str) -> tuple[bytes, object]:
        """A head of the store itself: heads are never disguised."""
        return self._inner.read_head(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """The store's listing, less what is presented as absent, and one entry more."""
        for info in self._inner.list(prefix):
            if self._disguises.get(info.key) is not Disguise.ABSENT:
                yield info
        if self._extra_key.startswith(prefix) and self._extra_key:
            yield ObjectInfo(self._extra_key, 1)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """As :meth:`list`, for those who need no sizes."""
        list_keys = getattr(self._inner, "list_keys", None)
        if list_keys is None:
            yield from (info.key for info in self.list(prefix))
            return
        for key in list_keys(prefix):
            if self._disguises.get(key) is not Disguise.ABSENT:
                yield key
        if self._extra_key.startswith(prefix) and self._extra_key:
            yield self._extra_key

    @contextmanager
    def _spoilt(self, key: str, disguise: Disguise) -> Iterator[BinaryIO]:
        with self._inner.open(key) as stream:
            yield cast(BinaryIO, io.BufferedReader(_Spoilt(stream, disguise)))


class _DisguisedEach:
    """The store's own way of handing over many objects, disguises kept."""

    def __init__(self, store: DisguisedStore, inner: PassEach) -> None:
        self._store = store
        self._inner = inner

    def __call__(
        self,
        keys: Sequence[str],
        buffer: memoryview,
        take: Callable[[memoryview], None],
        *,
        drop_cache: bool,
    ) -> Iterator[tuple[int, StorageError | None]]:
        plain: list[str] = []
        for key in keys:
            if self._store.is_disguised(key):
                yield from self._inner(plain, buffer, take, drop_cache=drop_cache)
                yield self._disguised(key, len(buffer), take)
                plain = []
            else:
                plain.append(key)
        yield from self._inner(plain, buffer, take, drop_cache=drop_cache)

    def _disguised(
        self, key: str, piece_bytes: int, take: Callable[[memoryview], None]
    ) -> tuple[int, StorageError | None]:
        size_bytes = 0
        try:
            with self._store.open(key) as stream:
                while chunk := stream.read(piece_bytes):
                    take(memoryview(chunk))
                    size_bytes += len(chunk)
        except StorageError as error:
            return 0, error
        return size_bytes, None


class _Spoilt(io.RawIOBase):
    """A stream whose first byte is flipped, or whose last is missing."""

    def __init__(self, stream: BinaryIO, disguise: Disguise) -> None:
        super().__init__()
        self._stream = stream
        self._disguise = disguise
        self._ahead = stream.read(1)
        if disguise is Disguise.FLIPPED and self._ahead:
            self._ahead = bytes([self._ahead[0] ^ 0x01])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Keeps one byte in hand, so that a truncated stream can end without it."""
        view = memoryview(cast(bytearray, buffer)).cast("B")
        chunk = self._ahead + self._stream.read(len(view))
        if self._disguise is Disguise.TRUNCATED:
            self._ahead, chunk = chunk[-1:], chunk[:-1]
        else:
            self._ahead = chunk[len(view) :]
            chunk = chunk[: len(view)]
        view[: len(chunk)] = chunk
        return len(chunk)
