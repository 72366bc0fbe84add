"""S3 through obstore: the same contract, several times faster on small files.

What is small is put and read through obstore; large objects, writing heads, copies, listings
and everything that went wrong go through boto3, which can say exactly why. An object that is
to be locked is put by boto3 too: obstore does not know Object Lock.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store as FastClient

from storage_backends.interface import BackendUnavailable, HeadToken
from storage_backends.keys import check_key
from storage_backends.s3.bucket import ABSENT, OUR_DIGEST
from storage_backends.s3.client import access_key
from storage_backends.s3.errors import ClientUnusable, ConditionFailed
from storage_backends.s3.options import Place, S3Options
from storage_backends.s3.store import S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_IN_NO_CHAIN = "InvalidCertificate"
_SMALL_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


class FastS3Store(S3Store):
    """An S3 store whose small traffic goes through obstore."""

    threads = 32
    """Its requests wait outside the interpreter; docs/measurements/s3.txt shows what they gain."""

    def __init__(
        self, name: str, client: Any, place: Place, options: S3Options, **more: Any
    ) -> None:
        super().__init__(name, client, place, options, **more)
        self._fast = _fast_client(name, client, place, options)
        self._locks = bool(options.lock)

    def read_head(self, key: str) -> tuple[bytes, HeadToken]:
        check_key(key)
        try:
            found = obstore.get(self._fast, key)
            token = found.meta["e_tag"]
            if token and found.meta["size"] <= _SMALL_BYTES:
                return bytes(found.bytes()), HeadToken(token)
        except (BaseError, OSError):
            pass  # boto3 succeeds, or says exactly why not
        return super().read_head(key)

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        check_key(key)
        if offset:
            return super().open(key, offset=offset)
        try:
            found = obstore.get(self._fast, key)
            self._remember(key)
            if found.meta["size"] > _SMALL_BYTES:
                chunks = iter(found.stream(min_chunk_size=_CHUNK_BYTES))
                return cast(BinaryIO, _ChunkStream(self.name, key, chunks))
            return io.BytesIO(found.bytes())
        except (BaseError, OSError):  # a missing key is a FileNotFoundError
            return super().open(key, offset=offset)  # succeeds, or says exactly why not

    def _put(self, key: str, content: bytes, *, sha256: str, condition: str, lock: bool) -> None:
        if condition != ABSENT or (lock and self._locks):
            super()._put(key, content, sha256=sha256, condition=condition, lock=lock)
            return
        try:
            obstore.put(
                self._fast,
                key,
                content,
                mode="create",
                use_multipart=False,
                attributes={OUR_DIGEST: sha256},
            )
        except (AlreadyExistsError, PreconditionError) as error:
            raise ConditionFailed(key) from error
        except (PermissionDeniedError, UnauthenticatedError):
            # Nothing was written; the same refusal, put by boto3, says why.
            super()._put(key, content, sha256=sha256, condition=condition, lock=lock)
        except BaseError as error:
            if _IN_NO_CHAIN in str(error):
                # Nothing was sent. boto3 trusts a server whose own certificate is in ca_file,
                # obstore only one that is signed by what is there.
                super()._put(key, content, sha256=sha256, condition=condition, lock=lock)
                return
            # It may have been done after all, so it is not simply put again here: ``retrying``
            # does, and compares what it then finds.
            self.bucket.check()
            raise BackendUnavailable(
                backend=self.name, key=key, reason=_first_line(error)
            ) from error


class _ChunkStream(io.RawIOBase):
    """Chunks of an answer as a stream."""

    def __init__(self, backend: str, key: str, chunks: Iterator[Any]) -> None:
        super().__init__()
        self._backend = backend
        self._key = key
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # typeshed wants any buffer
        if not self._rest:
            try:
                self._rest = memoryview(next(self._chunks, b""))
            except (BaseError, OSError) as error:
                raise BackendUnavailable(
                    backend=self._backend, key=self._key, reason=_first_line(error)
                ) from error
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _first_line(error: Exception) -> str:
    """What obstore says for people; the rest of it is for its developers."""
    return str(error).partition("\n")[0]


def _fast_client(name: str, client: Any, place: Place, options: S3Options) -> FastClient:
    key_id, secret, token = access_key(client)
    more: dict[str, Any] = {"session_token": token} if token else {}
    settings: ClientConfig = {
        "connect_timeout": timedelta(seconds=min(options.timeout_s, 15)),
        "read_timeout": timedelta(seconds=options.timeout_s),
        "timeout": timedelta(days=1),  # the whole request; progress is what counts
        "allow_http": options.endpoint.startswith("http://"),
    }
    if options.ca_file:
        settings["root_certificate"] = Path(options.ca_file).read_bytes()
    try:
        return FastClient(
            place.bucket,
            prefix=place.prefix or None,
            endpoint=options.endpoint or f"https://s3.{options.region}.amazonaws.com",
            region=options.region or "us-east-1",
            access_key_id=key_id,
            secret_access_key=secret,
            virtual_hosted_style_request=not options.path_style,
            checksum_algorithm="SHA256",
            client_options=settings,
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=options.timeout_s)},
            **more,
        )
    except (BaseError, ValueError) as error:
        raise ClientUnusable(backend=name, reason=str(error)) from error
