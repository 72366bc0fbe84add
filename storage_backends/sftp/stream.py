"""The bytes of a file on an SFTP server, read ahead by a window of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_backends.interface import BackendUnavailable
from storage_backends.sftp.connection import BROKEN
from storage_backends.streams import ReadingStream

if TYPE_CHECKING:
    from storage_backends.sftp.remote import Remote

_REQUEST_BYTES = 32 * 1024
_WINDOW_BYTES = 1024 * 1024


class RemoteStream(ReadingStream):
    """A raw stream over one file; it holds a channel of its own until it is closed."""

    def __init__(self, remote: Remote, key: str, channel: Any, handle: Any, offset: int) -> None:
        super().__init__()
        self._remote = remote
        self._key = key
        self._channel = channel
        self._handle = handle
        self._position = offset
        self._size_bytes = int(handle.stat().st_size or 0)
        self._ahead = memoryview(b"")
        self._broken = False

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return self.readall()
        if not self._ahead and size:
            self._ahead = memoryview(self._window())
        chunk = bytes(self._ahead[:size])
        self._ahead = self._ahead[len(chunk) :]
        return chunk

    def close(self) -> None:
        if not self.closed:
            if self._broken:
                self._remote.connections.discard(self._channel)
            else:
                self._handle.close()
                self._remote.connections.give_back(self._channel)
        super().close()

    def _window(self) -> bytes:
        """What follows, up to one window; shorter only at the end of the file."""
        wanted = min(self._size_bytes - self._position, _WINDOW_BYTES)
        if wanted <= 0:
            return b""
        pieces = [
            (start, min(_REQUEST_BYTES, self._position + wanted - start))
            for start in range(self._position, self._position + wanted, _REQUEST_BYTES)
        ]
        try:
            if len(pieces) == 1:
                self._handle.seek(self._position)
                content = self._handle.read(wanted)
            else:
                content = b"".join(self._handle.readv(pieces))
        except BROKEN as error:
            self._broken = True
            reason = str(error) or type(error).__name__
            raise BackendUnavailable(
                backend=self._remote.name, key=self._key, reason=reason
            ) from error
        except OSError as error:
            self._broken = True  # answers may still be on their way
            raise self._remote.read_failed(self._key, error) from error
        self._position += len(content)
        if len(content) < wanted:
            self._size_bytes = self._position  # the file was shortened while it was read
        return bytes(content)
