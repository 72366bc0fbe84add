"""A file read at chosen places, within a budget, from bytes already at hand where possible."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import BinaryIO, Self

WORK_BYTES = 16 * 1024 * 1024
"""Bytes read beyond head and tail plus bytes inflated, for one container (design §8)."""


class ContainerDamagedError(Exception):
    """The container's own structure cannot be followed."""


class BudgetSpentError(Exception):
    """Looking further into the container would cost more than is allowed."""


class Extent(AbstractContextManager["Extent"]):
    """Serves reads from head and tail; opens the file only for what lies between.

    ``work_bytes`` counts what was read from the file or inflated; at ``budget`` it raises
    :class:`BudgetSpentError`. Bytes that are not there any more raise
    :class:`ContainerDamagedError`.
    """

    def __init__(
        self,
        size_bytes: int,
        head: bytes,
        tail: bytes,
        open_file: Callable[[], BinaryIO] | None,
        budget: int = WORK_BYTES,
    ) -> None:
        self.size_bytes = size_bytes
        self.work_bytes = 0
        self._head = head
        self._tail = tail
        self._tail_start = size_bytes - len(tail)
        self._open_file = open_file
        self._stream: BinaryIO | None = None
        self._budget = budget

    def spend(self, count: int) -> None:
        """Count work of ``count`` bytes."""
        self.work_bytes += count
        if self.work_bytes > self._budget:
            raise BudgetSpentError

    @property
    def tail(self) -> bytes:
        """The last bytes of the file, as given."""
        return self._tail

    def read_at(self, place: int, count: int) -> bytes:
        """Exactly ``count`` bytes from ``place``."""
        end = place + count
        if place < 0 or count < 0 or end > self.size_bytes:
            raise ContainerDamagedError
        if end <= len(self._head):
            return self._head[place:end]
        if place >= self._tail_start:
            return self._tail[place - self._tail_start : end - self._tail_start]
        self.spend(count)
        content = self._from_file(place, count)
        if len(content) != count:
            raise ContainerDamagedError
        return content

    def _from_file(self, place: int, count: int) -> bytes:
        try:
            if self._stream is None:
                if self._open_file is None:
                    raise BudgetSpentError
                self._stream = self._open_file()
            self._stream.seek(place)
            return self._stream.read(count)
        except OSError as problem:
            raise ContainerDamagedError from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()
