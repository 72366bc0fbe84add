"""One folder on a disk: opening, staging, publishing, locking and settling below its root.

The root is recognised by device and inode as they were when it was opened: after an unmount
or a change of mounts every call says *unavailable*, and never "there is nothing".
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from schemas.errors import ConfigError
from storage_backends.interface import (
    BackendUnavailable,
    MediumFailed,
    ObjectNotFound,
    StorageError,
    WrongEntryType,
)
from storage_backends.local_file import LocalFile
from storage_backends.seen import SeenFolders
from storage_backends.settling import Unsettled, parent_of, ways
from storage_backends.staged import StagedFile, locked_descriptor, staged_file
from storage_backends.system import SystemCalls, meaning_of
from storage_backends.walking import folders_below, kind_of

STAGING_FOLDER = "kho/staging"
STANDING_FOLDERS = {STAGING_FOLDER: 0o700, "kho/set-aside": 0o700, "kho/claims": 0o777}
"""Folders that stay when they are empty, so that a full store can still move things aside."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ATTEMPTS = 8
"""How often a folder may vanish between its making and its use before we give up."""


class RootMissing(BackendUnavailable):
    """The replica's folder is not there: a disk that is not mounted, or a wrong path."""

    code = "STORAGE-ROOT-MISSING"


class RootUnusable(ConfigError):
    """The replica's place cannot be a store, for the ``reason`` given."""

    code = "STORAGE-ROOT-UNUSABLE"
    exit_code = 4


class LocalDisk:
    """The calls below one root that more than one verb of the backend needs."""

    def __init__(self, name: str, root: str, system: SystemCalls) -> None:
        self.name = name
        self.root = root
        self.system = system
        self.unsettled = Unsettled()
        self._seen = SeenFolders()
        self._identity = self._root_identity()

    @property
    def device(self) -> int:
        """The device number of the root's mount."""
        return self._identity[0]

    def path(self, key: str) -> str:
        """The whole path of a key or folder."""
        return f"{self.root}/{key}"

    @contextmanager
    def translated(self, key: str) -> Iterator[None]:
        """OSErrors inside are raised as the storage errors they mean.

        "Not found" is said only while the root is the one that was opened.
        """
        try:
            yield
        except FileNotFoundError as error:
            raise self.meaning_when_reading(error, key) from error
        except OSError as error:
            raise meaning_of(error, backend=self.name, key=key) from error

    def meaning_when_reading(self, error: OSError, key: str) -> StorageError:
        """As :meth:`translated`; and below a file there can be nothing, so nothing is found."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            self.check_mounted()
            return ObjectNotFound(backend=self.name, key=key)
        return meaning_of(error, backend=self.name, key=key)

    def check_mounted(self) -> None:
        """The root is the folder that was opened; :class:`RootMissing` when it is not."""
        if self._root_identity() != self._identity:
            raise RootMissing(backend=self.name, root=self.root, reason="another-mount")

    def status(self, key: str) -> os.stat_result | None:
        """lstat of the entry at ``key``; None when there is none."""
        try:
            return self.system.lstat(self.path(key))
        except FileNotFoundError:
            self.check_mounted()
            return None

    def open_file(self, key: str, *, offset: int = 0) -> LocalFile:
        """The plain file at ``key``; links are not followed and devices not waited for."""
        descriptor = self.system.open(self.path(key), _READ)
        try:
            self._check_plain(descriptor, key)
            if offset:
                os.lseek(descriptor, offset, os.SEEK_SET)
            return LocalFile(descriptor, self.system, self.name, key)
        except BaseException:
            self.system.close(descriptor)
            raise

    def _check_plain(self, descriptor: int, key: str) -> int:
        """The size of the plain file that was opened."""
        status = self.system.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise WrongEntryType(backend=self.name, key=key, found=kind_of(status.st_mode))
        return status.st_size

    def digest_of(self, key: str) -> str:
        """sha256 of the file's bytes as the medium holds them."""
        found = hashlib.sha256()
        with self.open_file(key) as stream:
            stream.drop_cache()
            while chunk := stream.read(1024 * 1024):
                found.update(chunk)
        return found.hexdigest()

    @contextmanager
    def staged(self) -> Iterator[StagedFile]:
        """A fresh staged file; afterwards nothing of it is left in staging."""
        if self.status(STAGING_FOLDER) is None:
            self.make_folders(STAGING_FOLDER)
        with staged_file(self.system, self.path(STAGING_FOLDER)) as staged:
            yield staged

    def publish_new(self, staged: StagedFile, key: str) -> None:
        """The staged bytes stand at ``key``; FileExistsError when something else does."""
        made: list[str] = []
        try:
            for attempt in range(_ATTEMPTS):
                try:
                    staged.publish_new(self.path(key))
                    break
                except FileNotFoundError:
                    if attempt == _ATTEMPTS - 1:
                        raise
                    made += self.make_folders(parent_of(key))
        except OSError:
            for folder in reversed(made):
                self.prune(folder, up_to=parent_of(folder))
            raise
        self.unsettled.touch(parent_of(key))

    def publish_over(self, staged: StagedFile, key: str) -> None:
        """The staged bytes stand at ``key`` in place of the file that stood there."""
        staged.publish_over(self.path(key))
        self.unsettled.touch(parent_of(key))

    def make_folders(self, folder: str) -> list[str]:
        """``folder`` exists; those made on the way to it, outermost first."""
        self.check_mounted()
        unseen = self._seen.unseen(folder)
        if unseen or self.status(folder) is not None:
            with suppress(FileNotFoundError):
                return self._make(unseen)
        # One that we saw is gone since: all of the way is looked at again.
        self._seen.none()
        return self._make(self._seen.unseen(folder))

    def _make(self, folders: list[str]) -> list[str]:
        made = []
        for way in folders:
            try:
                self.system.mkdir(self.path(way), STANDING_FOLDERS.get(way, 0o777))
            except FileExistsError:
                if not stat.S_ISDIR(self.system.lstat(self.path(way)).st_mode):
                    raise WrongEntryType(backend=self.name, key=way) from None
            else:
                made.append(way)
                self.unsettled.made(way)
            self._seen.add(way)
        return made

    def prune(self, folder: str, *, up_to: str = "") -> None:
        """``folder`` and the folders above it are gone as far as they were empty.

        Stops below ``up_to``, at folders of the first level and at those that stay when empty.
        """
        while "/" in folder and folder != up_to and folder not in STANDING_FOLDERS:
            try:
                self.system.rmdir(self.path(folder))
            except FileNotFoundError:
                pass
            except OSError:
                return  # not empty, or not ours to remove: it may stay
            folder = parent_of(folder)
            self.unsettled.touch(folder)

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """No other thread or process replaces the object at ``key`` meanwhile.

        The lock is a file in staging (NFS locks only files that are open for writing). Its
        last holder removes it, so whoever got a lock on a removed file begins again.
        """
        if self.status(STAGING_FOLDER) is None:
            self.make_folders(STAGING_FOLDER)
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        path = f"{self.path(STAGING_FOLDER)}/lock-{digest}"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        with locked_descriptor(self.system, path, flags, 0o600):
            try:
                yield
            finally:
                with suppress(FileNotFoundError):
                    self.system.unlink(path)

    def settle(self, folder: str) -> None:
        """Every name in and below ``folder``, and on the way to it, survives a power cut."""
        due = self.unsettled.take_due(folder, below=True)
        if not self.unsettled.knows(folder):
            due |= set(folders_below(self.system, self.root, folder)) | set(ways(folder))
        self._fsync_folders(due)
        self.unsettled.settled(folder)

    def settle_way_to(self, key: str) -> None:
        """The name ``key`` survives a power cut."""
        self._fsync_folders(self.unsettled.take_due(parent_of(key), below=False))

    def _fsync_folders(self, folders: set[str]) -> None:
        if self.unsettled.any_doubtful(folders):
            self.unsettled.failed(folders, lost=False)
            raise MediumFailed(backend=self.name, key=min(folders), reason="settle-failed-before")
        try:
            for folder in sorted(folders, key=len, reverse=True):
                self._fsync_folder(folder)
        except OSError as error:
            lost = isinstance(meaning_of(error, backend="", key=""), MediumFailed)
            self.unsettled.failed(folders, lost=lost)
            raise

    def _fsync_folder(self, folder: str) -> None:
        try:
            descriptor = self.system.open(self.path(folder), _FOLDER)
        except FileNotFoundError:
            self.check_mounted()
            return
        try:
            self.system.fsync(descriptor)
        finally:
            self.system.close(descriptor)

    def _root_identity(self) -> tuple[int, int]:
        try:
            status = self.system.lstat(self.root)
        except FileNotFoundError as error:
            raise RootMissing(backend=self.name, root=self.root, reason="absent") from error
        except OSError as error:
            raise meaning_of(error, backend=self.name, key="") from error
        if not stat.S_ISDIR(status.st_mode):
            raise RootUnusable(backend=self.name, root=self.root, reason="not-a-folder")
        return status.st_dev, status.st_ino
