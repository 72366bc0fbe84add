"""System calls that fail, lie or end the process at the N-th call (design §12, crash loops)."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable

from storage_backends.faulty import SimulatedCrash
from storage_backends.system import SystemCalls


class FaultySystem(SystemCalls):
    """Counts every call by name and path, and does to it what the test asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.crash_at = 0
        self.fail_at: tuple[int, int] | None = None
        """(call number, errno)"""
        self.lost_writes = False
        self.on_call: Callable[[str, str], None] = lambda _name, _path: None
        """Called ahead of each call; may raise."""
        self._paths: dict[int, str] = {}
        self._ours: set[int] = set()
        self._dead = False

    def names(self, name: str) -> list[str]:
        """The paths of every call of this name so far."""
        return [path for called, path in self.calls if called == name]

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        self._step("open", path)
        descriptor = super().open(path, flags, mode)
        self._paths[descriptor] = path
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_DIRECTORY):
            self._ours.add(descriptor)
        return descriptor

    def close(self, descriptor: int) -> None:
        """A close that fails has closed all the same, as on Linux; a dead process closes none."""
        try:
            self._step("close", self._paths.get(descriptor, ""))
        except OSError:
            super().close(descriptor)
            raise
        else:
            super().close(descriptor)
        finally:
            self._ours.discard(descriptor)

    def fstat(self, descriptor: int) -> os.stat_result:
        self._step("fstat", self._paths.get(descriptor, ""))
        return super().fstat(descriptor)

    def lstat(self, path: str) -> os.stat_result:
        self._step("lstat", path)
        return super().lstat(path)

    def readlink(self, path: str) -> str:
        self._step("readlink", path)
        return super().readlink(path)

    def read_into(self, descriptor: int, buffer: bytearray | memoryview) -> int:
        self._step("read_into", self._paths.get(descriptor, ""))
        return super().read_into(descriptor, buffer)

    def write(self, descriptor: int, content: memoryview) -> int:
        self._step("write", self._paths.get(descriptor, ""))
        if self.lost_writes:
            return super().write(descriptor, memoryview(bytes(len(content))))
        return super().write(descriptor, content[: max(1, len(content) // 2)])

    def fsync(self, descriptor: int) -> None:
        self._step("fsync", self._paths.get(descriptor, ""))

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        self._step("mkdir", path)
        super().mkdir(path, mode)

    def scandir(self, path: str) -> list[os.DirEntry[str]]:
        self._step("scandir", path)
        return super().scandir(path)

    def link(self, source: str, target: str) -> None:
        self._step("link", target)
        super().link(source, target)

    def rename(self, source: str, target: str) -> None:
        self._step("rename", target)
        super().rename(source, target)

    def rename_new(self, source: str, target: str) -> None:
        self._step("rename_new", target)
        super().rename_new(source, target)

    def unlink(self, path: str) -> None:
        self._step("unlink", path)
        super().unlink(path)

    def rmdir(self, path: str) -> None:
        self._step("rmdir", path)
        super().rmdir(path)

    def lock(self, descriptor: int, *, wait: bool) -> bool:
        self._step("lock", self._paths.get(descriptor, ""))
        return super().lock(descriptor, wait=wait)

    def drop_cache(self, descriptor: int) -> None:
        self._step("drop_cache", self._paths.get(descriptor, ""))
        super().drop_cache(descriptor)

    def read_ahead(self, descriptor: int, size_bytes: int) -> None:
        self._step("read_ahead", self._paths.get(descriptor, ""))
        super().read_ahead(descriptor, size_bytes)

    def _step(self, name: str, path: str) -> None:
        if self._dead:
            raise SimulatedCrash
        self.calls.append((name, path))
        number = len(self.calls)
        if number == self.crash_at:
            self._die()
        if self.fail_at is not None and self.fail_at[0] == number:
            raise OSError(self.fail_at[1], os.strerror(self.fail_at[1]), path)
        self.on_call(name, path)

    def _die(self) -> None:
        """The kernel takes back what a dead process held. Streams close their own files."""
        self._dead = True
        for descriptor in self._ours:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
        raise SimulatedCrash


def failing(
    name: str, error: int, *, times: int = 1, path: str = ""
) -> Callable[[str, str], None]:
    """An ``on_call`` that fails the next ``times`` calls of ``name`` whose path ends so."""
    left = [times]

    def on_call(called: str, where: str) -> None:
        if called == name and where.endswith(path) and left[0] > 0:
            left[0] -= 1
            raise OSError(error, errno.errorcode[error], where)

    return on_call
