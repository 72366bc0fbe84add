"""The backend contract on S3: what is written is checked by the store, what is there stays.

A put is visible whole or not at all, so there is no staging: ``If-None-Match: *`` makes writes
create, ``If-Match`` makes heads compare-and-set. Neither listing order nor an ETag nor HEAD is
ever believed about bytes. Old versions and delete markers of a versioned bucket are not seen.
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from schemas.errors import KhoError
from schemas.moments import Clock, utc_now
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
    BackendUnavailable,
    Capabilities,
    HeadConflict,
    HeadToken,
    HeadTooLarge,
    MediumFailed,
    NotSetAside,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
)
from storage_backends.keys import check_key, check_prefix
from storage_backends.s3.bucket import ABSENT, Bucket
from storage_backends.s3.errors import ConditionFailed, ServerFault
from storage_backends.s3.options import Place, S3Options
from storage_backends.s3.stream import ObjectStream
from storage_backends.sources import BytesSource, StoredSource

PART_BYTES = 8 * 1024 * 1024
_PARTS_LIMIT = 10_000
_COPY_LIMIT_BYTES = 5 * 1024**3
"""The largest object that S3 copies in one request."""
_CONTENT = ("ocfl/", "holding/")
_UNREADABLE = ""
_READ_BYTES = 1024 * 1024
_SMALL_BYTES = 1024 * 1024
_LARGE_AT_ONCE = 8


class S3Store:
    """Bytes at keys in one bucket. Raises only storage errors and ConfigError."""

    threads = 8
    """More do not help boto3: it is held up by the interpreter, not by the server."""

    def __init__(
        self,
        name: str,
        client: Any,
        place: Place,
        options: S3Options,
        *,
        now: Clock = utc_now,
        pause: Callable[[float], None] = time.sleep,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.name = name
        self.url = f"s3://{place.bucket}/{place.prefix}".rstrip("/")
        self.capabilities = Capabilities(
            server_digest=True, object_lock=bool(options.lock), read_threads=self.threads
        )
        host = urlsplit(options.endpoint).netloc or f"amazon/{options.region}"
        self.failure_domain = f"s3:{host}/{options.account}".rstrip("/")
        self.bucket = Bucket(name, client, place, options, now)
        self._pause = pause
        self._part_bytes = part_bytes
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)
        self._answered: deque[str] = deque(["kho/replica.json"], maxlen=4)

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        try:
            self._write(key, source, size_bytes, sha256, ABSENT)
        except ConditionFailed as error:
            if size_bytes > self._part_bytes:
                self.bucket.abandon_uploads(key)
            raise ObjectExists(backend=self.name, key=key) from error

    def settle(self, prefix: str) -> None:
        """What S3 acknowledged is durable already."""
        check_prefix(prefix)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        check_key(key)
        found = self.bucket.get(key)
        with self._stream(found.body, key, 0) as stream:
            if found.size_bytes > HEAD_LIMIT_BYTES:
                raise HeadTooLarge(backend=self.name, key=key)
            content = stream.read()
        return content, HeadToken(found.etag)

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        check_key(key)
        if len(content) > HEAD_LIMIT_BYTES:
            raise HeadTooLarge(backend=self.name, key=key)
        condition = ABSENT if replaces is None else str(replaces)
        digest = hashlib.sha256(content).hexdigest()
        try:
            self.bucket.put(key, content, sha256=digest, condition=condition, lock=False)
        except (ConditionFailed, ObjectNotFound) as error:
            raise HeadConflict(backend=self.name, key=key, expected=replaces) from error

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

    def set_aside(self, key: str, *, reason: str) -> str:
        check_key(key)
        digest, size_bytes, complete = self._measure(key)
        aside = aside_key(key, digest)
        note = AsideNote(
            key=key, reason=reason, sha256=digest, size_bytes=size_bytes, complete=complete
        )
        with suppress(ObjectExists):  # the same bytes were set aside before
            start = _Start(self, key, size_bytes)
            self.put_new(aside, start, size_bytes=size_bytes, sha256=digest)
        self._put_note(f"{aside}.json", note)
        return aside

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        check_key(key)
        etag, found = self._found(key)
        if found == sha256:
            return
        if found is not None:
            self._check_set_aside(key, found, observed)
        try:
            self._write(key, source, size_bytes, sha256, etag or ABSENT)
        except ConditionFailed as error:
            # Another repair was quicker, or somebody changed the object: its bytes tell.
            if self._found(key)[1] != sha256:
                raise HeadConflict(backend=self.name, key=key, expected=observed) from error

    def move_aside(self, prefix: str, *, reason: str) -> str:
        check_movable(prefix)
        self.bucket.abandon_uploads(prefix)
        moving = [info.key for info in self.bucket.list(prefix) if info.kind == "file"]
        number = self._first_without_note(prefix)
        unfinished = any(True for _ in self.bucket.list(moved_prefix(prefix, number)))
        if not moving and not unfinished:
            return moved_prefix(prefix, max(number - 1, 1))
        while True:
            target = moved_prefix(prefix, number)
            try:
                for key in moving:
                    self._move(key, target + key[len(prefix) :])
            except ObjectExists:
                number += 1  # an earlier move was interrupted, and these are other bytes
                moving = [info.key for info in self.bucket.list(prefix) if info.kind == "file"]
            else:
                break
        self._put_note(f"{target[:-1]}.json", AsideNote(key=prefix, reason=reason, kind="moved"))
        return target

    def abandon_uploads(self, prefix: str) -> int:
        check_prefix(prefix)
        return self.bucket.abandon_uploads(prefix)

    def sweep(self, prefix: str) -> None:
        check_removable(prefix)
        for info in list(self.bucket.list(prefix)):
            self.bucket.remove(info.key)

    def close(self) -> None:
        """Connections are closed."""
        self.bucket.client.close()

    def _write(
        self, key: str, source: Source, size_bytes: int, sha256: str, condition: str
    ) -> None:
        """The source's bytes stand at ``key``; :class:`ConditionFailed` when they may not."""
        lock = key.startswith(_CONTENT)
        piece_bytes = max(self._part_bytes, -(-size_bytes // _PARTS_LIMIT))
        pieces = incoming(
            source,
            backend=self.name,
            key=key,
            size_bytes=size_bytes,
            sha256=sha256,
            piece_bytes=piece_bytes,
        )
        # However many threads there are, so many pieces are held in memory and no more.
        bound = self._large if size_bytes > _SMALL_BYTES else nullcontext()
        with bound, closing(pieces):
            if size_bytes <= piece_bytes:
                (content,) = pieces
                self._put(key, content, sha256=sha256, condition=condition, lock=lock)
            else:
                self._write_in_parts(key, pieces, sha256, condition, lock=lock)

    def _put(self, key: str, content: bytes, *, sha256: str, condition: str, lock: bool) -> None:
        self.bucket.put(key, content, sha256=sha256, condition=condition, lock=lock)

    def _write_in_parts(
        self, key: str, pieces: Iterator[bytes], sha256: str, condition: str, *, lock: bool
    ) -> None:
        if condition == ABSENT:
            with suppress(ObjectNotFound):
                self.bucket.head(key)
                raise ConditionFailed(key)  # before gigabytes are sent for nothing
        upload_id = self.bucket.begin_upload(key, sha256=sha256, lock=lock)
        try:
            parts = [
                self.bucket.upload_part(
                    key, upload_id, number, piece, hashlib.sha256(piece).hexdigest()
                )
                for number, piece in enumerate(pieces, 1)
            ]
            self.bucket.complete_upload(key, upload_id, parts, condition)
        except BaseException:
            with suppress(KhoError):  # what is left is abandoned by whoever comes next
                self.bucket.abandon(key, upload_id)
            raise
        self.bucket.abandon_uploads(key)

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

    def _found(self, key: str) -> tuple[str, str | None]:
        """(ETag, sha256) of what stands at ``key``; None when nothing does."""
        try:
            etag = self.bucket.head(key).etag
            digest, _size, complete = self._measure(key)
        except ObjectNotFound:
            return "", None
        except ServerFault:
            return "", _UNREADABLE
        return etag, digest if complete else _UNREADABLE

    def _check_set_aside(self, key: str, found: str, observed: str | None) -> None:
        """What stands at ``key`` is what was observed, and it was set aside."""
        if found != _UNREADABLE and found != observed:
            raise HeadConflict(backend=self.name, key=key, expected=observed, found=found)
        if found == _UNREADABLE:
            kept = any(True for _ in self.bucket.list(aside_folder(key)))
        else:
            kept = self._exists(aside_key(key, found))
        if not kept:
            raise NotSetAside(backend=self.name, key=key)

    def _exists(self, key: str) -> bool:
        try:
            self.bucket.head(key)
        except ObjectNotFound:
            return False
        return True

    def _move(self, key: str, target: str) -> None:
        """The object is at ``target``, re-read there, and no longer at ``key``."""
        try:
            found = self.bucket.head(key)
        except ObjectNotFound:
            return  # another process moved it
        if found.size_bytes > _COPY_LIMIT_BYTES:
            digest, size_bytes, _ = self._measure(key)
            self.put_new(target, StoredSource(self, key), size_bytes=size_bytes, sha256=digest)
        else:
            with suppress(ConditionFailed):  # copied before an interruption, or other bytes
                self.bucket.copy(key, target, found.etag)
        if self._measure(key) != self._measure(target):
            raise ObjectExists(backend=self.name, key=target)
        self.bucket.remove(key)

    def _first_without_note(self, prefix: str) -> int:
        number = 1
        while self._exists(f"{moved_prefix(prefix, number)[:-1]}.json"):
            number += 1
        return number

    def _put_note(self, key: str, note: AsideNote) -> None:
        content = encode_note(note)
        digest = hashlib.sha256(content).hexdigest()
        with suppress(ObjectExists):
            self.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)


@dataclass(frozen=True, slots=True)
class _Start:
    """The first ``size_bytes`` of an object whose rest cannot be read."""

    store: S3Store
    key: str
    size_bytes: int

    @property
    def local_path(self) -> Path | None:
        return None

    def open(self) -> AbstractContextManager[BinaryIO]:
        if not self.size_bytes:
            return BytesSource(b"").open()
        return cast(BinaryIO, _FirstBytes(self.store.open(self.key), self.size_bytes))


class _FirstBytes(io.RawIOBase):
    """A stream that ends after so many bytes."""

    def __init__(self, inner: AbstractContextManager[BinaryIO], size_bytes: int) -> None:
        super().__init__()
        self._inner = ExitStack()
        self._stream = self._inner.enter_context(inner)
        self._left = size_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._inner.close()
        super().close()
