"""What a replica must hold of an AIP whose newest version never reached it.

Such a copy is under-replicated, not damaged: what it never got is not missed, and its root
inventory must be the one of the version it has. ``fill`` brings it up to date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from preservation.examine import Item, key_of
from repository.archive import Repository
from repository.catalogue.contents import ContentFacts
from repository.ocfl.inventory import INVENTORY, SIDECAR
from schemas.digests import Algorithm
from schemas.ids import AipId
from schemas.nouns import Place

_IN_VERSION = re.compile(r"v([1-9][0-9]*)/")
_ROOT = (INVENTORY, SIDECAR)


class Lagging:
    """The AIPs of one replica that lack versions; a handful, after an outage."""

    def __init__(self, archive: Repository, replica: str) -> None:
        self._archive = archive
        self._held = archive.catalogue.lagging(replica)

    def held(self, items: Iterable[Item], algorithm: Algorithm = "sha256") -> Iterator[Item]:
        """The items as this replica must hold them; what it never got is left out."""
        if not self._held:
            yield from items
            return
        for item in items:
            number = self._held.get((item.aip_id, item.place))
            if number is None:
                yield item
            elif item.content_path in _ROOT:
                original = self.original(item, algorithm)
                yield item if original is None else _expecting(item, original)
            elif _version_of(item.content_path) <= number:
                yield item

    def original(self, item: Item, algorithm: Algorithm = "sha256") -> Item | None:
        """The file of the version that a lagging root inventory or sidecar is a copy of; None
        for anything else."""
        number = self._held.get((item.aip_id, item.place))
        if number is None or item.content_path not in _ROOT:
            return None
        path = f"v{number}/{item.content_path}"
        facts = self._file(item.aip_id, item.place, path)
        if facts is None:
            return None
        return Item(
            key=key_of(item.place, item.aip_id, path),
            expected=facts.sha256 if algorithm == "sha256" else facts.sha512,
            aip_id=item.aip_id,
            place=item.place,
            content_path=path,
        )

    def _file(self, aip_id: AipId, place: Place, path: str) -> ContentFacts | None:
        files = self._archive.catalogue.content(aip_id, place)
        return next((file for file in files if file.content_path == path), None)


def _expecting(item: Item, original: Item) -> Item:
    return msgspec.structs.replace(item, expected=original.expected)


def _version_of(content_path: str) -> int:
    """The version that brought a file; 0 for what stands at the object's root."""
    match = _IN_VERSION.match(content_path)
    return int(match[1]) if match is not None else 0
