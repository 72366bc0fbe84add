"""One way to look at an AIP, wherever it is: in staging or on a replica.

Everything read through a view is compared with the inventory's digest before it is used.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from repository.aip.build import SealedBuild
from repository.ocfl.inventory import (
    SIDECAR,
    Inventory,
    InventoryUnusable,
    decode_inventory,
    sidecar_matches,
)
from repository.ocfl.reader import ObjectView
from schemas.digests import CHUNK_BYTES
from schemas.nouns import Place
from storage_backends.interface import DigestMismatch


class AipView(Protocol):
    """An AIP at one version."""

    @property
    def place(self) -> Place: ...

    @property
    def inventory(self) -> Inventory: ...

    @property
    def inventory_json(self) -> bytes: ...

    def version_inventory_json(self, number: int) -> bytes: ...

    def open(self, content_path: str) -> AbstractContextManager[BinaryIO]: ...


class BuildView:
    """A sealed first version, before it is anywhere else."""

    def __init__(self, build: SealedBuild) -> None:
        self._staged = {item.path: item.source for item in build.content()}
        self.place = build.ref.place
        self.inventory_json = build.inventory_json
        self.inventory = decode_inventory(build.inventory_json, where=str(build.folder))

    def version_inventory_json(self, number: int) -> bytes:
        """The build's inventory: it has one version of its own."""
        if number != self.inventory.head_number:
            raise KeyError(number)
        return self.inventory_json

    def open(self, content_path: str) -> AbstractContextManager[BinaryIO]:
        """The staged bytes of a content path."""
        return self._staged[content_path].open()


class CopyView:
    """A committed object on a replica."""

    def __init__(self, view: ObjectView) -> None:
        self._view = view
        self.place = Place(view.prefix.partition("/")[0])
        self.inventory = view.inventory
        self.inventory_json = view.inventory_json

    def version_inventory_json(self, number: int) -> bytes:
        """The inventory written with version ``number``; :class:`InventoryUnusable` when its
        own sidecar does not confirm it: a rebuild must not learn damage as the truth."""
        content = self._view.version_inventory_json(number)
        if number != self.inventory.head_number:
            where = f"{self._view.prefix}v{number}/{SIDECAR}"
            if not sidecar_matches(content, self._view.backend.read_head(where)[0]):
                raise InventoryUnusable(where=where, reason="the sidecar names other bytes")
        return content

    def open(self, content_path: str) -> AbstractContextManager[BinaryIO]:
        """The stored bytes of a content path."""
        return self._view.open(content_path)


def read_verified(view: AipView, logical_path: str) -> bytes:
    """The whole of a small file of the newest version; DigestMismatch when it is damaged.

    KeyError when the version has no such file.
    """
    sha512, content_path = view.inventory.locate(logical_path)
    digest = hashlib.sha512()
    parts = []
    with view.open(content_path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            parts.append(bytes(chunk))
    if digest.hexdigest() != sha512:
        raise DigestMismatch(backend="", key=content_path)
    return b"".join(parts)
