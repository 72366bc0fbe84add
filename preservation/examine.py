"""Examining files: the one place where bytes on a replica become verdicts."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Protocol, cast

import msgspec

from repository.ocfl.claims import open_claims
from repository.ocfl.layout import object_prefix, root_files
from repository.replica import MARKER
from schemas.digests import Algorithm
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place, Verdict
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    ObjectNotFound,
    StorageBackend,
    StorageError,
    WrongEntryType,
)
from storage_backends.reading import ReadRequest, read_digests


class ReplicaGone(StorageError):
    """The whole replica stopped answering: nothing on it is damaged by that."""

    code = "AUDIT-REPLICA-GONE"


class Item(msgspec.Struct, frozen=True, gc=False):
    """One file to examine: where it lies and what it must be.

    A Struct like :class:`Examined`, because an audit makes them by the million: making a
    frozen dataclass costs more than looking at a small file's answer.
    """

    key: str
    expected: str
    aip_id: AipId
    place: Place
    content_path: str
    size_bytes: int | None = None
    content_key: int | None = None


class Examined(msgspec.Struct, frozen=True, gc=False):
    """What one file was found to be; ``found`` is the digest of its bytes when it was read."""

    item: Item
    verdict: Verdict
    size_bytes: int = 0
    found: str = ""
    reason: str = ""


class Examiner(Protocol):
    """Turns items into verdicts, one each; audits are given one so that a broken one shows."""

    def __call__(
        self, backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]: ...


def examine(
    backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm = "sha256"
) -> Iterator[Examined]:
    """Each item read from the store and compared, in no promised order.

    Altered, absent and unreadable are told apart; :class:`ReplicaGone` when the store itself
    stopped answering.
    """
    item_by_key = {item.key: item for item in items}
    requests = [ReadRequest(item.key, item.size_bytes) for item in items]
    for result in read_digests(backend, requests, algorithm=algorithm):
        item = item_by_key[result.key]
        if result.error is not None:
            yield Examined(item, _verdict_of(backend, result.error), reason=str(result.error))
        elif result.digest == item.expected:
            yield Examined(item, Verdict.INTACT, result.size_bytes, result.digest)
        else:
            yield Examined(item, Verdict.ALTERED, result.size_bytes, result.digest)


def unexpected(
    backend: StorageBackend, prefixes: Iterable[str], expected: Container[str]
) -> Iterator[str]:
    """Keys under the prefixes that nothing accounts for, versions being written apart."""
    pending = tuple(ref.object_prefix for ref in open_claims(backend))
    for prefix in prefixes:
        for key in keys_under(backend, prefix):
            if key in expected or (pending and key.startswith(pending)):
                continue
            yield key


def keys_under(backend: StorageBackend, prefix: str) -> Iterator[str]:
    """Every key that the store lists; without sizes where it can leave them out."""
    list_keys = getattr(backend, "list_keys", None)
    if list_keys is not None:
        return cast(Iterator[str], list_keys(prefix))
    return (info.key for info in backend.list(prefix))


def root_items(algorithm: Algorithm = "sha256") -> list[Item]:
    """The files that make the two OCFL roots of a replica, as items to examine."""
    return [
        Item(
            key=f"{place.value}/{name}",
            expected=hashlib.new(algorithm, content).hexdigest(),
            aip_id=AipId(""),
            place=place,
            content_path=name,
        )
        for place in Place
        for name, content in root_files().items()
    ]


def key_of(place: Place, aip_id: AipId, content_path: str) -> str:
    """The key of one file of an AIP on any replica."""
    return f"{object_prefix(place, ocfl_id(aip_id))}{content_path}"


def _verdict_of(backend: StorageBackend, error: StorageError) -> Verdict:
    if isinstance(error, ObjectNotFound):
        return Verdict.ABSENT
    if isinstance(error, WrongEntryType):
        return Verdict.ALTERED
    if isinstance(error, BackendUnavailable | AccessDenied) and not _answers(backend):
        raise ReplicaGone(backend=backend.name, key=MARKER, reason=str(error)) from error
    return Verdict.UNREADABLE


def _answers(backend: StorageBackend) -> bool:
    try:
        backend.read_head(MARKER)
    except StorageError:
        return False
    return True
