"""Reading many files below one root: opened together, asked of the medium together.

The medium is told of a whole batch before the first byte of it is awaited. A disk then serves
them in the order that suits it, and no thread sleeps once for each small file: half the time
by the clock and two thirds of the processor's, on files of 20 KiB (benchmarks/reading.py).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from storage_backends.interface import StorageError, WrongEntryType
from storage_backends.keys import check_key
from storage_backends.local_disk import LocalDisk
from storage_backends.walking import kind_of

READ_AHEAD_BYTES = 1024 * 1024
"""How much of each file of a batch is asked for before it is read."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_TOO_MANY_OPEN = {errno.EMFILE, errno.ENFILE}


class _Opened(NamedTuple):
    """A file to be read, or the error that its opening gave."""

    key: str
    descriptor: int
    size_bytes: int
    error: StorageError | None


def pass_each(
    disk: LocalDisk,
    keys: Sequence[str],
    buffer: memoryview,
    take: Callable[[memoryview], None],
    *,
    drop_cache: bool,
) -> Iterator[tuple[int, StorageError | None]]:
    """For each key in turn: ``take`` was given every byte, in pieces no larger than ``buffer``;
    how many, or what went wrong. What ``take`` raises (no OSError) ends all.

    With ``drop_cache`` the bytes come from the medium, and do not push others out of memory.
    No descriptor stays open, however it ends.
    """
    rest = list(keys)
    while rest:
        opened, rest = _open_together(disk, rest, drop_cache=drop_cache)
        left = iter(opened)
        try:
            for file in left:
                yield _pass_one(disk, file, buffer, take, drop_cache=drop_cache)
        finally:
            for file in left:
                if file.error is None:
                    disk.system.close(file.descriptor)


def _open_together(
    disk: LocalDisk, keys: list[str], *, drop_cache: bool
) -> tuple[list[_Opened], list[str]]:
    """As many as this process may hold open, each announced to the medium; and the rest."""
    opened: list[_Opened] = []
    for number, key in enumerate(keys):
        try:
            opened.append(_open(disk, key, drop_cache=drop_cache))
        except OSError as error:
            if opened and error.errno in _TOO_MANY_OPEN:
                return opened, keys[number:]
            opened.append(_Opened(key, -1, 0, _meaning(disk, error, key)))
        except StorageError as error:
            opened.append(_Opened(key, -1, 0, error))
    return opened, []


def _open(disk: LocalDisk, key: str, *, drop_cache: bool) -> _Opened:
    check_key(key)
    system = disk.system
    descriptor = system.open(disk.path(key), _READ)
    try:
        status = system.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise WrongEntryType(backend=disk.name, key=key, found=kind_of(status.st_mode))
        if drop_cache:
            system.drop_cache(descriptor)
        system.read_ahead(descriptor, READ_AHEAD_BYTES)
    except BaseException:
        system.close(descriptor)
        raise
    return _Opened(key, descriptor, status.st_size, None)


def _pass_one(
    disk: LocalDisk,
    file: _Opened,
    buffer: memoryview,
    take: Callable[[memoryview], None],
    *,
    drop_cache: bool,
) -> tuple[int, StorageError | None]:
    if file.error is not None:
        return 0, file.error
    system, descriptor = disk.system, file.descriptor
    size_bytes = 0
    try:
        try:
            while count := system.read_into(descriptor, buffer):
                take(buffer[:count])
                size_bytes += count
                if size_bytes == file.size_bytes:
                    break  # the kernel reads no further than the size that it just told
            if drop_cache:
                system.drop_cache(descriptor)
        finally:
            system.close(descriptor)
    except OSError as error:
        return 0, _meaning(disk, error, file.key)
    return size_bytes, None


def _meaning(disk: LocalDisk, error: OSError, key: str) -> StorageError:
    """What a failed call means; that the root itself is gone is an answer too."""
    try:
        meant = disk.meaning_when_reading(error, key)
    except StorageError as gone:
        meant = gone
    meant.__cause__ = error.with_traceback(None)
    return meant
