"""Mending a store in a folder: damaged bytes set aside and replaced, leftovers moved and swept.

Nothing is ever lost by mending: what stood at a key is copied to ``kho/set-aside/`` first, and
only what was observed there is replaced.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from contextlib import suppress

from storage_backends.aside import (
    STAGING,
    AsideNote,
    aside_folder,
    aside_key,
    check_movable,
    check_removable,
    encode_note,
    moved_prefix,
)
from storage_backends.interface import (
    HeadConflict,
    MediumFailed,
    NoSpace,
    NotSetAside,
    ObjectExists,
    ObjectNotFound,
    Source,
    WrongEntryType,
)
from storage_backends.keys import check_key
from storage_backends.local_disk import LocalDisk
from storage_backends.settling import parent_of
from storage_backends.sources import BytesSource
from storage_backends.staged import StagedFile
from storage_backends.system import SystemCalls
from storage_backends.walking import folders_below, kind_of

_LOG = logging.getLogger(__name__)
_SALVAGE_BYTES = 64 * 1024
_UNREADABLE = ""
"""What :meth:`LocalMending._found` gives for bytes that are there and cannot be read."""


class LocalMending:
    """The mending half of :class:`storage_backends.filesystem.FilesystemBackend`, which says
    how bytes get their name."""

    name: str
    _system: SystemCalls
    _disk: LocalDisk

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        """The backend's own."""
        raise NotImplementedError

    def _publish_new(self, staged: StagedFile, key: str) -> None:
        """The staged bytes stand at ``key``; ObjectExists."""
        raise NotImplementedError

    def _publish_absent(self, staged: StagedFile, key: str) -> None:
        """The same; HeadConflict when something stands there."""
        raise NotImplementedError

    def set_aside(self, key: str, *, reason: str) -> str:
        check_key(key)
        with self._disk.translated(key), self._disk.staged() as staged:
            kind, complete = self._copy_what_is_left(key, staged)
            staged.make_durable()
            aside = aside_key(key, staged.sha256)
            note = AsideNote(
                key=key,
                reason=reason,
                kind=kind,
                complete=complete,
                sha256=staged.sha256,
                size_bytes=staged.size_bytes,
            )
            with suppress(ObjectExists):  # the same bytes were set aside before
                self._publish_new(staged, aside)
            self._put_note(f"{aside}.json", note)
            self._disk.settle_way_to(aside)
        return aside

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        check_key(key)
        with self._disk.translated(key), self._disk.staged() as staged:
            staged.fill(source, backend=self.name, key=key, size_bytes=size_bytes, sha256=sha256)
            with self._disk.locked(key):
                found = self._found(key)
                if found is None:
                    self._publish_absent(staged, key)
                elif found != sha256:
                    self._check_set_aside(key, found, observed)
                    self._disk.publish_over(staged, key)
            self._disk.settle_way_to(key)

    def move_aside(self, prefix: str, *, reason: str) -> str:
        check_movable(prefix)
        folder = prefix[:-1]
        with self._disk.translated(prefix):
            if self._disk.status("kho/set-aside") is None:
                self._disk.make_folders("kho/set-aside")
            number = self._first_free(prefix)
            target = moved_prefix(prefix, number)
            try:
                self._system.rename(self._disk.path(folder), self._disk.path(target[:-1]))
            except (FileNotFoundError, NotADirectoryError):
                self._disk.check_mounted()
                target = moved_prefix(prefix, max(number - 1, 1))
            self._disk.unsettled.touch(parent_of(folder))
            self._disk.prune(parent_of(folder))
            self._disk.settle(target[:-1])
            self._disk.settle_way_to(folder)
            if self._disk.status(target[:-1]) is not None:
                note = AsideNote(key=prefix, reason=reason, kind="moved")
                self._put_note(f"{target[:-1]}.json", note)
        return target

    def sweep(self, prefix: str) -> None:
        check_removable(prefix)
        with self._disk.translated(prefix):
            folders = sorted(
                folders_below(self._system, self._disk.root, prefix[:-1]), key=len, reverse=True
            )
            for folder in folders:
                for entry in self._system.scandir(self._disk.path(folder)):
                    if not entry.is_dir(follow_symlinks=False):
                        self._remove_leftover(entry.path, in_staging=prefix.startswith(STAGING))
                self._disk.prune(folder, up_to=parent_of(folder))

    def _found(self, key: str) -> str | None:
        """sha256 of what stands at ``key``, ``_UNREADABLE``, or None when nothing does."""
        status = self._disk.status(key)
        if status is None:
            return None
        if stat.S_ISDIR(status.st_mode):
            raise WrongEntryType(backend=self.name, key=key, found="directory")
        if not stat.S_ISREG(status.st_mode):
            return _UNREADABLE
        try:
            with self._disk.translated(key):
                return self._disk.digest_of(key)
        except MediumFailed:
            return _UNREADABLE

    def _check_set_aside(self, key: str, found: str, observed: str | None) -> None:
        """What stands at ``key`` is what was observed, and it was set aside."""
        if found != _UNREADABLE and found != observed:
            raise HeadConflict(backend=self.name, key=key, expected=observed, found=found)
        kept = aside_folder(key)[:-1] if found == _UNREADABLE else aside_key(key, found)
        if self._disk.status(kept) is None:
            raise NotSetAside(backend=self.name, key=key)

    def _copy_what_is_left(self, key: str, staged: StagedFile) -> tuple[str, bool]:
        """The kind of what stands at ``key``, and whether all its bytes are in ``staged``."""
        status = self._disk.status(key)
        if status is None:
            raise ObjectNotFound(backend=self.name, key=key)
        kind = kind_of(status.st_mode)
        if kind == "directory":
            raise WrongEntryType(backend=self.name, key=key, found=kind)
        if kind == "link":
            staged.write(os.fsencode(self._system.readlink(self._disk.path(key))))
        if kind != "file":
            return kind, True
        with self._disk.open_file(key) as stream:
            stream.drop_cache()
            try:
                while chunk := stream.read(_SALVAGE_BYTES):
                    staged.write(chunk)
            except MediumFailed:
                return kind, False
        return kind, True

    def _put_note(self, key: str, note: AsideNote) -> None:
        """The note stands at ``key``; on a full store the log alone tells of it."""
        content = encode_note(note)
        digest = hashlib.sha256(content).hexdigest()
        try:
            self.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)
            self._disk.settle_way_to(key)
        except ObjectExists:
            pass
        except NoSpace:
            # The place of the bytes says which key they stood at, to whoever knows the key.
            _LOG.warning(
                "set-aside-note-lost backend=%s place=%s reason=%s", self.name, key, note.reason
            )

    def _first_free(self, prefix: str) -> int:
        number = 1
        while self._disk.status(moved_prefix(prefix, number)[:-1]) is not None:
            number += 1
        return number

    def _remove_leftover(self, path: str, *, in_staging: bool) -> None:
        """The entry is gone, unless it is a staged file whose writer lives."""
        descriptor = None
        if in_staging:
            try:
                descriptor = self._system.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                return
            except OSError:
                descriptor = None  # a link or a device: nobody stages through those
        try:
            if descriptor is None or self._system.lock(descriptor, wait=False):
                with suppress(FileNotFoundError):
                    self._system.unlink(path)
        finally:
            if descriptor is not None:
                self._system.close(descriptor)
