"""The system calls of the filesystem backend, behind one object, and what their errors mean.

Tests give the backend a :class:`SystemCalls` whose N-th call fails, lies or ends the process
(reference: forty faults; ``tests/kit/system_faults.py``). Nothing else in this package that
touches the replica's disk calls ``os`` directly.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    InvalidKey,
    MediumFailed,
    NoSpace,
    ObjectExists,
    ObjectNotFound,
    StorageError,
    WrongEntryType,
)

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1

_MEANING: dict[int, type[StorageError]] = {
    errno.ENOENT: ObjectNotFound,
    errno.EEXIST: ObjectExists,
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.EROFS: AccessDenied,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.EFBIG: NoSpace,
    errno.EMLINK: NoSpace,
    errno.EIO: MediumFailed,
    errno.EBADMSG: MediumFailed,
    errno.EUCLEAN: MediumFailed,
    errno.ELOOP: WrongEntryType,
    errno.ENOTDIR: WrongEntryType,
    errno.EISDIR: WrongEntryType,
    errno.ENXIO: WrongEntryType,
    errno.ENAMETOOLONG: InvalidKey,
}


class SystemCalls:
    """What the filesystem backend asks of the operating system, one call each.

    Paths are whole paths as text; every method raises OSError like its namesake in ``os``.
    """

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def fstat(self, descriptor: int) -> os.stat_result:
        return os.fstat(descriptor)

    def lstat(self, path: str) -> os.stat_result:
        return os.lstat(path)

    def readlink(self, path: str) -> str:
        return os.readlink(path)  # noqa: PTH115  # the bare call is the point

    def read_into(self, descriptor: int, buffer: bytearray | memoryview) -> int:
        """How many bytes were read to the start of ``buffer``; 0 at the end of the file."""
        return os.readv(descriptor, [buffer])

    def write(self, descriptor: int, content: memoryview) -> int:
        return os.write(descriptor, content)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        os.mkdir(path, mode)  # noqa: PTH102  # the bare call is the point

    def scandir(self, path: str) -> list[os.DirEntry[str]]:
        with os.scandir(path) as entries:
            return list(entries)

    def link(self, source: str, target: str) -> None:
        """A second name that must not exist yet."""
        os.link(source, target, follow_symlinks=False)

    def rename(self, source: str, target: str) -> None:
        """Replaces ``target`` at once if it is there."""
        os.rename(source, target)  # noqa: PTH104  # the bare call is the point

    def rename_new(self, source: str, target: str) -> None:
        """A rename to a name that must not exist yet, for stores without hard links."""
        _renameat2(source, target, _RENAME_NOREPLACE)

    def unlink(self, path: str) -> None:
        os.unlink(path)  # noqa: PTH108  # the bare call is the point

    def rmdir(self, path: str) -> None:
        os.rmdir(path)  # noqa: PTH106  # the bare call is the point

    def lock(self, descriptor: int, *, wait: bool) -> bool:
        """Whether the descriptor's exclusive lock is ours now; without ``wait`` it may not be."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def drop_cache(self, descriptor: int) -> None:
        """The next read of the file comes from the medium, not from memory."""
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def read_ahead(self, descriptor: int, size_bytes: int) -> None:
        """The medium is asked for the file's first bytes; nothing waits for them yet."""
        os.posix_fadvise(descriptor, 0, size_bytes, os.POSIX_FADV_WILLNEED)


@contextmanager
def translated(backend: str, key: str) -> Iterator[None]:
    """OSErrors inside are raised as the storage error they mean, naming ``key``."""
    try:
        yield
    except OSError as error:
        raise meaning_of(error, backend=backend, key=key) from error


def meaning_of(error: OSError, *, backend: str, key: str) -> StorageError:
    """The storage error that an OSError means; an unknown one is a store not to be asked now."""
    kind = _MEANING.get(error.errno or 0, BackendUnavailable)
    reason = errno.errorcode.get(error.errno or 0, str(error))
    return kind(backend=backend, key=key, reason=reason)


def _find_renameat2() -> Callable[..., int] | None:
    try:
        return ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None


_RENAMEAT2 = _find_renameat2()


def _renameat2(source: str, target: str, flags: int) -> None:
    if _RENAMEAT2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), target)
    result = _RENAMEAT2(
        _AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(flags)
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source, None, target)
