"""A store in memory: the contract without a disk, for tests and for reading the contract.

It forgets like a disk: :meth:`MemoryBackend.power_cut` loses every name that was not settled.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from storage_backends.aside import (
    AsideNote,
    aside_key,
    check_movable,
    check_removable,
    encode_note,
    moved_prefix,
)
from storage_backends.interface import (
    Capabilities,
    DigestMismatch,
    HeadConflict,
    HeadToken,
    NotSetAside,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
    SourceFailed,
    StorageError,
)
from storage_backends.keys import check_key, check_prefix


class MemoryBackend:
    """Bytes at keys in one process's memory."""

    def __init__(self, name: str, *, failure_domain: str = "") -> None:
        self.name = name
        self.url = f"memory:{name}"
        self.failure_domain = failure_domain or f"memory:{name}"
        self.capabilities = Capabilities(server_digest=True, read_threads=2)
        self._content_by_key: dict[str, bytes] = {}
        self._unsettled: set[str] = set()
        self._lock = threading.RLock()

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        if key in self._content_by_key:
            raise ObjectExists(backend=self.name, key=key)
        content = self._read(source, key, size_bytes, sha256)
        with self._lock:
            if key in self._content_by_key:
                raise ObjectExists(backend=self.name, key=key)
            self._content_by_key[key] = content
            self._unsettled.add(key)

    def settle(self, prefix: str) -> None:
        check_prefix(prefix)
        with self._lock:
            self._unsettled = {key for key in self._unsettled if not key.startswith(prefix)}

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        content = self._content(key)
        return content, _token(content)

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        check_key(key)
        with self._lock:
            current = self._content_by_key.get(key)
            if (None if current is None else _token(current)) != replaces:
                raise HeadConflict(backend=self.name, key=key)
            self._keep(key, bytes(content))

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        if offset < 0:
            raise ValueError("a negative offset")
        return io.BytesIO(self._content(key)[offset:])

    def stat(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self._content(key)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        with self._lock:
            found = [
                ObjectInfo(key, len(content))
                for key, content in self._content_by_key.items()
                if key.startswith(prefix)
            ]
        return iter(found)

    def set_aside(self, key: str, *, reason: str) -> str:
        with self._lock:
            content = self._content(key)
            digest = hashlib.sha256(content).hexdigest()
            aside = aside_key(key, digest)
            note = AsideNote(key=key, reason=reason, sha256=digest, size_bytes=len(content))
            if aside not in self._content_by_key:
                self._keep(aside, content)
                self._keep(f"{aside}.json", encode_note(note))
            return aside

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        check_key(key)
        content = self._read(source, key, size_bytes, sha256)
        with self._lock:
            current = self._content_by_key.get(key)
            if current is not None:
                found = hashlib.sha256(current).hexdigest()
                if found not in (sha256, observed):
                    raise HeadConflict(backend=self.name, key=key, expected=observed, found=found)
                if found != sha256 and aside_key(key, found) not in self._content_by_key:
                    raise NotSetAside(backend=self.name, key=key)
            self._keep(key, content)

    def move_aside(self, prefix: str, *, reason: str) -> str:
        check_movable(prefix)
        with self._lock:
            number = 1
            while any(self.list(moved_prefix(prefix, number))):
                number += 1
            moving = [info.key for info in self.list(prefix)]
            if not moving:
                return moved_prefix(prefix, max(number - 1, 1))
            target = moved_prefix(prefix, number)
            for key in moving:
                self._keep(target + key[len(prefix) :], self._content_by_key[key])
                self._forget(key)
            note = AsideNote(key=prefix, reason=reason, kind="moved")
            self._keep(f"{target[:-1]}.json", encode_note(note))
            return target

    def abandon_uploads(self, prefix: str) -> int:
        """Nothing is sent in parts here."""
        check_prefix(prefix)
        return 0

    def sweep(self, prefix: str) -> None:
        check_removable(prefix)
        with self._lock:
            for info in self.list(prefix):
                self._forget(info.key)

    def close(self) -> None:
        """Nothing to release; the content lives as long as the object."""

    def damage(self, key: str, content: bytes | None) -> None:
        """The bytes at ``key`` are now ``content``, or gone with None: for tests and demos."""
        with self._lock:
            if content is None:
                self._forget(key)
            else:
                self._keep(key, content)

    def power_cut(self) -> None:
        """Every name that was not settled is gone, as on a disk without ``settle``."""
        with self._lock:
            for key in tuple(self._unsettled):
                self._forget(key)

    def _content(self, key: str) -> bytes:
        check_key(key)
        try:
            return self._content_by_key[key]
        except KeyError:
            raise ObjectNotFound(backend=self.name, key=key) from None

    def _keep(self, key: str, content: bytes) -> None:
        """Writes durably."""
        self._content_by_key[key] = content
        self._unsettled.discard(key)

    def _forget(self, key: str) -> None:
        self._content_by_key.pop(key, None)
        self._unsettled.discard(key)

    def _read(self, source: Source, key: str, size_bytes: int, sha256: str) -> bytes:
        try:
            with source.open() as stream:
                content = stream.read(size_bytes + 1)
                while len(content) <= size_bytes and (more := stream.read(size_bytes + 1)):
                    content += more
        except (OSError, StorageError) as error:
            raise SourceFailed(backend=self.name, key=key, reason=str(error)) from error
        found = hashlib.sha256(content).hexdigest()
        if len(content) != size_bytes or found != sha256:
            raise DigestMismatch(backend=self.name, key=key, expected=sha256, found=found)
        return content


def _token(content: bytes) -> HeadToken:
    return HeadToken(hashlib.sha256(content).hexdigest())
