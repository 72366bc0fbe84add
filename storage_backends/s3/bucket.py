"""The requests that Kho makes of an S3 bucket, each translated; every one is made once."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from schemas.errors import KhoError
from schemas.moments import Clock
from storage_backends.interface import ObjectInfo, ObjectNotFound
from storage_backends.s3.errors import (
    BucketNotLockable,
    BucketNotVersioned,
    ConditionFailed,
    translated,
)
from storage_backends.s3.options import Place, S3Options

OUR_DIGEST = "kho-sha256"
"""The metadata that holds the whole object's sha256, in hex, as it was checked on writing."""
ABSENT = "*"
"""The condition that nothing stands at a key yet; any other condition is an ETag."""
_PAGE_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """An object that answers: its ETag and size, and its bytes if they were asked for."""

    etag: str
    size_bytes: int
    body: Any = None


class Bucket:
    """One bucket and prefix; keys are Kho's, without the prefix."""

    def __init__(
        self, name: str, client: Any, place: Place, options: S3Options, now: Clock
    ) -> None:
        self.name = name
        self.client = client
        self.place = place
        self._options = options
        self._now = now

    def check(self) -> None:
        """The bucket is there, may be listed, and is what the settings ask for."""
        with self._asking(""):
            self.client.list_objects_v2(Bucket=self.place.bucket, MaxKeys=1)
        if (self._options.versioned or self._options.lock) and not self.is_versioned():
            raise BucketNotVersioned(backend=self.name, bucket=self.place.bucket)
        if self._options.lock and not self.is_lockable():
            raise BucketNotLockable(backend=self.name, bucket=self.place.bucket)

    def is_versioned(self) -> bool:
        """Whether the bucket keeps old versions."""
        with self._asking(""):
            answer = self.client.get_bucket_versioning(Bucket=self.place.bucket)
        return bool(answer.get("Status") == "Enabled")

    def is_lockable(self) -> bool:
        """Whether the bucket has Object Lock."""
        try:
            answer = self.client.get_object_lock_configuration(Bucket=self.place.bucket)
        except ClientError:
            return False
        except (BotoCoreError, HTTPError, OSError) as error:
            raise self._meaning(error, "", writing=False) from error
        return bool(
            answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
        )

    def get(self, key: str, offset: int = 0) -> Found:
        """The object from ``offset`` on; no body at or behind its end. ObjectNotFound."""
        wanted = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            with self._asking(key):
                answer = self.client.get_object(**self._at(key), **wanted)
        except _BehindTheEnd:
            return Found("", 0)
        return Found(answer["ETag"], answer["ContentLength"], answer["Body"])

    def head(self, key: str) -> Found:
        """The object's ETag and size. Whatever a bodiless answer leaves open is asked by get."""
        try:
            answer = self.client.head_object(**self._at(key))
        except ClientError:
            found = self.get(key)
            found.body.close()
            return Found(found.etag, found.size_bytes)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise self._meaning(error, key, writing=False) from error
        return Found(answer["ETag"], answer["ContentLength"])

    def put(self, key: str, content: bytes, *, sha256: str, condition: str, lock: bool) -> None:
        """``content`` stands at ``key``, checked by the store; ConditionFailed otherwise."""
        with self._asking(key, writing=True):
            self.client.put_object(
                **self._at(key),
                **conditional(condition),
                **(self.retention() if lock else {}),
                Body=content,
                ChecksumSHA256=in_base64(sha256),
                Metadata={OUR_DIGEST: sha256},
            )

    def copy(self, source: str, target: str, etag: str) -> None:
        """The store copied the object with this ETag to ``target``, which was free."""
        with self._asking(target, writing=True):
            self.client.copy_object(
                **self._at(target),
                CopySource={"Bucket": self.place.bucket, "Key": self.place.prefix + source},
                CopySourceIfMatch=etag,
                MetadataDirective="COPY",
                IfNoneMatch="*",
            )

    def remove(self, key: str) -> None:
        """No current version stands at ``key``; a versioned bucket keeps the old ones."""
        with self._asking(key, writing=True):
            self.client.delete_object(**self._at(key))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every current object under ``prefix``; a folder's placeholder is a stray."""
        start = len(self.place.prefix)
        for page in self._pages("list_objects_v2", prefix, MaxKeys=_PAGE_KEYS):
            for item in page.get("Contents", ()):
                key = item["Key"][start:]
                if key.endswith("/"):
                    yield ObjectInfo(key[:-1], 0, "directory")
                elif key:
                    yield ObjectInfo(key, item["Size"])

    def abandon_uploads(self, prefix: str) -> int:
        """No unfinished multipart upload is left under ``prefix``; how many there were."""
        start = len(self.place.prefix)
        unfinished = [
            (upload["Key"][start:], upload["UploadId"])
            for page in self._pages("list_multipart_uploads", prefix)
            for upload in page.get("Uploads", ())
        ]
        for key, upload_id in unfinished:
            self.abandon(key, upload_id)
        return len(unfinished)

    def abandon(self, key: str, upload_id: str) -> None:
        """The unfinished upload and its parts are gone; nothing visible ever was."""
        try:
            with self._asking(key, writing=True):
                self.client.abort_multipart_upload(**self._at(key), UploadId=upload_id)
        except ObjectNotFound:
            return

    def begin_upload(self, key: str, *, sha256: str, lock: bool) -> str:
        """The id of a new multipart upload."""
        with self._asking(key, writing=True):
            answer = self.client.create_multipart_upload(
                **self._at(key),
                **(self.retention() if lock else {}),
                ChecksumAlgorithm="SHA256",
                Metadata={OUR_DIGEST: sha256},
            )
        return str(answer["UploadId"])

    def upload_part(
        self, key: str, upload_id: str, number: int, content: bytes, sha256: str
    ) -> Any:
        """What the completion has to say of the part."""
        checksum = in_base64(sha256)
        with self._asking(key, writing=True):
            answer = self.client.upload_part(
                **self._at(key),
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
                ChecksumSHA256=checksum,
            )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Any], condition: str
    ) -> None:
        """The parts are the object at ``key``; ConditionFailed when they may not be."""
        with self._asking(key, writing=True):
            self.client.complete_multipart_upload(
                **self._at(key),
                **conditional(condition),
                UploadId=upload_id,
                MultipartUpload={"Parts": [*parts]},
            )

    def retention(self) -> dict[str, Any]:
        """What a put says to lock its object; nothing where the settings ask for no lock."""
        if not self._options.lock:
            return {}
        until = self._now() + timedelta(days=self._options.lock_days)
        return {
            "ObjectLockMode": self._options.lock.upper(),
            "ObjectLockRetainUntilDate": until,
        }

    def meaning_of_broken_stream(self, error: Exception, key: str) -> KhoError:
        """What a body says that broke off."""
        return self._meaning(error, key, writing=False)

    def _pages(self, verb: str, prefix: str, **more: object) -> Iterator[Any]:
        with self._asking(prefix):
            pages = self.client.get_paginator(verb).paginate(
                Bucket=self.place.bucket, Prefix=self.place.prefix + prefix, **more
            )
            iterator = iter(pages)
        while True:
            with self._asking(prefix):
                page = next(iterator, None)
            if page is None:
                return
            yield page

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.place.bucket, "Key": self.place.prefix + key}

    def _meaning(self, error: Exception, key: str, *, writing: bool) -> KhoError:
        where = key or f"s3://{self.place.bucket}"
        return translated(error, backend=self.name, key=where, writing=writing)

    @contextmanager
    def _asking(self, key: str, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 412:
                raise ConditionFailed(key) from error
            if status == 416 and not writing:
                raise _BehindTheEnd from error
            raise self._meaning(error, key, writing=writing) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise self._meaning(error, key, writing=writing) from error


class _BehindTheEnd(Exception):
    """A range begins at or behind the object's end."""


def conditional(condition: str) -> dict[str, str]:
    """The parameter that makes a write depend on what stands at its key."""
    return {"IfNoneMatch": "*"} if condition == ABSENT else {"IfMatch": condition}


def in_base64(hex_digest: str) -> str:
    """A digest as S3's checksum headers write it."""
    return base64.b64encode(bytes.fromhex(hex_digest)).decode()
