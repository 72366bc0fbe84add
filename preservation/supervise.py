"""The supervisor: has a window of items examined among canaries and believes nothing else.

The examiner is shown a store in disguise (``preservation.canaries``). Whatever it then misses
— a skipped file, a trusted size, a swallowed error, yesterday's answer — makes the run
untrusted. The disguised entries are examined again without disguise, so that the list of
damage holds only what is really there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from preservation.canaries import EXPECTED, Disguise, DisguisedStore, choose
from preservation.examine import Examined, Examiner, Item
from repository.canaries import PERMANENT
from schemas.digests import Algorithm
from schemas.ids import AipId
from schemas.nouns import Place
from storage_backends.interface import StorageBackend

CANARIES_PER_WINDOW = 4


@dataclass(slots=True)
class CanaryCount:
    """How many canaries were planted in a run and how many were found as planted."""

    planted: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def trustworthy(self) -> bool:
        """Whether the run planted canaries and found every one."""
        return self.planted > 0 and not self.missed

    def tell(self, what: str, *, found: bool) -> None:
        """One more canary was planted, and was or was not found."""
        self.planted += 1
        self.found += found
        if not found:
            self.missed.append(what)


def examine_window(
    backend: StorageBackend,
    items: Sequence[Item],
    examiner: Examiner,
    *,
    rng: random.Random,
    canaries: CanaryCount,
    algorithm: Algorithm,
) -> Iterator[Examined]:
    """A verdict for each item, the disguised ones from a second, undisguised look.

    Every item must be answered exactly once; one that is not counts as a missed canary.
    """
    disguises = choose(
        [(item.key, item.size_bytes == 0) for item in items], rng, wanted=CANARIES_PER_WINDOW
    )
    store = cast(StorageBackend, DisguisedStore(backend, disguises))
    unanswered = {item.key: item for item in items}
    for examined in examiner(store, items, algorithm=algorithm):
        if unanswered.pop(examined.item.key, None) is None:
            canaries.tell(f"answered twice: {examined.item.key}", found=False)
            continue
        disguise = disguises.get(examined.item.key)
        if disguise is None:
            yield examined
        else:
            found = examined.verdict is EXPECTED[disguise]
            canaries.tell(f"{disguise.value}: {examined.item.key}", found=found)
    for key in unanswered:
        canaries.tell(f"not looked at: {key}", found=False)
    again = [item for item in items if item.key in disguises and item.key not in unanswered]
    if again:
        yield from examiner(backend, again, algorithm=algorithm)


def check_permanent(backend: StorageBackend, examiner: Examiner, canaries: CanaryCount) -> None:
    """The replica's permanent set was examined and is exactly as it was planted."""
    items = [
        Item(canary.key, canary.listed_sha256, AipId(""), Place.ARCHIVE, canary.name)
        for canary in PERMANENT
    ]
    verdicts = {
        examined.item.content_path: examined.verdict
        for examined in examiner(backend, items, algorithm="sha256")
    }
    for canary in PERMANENT:
        found = verdicts.get(canary.name) is canary.verdict
        canaries.tell(f"permanent: {canary.name}", found=found)


def with_one_entry_too_many(store: StorageBackend, extra_key: str) -> StorageBackend:
    """The store with one listed entry that is not there, for the search for strays."""
    nothing: dict[str, Disguise] = {}
    return cast(StorageBackend, DisguisedStore(store, nothing, extra_key))
