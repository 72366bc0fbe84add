"""The one reading engine: re-reads and re-hashes objects at the speed of the store.

Write verification, audit and restore all read through :func:`read_digests`. Threads take
batches of up to 64 objects and read into one preallocated buffer each; local stores announce
a batch to the medium as a whole, and drop the page cache before a file is read, so that the
medium answers, and after, so that an audit does not push everything else out of memory.

Source: docs/design.md, *Digests*; benchmarks/reading.py holds the figures.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import BinaryIO, Protocol

import msgspec

from schemas.digests import Algorithm
from storage_backends.interface import BackendUnavailable, StorageBackend, StorageError

BUFFER_BYTES = 1024 * 1024
BATCH_FILES = 64
BATCH_BYTES = 16 * 1024 * 1024
"""A batch ends here, so that large files spread over the threads."""
_MOST_HASHING = 4
"""Beyond so many, threads that never wait for the medium only wait for each other."""
_BATCHES_AHEAD = 2
"""Batches waiting per thread; what bounds the memory of a run over millions."""


class ReadRequest(msgspec.Struct, frozen=True, gc=False):
    """One object to read; ``size_bytes`` as expected, used only to share out the work."""

    key: str
    size_bytes: int | None = None


class ReadResult(msgspec.Struct, frozen=True):
    """What reading one object gave: ``digest`` of all its bytes, or the ``error``."""

    key: str
    size_bytes: int
    digest: str
    error: StorageError | None = None


def read_digests(
    backend: StorageBackend,
    requests: Iterable[ReadRequest],
    *,
    algorithm: Algorithm = "sha256",
    threads: int | None = None,
    drop_cache: bool = True,
) -> Iterator[ReadResult]:
    """One result for each request, in no promised order, in bounded memory.

    ``requests`` is taken lazily in the caller's thread. What is wrong with one object is the
    ``error`` of its result; anything that is not a storage error ends the run and is raised.
    When the iterator is closed early, no thread reads on.
    """
    workers = threads or _threads_for(backend)
    reader = _Reader(backend, algorithm, drop_cache=drop_cache)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="kho-read")
    waiting: set[Future[list[ReadResult]]] = set()
    try:
        for batch in _batches(requests):
            waiting.add(pool.submit(reader.read_batch, batch))
            if len(waiting) >= workers * _BATCHES_AHEAD:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from future.result()
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield from future.result()
    finally:
        reader.stopped = True
        pool.shutdown(wait=True, cancel_futures=True)


def _threads_for(backend: StorageBackend) -> int:
    """As many as the store can serve; where it is asked for whole batches, as can hash, and one
    that waits for the medium meanwhile."""
    widest = backend.capabilities.read_threads
    if getattr(backend, "pass_each", None) is None:
        return widest
    return min(widest, _MOST_HASHING, 1 + (os.cpu_count() or 1))


class PassEach(Protocol):
    """How a store hands over many objects at once, where it can.

    For each key in turn: ``take`` was given every byte in pieces no larger than ``buffer``,
    then how many it were, or what went wrong, is yielded. What ``take`` raises ends it.
    """

    def __call__(
        self,
        keys: Sequence[str],
        buffer: memoryview,
        take: Callable[[memoryview], None],
        *,
        drop_cache: bool,
    ) -> Iterator[tuple[int, StorageError | None]]: ...


class _Stopped(Exception):
    """Nobody waits for the answer any more."""


class _Reader:
    def __init__(self, backend: StorageBackend, algorithm: Algorithm, *, drop_cache: bool) -> None:
        self._backend = backend
        self._new_hash = hashlib.sha256 if algorithm == "sha256" else hashlib.sha512
        self._drop_cache = drop_cache
        self._mine = threading.local()
        self._pass_each: PassEach | None = getattr(backend, "pass_each", None)
        self.stopped = False

    def read_batch(self, batch: list[ReadRequest]) -> list[ReadResult]:
        """The results of one batch; fewer when nobody waits any more."""
        buffer = getattr(self._mine, "buffer", None)
        if buffer is None:
            buffer = self._mine.buffer = memoryview(bytearray(BUFFER_BYTES))
        results: list[ReadResult] = []
        try:
            if self._pass_each is not None:
                results.extend(self._read_together(batch, buffer, self._pass_each))
            else:
                results.extend(self._read(request, buffer) for request in batch)
        except _Stopped:
            pass
        except BaseException:
            self.stopped = True
            raise
        return results

    def _read_together(
        self, batch: list[ReadRequest], buffer: memoryview, pass_each: PassEach
    ) -> Iterator[ReadResult]:
        """All at once and without streams, where the store can do that."""
        found = self._new_hash()

        def take(piece: memoryview) -> None:
            found.update(piece)
            if self.stopped:
                raise _Stopped

        keys = [request.key for request in batch]
        for key, (size_bytes, error) in zip(
            keys, pass_each(keys, buffer, take, drop_cache=self._drop_cache), strict=True
        ):
            if error is None:
                yield ReadResult(key, size_bytes, found.hexdigest())
            else:
                yield ReadResult(key, 0, "", error.with_traceback(None))
            if self.stopped:
                raise _Stopped
            found = self._new_hash()

    def _read(self, request: ReadRequest, buffer: memoryview) -> ReadResult:
        if self.stopped:
            raise _Stopped
        try:
            with self._backend.open(request.key) as stream:
                size_bytes, digest = self._digest(stream, buffer)
        except StorageError as error:
            # The traceback would keep every frame of this thread alive with the result.
            return ReadResult(request.key, 0, "", error.with_traceback(None))
        except OSError as error:
            # A stream of a store that forgot to translate: still this object's fault alone.
            unknown = BackendUnavailable(
                backend=self._backend.name, key=request.key, reason=str(error)
            )
            unknown.__cause__ = error.with_traceback(None)
            return ReadResult(request.key, 0, "", unknown)
        return ReadResult(request.key, size_bytes, digest)

    def _digest(self, stream: BinaryIO, buffer: memoryview) -> tuple[int, str]:
        drop_cache = getattr(stream, "drop_cache", None) if self._drop_cache else None
        if drop_cache is not None:
            drop_cache()
        found = self._new_hash()
        size_bytes = 0
        read_into = getattr(stream, "readinto", None) or _reading_into(stream)
        while count := read_into(buffer):
            found.update(buffer[:count])
            size_bytes += count
            if self.stopped:
                raise _Stopped
        if drop_cache is not None:
            drop_cache()
        return size_bytes, found.hexdigest()


def _reading_into(stream: BinaryIO) -> Callable[[memoryview], int]:
    """``readinto`` for a stream that can only ``read``."""

    def read_into(buffer: memoryview) -> int:
        chunk = stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    return read_into


def _batches(requests: Iterable[ReadRequest]) -> Iterator[list[ReadRequest]]:
    batch: list[ReadRequest] = []
    batch_bytes = 0
    for request in requests:
        batch.append(request)
        batch_bytes += request.size_bytes or 0
        if len(batch) == BATCH_FILES or batch_bytes >= BATCH_BYTES:
            yield batch
            batch, batch_bytes = [], 0
    if batch:
        yield batch
