"""Reading objects of an S3 bucket, and telling a fault of the server from one of the medium.

Neither an ETag nor HEAD is ever believed about bytes: what cannot be read is looked into by
reading it again, and others that were read a moment ago.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, cast

from schemas.errors import KhoError
from schemas.moments import Clock, utc_now
from storage_backends.interface import (
    HEAD_LIMIT_BYTES,
    BackendUnavailable,
    HeadToken,
    HeadTooLarge,
    MediumFailed,
    ObjectInfo,
    ObjectNotFound,
)
from storage_backends.keys import check_key, check_prefix
from storage_backends.s3.bucket import Bucket
from storage_backends.s3.errors import ServerFault
from storage_backends.s3.options import Place, S3Options
from storage_backends.s3.stream import ObjectStream
from storage_backends.sources import BytesSource

_READ_BYTES = 1024 * 1024


class S3Reader:
    """The half of the backend contract that changes nothing."""

    def __init__(
        self,
        name: str,
        client: Any,
        place: Place,
        options: S3Options,
        *,
        now: Clock = utc_now,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.url = f"s3://{place.bucket}/{place.prefix}".rstrip("/")
        self.bucket = Bucket(name, client, place, options, now)
        self._pause = pause
        self._answered: deque[str] = deque(["kho/replica.json"], maxlen=4)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        check_key(key)
        found = self.bucket.get(key)
        with self._stream(found.body, key, 0) as stream:
            if found.size_bytes > HEAD_LIMIT_BYTES:
                raise HeadTooLarge(backend=self.name, key=key)
            content = stream.read()
        return content, HeadToken(found.etag)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        check_key(key)
        if offset < 0:
            raise ValueError("a negative offset")
        try:
            found = self.bucket.get(key, offset)
        except ServerFault as fault:
            raise self._judged(key, offset, fault) from fault
        self._remember(key)
        if found.body is None:
            return BytesSource(b"").open()
        return self._stream(found.body, key, offset)

    def stat(self, key: str) -> ObjectInfo:
        check_key(key)
        return ObjectInfo(key, self.bucket.head(key).size_bytes)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        return self.bucket.list(prefix)

    def close(self) -> None:
        """Connections are closed."""
        self.bucket.client.close()

    def _stream(self, body: Any, key: str, offset: int) -> BinaryIO:
        def meaning(error: Exception, position: int) -> KhoError:
            broken = self.bucket.meaning_of_broken_stream(error, key)
            if isinstance(broken, BackendUnavailable):
                return self._judged(key, position, broken)
            return broken

        return cast(BinaryIO, ObjectStream(body, offset, meaning))

    def _remember(self, key: str) -> None:
        """``key`` was read just now: if another one fails, this one can be asked again."""
        if key not in self._answered:
            self._answered.append(key)

    def _judged(self, key: str, offset: int, fault: BackendUnavailable) -> KhoError:
        """``fault``, or MediumFailed when it lasts on this key while others answer."""
        self._pause(0.2)
        if self._gives_a_byte(key, offset):
            return fault
        others = [other for other in self._answered if other != key]
        if any(self._gives_a_byte(other, 0) for other in reversed(others)):
            return MediumFailed(
                backend=self.name, key=key, reason=str(fault.fields.get("reason", ""))
            )
        return fault

    def _gives_a_byte(self, key: str, offset: int) -> bool:
        try:
            found = self.bucket.get(key, offset)
        except KhoError:
            return False
        if found.body is None:
            return True
        broken = self.bucket.meaning_of_broken_stream
        stream = ObjectStream(found.body, offset, lambda error, _at: broken(error, key))
        try:
            with stream:
                return bool(stream.read(1)) or found.size_bytes == 0
        except KhoError:
            return False

    def _measure(self, key: str) -> tuple[str, int, bool]:
        """(sha256, size, all of it?) of what can be read at ``key``."""
        found = hashlib.sha256()
        size_bytes = 0
        try:
            with self.open(key) as stream:
                while chunk := stream.read(_READ_BYTES):
                    found.update(chunk)
                    size_bytes += len(chunk)
        except MediumFailed:
            return found.hexdigest(), size_bytes, False
        return found.hexdigest(), size_bytes, True

    def _exists(self, key: str) -> bool:
        try:
            self.bucket.head(key)
        except ObjectNotFound:
            return False
        return True
