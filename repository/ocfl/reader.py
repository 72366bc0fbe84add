"""Reading a committed object from one replica, without the catalogue.

A reader that meets a sidecar mismatch retries once (a writer may be between inventory and
sidecar), then takes the newest self-consistent version inventory (design §4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from repository.ocfl.claims import VersionRef
from repository.ocfl.inventory import (
    DECLARATION,
    INVENTORY,
    SIDECAR,
    Inventory,
    InventoryUnusable,
    decode_inventory,
    sidecar_matches,
)
from repository.ocfl.layout import NUMBER_OF_TUPLES
from schemas.ids import aip_of_ocfl_id
from schemas.nouns import Place
from storage_backends.interface import ObjectNotFound, StorageBackend

OBJECT_DEPTH = 1 + NUMBER_OF_TUPLES + 1
"""Segments of an object's prefix: root, tuples, encoded id."""


@dataclass(frozen=True, slots=True)
class ObjectView:
    """One object of one replica at the state its inventory describes."""

    backend: StorageBackend
    prefix: str
    inventory: Inventory
    inventory_json: bytes
    consistent: bool
    """False when the root inventory or its sidecar is damaged and a version's served instead."""

    def open(self, content_path: str) -> AbstractContextManager[BinaryIO]:
        """The bytes at a content path, not verified."""
        return self.backend.open(self.prefix + content_path)

    def version_inventory_json(self, number: int) -> bytes:
        """The inventory that was written with version ``number``."""
        if number == self.inventory.head_number:
            return self.inventory_json
        return self.backend.read_head(f"{self.prefix}v{number}/{INVENTORY}")[0]


def read_object(backend: StorageBackend, prefix: str) -> ObjectView:
    """The object under ``prefix``.

    ObjectNotFound when there is no inventory at all; :class:`InventoryUnusable` when none of
    the inventories is consistent with its sidecar.
    """
    for _attempt in (1, 2):
        view = _read_root(backend, prefix)
        if view is not None:
            return view
    return _newest_version_view(backend, prefix)


def list_objects(backend: StorageBackend, place: Place) -> Iterator[str]:
    """The prefix of every object in one root, once.

    An object is where the layout puts one and a declaration or an inventory stands: an object
    that lost one of them is still found.
    """
    seen: set[str] = set()
    for info in backend.list(f"{place.value}/"):
        segments = info.key.split("/")
        if len(segments) != OBJECT_DEPTH + 1 or segments[-1] not in (DECLARATION, INVENTORY):
            continue
        prefix = info.key[: -len(segments[-1])]
        if prefix not in seen:
            seen.add(prefix)
            yield prefix


def _read_root(backend: StorageBackend, prefix: str) -> ObjectView | None:
    key = f"{prefix}{INVENTORY}"
    try:
        content, _token = backend.read_head(key)
        sidecar, _token = backend.read_head(f"{prefix}{SIDECAR}")
    except ObjectNotFound:
        return None
    if not sidecar_matches(content, sidecar):
        return None
    return ObjectView(backend, prefix, decode_inventory(content, where=key), content, True)


def _newest_version_view(backend: StorageBackend, prefix: str) -> ObjectView:
    numbers = sorted(_version_numbers(backend, prefix), reverse=True)
    root = _root_inventory(backend, prefix)
    for number in numbers:
        key = f"{prefix}v{number}/{INVENTORY}"
        try:
            content, _token = backend.read_head(key)
            sidecar, _token = backend.read_head(f"{prefix}v{number}/{SIDECAR}")
        except ObjectNotFound:
            continue
        if sidecar_matches(content, sidecar):
            inventory = decode_inventory(content, where=key)
            # Committed, but the writer died before the root sidecar: the version's own proves it.
            committed = content == root
            if not committed and _is_claimed(backend, prefix, inventory.id, number):
                continue
            return ObjectView(backend, prefix, inventory, content, committed)
    if root is None:
        raise ObjectNotFound(backend=backend.name, key=f"{prefix}{INVENTORY}")
    raise InventoryUnusable(where=f"{backend.name}:{prefix}", reason="no consistent inventory")


def _root_inventory(backend: StorageBackend, prefix: str) -> bytes | None:
    try:
        return backend.read_head(f"{prefix}{INVENTORY}")[0]
    except ObjectNotFound:
        return None


def _is_claimed(backend: StorageBackend, prefix: str, identifier: str, number: int) -> bool:
    """Whether the version is still being written: not committed, so nobody's newest."""
    aip_id = aip_of_ocfl_id(identifier)
    if aip_id is None:
        return False
    ref = VersionRef(Place(prefix.partition("/")[0]), aip_id, number)
    try:
        backend.stat(ref.claim_key)
    except ObjectNotFound:
        return False
    return True


def _version_numbers(backend: StorageBackend, prefix: str) -> set[int]:
    numbers = set()
    for info in backend.list(prefix):
        first = info.key[len(prefix) :].partition("/")[0]
        if first[:1] == "v" and first[1:].isdigit():
            numbers.add(int(first[1:]))
    return numbers
