"""The supervisor: has a window of items examined among canaries and believes nothing else.

The examiner is shown a store in disguise (``preservation.canaries``). Whatever it then misses
— a skipped file, a trusted size, a swallowed error, yesterday's answer — makes the run
untrusted. The disguised entries are examined again without disguise, so that the list of
damage holds only what is really there.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from preservation.canaries import EXPECTED, Disguise, DisguisedStore, choose
from preservation.examine import Examined, Examiner, Item
from repository.canaries import PERMANENT
from schemas.digests import Algorithm
from schemas.ids import AipId
from schemas.nouns import Place, Verdict
from storage_backends.interface import StorageBackend

CANARIES_PER_WINDOW = 4
_OF_NOTHING = frozenset({hashlib.sha256().hexdigest(), hashlib.sha512().hexdigest()})
"""Digests of an empty file, which cannot be presented as flipped or truncated. Its size will
not do: the catalogue knows the size of submitted files only."""


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

    Every item must be answered exactly once in each look; one that is not counts as a missed
    canary. A disguise on what is really damaged proves nothing: a lost file cannot be
    presented as truncated, and a flipped bit flipped again is whole.
    """
    disguises = choose(
        [(item.key, item.expected in _OF_NOTHING) for item in items],
        rng,
        wanted=CANARIES_PER_WINDOW,
    )
    store = cast(StorageBackend, DisguisedStore(backend, disguises))
    seen: dict[str, Examined] = {}
    for examined in _each_once(examiner(store, items, algorithm=algorithm), items, canaries):
        if examined.item.key in disguises:
            seen[examined.item.key] = examined
        else:
            yield examined
    again = [found.item for found in seen.values()]
    if not again:
        return
    for examined in _each_once(examiner(backend, again, algorithm=algorithm), again, canaries):
        key = examined.item.key
        if examined.verdict is Verdict.INTACT:
            found = seen[key].verdict is EXPECTED[disguises[key]]
            canaries.tell(f"{disguises[key].value}: {key}", found=found)
        yield examined


def _each_once(
    answers: Iterable[Examined], items: Sequence[Item], canaries: CanaryCount
) -> Iterator[Examined]:
    """The first answer to each item; a second one, and none, are missed canaries."""
    unanswered = {item.key for item in items}
    for examined in answers:
        if examined.item.key in unanswered:
            unanswered.remove(examined.item.key)
            yield examined
        else:
            canaries.tell(f"answered twice: {examined.item.key}", found=False)
    for key in sorted(unanswered):
        canaries.tell(f"not looked at: {key}", found=False)


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
