"""Signatures of the holdings, every verdict on them, and what need not be judged again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Select, and_, delete, func, select, tuple_

from repository.aip.verdicts import BY_DIGEST, Verdict
from repository.catalogue.database import BATCH_ROWS, AnyRow, Database, upsert
from repository.catalogue.registering import in_batches
from repository.catalogue.rows import signature_of
from repository.catalogue.tables import (
    aip,
    content,
    evidence,
    file,
    ledger_line,
    receipt,
    signature,
    signature_check,
    signature_result,
    signature_verdict,
)
from repository.facts import SignatureFacts
from schemas.ids import AipId
from schemas.nouns import Access, Place, SignatureResult


@dataclass(frozen=True, slots=True)
class LaterVerdict:
    """A verdict after ingest, as its journal line tells it."""

    seq: int
    moment: str
    cause: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """The journal line that proves since when an AIP's first version exists."""

    seq: int
    moment: str
    hash: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """Where a file of an administrative AIP is stored."""

    aip_id: AipId
    logical_path: str
    access: Access


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A stored file with what ingest made of its signatures; its newest verdict may differ."""

    logical_path: str
    content_path: str
    sha256: str
    decision: str
    signatures: tuple[SignatureFacts, ...]


class Signatures:
    """The rows about signatures."""

    _database: Database

    def signatures(
        self, *, fonds: str | None = None
    ) -> Iterator[tuple[AipId, SignatureFacts, str]]:
        """Every signature as ingest judged it, with its file's newest decision; page by page."""
        page = _judged(fonds).limit(BATCH_ROWS)
        place = (aip.c.aip_id, aip.c.place, signature.c.logical_path, signature.c.position)
        wanted = page.order_by(*place)
        while rows := self._database.rows(wanted):
            for row in rows:
                yield AipId(row.aip_id), signature_of(row), row.latest or row.signature_decision
            wanted = page.where(_after(rows[-1])).order_by(*place)

    def signed_files(self, aip_id: AipId, place: Place) -> tuple[SignedFile, ...]:
        """The AIP's files that carry signatures, by logical path."""
        query = (
            select(signature, file.c.signature_decision, content.c.content_path, content.c.sha256)
            .select_from(aip)
            .join(signature, signature.c.aip_key == aip.c.aip_key)
            .join(
                file,
                and_(
                    file.c.aip_key == aip.c.aip_key,
                    file.c.logical_path == signature.c.logical_path,
                ),
            )
            .join(content, content.c.content_key == file.c.content_key)
            .where(aip.c.aip_id == aip_id, aip.c.place == place.value)
            .order_by(signature.c.logical_path, signature.c.position)
        )
        found: dict[str, SignedFile] = {}
        for row in self._database.rows(query):
            known = found.get(row.logical_path)
            found[row.logical_path] = SignedFile(
                row.logical_path,
                row.content_path,
                row.sha256.hex(),
                row.signature_decision,
                (*(known.signatures if known else ()), signature_of(row)),
            )
        return tuple(found.values())

    def verdicts(self, aip_id: AipId) -> tuple[LaterVerdict, ...]:
        """All verdicts on the AIP's files after ingest, oldest first."""
        query = (
            select(
                signature_verdict.c.seq,
                signature_verdict.c.logical_path,
                ledger_line.c.moment,
                ledger_line.c.body,
            )
            .join_from(signature_verdict, ledger_line)
            .where(signature_verdict.c.aip_id == aip_id)
            .order_by(signature_verdict.c.seq)
        )
        rows = self._database.rows(query)
        found = [(_later(row), row.logical_path) for row in rows]
        if not any(later.verdict.path.startswith(BY_DIGEST) for later, _path in found):
            return tuple(later for later, _path in found)
        signers = self._signers(aip_id)
        return tuple(_completed(later, path, signers) for later, path in found)

    def _signers(self, aip_id: AipId) -> Mapping[tuple[str, int], SignatureFacts]:
        query = select(signature).join_from(signature, aip).where(aip.c.aip_id == aip_id)
        rows = self._database.rows(query)
        return {(row.logical_path, row.position): signature_of(row) for row in rows}

    def proof_of(self, aip_id: AipId) -> Proof | None:
        """The oldest receipt's line: the AIP's id is the digest of what had come by then."""
        query = (
            select(ledger_line.c.seq, ledger_line.c.moment, ledger_line.c.hash)
            .join_from(receipt, ledger_line)
            .where(receipt.c.aip_id == aip_id)
            .order_by(receipt.c.seq)
            .limit(1)
        )
        rows = self._database.rows(query)
        return Proof(rows[0].seq, rows[0].moment, rows[0].hash) if rows else None

    def kept_evidence(self, digests: Collection[str]) -> dict[str, tuple[KeptFile, ...]]:
        """Where the archive stores files of these sha256, by digest; absent when nowhere."""
        found: dict[str, tuple[KeptFile, ...]] = {}
        for batch in in_batches(bytes.fromhex(digest) for digest in digests):
            query = (
                select(evidence, aip.c.aip_id, aip.c.access)
                .join_from(evidence, aip)
                .where(evidence.c.sha256.in_(batch))
                .order_by(aip.c.created, aip.c.aip_id)
            )
            for row in self._database.rows(query):
                digest = row.sha256.hex()
                kept = KeptFile(AipId(row.aip_id), row.logical_path, Access(row.access))
                found[digest] = (*found.get(digest, ()), kept)
        return found

    def signature_result(self, key: str, now: str) -> bytes | None:
        """The report kept under ``key``, if it still holds at ``now``."""
        query = select(signature_result.c.report).where(
            signature_result.c.result_key == key,
            signature_result.c.made <= now,
            signature_result.c.holds_until >= now,
        )
        rows = self._database.rows(query)
        return rows[0].report.encode() if rows else None

    def keep_signature_result(
        self, key: str, report: bytes, *, made: str, holds_until: str
    ) -> None:
        """The report answers for ``key`` from ``made`` to ``holds_until``."""
        row = {
            "result_key": key,
            "made": made,
            "holds_until": holds_until,
            "report": report.decode(),
        }
        with self._database.write() as connection:
            upsert(connection, signature_result, [row])

    def forget_signature_results(self, before: str) -> None:
        """No result is kept that no longer held at ``before``."""
        gone = delete(signature_result).where(signature_result.c.holds_until < before)
        with self._database.write() as connection:
            connection.execute(gone)

    def signature_check(self, aip_id: AipId, place: Place) -> str:
        """With what the AIP's signatures were last examined; empty when never since ingest."""
        query = select(signature_check.c.basis).where(
            signature_check.c.aip_id == aip_id, signature_check.c.place == place.value
        )
        rows = self._database.rows(query)
        return str(rows[0].basis) if rows else ""

    def keep_signature_check(
        self, aip_id: AipId, place: Place, *, basis: str, checked_at: str
    ) -> None:
        """The AIP's signatures are examined with ``basis``."""
        row = {
            "aip_id": aip_id,
            "place": place.value,
            "basis": basis,
            "checked_at": checked_at,
        }
        with self._database.write() as connection:
            upsert(connection, signature_check, [row])


def _judged(fonds: str | None) -> Select[Any]:
    newest = (
        select(
            signature_verdict.c.aip_id,
            signature_verdict.c.logical_path,
            func.max(signature_verdict.c.seq).label("seq"),
        )
        .group_by(signature_verdict.c.aip_id, signature_verdict.c.logical_path)
        .subquery()
    )
    later = signature_verdict.alias("later")
    query = (
        select(
            signature,
            aip.c.aip_id,
            aip.c.place,
            file.c.signature_decision,
            later.c.decision.label("latest"),
        )
        .select_from(aip)
        .join(signature, signature.c.aip_key == aip.c.aip_key)
        .join(
            file,
            and_(
                file.c.aip_key == aip.c.aip_key,
                file.c.logical_path == signature.c.logical_path,
            ),
        )
        .outerjoin(
            newest,
            and_(
                newest.c.aip_id == aip.c.aip_id,
                newest.c.logical_path == signature.c.logical_path,
            ),
        )
        .outerjoin(later, later.c.seq == newest.c.seq)
    )
    return query if fonds is None else query.where(aip.c.fonds == fonds)


def _after(row: AnyRow) -> Any:
    place = (aip.c.aip_id, aip.c.place, signature.c.logical_path, signature.c.position)
    return tuple_(*place) > (row.aip_id, row.place, row.logical_path, row.position)


def _later(row: AnyRow) -> LaterVerdict:
    body = msgspec.json.decode(row.body)
    verdict = msgspec.convert(body["verdict"], Verdict)
    return LaterVerdict(row.seq, row.moment, str(body.get("cause", "")), verdict)


def _completed(
    later: LaterVerdict, path: str, ingested: Mapping[tuple[str, int], SignatureFacts]
) -> LaterVerdict:
    """The verdict with the names that the line of a secret dossier withholds, from the AIP."""
    told = later.verdict
    if not told.path.startswith(BY_DIGEST):
        return later
    signatures = tuple(
        _named(one, ingested.get((path, position))) for position, one in enumerate(told.signatures)
    )
    return replace(later, verdict=msgspec.structs.replace(told, path=path, signatures=signatures))


def _named(one: SignatureResult, known: SignatureFacts | None) -> SignatureResult:
    """The signature with its signer's name, if ingest knew the same one."""
    same = (one.signed_at, one.valid_until)
    if known is None or (known.signed_at, known.valid_until) != same:
        return one
    return replace(one, signer=known.signer, organisation=known.organisation)
