"""Writing one version of one object to one replica, in the order of design §4.

claim → content files → version inventory → version sidecar → (v1) declaration → settle →
read back → **root inventory: the commit point** → root sidecar → read back → claim dropped.

A process killed anywhere leaves the old or the new version committed, and a claim that tells
recovery (``repository.recovery``) what to finish.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from repository.ocfl.claims import VersionRef, VersionTaken, drop_claim
from repository.ocfl.inventory import (
    DECLARATION,
    DECLARATION_CONTENT,
    INVENTORY,
    SIDECAR,
    decode_inventory,
    sidecar_of,
)
from schemas.progress import Progress
from storage_backends.interface import (
    HeadConflict,
    HeadToken,
    ObjectExists,
    ObjectNotFound,
    Source,
    StorageBackend,
    StorageError,
)
from storage_backends.reading import ReadRequest, read_digests
from storage_backends.sources import BytesSource

_BATCH = 256


class ReadBackFailed(StorageError):
    """The store returned other bytes than were written to it; the version is not committed."""

    code = "STORAGE-READ-BACK"


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One content file to write: ``path`` is relative to the object root."""

    path: str
    source: Source
    size_bytes: int
    sha256: str


class VersionContent(Protocol):
    """What a version is made of: a sealed build, or a committed copy elsewhere."""

    @property
    def ref(self) -> VersionRef: ...

    @property
    def inventory_json(self) -> bytes: ...

    def content(self) -> Iterator[ContentItem]:
        """The version's new content files, in any order; may be called again."""


def write_version(
    backend: StorageBackend,
    version: VersionContent,
    *,
    progress: Progress,
    resuming: bool = False,
) -> None:
    """The claimed version is committed on ``backend``, read back and re-hashed.

    ``resuming`` is recovery's: some of the files may exist already; reading back proves them.
    :class:`VersionTaken` when another writer was before us; any :class:`StorageError` leaves
    the claim in place and the version uncommitted.
    """
    ref = version.ref
    token = _expect_predecessor(backend, version, resuming=resuming)
    if token != _COMMITTED:
        write_content(backend, version, progress=progress, resuming=resuming)
        _put(backend, f"{ref.version_prefix}{INVENTORY}", version.inventory_json, resuming)
        sidecar = sidecar_of(version.inventory_json)
        _put(backend, f"{ref.version_prefix}{SIDECAR}", sidecar, resuming)
        if ref.number == 1:
            _put(backend, f"{ref.object_prefix}{DECLARATION}", DECLARATION_CONTENT, resuming)
        backend.settle(ref.object_prefix)
        read_back(backend, version, progress=progress)
        _commit(backend, version, token)
    finish_version(backend, version)


def finish_version(backend: StorageBackend, version: VersionContent) -> bool:
    """A committed version's sidecar stands, both were read back, and no claim is left; whether
    the sidecar had to be written."""
    ref = version.ref
    written = write_root_sidecar(backend, ref.object_prefix, version.inventory_json)
    backend.settle(ref.object_prefix)
    for name, expected in (
        (INVENTORY, version.inventory_json),
        (SIDECAR, sidecar_of(version.inventory_json)),
    ):
        key = f"{ref.object_prefix}{name}"
        if backend.read_head(key)[0] != expected:
            raise ReadBackFailed(backend=backend.name, key=key)
    drop_claim(backend, ref)
    return written


def write_root_sidecar(backend: StorageBackend, prefix: str, inventory_json: bytes) -> bool:
    """The root sidecar says what the root inventory is; it is derived, so rewriting is safe.
    Whether it had to be written."""
    key = f"{prefix}{SIDECAR}"
    wanted = sidecar_of(inventory_json)
    try:
        current, token = backend.read_head(key)
    except ObjectNotFound:
        backend.put_head(key, wanted, replaces=None)
        return True
    if current != wanted:
        backend.put_head(key, wanted, replaces=token)
    return current != wanted


def write_content(
    backend: StorageBackend, version: VersionContent, *, progress: Progress, resuming: bool
) -> None:
    """Every content file of the version is durable under its key, several at a time."""
    prefix = version.ref.object_prefix

    def put(item: ContentItem) -> int:
        key = prefix + item.path
        try:
            backend.put_new(key, item.source, size_bytes=item.size_bytes, sha256=item.sha256)
        except ObjectExists:
            if not resuming:
                raise
        return item.size_bytes

    with ThreadPoolExecutor(backend.capabilities.read_threads) as pool:
        for batch in _batches(version.content(), _BATCH):
            for size_bytes in pool.map(put, batch):
                progress.advance(files=1, size_bytes=size_bytes)


def read_back(backend: StorageBackend, version: VersionContent, *, progress: Progress) -> None:
    """Every new file of the version was read again from the store and has its digest."""
    prefix = version.ref.object_prefix
    expected: dict[str, str] = {}

    def requests() -> Iterator[ReadRequest]:
        for item in version.content():
            expected[prefix + item.path] = item.sha256
            yield ReadRequest(prefix + item.path, item.size_bytes)
        for name, content in (
            (INVENTORY, version.inventory_json),
            (SIDECAR, sidecar_of(version.inventory_json)),
        ):
            key = f"{version.ref.version_prefix}{name}"
            expected[key] = hashlib.sha256(content).hexdigest()
            yield ReadRequest(key, len(content))

    for result in read_digests(backend, requests()):
        if result.error is not None:
            raise result.error
        if result.digest != expected.pop(result.key):
            raise ReadBackFailed(backend=backend.name, key=result.key)
        if not result.key.startswith(f"{version.ref.version_prefix}{INVENTORY}"):
            progress.advance(files=1, size_bytes=result.size_bytes)
    if expected:
        raise ReadBackFailed(backend=backend.name, key=next(iter(expected)))


def head_number(backend: StorageBackend, ref: VersionRef) -> int:
    """The version that the object's root inventory commits; 0 where there is none."""
    key = f"{ref.object_prefix}{INVENTORY}"
    try:
        content, _token = backend.read_head(key)
    except ObjectNotFound:
        return 0
    return decode_inventory(content, where=key).head_number


_COMMITTED = HeadToken("already committed")


def _expect_predecessor(
    backend: StorageBackend, version: VersionContent, *, resuming: bool
) -> HeadToken | None:
    """The head's token when it is the version before ours, None before the first version."""
    ref = version.ref
    key = f"{ref.object_prefix}{INVENTORY}"
    try:
        current, token = backend.read_head(key)
    except ObjectNotFound:
        if ref.number == 1:
            return None
        raise
    if resuming and current == version.inventory_json:
        return _COMMITTED
    if decode_inventory(current, where=key).head_number != ref.number - 1:
        if not resuming:
            drop_claim(backend, ref)
        raise VersionTaken(aip_id=ref.aip_id, version=ref.number, replica=backend.name)
    return token


def _commit(backend: StorageBackend, version: VersionContent, token: HeadToken | None) -> None:
    key = f"{version.ref.object_prefix}{INVENTORY}"
    try:
        backend.put_head(key, version.inventory_json, replaces=token)
    except HeadConflict as error:
        if backend.read_head(key)[0] == version.inventory_json:
            return
        raise VersionTaken(
            aip_id=version.ref.aip_id, version=version.ref.number, replica=backend.name
        ) from error


def _put(backend: StorageBackend, key: str, content: bytes, resuming: bool) -> None:
    digest = hashlib.sha256(content).hexdigest()
    try:
        backend.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)
    except ObjectExists:
        if not resuming:
            raise


def _batches(items: Iterable[ContentItem], size: int) -> Iterator[list[ContentItem]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
