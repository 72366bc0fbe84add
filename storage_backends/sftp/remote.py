"""The files of one folder on an SFTP server: what paramiko does not do, and what answers mean.

A server says little about why it refuses: one code stands for a full disk, a taken name and a
bad block. Every refusal is therefore looked into before it is named.
"""

from __future__ import annotations

import errno
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from paramiko.sftp import CMD_EXTENDED, CMD_EXTENDED_REPLY

from schemas.errors import KhoError
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    MediumFailed,
    NoSpace,
    ObjectInfo,
    ObjectNotFound,
    WrongEntryType,
)
from storage_backends.sftp.connection import BROKEN, Connections
from storage_backends.sftp.errors import RenameUnsupported
from storage_backends.sftp.upload import StagedUpload
from storage_backends.walking import kind_of

STAGING_FOLDER = "kho/staging"
STANDING_FOLDERS = ("kho", STAGING_FOLDER, "kho/claims", "kho/set-aside")
"""Folders that are not listed as strays when they are empty."""
_FULL_BELOW_BYTES = 1024 * 1024
_KNOWN_LIMIT = 10_000
_ATTEMPTS = 5


class Remote:
    """Files below ``root`` on the server; paths are keys. Every verb takes a channel."""

    def __init__(self, name: str, root: str, connections: Connections) -> None:
        self.name = name
        self.root = root
        self.connections = connections
        self._plain_folders: dict[str, None] = {}

    @contextmanager
    def asking(self, key: str) -> Iterator[Any]:
        """A channel; whatever it raises leaves as Kho's error about ``key``."""
        with self.translated(key), self.connections.channel() as channel:
            yield channel

    @contextmanager
    def translated(self, key: str) -> Iterator[None]:
        """Errors of a channel as Kho's; a missing file is ObjectNotFound."""
        try:
            yield
        except KhoError:
            raise
        except BROKEN as error:
            reason = str(error) or type(error).__name__
            raise BackendUnavailable(backend=self.name, key=key, reason=reason) from error
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise ObjectNotFound(backend=self.name, key=key) from error
            if error.errno == errno.EACCES:
                raise AccessDenied(backend=self.name, key=key, reason=str(error)) from error
            if "space" in str(error) or "quota" in str(error):
                raise NoSpace(backend=self.name, key=key, reason=str(error)) from error
            raise BackendUnavailable(backend=self.name, key=key, reason=str(error)) from error

    def path(self, key: str) -> str:
        """Where the key is on the server."""
        return f"{self.root}/{key}" if key else self.root

    def status(self, channel: Any, key: str) -> Any:
        """What stands at ``key``, no link followed on the way or at its end; None: nothing."""
        try:
            self.check_way(channel, parent_of(key))
            return channel.lstat(self.path(key))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            if self._way_is_a_file(channel, key):
                return None
            raise

    def check_way(self, channel: Any, folder: str) -> None:
        """``folder`` and everything above it, up to the root, is a folder and no link.

        OSError ENOENT when it is not there. Looked at once for each folder and handle.
        """
        if not folder or folder in self._plain_folders:
            return
        self.check_way(channel, parent_of(folder))
        kind = kind_of(channel.lstat(self.path(folder)).st_mode)
        if kind == "file":
            raise FileNotFoundError(errno.ENOENT, "a file is in the way", self.path(folder))
        if kind != "directory":
            raise WrongEntryType(backend=self.name, key=folder, found=kind)
        self._plain_folders[folder] = None
        if len(self._plain_folders) > _KNOWN_LIMIT:
            del self._plain_folders[next(iter(self._plain_folders))]

    def make_folders(self, channel: Any, folder: str) -> None:
        """``folder`` is there, with everything above it; WrongEntryType where it cannot be."""
        if not folder:
            return
        self._plain_folders.pop(folder, None)
        with suppress(FileNotFoundError):
            self.check_way(channel, folder)
            return
        self.make_folders(channel, parent_of(folder))
        try:
            channel.mkdir(self.path(folder), 0o700 if folder == STAGING_FOLDER else 0o755)
        except OSError:
            kind = kind_of(channel.lstat(self.path(folder)).st_mode)  # another writer was quicker
            if kind != "directory":
                raise WrongEntryType(backend=self.name, key=folder, found=kind) from None

    @contextmanager
    def staged(self, channel: Any) -> Iterator[StagedUpload]:
        """A fresh file in staging; afterwards nothing of it is left there."""
        key = f"{STAGING_FOLDER}/put-{uuid4().hex}"
        try:
            handle = channel.open(self.path(key), "wx")
        except OSError:
            self.make_folders(channel, STAGING_FOLDER)
            handle = channel.open(self.path(key), "wx")
        staged = StagedUpload(self, channel, key, handle)
        try:
            yield staged
        finally:
            staged.discard()

    def publish_new(self, channel: Any, key: str, target: str) -> None:
        """The staged file stands at ``target``, which was free; FileExistsError otherwise.

        By a hard link, which never replaces; where there are none, by a plain rename, which
        the protocol forbids to replace.
        """
        for _attempt in range(_ATTEMPTS):
            for publish in (self._link, self._rename_new):
                try:
                    publish(channel, key, target)
                except OSError:
                    if self.status(channel, target) is not None:
                        raise FileExistsError(errno.EEXIST, "taken", target) from None
                else:
                    return
            self.make_folders(channel, parent_of(target))
        self._explain_full(channel, target)

    def publish_over(self, channel: Any, key: str, target: str) -> None:
        """The staged file stands at ``target``; readers saw the old bytes until this instant."""
        try:
            channel.posix_rename(self.path(key), self.path(target))
        except OSError as error:
            if error.errno is not None:
                raise
            raise RenameUnsupported(backend=self.name, reason=str(error)) from error

    def move_folder(self, channel: Any, folder: str, target: str) -> None:
        """The folder is at ``target``, which was free; OSError ENOENT when there is none."""
        self.make_folders(channel, parent_of(target))
        channel.lstat(self.path(folder))
        channel.rename(self.path(folder), self.path(target))
        self._plain_folders.clear()

    def prune(self, channel: Any, folder: str) -> None:
        """No empty folder is left from ``folder`` upwards; standing ones stay."""
        while folder and folder not in STANDING_FOLDERS:
            try:
                channel.rmdir(self.path(folder))
            except OSError:
                return  # not empty, or gone
            self._plain_folders.clear()
            folder = parent_of(folder)

    def remove(self, channel: Any, key: str) -> None:
        """Nothing stands at ``key``. For staged files, locks and sweeps alone."""
        try:
            channel.remove(self.path(key))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def walk(self, channel: Any, prefix: str) -> Iterator[ObjectInfo]:
        """Each entry under ``prefix`` once, following no link; empty folders are strays."""
        waiting = [prefix]
        while waiting:
            folder = waiting.pop()
            try:
                if folder:
                    self.check_way(channel, folder[:-1])
                entries = channel.listdir_attr(self.path(folder[:-1]))
            except FileNotFoundError:
                continue
            if not entries and folder != prefix and folder[:-1] not in STANDING_FOLDERS:
                yield ObjectInfo(folder[:-1], 0, "directory")
            for entry in entries:
                key = f"{folder}{entry.filename}"
                kind = kind_of(entry.st_mode or 0)
                if kind == "directory":
                    waiting.append(f"{key}/")
                else:
                    yield ObjectInfo(key, entry.st_size or 0, kind)

    def read_failed(self, key: str, error: OSError) -> KhoError:
        """A read failed on a file that was opened: the medium, when the server still answers."""
        try:
            with self.connections.channel() as channel:
                channel.lstat(self.path(key))
        except (KhoError, OSError, *BROKEN):
            return BackendUnavailable(backend=self.name, key=key, reason=str(error))
        return MediumFailed(backend=self.name, key=key, reason=str(error))

    def explain_write(self, channel: Any, key: str, error: OSError) -> None:
        """Raises what a failed write means: a full store, or the error itself."""
        if error.errno is None:
            self._explain_full(channel, key, error)
        raise error

    def _link(self, channel: Any, key: str, target: str) -> None:
        channel._request(CMD_EXTENDED, "hardlink@openssh.com", self.path(key), self.path(target))

    def _rename_new(self, channel: Any, key: str, target: str) -> None:
        channel.rename(self.path(key), self.path(target))

    def _explain_full(self, channel: Any, key: str, error: OSError | None = None) -> None:
        reason = str(error or "the server refuses, and does not say why")
        if self._free_bytes(channel) < _FULL_BELOW_BYTES:
            raise NoSpace(backend=self.name, key=key, reason=reason) from error
        raise BackendUnavailable(backend=self.name, key=key, reason=reason) from error

    def _free_bytes(self, channel: Any) -> int:
        """What the server says is free; plenty when it cannot say."""
        try:
            kind, answer = channel._request(CMD_EXTENDED, "statvfs@openssh.com", self.root)
        except OSError:
            return _FULL_BELOW_BYTES
        if kind != CMD_EXTENDED_REPLY:
            return _FULL_BELOW_BYTES
        _block, fragment, _all, _free, available = struct.unpack(
            ">5Q", answer.get_remainder()[:40]
        )
        return int(fragment * available)

    def _way_is_a_file(self, channel: Any, key: str) -> bool:
        """Whether something on the way to ``key`` is a file, so that nothing is below it."""
        way = parent_of(key)
        while way:
            try:
                return stat.S_ISREG(channel.lstat(self.path(way)).st_mode)
            except OSError:
                way = parent_of(way)
        return False


def parent_of(key: str) -> str:
    """The folder that holds the key's name."""
    return key.rpartition("/")[0]
