"""Healing a journal: where a replica's chain is broken, the whole of it is written anew.

The newest hash commits to every line before it. So the catalogue's lines, followed to their
head, are proved as soon as one replica tells that same head. What stood on the damaged replica
is moved aside with its bytes; interrupted, the next writing command writes what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from repository.archive import Repository
from repository.catalogue import Catalogue
from repository.journal import readers
from repository.journal_files import LedgerBroken, LedgerForked, hash_of, last_line, read_lines
from repository.locks import held
from repository.replica import Replica
from schemas.errors import RepositoryError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import new_uuid
from schemas.records import Record

CATALOGUE = "catalogue"
"""Stands in messages where another journal's replica would."""


class LedgerUnproved(RepositoryError):
    """No replica tells the line that the catalogue ends with: nothing proves its lines."""

    code = "LEDGER-UNPROVED"
    exit_code = 3


class LedgerHealed(Record, frozen=True, kw_only=True):
    """A journal that was written anew (or would be): how many lines, and where the damaged
    one is kept."""

    format: str = "kho.ledger-healed/1"
    replica: str
    lines: int
    aside: str = ""


def repair_ledgers(
    archive: Repository, *, agent: Agent, dry_run: bool = False
) -> tuple[LedgerHealed, ...]:
    """Every reachable replica's journal holds together again and tells what the catalogue does.

    :class:`LedgerUnproved` when nothing but the catalogue tells its newest line,
    :class:`LedgerForked` when a replica's sound chain tells another line, and
    :class:`LedgerBroken` when the catalogue's own does not hold: then nothing was touched.
    """
    with held(archive.root / "locks" / "repository.lock"):
        keeping = readers(archive.replicas)
        broken = [replica for replica in keeping if not _holds(replica, archive.catalogue)]
        if not broken:
            return ()
        archive.level_journals([replica for replica in keeping if replica not in broken])
        seq, _hash = _proved_head(archive.catalogue, keeping)
        if dry_run:
            return tuple(LedgerHealed(replica=replica.name, lines=seq) for replica in broken)
        done = tuple(
            LedgerHealed(replica=each.name, lines=seq, aside=archive.rewrite_journal(each))
            for each in broken
        )
    archive.record(*_events(archive, done, agent))
    return done


def _holds(replica: Replica, catalogue: Catalogue) -> bool:
    """Whether the replica's chain holds; it may have more or fewer lines than the catalogue."""
    known = catalogue.ledger_lines()
    try:
        for line in read_lines(replica.backend):
            ours = next(known, None)
            if ours is not None and ours.hash != line.hash:
                raise LedgerForked(replica=replica.name, seq=line.seq)
    except LedgerBroken:
        return False
    return True


def _proved_head(catalogue: Catalogue, replicas: Sequence[Replica]) -> tuple[int, str]:
    seq, prev = 0, ""
    for line in catalogue.ledger_lines():
        if (line.seq, line.prev, line.hash) != (seq + 1, prev, hash_of(line)):
            raise LedgerBroken(replica=CATALOGUE, seq=seq + 1)
        seq, prev = line.seq, line.hash
    if not any(_tells(replica, prev) for replica in replicas):
        raise LedgerUnproved(seq=seq)
    return seq, prev


def _tells(replica: Replica, head: str) -> bool:
    try:
        last = last_line(replica.backend)
    except LedgerBroken:
        return False
    return last is not None and last.hash == head == hash_of(last)


def _events(archive: Repository, done: tuple[LedgerHealed, ...], agent: Agent) -> Iterator[Event]:
    for each in done:
        yield Event(
            id=new_uuid(),
            type=EventType.REPAIR,
            moment=archive.now(),
            outcome=EventOutcome.SUCCESS,
            detail=f"journal of {each.replica} written anew, {each.lines} lines",
            agents=(agent,),
            aip_id=None,
            facts={"replica": each.replica, "aside": each.aside},
        )
