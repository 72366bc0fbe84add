"""Repair: what audits found is healed from a copy that was re-hashed just before.

One intact copy of a file among all replicas suffices, and different files may come from
different replicas. The digest alone decides; the damaged bytes are set aside first; what every
copy has lost is said so and the rest is healed (design §9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from preservation.examine import Examined, Item, examine, key_of
from preservation.repair_result import Healing, RepairedFile, RepairResult
from repository.archive import Repository
from repository.catalogue.damage import Damage
from repository.facts import FileFacts
from repository.replica import Replica
from schemas.errors import KhoError, RepositoryError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.moments import format_moment
from schemas.nouns import Place, Verdict
from schemas.progress import NoProgress, Progress
from storage_backends.sources import StoredSource

BREAKER_SHARE = 0.01
BREAKER_FILES = 100
BREAKER_AT_LEAST = 10
"""A replica trips the breaker with more than 100 damaged files, or with more than 1 % of its
files and more than ten: one bad sector in a small archive is no catastrophe."""


class BreakerTripped(RepositoryError):
    """So much fails at once that a person must look before anything is repaired."""

    code = "REPAIR-BREAKER"
    exit_code = 3


@dataclass(frozen=True, slots=True)
class _Wound:
    """One damaged file with what it must be."""

    damage: Damage
    file: FileFacts
    replica: Replica

    @property
    def key(self) -> str:
        return key_of(self.damage.place, self.damage.aip_id, self.damage.content_path)

    @property
    def item(self) -> Item:
        return Item(
            key=self.key,
            expected=self.file.sha256,
            aip_id=self.damage.aip_id,
            place=self.damage.place,
            content_path=self.damage.content_path,
            size_bytes=self.file.size_bytes,
        )


def repair(
    archive: Repository,
    *,
    agent: Agent,
    dry_run: bool = False,
    beyond_breaker: bool = False,
    progress: Progress | None = None,
) -> RepairResult:
    """Every open damage of a reachable replica is healed, or the result says why not.

    :class:`BreakerTripped` before anything is touched, unless ``beyond_breaker``. A dry run
    says what would be done and changes nothing.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    damages = list(archive.catalogue.damage())
    if not beyond_breaker:
        _check_breaker(archive, damages)
    progress.phase("PROGRESS-REPAIR", files_total=len(damages))
    done: list[RepairedFile] = []
    for wound in _wounds(archive, damages, done):
        line = _heal(archive, wound, dry_run=dry_run)
        done.append(line)
        progress.advance(files=1, size_bytes=line.size)
        if line.healing in (Healing.HEALED, Healing.INTACT_AFTER_ALL) and not dry_run:
            _close(archive, wound)
    if not dry_run and done:
        archive.record(*_events(archive, done, agent))
    return RepairResult.of(done, dry_run=dry_run)


def _check_breaker(archive: Repository, damages: Sequence[Damage]) -> None:
    now = format_moment(archive.now())
    for replica in archive.replicas:
        damaged = sum(damage.replica == replica.name for damage in damages)
        files = archive.catalogue.coverage(replica.name, now=now).files
        many = damaged > BREAKER_AT_LEAST and damaged > files * BREAKER_SHARE
        if many or damaged > BREAKER_FILES:
            raise BreakerTripped(replica=replica.name, damaged=damaged, files=files)


def _wounds(
    archive: Repository, damages: Sequence[Damage], done: list[RepairedFile]
) -> Iterator[_Wound]:
    """The damaged files in an order that is safe at any interruption: content before the
    inventories that name it, the root inventory and its sidecar last."""
    ordered = sorted(damages, key=lambda d: (d.aip_id, d.place, d.replica, _rank(d.content_path)))
    by_name = {replica.name: replica for replica in archive.replicas}
    for (aip_id, place), group in groupby(ordered, key=lambda d: (d.aip_id, d.place)):
        files = {file.content_path: file for file in _files(archive, aip_id, place)}
        for damage in group:
            file, replica = files.get(damage.content_path), by_name.get(damage.replica)
            if replica is None:
                done.append(_line(damage, Healing.REPLICA_AWAY))
            elif file is None:
                done.append(_line(damage, Healing.NOT_OURS))
            else:
                yield _Wound(damage, file, replica)


def _files(archive: Repository, aip_id: AipId, place: Place) -> Iterator[FileFacts]:
    if aip_id:
        yield from archive.catalogue.files(aip_id, place)


def _rank(content_path: str) -> tuple[int, str]:
    root = "/" not in content_path
    inventory = content_path.endswith(("inventory.json", "inventory.json.sha512"))
    return (2 if root and inventory else 1 if inventory else 0), content_path


def _heal(archive: Repository, wound: _Wound, *, dry_run: bool) -> RepairedFile:
    """One file: looked at again, then replaced by bytes just proved on another replica."""
    try:
        now = _look(wound.replica, wound.item)
        if now.verdict is Verdict.INTACT:
            return _line(wound.damage, Healing.INTACT_AFTER_ALL)
        source = _intact_elsewhere(archive, wound)
        if source is None:
            return _line(wound.damage, Healing.LOST_EVERYWHERE)
        if dry_run:
            return _line(wound.damage, Healing.WOULD_HEAL, source=source[0].name)
        return _replace(wound, now, *source)
    except KhoError as error:
        return _line(wound.damage, Healing.FAILED, reason=str(error))


def _replace(wound: _Wound, now: Examined, source: Replica, found: Examined) -> RepairedFile:
    backend = wound.replica.backend
    aside = ""
    if now.verdict is not Verdict.ABSENT:
        aside = backend.set_aside(wound.key, reason=now.verdict.value)
    backend.replace_damaged(
        wound.key,
        StoredSource(source.backend, wound.key),
        size_bytes=found.size_bytes,
        sha256=wound.file.sha256,
        observed=now.found or None,
    )
    backend.settle(wound.key.rpartition("/")[0] + "/")
    after = _look(wound.replica, wound.item)
    if after.verdict is not Verdict.INTACT:
        return _line(wound.damage, Healing.FAILED, reason=f"after repair: {after.verdict.value}")
    return _line(
        wound.damage, Healing.HEALED, source=source.name, aside=aside, size=after.size_bytes
    )


def _intact_elsewhere(archive: Repository, wound: _Wound) -> tuple[Replica, Examined] | None:
    for replica in archive.replicas:
        if replica.name == wound.replica.name:
            continue
        try:
            found = _look(replica, wound.item)
        except KhoError:
            continue
        if found.verdict is Verdict.INTACT:
            return replica, found
    return None


def _look(replica: Replica, item: Item) -> Examined:
    (found,) = examine(replica.backend, [item])
    return found


def _close(archive: Repository, wound: _Wound) -> None:
    archive.catalogue.close_damage(
        wound.replica.name,
        wound.damage.aip_id,
        wound.damage.place,
        wound.damage.content_path,
        closed_at=format_moment(archive.now()),
        closed_by="repair",
    )


def _line(
    damage: Damage,
    healing: Healing,
    *,
    source: str = "",
    aside: str = "",
    reason: str = "",
    size: int = 0,
) -> RepairedFile:
    return RepairedFile(
        replica=damage.replica,
        aip_id=damage.aip_id,
        path=damage.content_path,
        verdict=damage.verdict.value,
        healing=healing,
        source=source,
        aside=aside,
        reason=reason,
        size=size,
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
