"""Bytes on their way to an SFTP server: pipelined, made durable, then given their name."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from paramiko.sftp import CMD_EXTENDED

from storage_backends.sftp.connection import BROKEN

if TYPE_CHECKING:
    from storage_backends.sftp.remote import Remote

_REQUEST_BYTES = 32 * 1024


class StagedUpload:
    """Bytes on their way, in a file of our own in staging."""

    def __init__(self, remote: Remote, channel: Any, key: str, handle: Any) -> None:
        self._remote = remote
        self._channel = channel
        self._handle = handle
        self._gone = False
        self.key = key
        handle.set_pipelined(True)

    def write(self, content: bytes) -> None:
        """``content`` follows what was written before; requests are sent without waiting."""
        view = memoryview(content)
        try:
            for start in range(0, len(view), _REQUEST_BYTES):
                self._handle.write(bytes(view[start : start + _REQUEST_BYTES]))
        except OSError as error:
            self._remote.explain_write(self._channel, self.key, error)

    def make_durable(self) -> None:
        """Every write was answered, and the bytes survive a power cut where the server can
        promise that (fsync@openssh.com). Their name is the server's own affair."""
        try:
            # paramiko drops the answers that are still out when a pipelined file is closed.
            while self._handle._reqs:
                self._channel._read_response(self._handle._reqs.popleft())
        except OSError as error:
            self._remote.explain_write(self._channel, self.key, error)
        with suppress(OSError):
            self._channel._request(CMD_EXTENDED, "fsync@openssh.com", self._handle.handle)
        self._handle.close()

    def moment(self) -> int:
        """When the file was last written, by the server's clock, in seconds."""
        return int(self._channel.lstat(self._remote.path(self.key)).st_mtime or 0)

    def publish_new(self, target: str) -> None:
        """The bytes stand at ``target``, which was free; FileExistsError otherwise."""
        self._remote.publish_new(self._channel, self.key, target)

    def publish_over(self, target: str) -> None:
        """The bytes stand at ``target``; readers saw the old bytes until this instant."""
        self._remote.publish_over(self._channel, self.key, target)
        self._gone = True

    def discard(self) -> None:
        """Nothing of this file is left in staging, if the server can still be asked."""
        with suppress(OSError, *BROKEN):
            self._handle.close()
            if not self._gone:
                self._remote.remove(self._channel, self.key)
