"""The journal: operational events as a hash chain on every reachable replica (design §6).

Files of lines are create-only (``repository.journal_files``); each line names the hash of the
line before. A command reports success only after its lines are on at least one replica and in
the catalogue; a replica that was away gets what it missed before it gets anything new. Lines
matter, not files: replicas may group the same lines differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from repository.catalogue import Catalogue
from repository.discretion import discreet
from repository.journal_files import (
    JOURNAL,
    LedgerForked,
    hash_of,
    last_line,
    put_lines,
    read_lines,
)
from repository.locks import held
from repository.replica import Replica
from schemas.ids import AipId
from schemas.moments import Clock, format_moment
from schemas.nouns import Access
from schemas.records import LedgerLine
from storage_backends.interface import StorageError


class JournalUnwritten(StorageError):
    """No replica took the journal lines; what was done is not reported as done."""

    code = "LEDGER-UNWRITTEN"


def chain(
    entries: Iterable[tuple[str, dict[str, Any]]], *, seq: int, prev: str, moment: str
) -> list[LedgerLine]:
    """The entries (kind, body) as chained lines after (``seq``, ``prev``)."""
    lines = []
    for kind, body in entries:
        seq += 1
        line = LedgerLine(seq=seq, moment=moment, kind=kind, body=body, prev=prev)
        line = msgspec.structs.replace(line, hash=hash_of(line))
        lines.append(line)
        prev = line.hash
    return lines


class Journal:
    """Appends to, and brings level, the journals of an archive's replicas."""

    def __init__(self, catalogue: Catalogue, lock: Path, now: Clock) -> None:
        self._catalogue = catalogue
        self._lock = lock
        self._now = now
        self._level: dict[str, int] = {}
        """The last line each replica is known to hold, so that an append need not list."""
        self._unread: set[str] = set()
        """Replicas that did not tell what they hold: they get nothing, as if they were away."""

    def append(
        self, entries: Sequence[tuple[str, dict[str, Any]]], replicas: Sequence[Replica]
    ) -> list[LedgerLine]:
        """The entries are chained, on every replica that took them, and in the catalogue.

        What they tell of secret dossiers is told discreetly; replicas for public dossiers
        alone get none of them. :class:`JournalUnwritten` when no replica took them.
        """
        levels: dict[str, Access] = {}
        entries = [
            (kind, discreet(kind, body, self._access(body, levels))) for kind, body in entries
        ]
        with held(self._lock):
            seq, prev = self._catalogue.ledger_head()
            lines = chain(entries, seq=seq, prev=prev, moment=format_moment(self._now()))
            self._write(lines, self._writable(replicas))
            self._catalogue.apply_all(lines)
        return lines

    def bring_level(self, replicas: Sequence[Replica]) -> dict[str, StorageError]:
        """Every replica's journal and the catalogue hold the same lines.

        A store that is full, refuses us or stops answering keeps nobody from writing to the
        others: its error is returned by its replica's name. :class:`LedgerForked` when two hold
        different lines of one number.
        """
        failures: dict[str, StorageError] = {}
        with held(self._lock):
            for replica in replicas:
                try:
                    self._learn(replica)
                except StorageError as error:
                    failures[replica.name] = error
                    self._unread.add(replica.name)
            for replica in self._writable(replicas):
                try:
                    self._teach(replica)
                except StorageError as error:
                    failures[replica.name] = error
        return failures

    def write_anew(self, replica: Replica) -> str:
        """The replica's journal holds the catalogue's lines; what it held is where this says."""
        with held(self._lock):
            aside = replica.backend.move_aside(JOURNAL, reason="broken journal")
            self._level.pop(replica.name, None)
            self._unread.discard(replica.name)
            self._teach(replica)
        return aside

    def _writable(self, replicas: Sequence[Replica]) -> list[Replica]:
        return [r for r in readers(replicas) if r.name not in self._unread]

    def _access(self, body: dict[str, Any], known: dict[str, Access]) -> Access:
        """The level of the dossier that an entry is about; restricted when it is unknown."""
        aip_id = str(body.get("aip_id") or "")
        if aip_id not in known:
            found = self._catalogue.access_of(AipId(aip_id)) if aip_id else None
            known[aip_id] = found or Access.RESTRICTED
        return known[aip_id]

    def _learn(self, replica: Replica) -> None:
        seq, prev = self._catalogue.ledger_head()
        newer = list(read_lines(replica.backend, after_seq=seq, prev=prev))
        if newer:
            self._catalogue.apply_all(newer)

    def _teach(self, replica: Replica) -> None:
        head, _hash = self._catalogue.ledger_head()
        if self._level.get(replica.name) == head:
            return
        last = last_line(replica.backend)
        after = last.seq if last is not None else 0
        if last is not None and last.seq <= head:
            known = next(iter(self._catalogue.ledger_lines(after_seq=last.seq - 1)))
            if known.hash != last.hash:
                raise LedgerForked(replica=replica.name, seq=last.seq)
        missing = list(self._catalogue.ledger_lines(after_seq=after))
        if missing:
            put_lines(replica.backend, missing)
        self._level[replica.name] = head

    def _write(self, lines: list[LedgerLine], replicas: Sequence[Replica]) -> None:
        written = 0
        failure: StorageError | None = None
        for replica in replicas:
            try:
                self._teach(replica)
                put_lines(replica.backend, lines)
                self._level[replica.name] = lines[-1].seq
                written += 1
            except StorageError as error:
                failure = error
        if not written:
            raise JournalUnwritten(backend=", ".join(r.name for r in replicas), key=JOURNAL) from (
                failure
            )


def readers(replicas: Sequence[Replica]) -> Sequence[Replica]:
    """The replicas that may know of restricted dossiers, as the journal does; all of them in an
    archive that keeps public dossiers only."""
    return [r for r in replicas if r.may_hold(Access.RESTRICTED)] or replicas
