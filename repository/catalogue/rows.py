"""Rows to facts and back: what is written is what is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from repository.catalogue.database import AnyRow
from repository.facts import AipFacts, FileFacts, SignatureFacts, VersionFacts
from schemas.ids import AipId
from schemas.nouns import Access, Document, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AipSummary:
    """One line of a list of dossiers."""

    aip_id: AipId
    place: Place
    version: int
    fonds: str
    fonds_name: str
    dossier_code: str
    title: str
    access: Access
    outcome: str
    created: str
    data_files: int
    data_bytes: int
    warnings: int
    backlog: bool
    copies: int
    """Replicas on which the newest version was read back, and not found broken since."""
    broken_copies: int
    """Replicas whose copy of the newest version was last seen damaged or missing."""


_SIGNATURE = tuple(each.name for each in fields(SignatureFacts))


def json_text(value: object) -> str:
    """Canonical JSON: the same value is always the same text."""
    return msgspec.json.encode(value, order="sorted").decode()


def aip_row(facts: AipFacts) -> dict[str, Any]:
    """The row of table ``aip``, without its key."""
    return {
        "aip_id": facts.aip_id,
        "place": facts.place.value,
        "version": facts.version,
        "created": facts.created,
        "profile": facts.profile,
        "outcome": facts.outcome,
        "fonds": facts.fonds,
        "fonds_name": facts.fonds_name,
        "dossier_code": facts.dossier_code,
        "title": facts.title,
        "access": facts.access.value,
        "date_from": facts.date_from,
        "date_to": facts.date_to,
        "backlog": facts.backlog,
        "submission_digest": facts.submission_digest,
        "data_files": facts.data_files,
        "data_bytes": facts.data_bytes,
        "warnings": facts.warnings,
    }


def version_row(key: int, version: VersionFacts) -> dict[str, Any]:
    """The row of table ``version``."""
    return {
        "aip_key": key,
        "number": version.number,
        "created": version.created,
        "inventory_sha256": version.inventory_sha256,
        "inventory_sha512": version.inventory_sha512,
        "message": version.message,
    }


def document_row(key: int, position: int, document: Document) -> dict[str, Any]:
    """The row of table ``document``."""
    return {
        "aip_key": key,
        "position": position,
        "code": document.code,
        "title": document.title,
        "date": document.date,
        "kind": document.kind,
        "fields": json_text(dict(document.fields)),
        "files": json_text(document.files),
    }


def file_row(key: int, content_key: int, file: FileFacts) -> dict[str, Any]:
    """The row of table ``file``; PUIDs hold no space, so a space parts them."""
    return {
        "aip_key": key,
        "logical_path": file.logical_path,
        "content_key": content_key,
        "role": file.role,
        "size_bytes": file.size_bytes,
        "puids": " ".join(file.puids),
        "signature_decision": file.signature_decision,
    }


EVIDENCE_PROFILES = frozenset({"administrative/signature-evidence", "administrative/trust"})
"""AIPs whose data files are what verdicts rest on."""


def evidence_rows(key: int, facts: AipFacts) -> Iterator[dict[str, Any]]:
    """The rows of table ``evidence``, each content once; none for any other AIP."""
    if facts.profile not in EVIDENCE_PROFILES or facts.place is not Place.ARCHIVE:
        return
    paths = {file.sha256: file.logical_path for file in facts.files if file.role == "data"}
    for sha256, path in paths.items():
        yield {"aip_key": key, "sha256": bytes.fromhex(sha256), "logical_path": path}


def signature_row(key: int, signature: SignatureFacts) -> dict[str, Any]:
    """The row of table ``signature``."""
    return {"aip_key": key, **{name: getattr(signature, name) for name in _SIGNATURE}}


def signature_of(row: AnyRow) -> SignatureFacts:
    """The facts of one row of ``signature``."""
    return SignatureFacts(**{name: getattr(row, name) for name in _SIGNATURE})


def facts_of(
    row: AnyRow,
    *,
    versions: Sequence[AnyRow],
    fields: Mapping[str, str],
    documents: Sequence[AnyRow],
    files: tuple[FileFacts, ...],
    signatures: tuple[SignatureFacts, ...],
) -> AipFacts:
    """The facts that the rows of one AIP hold."""
    return AipFacts(
        aip_id=AipId(row.aip_id),
        place=Place(row.place),
        version=row.version,
        versions=tuple(_version_of(version) for version in versions),
        created=row.created,
        profile=row.profile,
        outcome=row.outcome,
        fonds=row.fonds,
        fonds_name=row.fonds_name,
        dossier_code=row.dossier_code,
        title=row.title,
        access=Access(row.access),
        date_from=row.date_from,
        date_to=row.date_to,
        backlog=row.backlog,
        submission_digest=row.submission_digest,
        data_files=row.data_files,
        data_bytes=row.data_bytes,
        warnings=row.warnings,
        fields=fields,
        documents=tuple(_document_of(document) for document in documents),
        files=files,
        signatures=signatures,
    )


def file_of(row: AnyRow) -> FileFacts:
    """The facts of one joined row of ``file`` and ``content``."""
    return FileFacts(
        logical_path=row.logical_path,
        content_path=row.content_path,
        sha256=row.sha256.hex(),
        sha512=row.sha512.hex(),
        role=row.role,
        size_bytes=row.size_bytes,
        puids=tuple(row.puids.split()),
        signature_decision=row.signature_decision,
    )


def summary_of(row: AnyRow) -> AipSummary:
    """The summary that one row of :func:`holdings.summaries` holds."""
    return AipSummary(
        aip_id=AipId(row.aip_id),
        place=Place(row.place),
        version=row.version,
        fonds=row.fonds,
        fonds_name=row.fonds_name,
        dossier_code=row.dossier_code,
        title=row.title,
        access=Access(row.access),
        outcome=row.outcome,
        created=row.created,
        data_files=row.data_files,
        data_bytes=row.data_bytes,
        warnings=row.warnings,
        backlog=row.backlog,
        copies=row.copies,
        broken_copies=row.broken_copies,
    )


_ID_PREFIX = re.compile(r"(?:urn:(?:[^:]*:)?uuid:)?([0-9a-fA-F][0-9a-fA-F-]{3,35})\Z")


def id_prefix(text: str) -> str | None:
    """The lower-case start of an AIP id that a person typed, or None when it is none.

    Four characters at the least: fewer are a guess. ``urn:uuid:`` and the OBJID form with the
    fonds in it are understood.
    """
    match = _ID_PREFIX.match(text.strip())
    return match.group(1).lower() if match else None


def _version_of(row: AnyRow) -> VersionFacts:
    return VersionFacts(
        number=row.number,
        created=row.created,
        inventory_sha256=row.inventory_sha256,
        inventory_sha512=row.inventory_sha512,
        message=row.message,
    )


def _document_of(row: AnyRow) -> Document:
    return Document(
        code=row.code,
        title=row.title,
        date=row.date,
        kind=row.kind,
        fields=msgspec.json.decode(row.fields),
        files=tuple(msgspec.json.decode(row.files)),
    )
