"""The journal's lines, and the journalled rows derived from them (design §6, §7).

A line is applied once, whatever number of times it is offered; lines may arrive in any order.
Bodies by kind (``repository.entries`` writes them):

``event``      id, type, moment, outcome, detail, agents, aip_id, facts
``receipt``    the fields of ``schemas.records.Receipt``
``rejection``  ``receipt`` as above and ``files``, a list of what was refused
``copy``       aip_id, place, version, replica, state (verified, missing, damaged), verified_at
``audit``      the summary of a run

Any other kind is kept as a line and nothing is derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Select, Table, insert, select

from repository.catalogue.database import BATCH_ROWS, Database, upsert
from repository.catalogue.errors import LedgerLineRefused
from repository.catalogue.registering import in_batches
from repository.catalogue.rows import AnyRow
from repository.catalogue.tables import copy, event, ledger_line, receipt, rejection
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId
from schemas.moments import parse_moment
from schemas.nouns import Outcome, Place
from schemas.records import LedgerLine, Receipt

_T = TypeVar("_T")


class LedgerHead(NamedTuple):
    """The newest line; (0, "") before the first, whose number is 1."""

    seq: int
    hash: str


class CopyBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``copy`` line says. ``state`` is ``verified``, ``missing`` or ``damaged``."""

    aip_id: str
    place: Place
    version: int
    replica: str
    state: str
    verified_at: str


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an ``event`` line says."""

    id: str
    type: EventType
    moment: str
    outcome: EventOutcome
    detail: str = ""
    agents: tuple[Agent, ...] = ()
    aip_id: str | None = None
    facts: dict[str, str | int | float | bool | None] = {}


class RejectionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``rejection`` line says."""

    receipt: Receipt
    files: list[Any] = []


class Ledger:
    """The journalled rows."""

    _database: Database

    def apply(self, line: LedgerLine) -> None:
        """The line and what follows from it are in the catalogue."""
        self.apply_all([line])

    def apply_all(self, lines: Iterable[LedgerLine]) -> None:
        """Every line is applied, or, on any error, none.

        :class:`LedgerLineRefused` for another line than the one known under a number, and for
        a body that does not say what its kind must say.
        """
        with self._database.write() as connection:
            for batch in in_batches(lines):
                fresh = _fresh(connection, batch)
                if fresh:
                    connection.execute(insert(ledger_line), [_line_row(line) for line in fresh])
                    _derive(connection, fresh)

    def ledger_head(self) -> LedgerHead:
        """The newest line's number and hash."""
        newest = select(ledger_line.c.seq, ledger_line.c.hash).order_by(ledger_line.c.seq.desc())
        with self._database.read() as connection:
            row = connection.execute(newest.limit(1)).first()
        return LedgerHead(0, "") if row is None else LedgerHead(row.seq, row.hash)

    def ledger_lines(self, after_seq: int = 0, *, kind: str = "") -> Iterator[LedgerLine]:
        """The lines after ``after_seq`` in order, of one kind if asked, page by page."""
        query = select(ledger_line).order_by(ledger_line.c.seq).limit(BATCH_ROWS)
        if kind:
            query = query.where(ledger_line.c.kind == kind)
        while rows := self._pages(query.where(ledger_line.c.seq > after_seq)):
            yield from map(_line_of, rows)
            after_seq = rows[-1].seq

    def receipt_for(self, aip_id: AipId) -> Receipt | None:
        """The newest answer given about the AIP; that a duplicate came is not one."""
        newest = (
            _with_body(receipt)
            .where(receipt.c.aip_id == aip_id, receipt.c.outcome != Outcome.DUPLICATE.value)
            .order_by(receipt.c.seq.desc())
            .limit(1)
        )
        found = self._pages(newest)
        return _receipt_of(found[0]) if found else None

    def receipts(self, after_seq: int = 0) -> Iterator[Receipt]:
        """Every answer given, oldest first, page by page."""
        query = _with_body(receipt).order_by(receipt.c.seq).limit(BATCH_ROWS)
        while rows := self._pages(query.where(receipt.c.seq > after_seq)):
            yield from map(_receipt_of, rows)
            after_seq = rows[-1].seq

    def events(self, aip_id: AipId) -> tuple[Event, ...]:
        """What happened to the AIP, oldest first, as far as the journal tells."""
        query = _with_body(event).where(event.c.aip_id == aip_id).order_by(event.c.seq)
        return tuple(map(_event_of, self._pages(query)))

    def copies(self, aip_id: AipId) -> tuple[CopyBody, ...]:
        """What is known of the AIP on every replica, by place, version and replica."""
        query = select(copy).where(copy.c.aip_id == aip_id)
        ordered = query.order_by(copy.c.place, copy.c.version, copy.c.replica)
        return tuple(map(_copy_of, self._pages(ordered)))

    def _pages(self, query: Select[Any]) -> list[AnyRow]:
        with self._database.read() as connection:
            return list(connection.execute(query))


def _fresh(connection: Connection, lines: list[LedgerLine]) -> list[LedgerLine]:
    """The lines not yet known, each number once; refuses a number told differently."""
    span = ledger_line.c.seq.between(min(each.seq for each in lines), max(x.seq for x in lines))
    there = select(ledger_line.c.seq, ledger_line.c.hash).where(span)
    known = {row.seq: row.hash for row in connection.execute(there)}
    fresh = []
    for line in lines:
        if line.seq not in known:
            known[line.seq] = line.hash
            fresh.append(line)
        elif known[line.seq] != line.hash:
            raise _refused(line, "another line is known under this number")
    return fresh


def _derive(connection: Connection, lines: list[LedgerLine]) -> None:
    for line in lines:
        derive = _DERIVED.get(line.kind)
        if derive is not None:
            derive(connection, line)


def _derive_event(connection: Connection, line: LedgerLine) -> None:
    body = _body(line, EventBody)
    row = {
        "seq": line.seq,
        "event_id": body.id,
        "aip_id": body.aip_id or "",
        "type": body.type.value,
        "outcome": body.outcome.value,
        "moment": body.moment,
    }
    connection.execute(insert(event), row)


def _derive_receipt(connection: Connection, line: LedgerLine) -> None:
    connection.execute(insert(receipt), _receipt_row(line.seq, _body(line, Receipt)))


def _derive_rejection(connection: Connection, line: LedgerLine) -> None:
    body = _body(line, RejectionBody)
    connection.execute(insert(receipt), _receipt_row(line.seq, body.receipt))
    row = {
        "seq": line.seq,
        "receipt_id": body.receipt.receipt_id,
        "submission_digest": body.receipt.submission_digest,
        "files": len(body.files),
    }
    connection.execute(insert(rejection), row)


def _derive_copy(connection: Connection, line: LedgerLine) -> None:
    body = _body(line, CopyBody)
    row = {**msgspec.to_builtins(body), "seq": line.seq}
    upsert(connection, copy, [row], only_newer="seq")


_DERIVED: Mapping[str, Callable[[Connection, LedgerLine], None]] = {
    "event": _derive_event,
    "receipt": _derive_receipt,
    "rejection": _derive_rejection,
    "copy": _derive_copy,
}


def _body(line: LedgerLine, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(line.body, kind)
    except msgspec.ValidationError as error:
        raise _refused(line, str(error)) from error


def _refused(line: LedgerLine, reason: str) -> LedgerLineRefused:
    return LedgerLineRefused(seq=line.seq, kind=line.kind, reason=reason)


def _receipt_row(seq: int, body: Receipt) -> dict[str, Any]:
    return {
        "seq": seq,
        "receipt_id": body.receipt_id,
        "aip_id": body.aip_id,
        "submission_digest": body.submission_digest,
        "outcome": body.outcome,
        "finished": body.finished,
    }


def _line_row(line: LedgerLine) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "moment": line.moment,
        "kind": line.kind,
        # In the order it was written: the line must come out again byte for byte.
        "body": msgspec.json.encode(line.body).decode(),
        "prev": line.prev,
        "hash": line.hash,
    }


def _line_of(row: AnyRow) -> LedgerLine:
    return LedgerLine(
        seq=row.seq,
        moment=row.moment,
        kind=row.kind,
        body=msgspec.json.decode(row.body),
        prev=row.prev,
        hash=row.hash,
    )


def _with_body(derived: Table) -> Select[Any]:
    return select(derived, ledger_line.c.body).join_from(derived, ledger_line)


def _receipt_of(row: AnyRow) -> Receipt:
    body = msgspec.json.decode(row.body)
    return msgspec.convert(body.get("receipt", body), Receipt)


def _event_of(row: AnyRow) -> Event:
    body = msgspec.json.decode(row.body, type=EventBody)
    return Event(
        id=body.id,
        type=body.type,
        moment=parse_moment(body.moment),
        outcome=body.outcome,
        detail=body.detail,
        agents=body.agents,
        aip_id=AipId(body.aip_id) if body.aip_id else None,
        facts=body.facts,
    )


def _copy_of(row: AnyRow) -> CopyBody:
    return CopyBody(
        aip_id=row.aip_id,
        place=Place(row.place),
        version=row.version,
        replica=row.replica,
        state=row.state,
        verified_at=row.verified_at,
    )
