"""The common ground of wrappers that are backends: every verb goes to the store inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from storage_backends.interface import (
    Capabilities,
    HeadToken,
    ObjectInfo,
    Source,
    StorageBackend,
)


class WrappedBackend:
    """Behaves as ``inner`` does; a wrapper overrides what it changes."""

    def __init__(self, inner: StorageBackend) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def failure_domain(self) -> str:
        return self.inner.failure_domain

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        self.inner.put_new(key, source, size_bytes=size_bytes, sha256=sha256)

    def settle(self, prefix: str) -> None:
        self.inner.settle(prefix)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        return self.inner.read_head(key)

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        self.inner.put_head(key, content, replaces=replaces)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        return self.inner.open(key, offset=offset)

    def stat(self, key: str) -> ObjectInfo:
        return self.inner.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self.inner.list(prefix)

    def set_aside(self, key: str, *, reason: str) -> str:
        return self.inner.set_aside(key, reason=reason)

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        self.inner.replace_damaged(
            key, source, size_bytes=size_bytes, sha256=sha256, observed=observed
        )

    def move_aside(self, prefix: str, *, reason: str) -> str:
        return self.inner.move_aside(prefix, reason=reason)

    def abandon_uploads(self, prefix: str) -> int:
        return self.inner.abandon_uploads(prefix)

    def sweep(self, prefix: str) -> None:
        self.inner.sweep(prefix)

    def close(self) -> None:
        self.inner.close()
