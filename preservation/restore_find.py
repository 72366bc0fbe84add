"""Finding what a restore was asked for: on the replicas themselves, without a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from repository.aip.facts_reader import read_facts
from repository.aip.views import CopyView
from repository.facts import AipFacts
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import ObjectView, list_objects, read_object
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place
from schemas.progress import Progress
from storage_backends.interface import ObjectNotFound


@dataclass(frozen=True, slots=True)
class Candidate:
    """One AIP to restore and the replicas that show an object for it."""

    prefix: str
    aip_id: AipId
    replicas: tuple[Replica, ...]


@dataclass(slots=True)
class Found:
    """What a restore will take, known before its first write."""

    candidates: list[Candidate] = field(default_factory=list)
    files: int = 0
    size_bytes: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """(replica, prefix) of objects that no replica lets us understand."""


def find(
    replicas: Sequence[Replica],
    *,
    aip_ids: Sequence[AipId],
    fonds: str,
    include_held: bool,
    progress: Progress,
) -> Found:
    """The AIPs asked for, each with the replicas that hold it; sizes from their own facts."""
    holders: dict[str, list[Replica]] = {}
    for replica in replicas:
        for prefix in _prefixes(replica, aip_ids, include_held=include_held):
            holders.setdefault(prefix, []).append(replica)
    found = Found()
    for prefix in sorted(holders):
        facts = facts_of(_views(prefix, holders[prefix]))
        progress.advance(files=1)
        if facts is None:
            if not _is_pending(prefix, holders[prefix]):
                found.unreadable.append((holders[prefix][0].name, prefix))
            continue
        if fonds and facts.fonds != fonds:
            continue
        found.candidates.append(Candidate(prefix, facts.aip_id, tuple(holders[prefix])))
        found.files += sum(not file.logical_path.startswith("/") for file in facts.files)
        found.size_bytes += facts.data_bytes
    return found


def views_of(candidate: Candidate) -> list[ObjectView]:
    """Every replica's view at the newest version that any of them shows, whole ones first."""
    views = _views(candidate.prefix, candidate.replicas)
    newest = max((view.inventory.head_number for view in views), default=0)
    best = [view for view in views if view.inventory.head_number == newest]
    return sorted(best, key=lambda view: not view.consistent)


def facts_of(views: Sequence[ObjectView]) -> AipFacts | None:
    """Facts from the newest view that is whole enough to tell them."""
    order = sorted(
        views, key=lambda view: (view.inventory.head_number, view.consistent), reverse=True
    )
    for view in order:
        try:
            return read_facts(CopyView(view))
        except KhoError:
            continue
    return None


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
