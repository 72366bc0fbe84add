"""The journal's lines, and the journalled rows derived from them (design §6, §7).

A line is applied once, whatever number of times it is offered; lines may arrive in any order.
What a kind of line says: ``repository.catalogue.deriving``. An unknown kind is kept as a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Select, Table, func, insert, or_, select

from repository.catalogue.database import BATCH_ROWS, AnyRow, Database
from repository.catalogue.deriving import CopyBody, EventBody, derive, refused
from repository.catalogue.registering import in_batches
from repository.catalogue.tables import aip, copy, event, ledger_line, receipt, rejection
from schemas.events import Event
from schemas.ids import AipId
from schemas.moments import parse_moment
from schemas.nouns import Outcome, Place
from schemas.records import LedgerLine, Receipt

_T = TypeVar("_T")


class LedgerHead(NamedTuple):
    """The newest line; (0, "") before the first, whose number is 1."""

    seq: int
    hash: str


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
                    derive(connection, fresh)

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
        while rows := self._database.rows(query.where(ledger_line.c.seq > after_seq)):
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
        found = self._database.rows(newest)
        return _receipt_of(found[0]) if found else None

    def receipts_of(self, aip_id: AipId) -> tuple[Receipt, ...]:
        """Every answer given about the AIP, oldest first."""
        query = _with_body(receipt).where(receipt.c.aip_id == aip_id).order_by(receipt.c.seq)
        return tuple(map(_receipt_of, self._database.rows(query)))

    def decided_holdings(self) -> frozenset[str]:
        """Ids of what lies in the holding area and waits no more: released or refused since."""
        any_ = receipt.alias()
        newest = (
            select(func.max(any_.c.seq))
            .where(any_.c.aip_id == aip.c.aip_id, any_.c.outcome != Outcome.DUPLICATE.value)
            .correlate(aip)
            .scalar_subquery()
        )
        query = (
            select(aip.c.aip_id)
            .join_from(aip, receipt, receipt.c.seq == newest)
            .where(aip.c.place == Place.HOLDING.value, receipt.c.outcome != Outcome.HELD.value)
        )
        return frozenset(row.aip_id for row in self._database.rows(query))

    def receipt_named(self, text: str) -> Receipt | None:
        """The newest answer with this id, or about the submission with this digest."""
        named = or_(receipt.c.receipt_id == text, receipt.c.submission_digest == text)
        query = _with_body(receipt).where(named).order_by(receipt.c.seq.desc()).limit(1)
        found = self._database.rows(query)
        return _receipt_of(found[0]) if found else None

    def rejections_of(self, submission_digest: str) -> Iterator[LedgerLine]:
        """The ``rejection`` lines about exactly this content, newest first."""
        query = (
            select(ledger_line)
            .join_from(ledger_line, rejection)
            .where(rejection.c.submission_digest == submission_digest)
            .order_by(ledger_line.c.seq.desc())
        )
        yield from map(_line_of, self._database.rows(query))

    def receipts(self, after_seq: int = 0) -> Iterator[Receipt]:
        """Every answer given, oldest first, page by page."""
        query = _with_body(receipt).order_by(receipt.c.seq).limit(BATCH_ROWS)
        while rows := self._database.rows(query.where(receipt.c.seq > after_seq)):
            yield from map(_receipt_of, rows)
            after_seq = rows[-1].seq

    def events(self, aip_id: AipId) -> tuple[Event, ...]:
        """What happened to the AIP, oldest first, as far as the journal tells."""
        query = _with_body(event).where(event.c.aip_id == aip_id).order_by(event.c.seq)
        return tuple(map(_event_of, self._database.rows(query)))

    def copies(self, aip_id: AipId) -> tuple[CopyBody, ...]:
        """What is known of the AIP on every replica, by place, version and replica."""
        query = select(copy).where(copy.c.aip_id == aip_id)
        ordered = query.order_by(copy.c.place, copy.c.version, copy.c.replica)
        return tuple(map(_copy_of, self._database.rows(ordered)))


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
            raise refused(line, "another line is known under this number")
    return fresh


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
