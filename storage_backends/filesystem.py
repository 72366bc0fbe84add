"""A store in a folder: a key is the path below the root.

    <root>/kho/staging/     put-… files on their way, lock-… files of heads being replaced
    <root>/…                everything else, one plain file per key

What makes writes safe here: a file is written and fsynced in staging and becomes visible by
``link``, which never replaces; a head is replaced by ``rename`` under a lock that the kernel
drops with its process; names are fsynced in ``settle``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from storage_backends.domains import failure_domain
from storage_backends.interface import (
    HEAD_LIMIT_BYTES,
    Capabilities,
    HeadConflict,
    HeadToken,
    HeadTooLarge,
    NewObject,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
    StorageError,
    WrongEntryType,
)
from storage_backends.keys import check_key, check_prefix
from storage_backends.local_disk import STANDING_FOLDERS, LocalDisk, RootUnusable
from storage_backends.local_file import LocalFile
from storage_backends.local_mending import LocalMending
from storage_backends.local_reading import pass_each
from storage_backends.local_writing import put_each
from storage_backends.staged import StagedFile
from storage_backends.system import SystemCalls
from storage_backends.walking import kind_of, walk


class FilesystemBackend(LocalMending):
    """Bytes at keys below one folder. Raises only storage errors and ConfigError."""

    def __init__(self, name: str, root: str | Path, *, system: SystemCalls | None = None) -> None:
        """Opens the store at ``root``, an absolute path to a folder that exists.

        ``RootMissing`` when it does not, ``RootUnusable`` when it cannot be a store.
        """
        if not Path(root).is_absolute():
            raise RootUnusable(backend=name, root=str(root), reason="relative")
        self.name = name
        self.url = Path(root).as_uri()
        self.capabilities = Capabilities(local_files=True, read_threads=8)
        self._system = system or SystemCalls()
        self._disk = LocalDisk(name, os.path.realpath(root), self._system)
        self.failure_domain = failure_domain(self._disk.device)
        self._check_one_mount()

    @classmethod
    def create(
        cls, name: str, root: str | Path, *, system: SystemCalls | None = None
    ) -> FilesystemBackend:
        """A store at ``root``, made if it was not there. Only ``kho init`` and its like do so."""
        if not Path(root).is_absolute():
            raise RootUnusable(backend=name, root=str(root), reason="relative")
        try:
            Path(root).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RootUnusable(backend=name, root=str(root), reason=str(error)) from error
        backend = cls(name, root, system=system)
        with backend._disk.translated("kho/"):
            for folder in STANDING_FOLDERS:
                backend._disk.make_folders(folder)
                backend._disk.settle_way_to(f"{folder}/")
        return backend

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        with self._disk.translated(key):
            self._refuse_taken(key)
            with self._disk.staged() as staged:
                staged.fill(
                    source, backend=self.name, key=key, size_bytes=size_bytes, sha256=sha256
                )
                self._publish_new(staged, key)

    def put_each(self, objects: Sequence[NewObject], /) -> None:
        """As :class:`storage_backends.interface.PutEach`."""
        for each in objects:
            check_key(each.key)
        put_each(self._disk, objects, refuse_taken=self._refuse_taken, publish=self._publish_new)

    def settle(self, prefix: str) -> None:
        check_prefix(prefix)
        with self._disk.translated(prefix):
            self._disk.settle(prefix[:-1])

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        with self._open(key) as stream:
            stream.drop_cache()  # what a head says is believed, so it comes from the medium
            if os.fstat(stream.fileno()).st_size > HEAD_LIMIT_BYTES:
                raise HeadTooLarge(backend=self.name, key=key)
            content = stream.read()
        return content, _token(content)

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        check_key(key)
        if len(content) > HEAD_LIMIT_BYTES:
            raise HeadTooLarge(backend=self.name, key=key)
        with self._disk.translated(key), self._disk.locked(key):
            found = self._head_token(key)
            if found != replaces:
                raise HeadConflict(backend=self.name, key=key, expected=replaces, found=found)
            with self._disk.staged() as staged:
                staged.write(content)
                staged.make_durable()
                if replaces is None:
                    self._publish_absent(staged, key)
                else:
                    self._disk.publish_over(staged, key)
            self._disk.settle_way_to(key)

    def open(self, key: str, *, offset: int = 0) -> LocalFile:
        if offset < 0:
            raise ValueError("a negative offset")
        return self._open(key, offset=offset)

    def pass_each(
        self,
        keys: Sequence[str],
        buffer: memoryview,
        take: Callable[[memoryview], None],
        *,
        drop_cache: bool,
    ) -> Iterator[tuple[int, StorageError | None]]:
        """What :meth:`open` does for many keys at once, without a stream for each; as
        :class:`storage_backends.reading.PassEach`."""
        return pass_each(self._disk, keys, buffer, take, drop_cache=drop_cache)

    def stat(self, key: str) -> ObjectInfo:
        check_key(key)
        try:
            status = self._system.lstat(self._disk.path(key))
        except OSError as error:
            raise self._disk.meaning_when_reading(error, key) from error
        if not stat.S_ISREG(status.st_mode):
            raise WrongEntryType(backend=self.name, key=key, found=kind_of(status.st_mode))
        return ObjectInfo(key, status.st_size)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        return self._list(prefix)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """The keys of :meth:`list`, without asking each file for its size."""
        check_prefix(prefix)
        for info in self._list(prefix, sizes=False):
            yield info.key

    def abandon_uploads(self, prefix: str) -> int:
        """Nothing is sent in parts here."""
        check_prefix(prefix)
        return 0

    def close(self) -> None:
        """Nothing to release: descriptors live only as long as a call or a stream."""

    def _open(self, key: str, *, offset: int = 0) -> LocalFile:
        check_key(key)
        try:
            return self._disk.open_file(key, offset=offset)
        except OSError as error:
            raise self._disk.meaning_when_reading(error, key) from error

    def _list(self, prefix: str, *, sizes: bool = True) -> Iterator[ObjectInfo]:
        with self._disk.translated(prefix):
            self._disk.check_mounted()
            status = self._disk.status(prefix[:-1]) if prefix else None
            if status is not None and not stat.S_ISDIR(status.st_mode):
                if stat.S_ISREG(status.st_mode):
                    return
                raise WrongEntryType(backend=self.name, key=prefix)
            for info in walk(self._system, self._disk.root, prefix, sizes=sizes):
                if info.kind != "directory" or info.key not in STANDING_FOLDERS:
                    yield info
            self._disk.check_mounted()

    def _refuse_taken(self, key: str) -> None:
        status = self._disk.status(key)
        if status is None:
            return
        if not stat.S_ISREG(status.st_mode):
            raise WrongEntryType(backend=self.name, key=key, found=kind_of(status.st_mode))
        self._taken(key)

    def _publish_new(self, staged: StagedFile, key: str) -> None:
        try:
            self._disk.publish_new(staged, key)
        except FileExistsError:
            self._taken(key)

    def _publish_absent(self, staged: StagedFile, key: str) -> None:
        try:
            self._disk.publish_new(staged, key)
        except FileExistsError as error:
            raise HeadConflict(backend=self.name, key=key, expected=None) from error

    def _taken(self, key: str) -> NoReturn:
        """Somebody else made ``key`` and may have died before settling it: now that is on us."""
        self._disk.unsettled.touch_way_to(key)
        raise ObjectExists(backend=self.name, key=key)

    def _head_token(self, key: str) -> HeadToken | None:
        try:
            return self.read_head(key)[1]
        except ObjectNotFound:
            return None

    def _check_one_mount(self) -> None:
        """What is staged can be published by a link: the root's parts lie on one mount."""
        for part in ("ocfl", "holding", "kho", *STANDING_FOLDERS):
            status = self._disk.status(part)
            if status is not None and status.st_dev != self._disk.device:
                raise RootUnusable(backend=self.name, root=self._disk.root, reason=f"mount:{part}")


def _token(content: bytes) -> HeadToken:
    return HeadToken(hashlib.sha256(content).hexdigest())
