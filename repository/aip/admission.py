"""``metadata/other/``: what was found out at ingest, as records that need no Kho to read.

``admission.json`` holds the dossier's facts, the findings and the decision;
``formats.ndjson`` one line per data file; ``signatures.ndjson``: ``verdicts``.
"""

from __future__ import annotations

import msgspec

from repository.aip.plan import AipPlan
from schemas.moments import format_moment
from schemas.nouns import Document, FileRole, FormatResult
from schemas.records import FindingRecord, Record
from schemas.text import say


class DocumentRecord(Record, frozen=True, kw_only=True):
    """A record of the dossier, as described at ingest."""

    code: str
    title: str
    date: str = ""
    kind: str = "doc"
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    files: tuple[str, ...] = ()


class Admission(Record, frozen=True, kw_only=True):
    """``admission.json``: who the dossier is, what was found, what was decided, by what."""

    format: str = "kho.admission/1"
    aip_id: str
    repository_id: str
    submission_digest: str
    source: str
    profile: str
    outcome: str
    received: str
    created: str
    title: str
    fonds: str
    fonds_name: str
    dossier_code: str
    access: str
    backlog: bool
    fields: dict[str, str]
    documents: tuple[DocumentRecord, ...]
    data_files: int
    data_bytes: int
    warnings: int
    findings: tuple[FindingRecord, ...]
    policies: dict[str, str]
    tools: dict[str, str]
    not_checked: tuple[str, ...]


class FormatLine(Record, frozen=True, kw_only=True):
    """One data file's identification."""

    path: str
    puids: tuple[str, ...]
    method: str
    mime: str = ""
    warnings: tuple[str, ...] = ()
    signature_set: str = ""


def admission_of(plan: AipPlan, repository_id: str) -> Admission:
    """The admission record of a plan."""
    draft = plan.draft
    data = [file for file in draft.files if file.role is FileRole.DATA]
    return Admission(
        aip_id=plan.aip_id,
        repository_id=repository_id,
        submission_digest=plan.submission_digest,
        source=plan.source,
        profile=draft.profile,
        outcome=plan.outcome.value,
        received=format_moment(plan.received),
        created=format_moment(plan.created),
        title=draft.title,
        fonds=draft.fonds,
        fonds_name=draft.fonds_name,
        dossier_code=draft.dossier_code,
        access=draft.access.value,
        backlog=draft.backlog,
        fields=dict(draft.fields),
        documents=tuple(_document_record(document) for document in draft.documents),
        data_files=len(data),
        data_bytes=sum(file.size_bytes for file in data),
        warnings=sum(finding.severity == "warning" for finding in plan.findings),
        findings=finding_records(plan),
        policies=dict(plan.policies),
        tools=dict(plan.tools),
        not_checked=plan.not_checked,
    )


def finding_records(plan: AipPlan) -> tuple[FindingRecord, ...]:
    """The plan's findings with their English text; receipts render other languages anew."""
    return tuple(
        FindingRecord(
            code=finding.code,
            severity=finding.severity.value,
            where=finding.where,
            message=say(finding.code, "en", where=finding.where, **finding.fields),
            fields=dict(finding.fields),
        )
        for finding in plan.findings
    )


def format_line(path: str, result: FormatResult) -> FormatLine:
    """The stored line of one identification."""
    return FormatLine(
        path=path,
        puids=result.puids,
        method=result.method,
        mime=result.mime,
        warnings=result.warnings,
        signature_set=result.signature_set,
    )


def _document_record(document: Document) -> DocumentRecord:
    return DocumentRecord(
        code=document.code,
        title=document.title,
        date=document.date,
        kind=document.kind,
        fields=dict(document.fields),
        files=document.files,
    )
