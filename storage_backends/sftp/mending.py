"""Mending a store over SFTP: damaged bytes set aside and replaced, leftovers moved and swept.

Nothing is ever lost by mending: what stood at a key is copied to ``kho/set-aside/`` first, and
only what was observed there is replaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any, BinaryIO

from storage_backends.aside import (
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
from storage_backends.sftp.locks import Locks
from storage_backends.sftp.remote import Remote, parent_of
from storage_backends.sftp.upload import StagedUpload
from storage_backends.sources import BytesSource
from storage_backends.walking import kind_of

_PIECE_BYTES = 1024 * 1024
_UNREADABLE = ""
"""What :meth:`SftpMending._found` gives for bytes that are there and cannot be read."""


class SftpMending:
    """The mending half of :class:`storage_backends.sftp.store.SftpStore`, which says how bytes
    are read and get their name."""

    name: str
    _remote: Remote
    _locks: Locks

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        """The store's own."""
        raise NotImplementedError

    def open(self, key: str, *, offset: int = 0) -> BinaryIO:
        """The store's own."""
        raise NotImplementedError

    def _staged(
        self, channel: Any, key: str, source: Source, size_bytes: int, sha256: str
    ) -> AbstractContextManager[StagedUpload]:
        """The named bytes, durable in staging."""
        raise NotImplementedError

    def _publish_new(self, staged: StagedUpload, key: str) -> None:
        """The staged bytes stand at ``key``; ObjectExists."""
        raise NotImplementedError

    def _publish_absent(self, staged: StagedUpload, key: str) -> None:
        """The same; HeadConflict when something stands there."""
        raise NotImplementedError

    def set_aside(self, key: str, *, reason: str) -> str:
        check_key(key)
        with self._remote.asking(key) as channel, self._remote.staged(channel) as staged:
            kind, digest, size_bytes, complete = self._copy_what_is_left(channel, key, staged)
            staged.make_durable()
            aside = aside_key(key, digest)
            note = AsideNote(
                key=key,
                reason=reason,
                kind=kind,
                complete=complete,
                sha256=digest,
                size_bytes=size_bytes,
            )
            with suppress(ObjectExists):  # the same bytes were set aside before
                self._publish_new(staged, aside)
        self._put_note(f"{aside}.json", note)
        return aside

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        check_key(key)
        with (
            self._remote.asking(key) as channel,
            self._staged(channel, key, source, size_bytes, sha256) as staged,
            self._locks.held(channel, key, staged),
        ):
            found = self._found(channel, key)
            if found is None:
                self._publish_absent(staged, key)
            elif found != sha256:
                self._check_set_aside(channel, key, found, observed)
                staged.publish_over(key)

    def move_aside(self, prefix: str, *, reason: str) -> str:
        check_movable(prefix)
        folder = prefix[:-1]
        with self._remote.asking(prefix) as channel:
            number = self._first_free(channel, prefix)
            target = moved_prefix(prefix, number)
            try:
                self._remote.move_folder(channel, folder, target[:-1])
            except FileNotFoundError:
                target = moved_prefix(prefix, max(number - 1, 1))
            self._remote.prune(channel, parent_of(folder))
            moved = self._remote.status(channel, target[:-1]) is not None
        if moved:
            note = AsideNote(key=prefix, reason=reason, kind="moved")
            self._put_note(f"{target[:-1]}.json", note)
        return target

    def sweep(self, prefix: str) -> None:
        check_removable(prefix)
        with self._remote.asking(prefix) as channel:
            found = list(self._remote.walk(channel, prefix))
            for info in found:
                if info.kind == "directory":
                    self._remote.prune(channel, info.key)
                elif not self._locks.in_use(channel, info.key):
                    self._remote.remove(channel, info.key)
                    self._remote.prune(channel, parent_of(info.key))

    def _found(self, channel: Any, key: str) -> str | None:
        """sha256 of what stands at ``key``, ``_UNREADABLE``, or None when nothing does."""
        status = self._remote.status(channel, key)
        if status is None:
            return None
        kind = kind_of(status.st_mode)
        if kind == "directory":
            raise WrongEntryType(backend=self.name, key=key, found=kind)
        if kind != "file":
            return _UNREADABLE
        found = hashlib.sha256()
        try:
            with self.open(key) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    found.update(piece)
        except MediumFailed:
            return _UNREADABLE
        return found.hexdigest()

    def _check_set_aside(self, channel: Any, key: str, found: str, observed: str | None) -> None:
        """What stands at ``key`` is what was observed, and it was set aside."""
        if found != _UNREADABLE and found != observed:
            raise HeadConflict(backend=self.name, key=key, expected=observed, found=found)
        kept = aside_folder(key)[:-1] if found == _UNREADABLE else aside_key(key, found)
        if self._remote.status(channel, kept) is None:
            raise NotSetAside(backend=self.name, key=key)

    def _copy_what_is_left(
        self, channel: Any, key: str, staged: StagedUpload
    ) -> tuple[str, str, int, bool]:
        """(kind, sha256, size, all of it?) of what stands at ``key``, now in ``staged``."""
        status = self._remote.status(channel, key)
        if status is None:
            raise ObjectNotFound(backend=self.name, key=key)
        kind = kind_of(status.st_mode)
        if kind == "directory":
            raise WrongEntryType(backend=self.name, key=key, found=kind)
        found = hashlib.sha256()
        size_bytes = 0
        complete = True
        try:
            for piece in self._pieces(channel, key, kind):
                staged.write(piece)
                found.update(piece)
                size_bytes += len(piece)
        except MediumFailed:
            complete = False
        return kind, found.hexdigest(), size_bytes, complete

    def _pieces(self, channel: Any, key: str, kind: str) -> Iterator[bytes]:
        if kind == "link":
            yield (channel.readlink(self._remote.path(key)) or "").encode()
        if kind == "file":
            with self.open(key) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    yield piece

    def _first_free(self, channel: Any, prefix: str) -> int:
        number = 1
        while self._remote.status(channel, moved_prefix(prefix, number)[:-1]) is not None:
            number += 1
        return number

    def _put_note(self, key: str, note: AsideNote) -> None:
        """The note stands at ``key``; a full store keeps the bytes without it."""
        content = encode_note(note)
        digest = hashlib.sha256(content).hexdigest()
        with suppress(ObjectExists, NoSpace):
            self.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)
