"""Repair: what audits found is healed from a copy that was re-hashed just before.

One intact copy of a file among all replicas suffices, and different files may come from
different replicas. The digest alone decides; the damaged bytes are set aside first; what every
copy has lost, and what looks forged, is said so and the rest is healed (design §9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from preservation.examine import Examined, Item, examine
from preservation.forgery import Suspicion
from preservation.repair_result import Healing, RepairedFile, RepairResult
from preservation.repair_wounds import Wound, line_of, wounds
from repository.archive import Repository
from repository.catalogue.damage import Damage
from repository.replica import Replica
from schemas.errors import KhoError, RepositoryError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.moments import format_moment
from schemas.nouns import Verdict
from schemas.progress import NoProgress, Progress
from storage_backends.interface import Source
from storage_backends.sources import StoredSource

BREAKER_SHARE = 0.01
BREAKER_FILES = 100
BREAKER_AT_LEAST = 10
"""A replica trips the breaker with more than 100 damaged files, or with more than 1 % of its
files and more than ten: one bad sector in a small archive is no catastrophe."""
OUR_OWN = "kho"
"""The source of files whose content is known without a copy."""


class BreakerTripped(RepositoryError):
    """So much fails at once that a person must look before anything is repaired."""

    code = "REPAIR-BREAKER"
    exit_code = 3


class StillDamaged(RepositoryError):
    """The store took the right bytes and gives others back: the medium is failing."""

    code = "REPAIR-STILL-DAMAGED"


def repair(
    archive: Repository,
    *,
    agent: Agent,
    dry_run: bool = False,
    beyond_breaker: bool = False,
    forged_too: bool = False,
    progress: Progress | None = None,
) -> RepairResult:
    """Every open damage of a reachable replica is healed, or the result says why not.

    :class:`BreakerTripped` before anything is touched, unless ``beyond_breaker``. A dry run
    says what would be done and changes nothing. With ``forged_too`` the catalogue is believed
    against inventories that agree with themselves: for a person who has looked at them.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    damages = list(archive.catalogue.damage())
    if not beyond_breaker:
        _check_breaker(archive, damages)
    progress.phase("PROGRESS-REPAIR", files_total=len(damages))
    suspicion = Suspicion(archive, damages)
    done: list[RepairedFile] = []
    for wound in wounds(archive, damages, done):
        damage = wound.damage
        if not forged_too and suspicion.concerns(damage.aip_id, damage.place, damage.replica):
            line = line_of(damage, Healing.FORGED)
        else:
            line = _heal(archive, wound, dry_run=dry_run)
        done.append(line)
        progress.advance(files=1, size_bytes=line.size)
        if line.healing in (Healing.HEALED, Healing.INTACT_AFTER_ALL) and not dry_run:
            _close(archive, wound)
    if not dry_run and done:
        archive.record(*_events(archive, done, agent))
    return RepairResult.of(done, dry_run=dry_run, ledger_head=archive.ledger_head())


def _check_breaker(archive: Repository, damages: Sequence[Damage]) -> None:
    now = format_moment(archive.now())
    for replica in archive.replicas:
        damaged = sum(damage.replica == replica.name for damage in damages)
        files = archive.catalogue.coverage(replica.name, now=now).files
        many = damaged > BREAKER_AT_LEAST and damaged > files * BREAKER_SHARE
        if many or damaged > BREAKER_FILES:
            raise BreakerTripped(replica=replica.name, damaged=damaged, files=files)


def _heal(archive: Repository, wound: Wound, *, dry_run: bool) -> RepairedFile:
    """One file: looked at again, then replaced by bytes just proved on another replica."""
    try:
        now = _look(wound.replica, wound.item)
        if now.verdict is Verdict.INTACT:
            return line_of(wound.damage, Healing.INTACT_AFTER_ALL)
        found = _intact_elsewhere(archive, wound)
        if found is None:
            return line_of(wound.damage, Healing.LOST_EVERYWHERE)
        name, source, size_bytes = found
        if dry_run:
            return line_of(wound.damage, Healing.WOULD_HEAL, source=name)
        aside = _replace(wound, now, source, size_bytes)
        after = _look(wound.replica, wound.item)
    except KhoError as error:
        return line_of(wound.damage, Healing.FAILED, error=error)
    if after.verdict is not Verdict.INTACT:
        still = StillDamaged(verdict=after.verdict.value)
        return line_of(wound.damage, Healing.FAILED, error=still, aside=aside)
    return line_of(wound.damage, Healing.HEALED, source=name, aside=aside, size=after.size_bytes)


def _replace(wound: Wound, now: Examined, source: Source, size_bytes: int) -> str:
    """The source's bytes stand at the wound's key, the damaged ones where this says."""
    backend = wound.replica.backend
    aside = ""
    if now.verdict is not Verdict.ABSENT:
        aside = backend.set_aside(wound.key, reason=now.verdict.value)
    backend.replace_damaged(
        wound.key,
        source,
        size_bytes=size_bytes,
        sha256=wound.item.expected,
        observed=now.found or None,
    )
    backend.settle(wound.key.rpartition("/")[0] + "/")
    return aside


def _intact_elsewhere(archive: Repository, wound: Wound) -> tuple[str, Source, int] | None:
    """(replica, bytes, how many) of a copy that was just read and is what it must be."""
    if wound.known is not None and wound.known_source is not None:
        return OUR_OWN, wound.known_source, len(wound.known)
    item = wound.original or wound.item
    for replica in archive.replicas:
        if replica.name == wound.replica.name and item.key == wound.key:
            continue
        try:
            found = _look(replica, item)
        except KhoError:
            continue
        if found.verdict is Verdict.INTACT:
            return replica.name, StoredSource(replica.backend, item.key), found.size_bytes
    return None


def _look(replica: Replica, item: Item) -> Examined:
    (found,) = examine(replica.backend, [item])
    return found


def _close(archive: Repository, wound: Wound) -> None:
    archive.catalogue.close_damage(
        wound.replica.name,
        wound.damage.aip_id,
        wound.damage.place,
        wound.damage.content_path,
        closed_at=format_moment(archive.now()),
        closed_by="repair",
    )


def _events(archive: Repository, done: Sequence[RepairedFile], agent: Agent) -> Iterator[Event]:
    """One event for each AIP and replica that something was done or decided for."""
    ordered = sorted(done, key=lambda line: (line.aip_id, line.replica))
    for (aip_id, replica), group in groupby(ordered, key=lambda line: (line.aip_id, line.replica)):
        lines = list(group)
        healed = sum(line.healing is Healing.HEALED for line in lines)
        whole = all(line.is_good for line in lines)
        yield Event(
            id=new_uuid(),
            type=EventType.REPAIR,
            moment=archive.now(),
            outcome=EventOutcome.SUCCESS if whole else EventOutcome.FAILURE,
            detail=f"{healed} of {len(lines)} damaged files healed on {replica}",
            agents=(agent,),
            aip_id=AipId(aip_id) if aip_id else None,
            facts={
                "replica": replica,
                "files": ", ".join(f"{line.path}: {line.healing.value}" for line in lines)[:4000],
            },
        )
