"""PDF in the worker: every signature of one file, judged one at a time.

Returns facts, never a decision (``verdict``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, BinaryIO

from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY

from preservation.signatures.facts import Facts, Question
from preservation.signatures.judging import judge, judge_timestamp
from preservation.signatures.pdf_appearance import appearance_of
from preservation.signatures.pdf_around import (
    changes_after,
    coverage_of,
    trailing_bytes,
    with_document,
    with_remains,
)
from preservation.signatures.pdf_data import brought_along
from preservation.signatures.pdf_hidden import may_hide_signature
from preservation.signatures.pdf_reader import (
    BulkSignature,
    SurveyedReader,
    signature_fields,
)
from preservation.signatures.pdf_stream import Survey, survey
from preservation.signatures.pdf_subject import PdfSubject, level_of, protected_later
from preservation.signatures.proof import Judged, circumstances, judged_timestamp
from preservation.signatures.telling import describe
from schemas.moments import format_moment
from schemas.nouns import SignatureResult


class _NeedsLaxReading(Exception):
    """The strict reader refused a file that the lax one may read."""


def examine_pdf(file: BinaryIO, question: Question) -> Facts:
    """Facts about all signatures of a PDF; what cannot be read is said, never passed."""
    found = survey(
        file, contents_cap_bytes=question.contents_cap_bytes, ranges_cap=question.signatures_cap
    )
    if found.byte_ranges > question.signatures_cap:
        return _unexamined("SIG-TOO-MANY", f"{found.byte_ranges} signature ranges")
    if found.largest_gap_bytes > 2 * question.contents_cap_bytes + 2:
        size = found.largest_gap_bytes // 2
        return _unexamined("SIG-CONTENTS-TOO-LARGE", f"a signature value of {size} bytes")
    if not found.byte_ranges and not may_hide_signature(file):
        return Facts(kind="pdf")
    try:
        return _examined(file, found, question, strict=True)
    except _NeedsLaxReading as refusal:
        strict_says = str(refusal)
    try:
        facts = _examined(file, found, question, strict=False)
    except _NeedsLaxReading as refusal:
        return _unexamined("SIG-UNREADABLE", f"{strict_says}; {refusal}")
    facts.observations.append("SIG-LAX-READING")
    facts.detail = facts.detail or strict_says
    return facts


def _unexamined(code: str, detail: str) -> Facts:
    return Facts(kind="pdf", observations=[code], detail=detail)


def _examined(file: BinaryIO, found: Survey, question: Question, *, strict: bool) -> Facts:
    try:
        reader = SurveyedReader(file, found, strict=strict)
        if reader.encrypted and not _opened(reader):
            return _unexamined("SIG-ENCRYPTED", "the file needs a password")
        walk = signature_fields(reader)
    except Exception as error:
        raise _NeedsLaxReading(f"{type(error).__name__}: {error}") from error
    if len(walk.found) > question.signatures_cap or walk.truncated:
        return _unexamined("SIG-TOO-MANY", f"{len(walk.found)} signature fields")
    document = _Document(reader, question)
    for name, field in walk.found:
        document.open(name, field, strict=strict)
    results = asyncio.run(document.judged())
    codes = document.observations(walk.broken)
    return Facts(
        kind="pdf", results=results, observations=codes, etsi_reports=document.etsi_reports
    )


def _opened(reader: SurveyedReader) -> bool:
    """Whether the empty password opens the file, as it does for most 'protected' ones."""
    try:
        answer = reader.decrypt(b"")
    except Exception:  # noqa: BLE001  unknown handlers raise anything
        return False
    return bool(answer.status.value)


@dataclass
class _Opened:
    """A field and its signature, or why there is none."""

    name: str
    signature: BulkSignature | None
    problem: str = ""


class _Document:
    """One file's signatures while they are judged."""

    def __init__(self, reader: SurveyedReader, question: Question) -> None:
        self._reader = reader
        self._about = circumstances(question)
        self._opened: list[_Opened] = []
        self._covered: set[int] = set()
        self._etsi = question.etsi
        self.etsi_reports: list[str] = []

    def open(self, name: str, field: Any, *, strict: bool) -> None:
        """Read one field's signature and compare what came after it."""
        try:
            signature = BulkSignature(self._reader, field, name)
        except Exception as error:  # noqa: BLE001  asn1crypto raises ValueError and worse
            problem = f"{type(error).__name__}: {error}"
            self._opened.append(_Opened(name, None, problem[:300]))
            return
        self._covered.add(_gap_start(signature))
        self._reader.examined.append(signature)
        try:
            signature.compute_integrity_info(DEFAULT_DIFF_POLICY)
        except Exception as error:
            if strict:
                raise _NeedsLaxReading(f"{type(error).__name__}: {error}") from error
            self._reader.examined.remove(signature)
            self._opened.append(_Opened(name, None, f"{type(error).__name__}: {error}"[:300]))
            return
        self._opened.append(_Opened(name, signature))

    async def judged(self) -> list[SignatureResult]:
        """Every field's result, in the order of the form."""
        brought = cache(lambda: brought_along(self._reader, self._reader.examined))
        self._about = replace(self._about, brought=brought)
        return [await self._result(opened) for opened in self._opened]

    async def _result(self, opened: _Opened) -> SignatureResult:
        signature = opened.signature
        if signature is None:
            return SignatureResult(
                field=opened.name,
                kind="pdf",
                indication="TOTAL-FAILED",
                sub_indication="FORMAT_FAILURE",
                detail=opened.problem,
            )
        try:
            judged = await self._judge(signature)
            return self._reported(signature, judged, self._told(opened.name, signature, judged))
        except Exception as error:  # noqa: BLE001  one signature's crash is that one's answer
            return SignatureResult(
                field=opened.name,
                kind="pdf",
                indication="INDETERMINATE",
                sub_indication="GENERIC",
                detail=f"{type(error).__name__}: {error}"[:300],
            )

    def _reported(
        self, signature: BulkSignature, judged: Judged, told: SignatureResult
    ) -> SignatureResult:
        """The same result, and its ETSI report where one is asked for and can be made."""
        if not self._etsi:
            return told
        if told.kind != "pdf" or judged.outcome is None:
            return replace(told, report="not made: a time stamp")
        from preservation.signatures.etsi import NotMade, etsi_report

        try:
            self.etsi_reports.append(etsi_report(signature, judged.outcome, told))
        except NotMade as reason:
            return replace(told, report=f"not made: {reason}")
        return replace(told, report="made")

    async def _judge(self, signature: BulkSignature) -> Judged:
        if signature.sig_object_type == "/DocTimeStamp":
            result, used = await judge_timestamp(
                signature.signed_data, signature.compute_digest, self._about
            )
            return judged_timestamp(signature.signed_data, result, used)
        stamped = protected_later(signature, self._reader)
        return await judge(PdfSubject(signature, archived=stamped), self._about)

    def _told(self, name: str, signature: BulkSignature, judged: Judged) -> SignatureResult:
        stamp = signature.sig_object_type == "/DocTimeStamp"
        told = describe(signature.signed_data, judged)
        coverage = coverage_of(signature)
        changes = changes_after(signature)
        told = replace(
            told,
            field=name,
            kind="pdf-timestamp" if stamp else "pdf",
            level="" if stamp else level_of(signature, self._reader),
            coverage=coverage,
            changes=changes,
            revision=signature.signed_revision,
            appearance="" if stamp else appearance_of(signature, self._reader),
        )
        if not told.signed_at and not stamp:
            told = replace(told, signed_at=_stated_time(signature))
        if told.signed_at and told.time == "none":
            told = replace(told, time="claimed")
        told = with_document(told, signature, coverage, changes)
        return with_remains(told, signature, changes, last=signature is self._last)

    @property
    def _last(self) -> BulkSignature | None:
        return max(self._reader.examined, key=lambda s: s.signed_revision, default=None)

    def observations(self, broken_fields: int) -> list[str]:
        """What there is to say about the file beyond its signatures."""
        codes = []
        orphans = {gap.start for gap in self._reader.survey.gaps} - self._covered
        unread = any(opened.signature is None for opened in self._opened)
        if orphans and not unread:
            codes.append("SIG-UNREADABLE" if broken_fields else "SIG-REMOVED")
        if self._last is not None and trailing_bytes(self._last, self._reader):
            codes.append("SIG-TRAILING-BYTES")
        return codes


def _gap_start(signature: BulkSignature) -> int:
    try:
        return int(signature.byte_range[0]) + int(signature.byte_range[1])
    except (TypeError, ValueError, IndexError):
        return -1


def _stated_time(signature: BulkSignature) -> str:
    try:
        moment = signature.self_reported_timestamp
    except (PdfReadError, ValueError, TypeError, KeyError):
        return ""
    if moment is None:
        return ""
    # A PDF date may lack its zone; it is then the author's, unknown: kept as stated.
    return format_moment(moment) if moment.tzinfo is not None else moment.isoformat()
