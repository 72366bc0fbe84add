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
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, cast

from storage_backends.incoming import incoming
from storage_backends.interface import (
    HEAD_LIMIT_BYTES,
    Capabilities,
    HeadConflict,
    HeadToken,
    HeadTooLarge,
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
from storage_backends.sftp.mending import SftpMending
from storage_backends.sftp.options import Target
from storage_backends.sftp.remote import Remote
from storage_backends.sftp.stream import RemoteStream
from storage_backends.sftp.upload import StagedUpload
from storage_backends.sources import BytesSource
from storage_backends.walking import kind_of

_PIECE_BYTES = 1024 * 1024


class SftpStore(SftpMending):
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

    def abandon_uploads(self, prefix: str) -> int:
        """What was begun lies in staging, which ``sweep`` clears."""
        check_prefix(prefix)
        return 0

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


def _token(content: bytes) -> HeadToken:
    return HeadToken(hashlib.sha256(content).hexdigest())
