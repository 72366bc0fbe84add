"""The backend contract on S3: what is written is checked by the store, what is there stays.

A put is visible whole or not at all, so there is no staging: ``If-None-Match: *`` makes writes
create, ``If-Match`` makes heads compare-and-set. Neither listing order nor an ETag nor HEAD is
ever believed about bytes. Old versions and delete markers of a versioned bucket are not seen.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from typing import Any
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
    Capabilities,
    HeadConflict,
    HeadToken,
    HeadTooLarge,
    NotSetAside,
    ObjectExists,
    ObjectNotFound,
    Source,
)
from storage_backends.keys import check_key, check_prefix
from storage_backends.s3.bucket import ABSENT
from storage_backends.s3.errors import ConditionFailed, ServerFault
from storage_backends.s3.options import Place, S3Options
from storage_backends.s3.reader import S3Reader
from storage_backends.sources import BytesSource, StartOf, StoredSource

PART_BYTES = 8 * 1024 * 1024
_PARTS_LIMIT = 10_000
_COPY_LIMIT_BYTES = 5 * 1024**3
"""The largest object that S3 copies in one request."""
_CONTENT = ("ocfl/", "holding/")
_UNREADABLE = ""
_READ_BYTES = 1024 * 1024
_SMALL_BYTES = 1024 * 1024
_LARGE_AT_ONCE = 8


class S3Store(S3Reader):
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
        super().__init__(name, client, place, options, now=now, pause=pause)
        self.capabilities = Capabilities(
            server_digest=True, object_lock=bool(options.lock), read_threads=self.threads
        )
        host = urlsplit(options.endpoint).netloc or f"amazon/{options.region}"
        self.failure_domain = f"s3:{host}/{options.account}".rstrip("/")
        self._part_bytes = part_bytes
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)

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

    def set_aside(self, key: str, *, reason: str) -> str:
        check_key(key)
        digest, size_bytes, complete = self._measure(key)
        aside = aside_key(key, digest)
        note = AsideNote(
            key=key, reason=reason, sha256=digest, size_bytes=size_bytes, complete=complete
        )
        with suppress(ObjectExists):  # the same bytes were set aside before
            start = StartOf(self, key, size_bytes)
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
