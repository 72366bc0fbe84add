"""Inventories that agree with themselves and with nobody else: told, never overwritten or copied.

Damage does not keep an inventory and its sidecar in step; a person does. So an inventory that
matches its own sidecar and is none that the catalogue knows is a forgery, or the catalogue is
wrong: both are for a person to look at (design §9).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from repository.archive import Repository
from repository.catalogue.damage import Damage
from repository.ocfl.inventory import (
    INVENTORY,
    SIDECAR,
    InventoryUnusable,
    decode_inventory,
    sidecar_matches,
)
from repository.ocfl.layout import object_prefix
from repository.replica import Replica
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place
from storage_backends.interface import StorageBackend, StorageError


class Standing(StrEnum):
    """What an inventory on a replica says against what the catalogue knows."""

    NEWEST = "newest"
    OLDER = "older"
    FORGED = "forged"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Seen:
    """One inventory as it stands on a replica; ``digest`` is the sha256 of its bytes."""

    standing: Standing
    digest: str = ""


def standing_of(backend: StorageBackend, folder: str, known: Sequence[str]) -> Seen:
    """What the inventory in ``folder`` (a key prefix) is; ``known`` are the sha256 of the
    catalogue's inventories of that object, oldest first."""
    try:
        content = backend.read_head(f"{folder}{INVENTORY}")[0]
    except StorageError:
        return Seen(Standing.DAMAGED)
    digest = hashlib.sha256(content).hexdigest()
    if digest in known:
        return Seen(Standing.NEWEST if digest == known[-1] else Standing.OLDER, digest)
    try:
        sidecar = backend.read_head(f"{folder}{SIDECAR}")[0]
        decode_inventory(content, where=folder)
    except (StorageError, InventoryUnusable):
        return Seen(Standing.DAMAGED, digest)
    forged = sidecar_matches(content, sidecar)
    return Seen(Standing.FORGED if forged else Standing.DAMAGED, digest)


class Suspicion:
    """Which replicas a repair must leave to a person, object by object.

    A replica whose inventory is the catalogue's newest is never suspected: what it says of
    itself is what a repair would write. One that holds a forged inventory always is. One whose
    inventory is damaged or older takes its peers' word, as long as more of them hold the
    catalogue's inventory than any other that agrees with itself.
    """

    def __init__(self, archive: Repository, damages: Sequence[Damage]) -> None:
        self._archive = archive
        self._folders: dict[tuple[AipId, Place, str], set[str]] = {}
        for damage in damages:
            folder, _slash, name = damage.content_path.rpartition("/")
            if name in (INVENTORY, SIDECAR) and folder:
                key = (damage.aip_id, damage.place, damage.replica)
                self._folders.setdefault(key, set()).add(f"{folder}/")
        self._asked: dict[tuple[AipId, Place], frozenset[str]] = {}

    def concerns(self, aip_id: AipId, place: Place, replica: str) -> bool:
        """Whether nothing of the AIP on this replica may be replaced unasked."""
        if not aip_id:
            return False
        key = (aip_id, place)
        if key not in self._asked:
            self._asked[key] = self._look(aip_id, place)
        return replica in self._asked[key]

    def _look(self, aip_id: AipId, place: Place) -> frozenset[str]:
        known = self._archive.catalogue.inventories(aip_id, place)
        if not known:
            return frozenset()
        prefix = object_prefix(place, ocfl_id(aip_id))
        replicas = self._archive.replicas
        seen = {r.name: standing_of(r.backend, prefix, known) for r in replicas}
        forged = {name for name, one in seen.items() if one.standing is Standing.FORGED}
        forged |= {r.name for r in replicas if self._forged_below(r, aip_id, place, known)}
        votes = Counter(one.digest for one in seen.values() if one.digest)
        contrary = [votes[one.digest] for one in seen.values() if one.standing is Standing.FORGED]
        if votes[known[-1]] > max(contrary, default=0):
            return frozenset(forged)
        unsure = {name for name, one in seen.items() if one.standing is not Standing.NEWEST}
        return frozenset(forged | unsure)

    def _forged_below(
        self, replica: Replica, aip_id: AipId, place: Place, known: Sequence[str]
    ) -> bool:
        """Whether the inventory of a version, found damaged, is a forged one."""
        prefix = object_prefix(place, ocfl_id(aip_id))
        return any(
            standing_of(replica.backend, prefix + folder, known).standing is Standing.FORGED
            for folder in self._folders.get((aip_id, place, replica.name), ())
        )
