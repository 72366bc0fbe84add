"""The backend contract over SFTP: the layout of a local folder, on another machine.

    <folder>/kho/staging/     put-… files on their way, lock-… files of heads being replaced
    <folder>/…                everything else, one plain file per key

The protocol has no compare-and-set. A head is replaced by posix-rename under a lock file that
only one writer can make; what keeps two writers of one version apart in the first place are the
claims. What the protocol cannot make durable are names: ``settle`` can only ask the server to
answer.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, BinaryIO, cast

from storage_backends.aside import (
    AsideNote,
    aside_folder,
    aside_key,
    check_movable,
    check_removable,
    encode_note,
    moved_prefix,
)
from storage_backends.incoming import incoming
from storage_backends.interface import (
    HEAD_LIMIT_BYTES,
    Capabilities,
    HeadConflict,
    HeadToken,
    HeadTooLarge,
    MediumFailed,
    NoSpace,
    NotSetAside,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
    WrongEntryType,
)
from storage_backends.keys import check_key, check_prefix
from storage_backends.sftp.connection import Connections
from storage_backends.sftp.errors import FolderMissing
from storage_backends.sftp.locks import Locks
from storage_backends.sftp.options import Target
from storage_backends.sftp.remote import Remote, StagedUpload, parent_of
from storage_backends.sftp.stream import RemoteStream
from storage_backends.sources import BytesSource
from storage_backends.walking import kind_of

_PIECE_BYTES = 1024 * 1024
_UNREADABLE = ""


class SftpStore:
    """Bytes at keys below one folder of an SFTP server."""

    def __init__(
        self,
        name: str,
        target: Target,
        connections: Connections,
        *,
        create: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.url = f"sftp://{target.user}@{target.host}:{target.port}{target.folder}"
        self.failure_domain = f"host:{target.host}"
        self.capabilities = Capabilities(conditional_head=False, read_threads=4)
        self._connections = connections
        self._remote = Remote(name, self._root(target.folder, create=create), connections)
        self._locks = Locks(self._remote, sleep)

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        with self._remote.asking(key) as channel:
            self._refuse_taken(channel, key)
            with self._staged(channel, key, source, size_bytes, sha256) as staged:
                self._publish_new(staged, key)

    def settle(self, prefix: str) -> None:
        """The server answers; that names outlive a power cut there is its own promise."""
        check_prefix(prefix)
        with self._remote.asking(prefix) as channel:
            channel.lstat(self._remote.root)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        with self.open(key) as stream:
            pieces = []
            size_bytes = 0
            while piece := stream.read(_PIECE_BYTES):
                pieces.append(piece)
                size_bytes += len(piece)
                if size_bytes > HEAD_LIMIT_BYTES:
                    raise HeadTooLarge(backend=self.name, key=key)
        content = b"".join(pieces)
        return content, _token(content)

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        check_key(key)
        if len(content) > HEAD_LIMIT_BYTES:
            raise HeadTooLarge(backend=self.name, key=key)
        digest = hashlib.sha256(content).hexdigest()
        source = BytesSource(content)
        with (
            self._remote.asking(key) as channel,
            self._staged(channel, key, source, len(content), digest) as staged,
            self._locks.held(channel, key, staged),
        ):
            found = self._head_token(key)
            if found != replaces:
                raise HeadConflict(backend=self.name, key=key, expected=replaces, found=found)
            if replaces is None:
                self._publish_absent(staged, key)
            else:
                staged.publish_over(key)

    def open(self, key: str, *, offset: int = 0) -> BinaryIO:
        check_key(key)
        if offset < 0:
            raise ValueError("a negative offset")
        with self._remote.translated(key):
            channel = self._connections.take()
            try:
                self._check_file(channel, key)
                handle = channel.open(self._remote.path(key), "r")
                stream = RemoteStream(self._remote, key, channel, handle, offset)
            except (WrongEntryType, ObjectNotFound, OSError):
                self._connections.give_back(channel)
                raise
            except BaseException:
                self._connections.discard(channel)
                raise
        return cast(BinaryIO, stream)

    def stat(self, key: str) -> ObjectInfo:
        check_key(key)
        with self._remote.asking(key) as channel:
            status = self._check_file(channel, key)
        return ObjectInfo(key, status.st_size or 0)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        return self._list(prefix)

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

    def abandon_uploads(self, prefix: str) -> int:
        """What was begun lies in staging, which ``sweep`` clears."""
        check_prefix(prefix)
        return 0

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

    def close(self) -> None:
        """Connections are closed."""
        self._connections.close()

    def _root(self, folder: str, *, create: bool) -> str:
        """The replica's folder, links on the way to it resolved once."""
        remote = Remote(self.name, "", self._connections)
        with remote.asking("") as channel:
            try:
                found = channel.stat(folder)
            except FileNotFoundError:
                if not create:
                    raise FolderMissing(backend=self.name, key="", folder=folder) from None
                Remote(self.name, "", self._connections).make_folders(
                    channel, folder.removeprefix("/")
                )
                found = channel.stat(folder)
            if kind_of(found.st_mode) != "directory":
                raise FolderMissing(backend=self.name, key="", folder=folder)
            return str(channel.normalize(folder)).rstrip("/")

    @contextmanager
    def _staged(
        self, channel: Any, key: str, source: Source, size_bytes: int, sha256: str
    ) -> Iterator[StagedUpload]:
        """The named bytes, durable in staging."""
        pieces = incoming(
            source,
            backend=self.name,
            key=key,
            size_bytes=size_bytes,
            sha256=sha256,
            piece_bytes=_PIECE_BYTES,
        )
        with closing(pieces), self._remote.staged(channel) as staged:
            for piece in pieces:
                staged.write(piece)
            staged.make_durable()
            yield staged

    def _list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._remote.asking(prefix) as channel:
            yield from self._remote.walk(channel, prefix)

    def _check_file(self, channel: Any, key: str) -> Any:
        status = self._remote.status(channel, key)
        if status is None:
            raise ObjectNotFound(backend=self.name, key=key)
        kind = kind_of(status.st_mode)
        if kind != "file":
            raise WrongEntryType(backend=self.name, key=key, found=kind)
        return status

    def _refuse_taken(self, channel: Any, key: str) -> None:
        status = self._remote.status(channel, key)
        if status is None:
            return
        kind = kind_of(status.st_mode)
        if kind != "file":
            raise WrongEntryType(backend=self.name, key=key, found=kind)
        raise ObjectExists(backend=self.name, key=key)

    def _publish_new(self, staged: StagedUpload, key: str) -> None:
        try:
            staged.publish_new(key)
        except FileExistsError as error:
            raise ObjectExists(backend=self.name, key=key) from error

    def _publish_absent(self, staged: StagedUpload, key: str) -> None:
        try:
            staged.publish_new(key)
        except FileExistsError as error:
            raise HeadConflict(backend=self.name, key=key, expected=None) from error

    def _head_token(self, key: str) -> HeadToken | None:
        try:
            return self.read_head(key)[1]
        except ObjectNotFound:
            return None

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


def _token(content: bytes) -> HeadToken:
    return HeadToken(hashlib.sha256(content).hexdigest())
