"""What a store really does, found out by doing it: under ``kho/staging/probe-…/``, then swept.

A store may acknowledge what it does not keep to. Each check acts on the store as Kho will, and
says whether what Kho relies on held; nothing is concluded from a version or a name.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from storage_backends.aside import STAGING
from storage_backends.interface import (
    BackendUnavailable,
    HeadConflict,
    HeadToken,
    NoSpace,
    ObjectExists,
    StorageBackend,
    StorageError,
)
from storage_backends.keys import KEY_LIMIT_BYTES
from storage_backends.sources import BytesSource
from storage_backends.wrapping import WrappedBackend

if TYPE_CHECKING:
    from storage_backends.s3.bucket import Bucket

WRITERS = 8
_ROUNDS = 3
_PART_BYTES = 5 * 1024 * 1024
"""The smallest part that S3 allows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: it held, did not, or could not be made (None). ``detail`` is the store's own
    word. Without what is ``needed`` the store cannot be a replica."""

    check: str
    holds: bool | None
    needed: bool = False
    detail: str = ""


class _Fails(Exception):
    """What the check relies on did not hold."""


class _NotChecked(Exception):
    """The check does not apply to this kind of store."""


def probe(backend: StorageBackend) -> list[Finding]:
    """Every check's finding, in a fixed order. The store is left as it was.

    AccessDenied when we may not write there at all, BackendUnavailable and NoSpace when it
    stops answering or is full: that says nothing of what the store can do.
    """
    place = f"{STAGING}probe-{uuid4().hex}/"
    findings = []
    try:
        _put(backend, f"{place}first", b"may we write here?")
        for check, needed, act in _CHECKS:
            findings.append(_finding(check, needed, act, backend, f"{place}{check}/"))
    finally:
        with suppress(StorageError):
            backend.sweep(place)
    return findings


def _finding(
    check: str,
    needed: bool,
    act: Callable[[StorageBackend, str], str],
    backend: StorageBackend,
    place: str,
) -> Finding:
    try:
        return Finding(check, True, needed, act(backend, place))
    except _NotChecked as reason:
        return Finding(check, None, needed, str(reason))
    except (BackendUnavailable, NoSpace):
        raise
    except (_Fails, StorageError) as error:
        return Finding(check, False, needed, str(error))


def _creates_only(backend: StorageBackend, place: str) -> str:
    _put(backend, f"{place}a", b"first")
    for content in (b"second", b"first"):
        try:
            _put(backend, f"{place}a", content)
        except ObjectExists:
            continue
        raise _Fails("a second write of one key was taken")
    if _get(backend, f"{place}a") != b"first":
        raise _Fails("a refused write changed the object")
    return ""


def _one_creator(backend: StorageBackend, place: str) -> str:
    for number in range(_ROUNDS):
        key = f"{place}{number}"

        def create(writer: int, key: str = key) -> bool:
            try:
                _put(backend, key, b"%d" % writer)
            except ObjectExists:
                return False
            return True

        _one_of(_race(create))
    return f"{_ROUNDS} x {WRITERS}"


def _compares_and_sets(backend: StorageBackend, place: str) -> str:
    key = f"{place}head"
    backend.put_head(key, b"one", replaces=None)
    _content, token = backend.read_head(key)
    backend.put_head(key, b"two", replaces=token)
    for stale in (token, None, HeadToken("invented")):
        try:
            backend.put_head(key, b"three", replaces=stale)
        except HeadConflict:
            continue
        raise _Fails("a head was replaced by somebody who had not read it")
    if _get(backend, key) != b"two":
        raise _Fails("a refused replacement changed the head")
    return ""


def _one_replacer(backend: StorageBackend, place: str) -> str:
    key = f"{place}head"
    backend.put_head(key, b"old", replaces=None)
    for _round in range(_ROUNDS):
        _content, token = backend.read_head(key)

        def replace(writer: int, token: HeadToken = token) -> bool:
            try:
                backend.put_head(key, b"%d %s" % (writer, uuid4().bytes), replaces=token)
            except HeadConflict:
                return False
            return True

        _one_of(_race(replace))
    return f"{_ROUNDS} x {WRITERS}"


def _reads_back(backend: StorageBackend, place: str) -> str:
    content = bytes(range(256)) * 300
    _put(backend, f"{place}a", content)
    if _get(backend, f"{place}a") != content:
        raise _Fails("what was read is not what was written")
    if _get(backend, f"{place}a", offset=70_001) != content[70_001:]:
        raise _Fails("a read from the middle gave other bytes")
    return ""


def _lists_at_once(backend: StorageBackend, place: str) -> str:
    wanted = [f"{place}{name}" for name in ("a/b", "a-b", "a.b", "%2F~=", "a0")]
    for key in wanted:
        _put(backend, key, b"1")
    found = [info.key for info in backend.list(place)]
    if sorted(found) != sorted(wanted):
        raise _Fails(f"listed {len(found)} of {len(wanted)}")
    return "bytes" if found == sorted(wanted) else "other"


def _long_keys(backend: StorageBackend, place: str) -> str:
    key = (place + "/".join(["x" * 100] * 7))[:KEY_LIMIT_BYTES].rstrip("/")
    _put(backend, key, b"1")
    if _get(backend, key) != b"1":
        raise _Fails("a long key was not kept")
    return f"{len(key)}"


def _tells_case(backend: StorageBackend, place: str) -> str:
    _put(backend, f"{place}Case", b"upper")
    try:
        _put(backend, f"{place}case", b"lower")
    except ObjectExists as error:
        raise _Fails("names that differ in case only are one") from error
    return ""


def _frees_swept_names(backend: StorageBackend, place: str) -> str:
    for number in range(2):
        _put(backend, f"{place}claim", b"%d" % number)
        backend.sweep(place)
    if any(True for _ in backend.list(place)):
        raise _Fails("what was removed is still listed")
    return ""


def _checks_digests(backend: StorageBackend, place: str) -> str:
    from storage_backends.s3.bucket import ABSENT

    bucket = _bucket(backend)
    wrong = hashlib.sha256(b"other").hexdigest()
    try:
        bucket.put(f"{place}a", b"bytes", sha256=wrong, condition=ABSENT, lock=False)
    except StorageError as error:
        return str(error.fields.get("reason", ""))
    raise _Fails("bytes with a wrong sha256 were taken")


def _creates_in_parts(backend: StorageBackend, place: str) -> str:
    from storage_backends.s3.bucket import ABSENT
    from storage_backends.s3.errors import ConditionFailed

    bucket = _bucket(backend)
    first, rest = b"x" * _PART_BYTES, b"y"
    digest = hashlib.sha256(first + rest).hexdigest()
    for attempt in range(2):
        upload = bucket.begin_upload(f"{place}a", sha256=digest, lock=False)
        try:
            parts = [
                bucket.upload_part(
                    f"{place}a", upload, number, part, hashlib.sha256(part).hexdigest()
                )
                for number, part in enumerate((first, rest), 1)
            ]
            bucket.complete_upload(f"{place}a", upload, parts, ABSENT)
        except ConditionFailed:
            bucket.abandon(f"{place}a", upload)
            if attempt == 1:
                return ""
            raise _Fails("a new object was refused as existing") from None
    raise _Fails("an object written in parts replaced an existing one")


def _keeps_versions(backend: StorageBackend, _place: str) -> str:
    if not _bucket(backend).is_versioned():
        raise _Fails("the bucket keeps no old versions")
    return ""


def _locks_objects(backend: StorageBackend, _place: str) -> str:
    if not _bucket(backend).is_lockable():
        raise _Fails("the bucket has no Object Lock")
    return ""


_CHECKS: tuple[tuple[str, bool, Callable[[StorageBackend, str], str]], ...] = (
    ("creates-only", True, _creates_only),
    ("one-creator", True, _one_creator),
    ("compares-and-sets", True, _compares_and_sets),
    ("one-replacer", True, _one_replacer),
    ("reads-back", True, _reads_back),
    ("lists-at-once", True, _lists_at_once),
    ("frees-names", True, _frees_swept_names),
    ("long-keys", True, _long_keys),
    ("creates-in-parts", True, _creates_in_parts),
    ("checks-digests", False, _checks_digests),
    ("tells-case", False, _tells_case),
    ("keeps-versions", False, _keeps_versions),
    ("locks-objects", False, _locks_objects),
)
CHECKS = tuple(check for check, _needed, _act in _CHECKS)


def _bucket(backend: StorageBackend) -> Bucket:
    """The bucket of an S3 store, whatever is wrapped around it."""
    while isinstance(backend, WrappedBackend):
        backend = backend.inner
    bucket = getattr(backend, "bucket", None)
    if bucket is None:
        raise _NotChecked("not an S3 store")
    return cast("Bucket", bucket)


def _race(act: Callable[[int], bool]) -> list[bool]:
    """What each of eight writers, set off at once, says of having won. Their error is raised."""
    won: list[bool] = []
    failures: list[Exception] = []
    start = threading.Barrier(WRITERS)

    def run(writer: int) -> None:
        start.wait()
        try:
            won.append(act(writer))
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return won


def _one_of(won: list[bool]) -> None:
    if won.count(True) != 1:
        raise _Fails(f"{won.count(True)} of {len(won)} writers won")


def _put(backend: StorageBackend, key: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    backend.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)


def _get(backend: StorageBackend, key: str, *, offset: int = 0) -> bytes:
    with backend.open(key, offset=offset) as stream:
        pieces = []
        while piece := stream.read(64 * 1024):
            pieces.append(piece)
    return b"".join(pieces)
