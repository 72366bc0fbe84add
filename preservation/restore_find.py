"""Finding what a restore was asked for: on the replicas themselves, without a catalogue."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from repository.aip.admission import Admission
from repository.aip.facts_reader import read_facts
from repository.aip.paths import ADMISSION
from repository.aip.views import CopyView, read_verified
from repository.facts import AipFacts
from repository.ocfl.inventory import Inventory
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import ObjectView, list_objects, read_object
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.ids import AipId, aip_of_ocfl_id, ocfl_id
from schemas.nouns import Place
from schemas.progress import Progress
from schemas.records import decode
from storage_backends.interface import ObjectNotFound

KEPT_FILES = 50_000
"""Of how many files the inventories are kept in memory from finding to restoring: 50 MB."""
READS_PER_COPY = 2
"""Inventory and sidecar; the admission record is read once more for the whole AIP."""
_LEAST_THREADS, _MOST_THREADS = 8, 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """One AIP to restore and the replicas that show an object for it."""

    prefix: str
    aip_id: AipId
    replicas: tuple[Replica, ...]
    fonds: str = ""
    files: int = 0
    size_bytes: int = 0
    views: tuple[ObjectView, ...] = ()
    """The views of it that were seen, for the first few thousand files of a restore: they
    need not be read again."""


@dataclass(slots=True)
class Found:
    """What a restore will take, known before its first write."""

    candidates: list[Candidate] = field(default_factory=list)
    files: int = 0
    size_bytes: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """(replica, prefix) of objects that no replica lets us understand."""
    seconds: float = 0.0
    reads: int = 0
    """How many small files were read to know this, and how long all of it took."""

    @property
    def expected_s(self) -> float:
        """How long the restore takes at least, if reading goes on as it went so far."""
        return self.files * self.seconds / self.reads if self.reads else 0.0


def threads_for(replicas: Sequence[Replica]) -> int:
    """How many files may be on their way at once."""
    widest = max((r.backend.capabilities.read_threads for r in replicas), default=0)
    return min(max(widest, _LEAST_THREADS), _MOST_THREADS)


def find(
    replicas: Sequence[Replica],
    *,
    aip_ids: Sequence[AipId],
    fonds: str,
    include_held: bool,
    progress: Progress,
) -> Found:
    """The AIPs asked for, each with the replicas that hold it; sizes from their own facts."""
    started_s = time.monotonic()
    holders: dict[str, list[Replica]] = {}
    for replica in replicas:
        for prefix in _prefixes(replica, aip_ids, include_held=include_held):
            holders.setdefault(prefix, []).append(replica)
    found = Found()
    look = partial(_look, holders)
    prefixes = sorted(holders)
    with ThreadPoolExecutor(threads_for(replicas)) as pool:
        for prefix, candidate in zip(prefixes, pool.map(look, prefixes), strict=True):
            progress.advance(files=1)
            found.reads += READS_PER_COPY * len(holders[prefix]) + 1
            if candidate is None:
                if not _is_pending(prefix, holders[prefix]):
                    found.unreadable.append((holders[prefix][0].name, prefix))
            elif not fonds or candidate.fonds == fonds:
                too_many = found.files + candidate.files > KEPT_FILES
                found.candidates.append(replace(candidate, views=()) if too_many else candidate)
                found.files += candidate.files
                found.size_bytes += candidate.size_bytes
    found.seconds = time.monotonic() - started_s
    return found


def views_of(candidate: Candidate) -> list[ObjectView]:
    """The replicas' views that agree on the newest version, whole ones first.

    Where replicas differ, the most of them decide; none when they are as many against as for,
    or when the newest does not continue what the others have: somebody changed a copy.
    """
    if candidate.views:
        return list(candidate.views)
    views = _views(candidate.prefix, candidate.replicas)
    newest = max((view.inventory.head_number for view in views), default=0)
    votes = Counter(view.inventory_json for view in views if _is_newest(view, newest))
    (chosen, most), *others = votes.most_common() or [(b"", 0)]
    if most == 0 or (others and others[0][1] == most):
        return []
    best = [view for view in views if view.inventory_json == chosen]
    older = [view for view in views if view.inventory.head_number < newest]
    if any(not _continues(best[0].inventory, view.inventory) for view in older):
        return []
    return sorted(best, key=lambda view: not view.consistent)


def facts_of(views: Sequence[ObjectView]) -> AipFacts | None:
    """Facts from the first view that is whole enough to tell them."""
    for view in views:
        try:
            return read_facts(CopyView(view))
        except KhoError:
            continue
    return None


def _look(holders: dict[str, list[Replica]], prefix: str) -> Candidate | None:
    """What is known of the object from its inventory and admission record alone."""
    replicas = tuple(holders[prefix])
    views = views_of(Candidate(prefix, AipId(""), replicas))
    for view in views:
        aip_id = aip_of_ocfl_id(view.inventory.id)
        try:
            admission = decode(read_verified(CopyView(view), ADMISSION), Admission)
        except (KhoError, KeyError):
            continue
        if aip_id is None:
            return None
        files = sum(1 for _file in view.inventory.logical_files())
        size_bytes = admission.data_bytes
        return Candidate(
            prefix, aip_id, replicas, admission.fonds, files, size_bytes, tuple(views)
        )
    return None


def _is_newest(view: ObjectView, newest: int) -> bool:
    return view.inventory.head_number == newest


def _continues(newer: Inventory, older: Inventory) -> bool:
    """Whether the newer inventory has the older one's versions as they were."""
    return all(newer.versions.get(name) == version for name, version in older.versions.items())


def _prefixes(replica: Replica, aip_ids: Sequence[AipId], *, include_held: bool) -> list[str]:
    places = (Place.ARCHIVE, Place.HOLDING) if include_held else (Place.ARCHIVE,)
    if not aip_ids:
        return [p for place in places for p in list_objects(replica.backend, place)]
    wanted = [object_prefix(place, ocfl_id(aip)) for place in places for aip in aip_ids]
    return [prefix for prefix in wanted if any(True for _ in replica.backend.list(prefix))]


def _views(prefix: str, replicas: Sequence[Replica]) -> list[ObjectView]:
    views = []
    for replica in replicas:
        try:
            views.append(read_object(replica.backend, prefix))
        except KhoError:
            continue
    return views


def _is_pending(prefix: str, replicas: Sequence[Replica]) -> bool:
    """Whether the object is only being written: it was never committed anywhere."""
    for replica in replicas:
        try:
            read_object(replica.backend, prefix)
        except ObjectNotFound:
            continue
        except KhoError:
            return False
        return False
    return True
