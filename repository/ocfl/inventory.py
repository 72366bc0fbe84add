"""The OCFL 1.1 inventory: what an object's versions are made of.

Source: OCFL 1.1 §3.5. Our inventories always use sha512 for content and carry sha256 of
every content file in the ``fixity`` block (design §4 *Digests*).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from schemas.errors import RepositoryError

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
DECLARATION = "0=ocfl_object_1.1"
DECLARATION_CONTENT = b"ocfl_object_1.1\n"
TYPE = "https://ocfl.io/1.1/spec/#inventory"
_VERSION = re.compile(r"v([1-9][0-9]*)\Z")


class InventoryUnusable(RepositoryError):
    """An inventory cannot be read, or does not hold what ours must hold."""

    code = "REPO-INVENTORY-UNUSABLE"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who made a version; ``address`` is a URI."""

    name: str
    address: str = ""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version: its moment and the logical paths of each digest."""

    created: str
    state: dict[str, list[str]]
    message: str = ""
    user: User | None = None


class Inventory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object's inventory as read or to be written."""

    id: str
    type: str
    digest_algorithm: str
    head: str
    manifest: dict[str, list[str]]
    versions: dict[str, Version]
    fixity: dict[str, dict[str, list[str]]] = {}
    content_directory: str = "content"

    @property
    def head_number(self) -> int:
        """The newest version's number."""
        return version_number(self.head)

    def logical_files(self, version: int | None = None) -> Iterator[tuple[str, str, str]]:
        """(logical path, sha512, content path) of a version's state; the newest by default."""
        name = self.head if version is None else f"v{version}"
        for digest, logical_paths in self.versions[name].state.items():
            content_path = self.manifest[digest][0]
            for logical_path in logical_paths:
                yield logical_path, digest, content_path

    def locate(self, logical_path: str) -> tuple[str, str]:
        """(sha512, content path) of a file of the newest version; KeyError when it has none."""
        for digest, logical_paths in self.versions[self.head].state.items():
            if logical_path in logical_paths:
                return digest, self.manifest[digest][0]
        raise KeyError(logical_path)

    def sha256_by_content_path(self) -> dict[str, str]:
        """sha256 of every content file, from the fixity block."""
        block = self.fixity.get("sha256", {})
        return {path: digest for digest, paths in block.items() for path in paths}

    def content_files(self) -> Iterator[tuple[str, str]]:
        """(content path, sha512) of every content file of every version."""
        for digest, paths in self.manifest.items():
            for path in paths:
                yield path, digest


@dataclass(frozen=True, slots=True)
class ContentFile:
    """One new content file of a version: where it goes and what it is."""

    logical_path: str
    content_path: str
    sha256: str
    sha512: str


def version_number(name: str) -> int:
    """3 for ``v3``; :class:`InventoryUnusable` for anything else (padding is not ours)."""
    match = _VERSION.match(name)
    if match is None:
        raise InventoryUnusable(where=name, reason="version")
    return int(match[1])


def next_inventory(
    previous: Inventory,
    state: Mapping[str, list[str]],
    new_files: list[ContentFile],
    *,
    created: str,
    message: str,
    user: User,
) -> Inventory:
    """``previous`` with one more version whose state is ``state`` (sha512 → logical paths)."""
    manifest = dict(previous.manifest)
    fixity = dict(previous.fixity.get("sha256", {}))
    for file in new_files:
        if file.sha512 not in manifest:
            manifest[file.sha512] = [file.content_path]
            fixity[file.sha256] = manifest[file.sha512]
    head = f"v{previous.head_number + 1}"
    version = Version(created=created, state=dict(state), message=message, user=user)
    return msgspec.structs.replace(
        previous,
        head=head,
        manifest=manifest,
        fixity={**previous.fixity, "sha256": fixity},
        versions={**previous.versions, head: version},
    )


def encode_inventory(inventory: Inventory) -> bytes:
    """The inventory as JSON: one line per entry, so that text tools can read and compare it."""
    return msgspec.json.format(msgspec.json.encode(inventory), indent=1) + b"\n"


def decode_inventory(content: bytes, *, where: str) -> Inventory:
    """The inventory that ``content`` writes; :class:`InventoryUnusable` when it is not ours."""
    try:
        inventory = msgspec.json.decode(content, type=Inventory)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InventoryUnusable(where=where, reason=str(error)[:200]) from error
    if inventory.digest_algorithm != "sha512" or inventory.head not in inventory.versions:
        raise InventoryUnusable(where=where, reason="not sha512, or head without a version")
    version_number(inventory.head)
    for version in inventory.versions.values():
        for digest in version.state:
            if not inventory.manifest.get(digest):
                raise InventoryUnusable(where=where, reason=f"no content for {digest[:16]}")
    return inventory


def sidecar_of(inventory_json: bytes) -> bytes:
    """The sidecar's content for an inventory's bytes."""
    return f"{hashlib.sha512(inventory_json).hexdigest()} {INVENTORY}\n".encode()


def sidecar_matches(inventory_json: bytes, sidecar: bytes) -> bool:
    """Whether a sidecar names the digest of an inventory's bytes."""
    stated, _, name = sidecar.decode("ascii", "replace").strip().partition(" ")
    digest = hashlib.sha512(inventory_json).hexdigest()
    return name.strip() == INVENTORY and stated.lower() == digest
