"""Small tools that the behaviours share: sources that misbehave, shorthands, expectations."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage_backends.interface import StorageBackend
from storage_backends.sources import BytesSource

Make = Callable[[], StorageBackend]
Behaviour = Callable[[Make], None]


class Behaviours:
    """Collects the behaviours of one module in the order they are written."""

    def __init__(self) -> None:
        self.all: list[Behaviour] = []

    def __call__(self, behaviour: Behaviour) -> Behaviour:
        """An error the behaviour did not expect is a failure of the store, and says so."""

        @functools.wraps(behaviour)
        def held(make: Make) -> None:
            try:
                behaviour(make)
            except AssertionError:
                raise
            except Exception as error:
                raise AssertionError(
                    f"{behaviour.__name__}: the store raised {error!r}"
                ) from error

        self.all.append(held)
        return held


class Interrupted(BaseException):
    """The process ends in the middle of a call, as far as a store can tell."""


@dataclass(frozen=True, slots=True)
class BrokenSource:
    """A source that gives ``content`` and then raises ``error``."""

    content: bytes
    error: BaseException

    @property
    def local_path(self) -> Path | None:
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        return _BrokenStream(self.content, self.error)


class _BrokenStream(io.BytesIO):
    def __init__(self, content: bytes, error: BaseException) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        if not chunk or self.tell() == len(self.getbuffer()):
            raise self._error
        return chunk

    def readinto(self, _buffer: object, /) -> int:
        raise self._error


class EndlessSource:
    """A source that never ends; counts what was taken from it."""

    def __init__(self) -> None:
        self.taken_bytes = 0

    @property
    def local_path(self) -> Path | None:
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        return _EndlessStream(self)


class _EndlessStream(io.BytesIO):
    def __init__(self, source: EndlessSource) -> None:
        super().__init__()
        self._source = source

    def read(self, size: int | None = -1, /) -> bytes:
        count = 64 * 1024 if size is None or size < 0 else min(size, 64 * 1024)
        self._source.taken_bytes += count
        if self._source.taken_bytes > 64 * 1024 * 1024:
            raise AssertionError("the store reads a source of ten bytes for ever")
        return b"\0" * count

    def readinto(self, _buffer: object, /) -> int:
        raise io.UnsupportedOperation("read is enough for a source")


class CountingSource:
    """A plain source that counts how often it was opened and refuses to be read by path."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.opened = 0

    @property
    def local_path(self) -> Path | None:
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        self.opened += 1
        return io.BytesIO(self.content)


def sha256(content: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def put(store: StorageBackend, key: str, content: bytes) -> None:
    """``content`` stands at ``key``, which was free."""
    store.put_new(key, BytesSource(content), size_bytes=len(content), sha256=sha256(content))


def get(store: StorageBackend, key: str, *, offset: int = 0) -> bytes:
    """All bytes at ``key`` from ``offset`` on."""
    with store.open(key, offset=offset) as stream:
        chunks = []
        while chunk := stream.read(64 * 1024):
            chunks.append(chunk)
    return b"".join(chunks)


def keys(store: StorageBackend, prefix: str = "") -> list[str]:
    """The keys listed under ``prefix``, sorted; twice when listed twice."""
    return sorted(info.key for info in store.list(prefix))


@contextmanager
def refused(error: type[BaseException], what: str, *others: type[BaseException]) -> Iterator[None]:
    """The block raises ``error`` or one of ``others``; else AssertionError says ``what`` was
    done and what came of it.
    """
    wanted = " or ".join(kind.__name__ for kind in (error, *others))
    try:
        yield
    except (error, *others):
        return
    except Exception as other:
        raise AssertionError(f"{what}: wanted {wanted}, got {other!r}") from other
    raise AssertionError(f"{what}: wanted {wanted}, and nothing was raised")


def same(found: object, wanted: object, what: str) -> None:
    """``found`` equals ``wanted``."""
    if found != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r:.300}, found {found!r:.300}")


def true(condition: object, what: str) -> None:
    """``what`` is so."""
    if not condition:
        raise AssertionError(what)
