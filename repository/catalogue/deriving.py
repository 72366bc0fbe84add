"""What a journal line's body says, and the rows that follow from it.

Bodies by kind (``repository.entries`` writes them):

``event``      id, type, moment, outcome, detail, agents, aip_id, facts
``receipt``    the fields of ``schemas.records.Receipt``
``rejection``  ``receipt`` as above and ``files``, a list of what was refused
``copy``       aip_id, place, version, replica, state (verified, missing, damaged), verified_at
``signature-verdict``  aip_id, ``cause``, and ``verdict``, the fields of ``aip.verdicts.Verdict``

Nothing is derived from any other kind. A body may say more than is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, and_, func, insert, select

from repository.aip.verdicts import BY_DIGEST
from repository.catalogue.database import upsert
from repository.catalogue.errors import LedgerLineRefused
from repository.catalogue.tables import (
    aip,
    content,
    copy,
    event,
    file,
    receipt,
    rejection,
    signature_verdict,
)
from schemas.events import Agent, EventOutcome, EventType
from schemas.nouns import Place
from schemas.records import LedgerLine, Receipt

_T = TypeVar("_T")


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


class JudgedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is read here of a verdict."""

    path: str
    decision: str


class VerdictBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``signature-verdict`` line says."""

    aip_id: str
    verdict: JudgedFile


def derive(connection: Connection, lines: list[LedgerLine]) -> None:
    """The rows that follow from the lines are in their tables."""
    for line in lines:
        rows_of = _DERIVED.get(line.kind)
        if rows_of is not None:
            rows_of(connection, line)


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


def _derive_verdict(connection: Connection, line: LedgerLine) -> None:
    body = _body(line, VerdictBody)
    row = {
        "seq": line.seq,
        "aip_id": body.aip_id,
        "logical_path": _path_of(connection, body),
        "decision": body.verdict.decision,
        "moment": line.moment,
    }
    connection.execute(insert(signature_verdict), row)


def _path_of(connection: Connection, body: VerdictBody) -> str:
    """The judged file's path, which the line of a secret dossier does not say: of files with
    the digest it does say, the one that was not judged for longest."""
    path = body.verdict.path
    if not path.startswith(BY_DIGEST):
        return path
    judged = and_(
        signature_verdict.c.aip_id == aip.c.aip_id,
        signature_verdict.c.logical_path == file.c.logical_path,
    )
    last = func.coalesce(func.max(signature_verdict.c.seq), 0)
    query = (
        select(file.c.logical_path)
        .select_from(file)
        .join(content, content.c.content_key == file.c.content_key)
        .join(aip, aip.c.aip_key == file.c.aip_key)
        .outerjoin(signature_verdict, judged)
        .where(
            aip.c.aip_id == body.aip_id,
            content.c.sha256 == bytes.fromhex(path.removeprefix(BY_DIGEST)),
            file.c.signature_decision.not_in(("", "none")),
        )
        .group_by(file.c.logical_path)
        .order_by(last, file.c.logical_path)
        .limit(1)
    )
    return connection.execute(query).scalar() or path


_DERIVED: Mapping[str, Callable[[Connection, LedgerLine], None]] = {
    "event": _derive_event,
    "receipt": _derive_receipt,
    "rejection": _derive_rejection,
    "copy": _derive_copy,
    "signature-verdict": _derive_verdict,
}


def _body(line: LedgerLine, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(line.body, kind)
    except msgspec.ValidationError as error:
        raise refused(line, str(error)) from error


def refused(line: LedgerLine, reason: str) -> LedgerLineRefused:
    """The error that says why a line was not applied."""
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
