"""Duplicates: the same dossier twice with different content, both lists side by side.

Identical content is no matter for an officer: it is the same AIP and gets the old receipt. What
is compared here are two submissions that claim to be one dossier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ingest.desk import Desk
from ingest.logical import DATA
from repository.archive import Repository
from repository.catalogue import AipSummary
from repository.facts import AipFacts, FileFacts
from schemas.findings import Finding, Severity
from schemas.ids import AipId
from schemas.nouns import Draft, Outcome, Place

_SHOWN = 5


class Relation(StrEnum):
    """How a record of one list stands to the other list."""

    SAME = "same"
    CHANGED = "changed"
    RENAMED = "renamed"
    ONLY_HERE = "only here"
    ONLY_THERE = "only there"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of two lists side by side: ``here`` is what was submitted, ``there`` what is in
    the archive or held already; one of the two may be missing."""

    relation: Relation
    here: FileFacts | None
    there: FileFacts | None


def compare(here: AipFacts, there: AipFacts) -> list[Compared]:
    """Every record of both, by name: the same, changed, renamed, or on one side only."""
    mine, theirs = _records(here), _records(there)
    rows = [
        Compared(_by_digest(mine[name], theirs[name]), mine[name], theirs[name])
        for name in sorted(mine.keys() & theirs.keys())
    ]
    left = {name: theirs[name] for name in sorted(theirs.keys() - mine.keys())}
    by_digest: dict[str, list[str]] = {}
    for name, file in left.items():
        by_digest.setdefault(file.sha256, []).append(name)
    for name in sorted(mine.keys() - theirs.keys()):
        alike = by_digest.get(mine[name].sha256)
        if alike:
            rows.append(Compared(Relation.RENAMED, mine[name], left.pop(alike.pop(0))))
        else:
            rows.append(Compared(Relation.ONLY_HERE, mine[name], None))
    rows += [Compared(Relation.ONLY_THERE, None, file) for file in left.values()]
    return rows


def rivals(archive: Repository, aip_id: AipId, fonds: str, code: str) -> Iterator[AipSummary]:
    """Other AIPs that claim to be this dossier: in the archive, or still held."""
    if not code:
        return
    for found in archive.catalogue.find(code):
        if found.dossier_code != code or found.aip_id == aip_id:
            continue
        if fonds and found.fonds and found.fonds != fonds:
            continue
        if found.place is Place.ARCHIVE or is_open(archive, found.aip_id):
            yield found


def is_open(archive: Repository, aip_id: AipId) -> bool:
    """Whether the held submission still waits: no later receipt released or refused it."""
    receipt = archive.receipt_for(aip_id)
    return receipt is not None and receipt.outcome == Outcome.HELD.value


def overlaps(draft: Draft, aip_id: AipId, desk: Desk) -> list[Finding]:
    """What to say when another AIP has the dossier's code and other content: an officer looks
    at both lists when it is in the archive; one that is still held is pointed to."""
    others = list(rivals(desk.archive, aip_id, draft.fonds, draft.dossier_code))
    stored = [other for other in others if other.place is Place.ARCHIVE]
    named = {"dossier": draft.dossier_code, "held": _named(stored or others)}
    if stored:
        return [Finding("DUPLICATE-DOSSIER", Severity.ERROR, "", named)]
    return [Finding("DUPLICATE-DOSSIER-HELD", Severity.WARNING, "", named)] if others else []


def _named(others: list[AipSummary]) -> str:
    return ", ".join(other.aip_id for other in others[:_SHOWN])


def _records(facts: AipFacts) -> dict[str, FileFacts]:
    return {
        file.logical_path.removeprefix(DATA): file for file in facts.files if file.role == "data"
    }


def _by_digest(here: FileFacts, there: FileFacts) -> Relation:
    return Relation.SAME if here.sha256 == there.sha256 else Relation.CHANGED
