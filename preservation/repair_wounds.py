"""The damaged files that a repair goes through, each with what it must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from preservation.examine import Item, key_of, root_items
from preservation.lagging import Lagging
from preservation.repair_result import Healing, RepairedFile
from repository.archive import Repository
from repository.catalogue.damage import Damage
from repository.facts import FileFacts
from repository.ocfl.inventory import INVENTORY, SIDECAR
from repository.ocfl.layout import root_files
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.ids import AipId
from schemas.nouns import Place
from storage_backends.interface import Source
from storage_backends.sources import BytesSource


@dataclass(frozen=True, slots=True)
class Wound:
    """One damaged file: where it lies and the bytes it must have."""

    damage: Damage
    item: Item
    replica: Replica
    known: bytes | None = None
    """The content itself, for the files that make a storage root: no copy of it is needed."""
    original: Item | None = None
    """Where other replicas hold these bytes, when it is not at the same key."""

    @property
    def key(self) -> str:
        """Where it lies, on every replica."""
        return self.item.key

    @property
    def known_source(self) -> Source | None:
        """The content, when it is known without a copy."""
        return None if self.known is None else BytesSource(self.known)


def wounds(
    archive: Repository, damages: Sequence[Damage], done: list[RepairedFile]
) -> Iterator[Wound]:
    """The damaged files in an order that is safe at any interruption: content before the
    inventories that name it, the root inventory and its sidecar last.

    What cannot be gone into (its replica is away, nobody knows it) is a line in ``done``.
    """
    ordered = sorted(damages, key=lambda d: (d.aip_id, d.place, d.replica, _rank(d.content_path)))
    by_name = {replica.name: replica for replica in archive.replicas}
    lagging: dict[str, Lagging] = {}
    for (aip_id, place), group in groupby(ordered, key=lambda d: (d.aip_id, d.place)):
        items = _items(archive, aip_id, place)
        for damage in group:
            item, replica = items.get(damage.content_path), by_name.get(damage.replica)
            if replica is None:
                done.append(line_of(damage, Healing.REPLICA_AWAY))
            elif item is None:
                done.append(line_of(damage, Healing.NOT_OURS))
            else:
                known = None if aip_id else root_files()[damage.content_path]
                if replica.name not in lagging:
                    lagging[replica.name] = Lagging(archive, replica.name)
                yield _wound(damage, item, replica, known, lagging[replica.name])


def _wound(
    damage: Damage, item: Item, replica: Replica, known: bytes | None, lagging: Lagging
) -> Wound:
    """The wound as of the version that the replica has: a newer root inventory over older
    content would commit what is not there."""
    held = next(lagging.held([item]), item)
    return Wound(damage, held, replica, known, lagging.original(item))


def line_of(
    damage: Damage,
    healing: Healing,
    *,
    source: str = "",
    aside: str = "",
    error: KhoError | None = None,
    size: int = 0,
) -> RepairedFile:
    """What became of one damaged file."""
    return RepairedFile(
        replica=damage.replica,
        aip_id=damage.aip_id,
        path=damage.content_path
        if damage.aip_id
        else f"{damage.place.value}/{damage.content_path}",
        verdict=damage.verdict.value,
        healing=healing,
        source=source,
        aside=aside,
        reason=str(error) if error else "",
        reason_code=error.code if error else "",
        reason_fields={name: str(value) for name, value in error.fields.items()} if error else {},
        size=size,
    )


def _items(archive: Repository, aip_id: AipId, place: Place) -> dict[str, Item]:
    if not aip_id:
        return {item.content_path: item for item in root_items() if item.place is place}
    files = archive.catalogue.files(aip_id, place)
    return {file.content_path: _item(file, aip_id, place) for file in files}


def _item(file: FileFacts, aip_id: AipId, place: Place) -> Item:
    return Item(
        key=key_of(place, aip_id, file.content_path),
        expected=file.sha256,
        aip_id=aip_id,
        place=place,
        content_path=file.content_path,
        size_bytes=file.size_bytes,
    )


def _rank(content_path: str) -> tuple[int, str]:
    folder, _slash, name = content_path.rpartition("/")
    inventory = name in (INVENTORY, SIDECAR)
    return (0 if not inventory else 1 if folder else 2), content_path
