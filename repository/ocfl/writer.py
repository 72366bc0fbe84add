"""Writing one version of one object to one replica, in the order of design §4.

claim → content files → version inventory → version sidecar → (v1) declaration → settle →
read back → **root inventory: the commit point** → root sidecar → read back → claim dropped.

A process killed anywhere leaves the old or the new version committed, and a claim that tells
recovery (``repository.recovery``) what to finish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
)
from repository.ocfl.written import Written
from schemas.errors import KhoError
from schemas.progress import Progress
from storage_backends.interface import (
    HeadConflict,
    HeadToken,
    NewObject,
    ObjectExists,
    ObjectNotFound,
    PutEach,
    Source,
    StorageBackend,
    StorageError,
)
from storage_backends.reading import ReadRequest, read_digests

_BATCH = 256
_TOGETHER = 32
_TOGETHER_BYTES = 4 * 1024 * 1024
"""Small files that are made durable together, where the store can do that."""


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

    @property
    def inventory_text(self) -> Written: ...

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
    try:
        token = _expect_predecessor(backend, version, resuming=resuming)
    except KhoError:
        if not resuming:  # nothing was written yet: the claim protects nothing
            with suppress(StorageError):
                drop_claim(backend, ref)
        raise
    if token != _COMMITTED:
        write_content(backend, version, progress=progress, resuming=resuming)
        structure = [
            NewObject(key, text.source, text.size_bytes, text.sha256)
            for key, text in _structure(version)
        ]
        _put_all(backend, structure, resuming=resuming)
        backend.settle(ref.object_prefix)
        read_back(backend, version, progress=progress)
        _commit(backend, version, token)
    finish_version(backend, version)


def finish_version(backend: StorageBackend, version: VersionContent) -> bool:
    """A committed version's sidecar stands, both were read back, and no claim is left; whether
    the sidecar had to be written."""
    ref = version.ref
    inventory = version.inventory_text
    written = write_root_sidecar(backend, ref.object_prefix, inventory.sidecar)
    backend.settle(ref.object_prefix)
    expected = {
        f"{ref.object_prefix}{INVENTORY}": inventory.sha256,
        f"{ref.object_prefix}{SIDECAR}": Written.of(inventory.sidecar).sha256,
    }
    for result in read_digests(backend, map(ReadRequest, expected)):
        if result.error is not None:
            raise result.error
        if result.digest != expected[result.key]:
            raise ReadBackFailed(backend=backend.name, key=result.key)
    drop_claim(backend, ref)
    return written


def write_root_sidecar(backend: StorageBackend, prefix: str, wanted: bytes) -> bool:
    """The root sidecar says what the root inventory is; it is derived, so rewriting is safe.
    Whether it had to be written."""
    key = f"{prefix}{SIDECAR}"
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
    together = _TOGETHER if _put_each_of(backend, resuming=resuming) else 1

    def put(group: list[ContentItem]) -> list[ContentItem]:
        new = [NewObject(prefix + i.path, i.source, i.size_bytes, i.sha256) for i in group]
        _put_all(backend, new, resuming=resuming)
        return group

    with ThreadPoolExecutor(backend.capabilities.read_threads) as pool:
        for batch in _batches(version.content(), _BATCH):
            for group in pool.map(put, _groups(batch, together)):
                for item in group:
                    progress.advance(files=1, size_bytes=item.size_bytes)


def read_back(backend: StorageBackend, version: VersionContent, *, progress: Progress) -> None:
    """Every new file of the version was read again from the store and has its digest."""
    prefix = version.ref.object_prefix
    expected: dict[str, str] = {}
    structure: set[str] = set()

    def requests() -> Iterator[ReadRequest]:
        for item in version.content():
            expected[prefix + item.path] = item.sha256
            yield ReadRequest(prefix + item.path, item.size_bytes)
        for key, text in _structure(version):
            structure.add(key)
            expected[key] = text.sha256
            yield ReadRequest(key, text.size_bytes)

    for result in read_digests(backend, requests()):
        if result.error is not None:
            raise result.error
        if result.digest != expected.pop(result.key):
            raise ReadBackFailed(backend=backend.name, key=result.key)
        if result.key not in structure:
            progress.advance(files=1, size_bytes=result.size_bytes)
    if expected:
        raise ReadBackFailed(backend=backend.name, key=next(iter(expected)))


def _structure(version: VersionContent) -> Iterator[tuple[str, Written]]:
    """Key and content of what a version consists of besides its content files, in the order
    in which it is written."""
    ref, inventory = version.ref, version.inventory_text
    yield f"{ref.version_prefix}{INVENTORY}", inventory
    yield f"{ref.version_prefix}{SIDECAR}", Written.of(inventory.sidecar)
    if ref.number == 1:
        yield f"{ref.object_prefix}{DECLARATION}", Written.of(DECLARATION_CONTENT)


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


def _put_each_of(backend: StorageBackend, *, resuming: bool) -> PutEach | None:
    """How the store creates several at once; not where some of them may exist already."""
    put_each: PutEach | None = None if resuming else getattr(backend, "put_each", None)
    return put_each


def _put_all(backend: StorageBackend, objects: Sequence[NewObject], *, resuming: bool) -> None:
    """Each object exists, named in the order given."""
    put_each = _put_each_of(backend, resuming=resuming)
    if put_each is not None:
        put_each(objects)
        return
    for new in objects:
        try:
            backend.put_new(new.key, new.source, size_bytes=new.size_bytes, sha256=new.sha256)
        except ObjectExists:
            if not resuming:
                raise


def _groups(items: list[ContentItem], most: int) -> Iterator[list[ContentItem]]:
    """Items that one thread writes together: ``most`` of them, or few that are large, so that
    these are shared out."""
    group: list[ContentItem] = []
    size_bytes = 0
    for item in items:
        if group and (len(group) == most or size_bytes + item.size_bytes > _TOGETHER_BYTES):
            yield group
            group, size_bytes = [], 0
        group.append(item)
        size_bytes += item.size_bytes
    yield group


def _batches(items: Iterable[ContentItem], size: int) -> Iterator[list[ContentItem]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
