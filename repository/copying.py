"""A committed version on one replica as the source of another copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repository.ocfl.claims import VersionRef
from repository.ocfl.inventory import INVENTORY, Inventory, decode_inventory
from repository.ocfl.writer import ContentItem
from repository.ocfl.written import Written
from repository.replica import Replica
from storage_backends.interface import ObjectNotFound
from storage_backends.sources import StoredSource


@dataclass(frozen=True, slots=True)
class CommittedCopy:
    """Version ``ref`` of an object as committed on ``replica``."""

    replica: Replica
    ref: VersionRef
    inventory: Inventory
    inventory_json: bytes

    @property
    def inventory_text(self) -> Written:
        """The inventory, as a copy of the version is made from it."""
        return Written.of(self.inventory_json)

    def content(self) -> Iterator[ContentItem]:
        """The version's new content files, streamed from the replica.

        ObjectNotFound when one is missing there; a damaged one is caught by the digest.
        """
        sha256_by_path = self.inventory.sha256_by_content_path()
        backend = self.replica.backend
        start = f"v{self.ref.number}/"
        for path, _sha512 in self.inventory.content_files():
            if path.startswith(start):
                key = self.ref.object_prefix + path
                size_bytes = backend.stat(key).size_bytes
                yield ContentItem(
                    path, StoredSource(backend, key), size_bytes, sha256_by_path[path]
                )


def committed_copy(replica: Replica, ref: VersionRef) -> CommittedCopy | None:
    """The version as the replica's root inventory commits it; None when it does not.

    The inventory returned is the one written with that version, so that the copy made from
    it is byte-identical.
    """
    root_key = f"{ref.object_prefix}{INVENTORY}"
    try:
        content, _token = replica.backend.read_head(root_key)
    except ObjectNotFound:
        return None
    inventory = decode_inventory(content, where=root_key)
    if inventory.head_number < ref.number:
        return None
    if inventory.head_number > ref.number:
        key = f"{ref.version_prefix}{INVENTORY}"
        content = replica.backend.read_head(key)[0]
        inventory = decode_inventory(content, where=key)
    return CommittedCopy(replica, ref, inventory, content)
