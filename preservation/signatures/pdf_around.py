"""What the libraries leave out of their verdict on a PDF signature: the rest of the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from asn1crypto import parser  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel

from preservation.signatures.pdf_reader import BulkSignature, SurveyedReader
from schemas.nouns import SignatureResult

_TAIL_BYTES = 65536
_COVERAGE = {
    SignatureCoverageLevel.ENTIRE_FILE: "file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
    SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START: "start",
    SignatureCoverageLevel.UNCLEAR: "unclear",
}
_CHANGES = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "maintenance",
    ModificationLevel.FORM_FILLING: "form",
    ModificationLevel.ANNOTATIONS: "annotations",
    ModificationLevel.OTHER: "other",
}


def coverage_of(signature: BulkSignature) -> str:
    """How much of the file the signature covers, in the words of ``SignatureResult``."""
    covered: Any = signature.coverage
    return _COVERAGE.get(covered, "unclear")


def with_document(
    told: SignatureResult, signature: BulkSignature, coverage: str, changes: str
) -> SignatureResult:
    """The result after what the libraries leave out of their verdict: the rest of the file."""
    if told.indication == "TOTAL-FAILED":
        return told
    if coverage in {"start", "unclear"}:
        return replace(
            told, indication="INDETERMINATE", sub_indication="COVERAGE_UNCLEAR", integrity="broken"
        )
    allowed = signature.summarise_integrity_info()["docmdp_ok"]
    if changes == "other" or (allowed is False and signature.changes_analysed):
        return replace(
            told, indication="INDETERMINATE", sub_indication="UNSIGNED_CHANGES", integrity="broken"
        )
    if changes == "not_analysed":
        passed = told.indication == "TOTAL-PASSED"
        return replace(
            told,
            indication="INDETERMINATE",
            sub_indication="CHANGES_NOT_ANALYSED" if passed else told.sub_indication,
            codes=(*told.codes, "SIG-CHANGES-NOT-ANALYSED"),
            detail=signature.analysis_error[:300],
        )
    return told


def with_remains(
    told: SignatureResult, signature: BulkSignature, changes: str, *, last: bool
) -> SignatureResult:
    """The result after what its own rules allow and nobody signed: a form filled in after the
    last signature, and bytes behind the value inside ``/Contents``, which no digest covers."""
    found = []
    if last and changes in {"form", "annotations"}:
        found.append("filled in after the last signature")
    if _padded_with_more(signature.pkcs7_content):
        found.append("bytes behind the signature value")
    if not found:
        return told
    detail = told.detail or ", ".join(found)
    return replace(told, codes=(*told.codes, "SIG-PARTS-NOT-COVERED"), detail=detail)


def _padded_with_more(value: bytes) -> bool:
    try:
        length = parser.peek(value)
    except ValueError:
        return False  # the validation proper says what is wrong
    return bool(value[length:].strip(b"\0"))


def changes_after(signature: BulkSignature) -> str:
    """What came after the signature, in the words of ``SignatureResult``."""
    if not signature.changes_analysed:
        whole = signature.coverage == SignatureCoverageLevel.ENTIRE_FILE
        return "none" if whole else "not_analysed"
    level = getattr(signature.diff_result, "modification_level", ModificationLevel.OTHER)
    return _CHANGES[level]


def trailing_bytes(last: BulkSignature, reader: SurveyedReader) -> bool:
    """Whether bytes after the last signature belong to no revision."""
    if _goes_on(reader):
        return True
    covered: Any = last.coverage
    newest = int(reader.xrefs.total_revisions) - 1
    to_revision: bool = covered == SignatureCoverageLevel.ENTIRE_REVISION
    return to_revision and last.signed_revision >= newest


def _goes_on(reader: SurveyedReader) -> bool:
    """Whether something follows the last end-of-file mark."""
    reader.real_file.seek(max(0, reader.survey.size_bytes - _TAIL_BYTES))
    tail = reader.real_file.read(_TAIL_BYTES)
    return bool(tail.rpartition(b"%%EOF")[2].strip(b" \t\r\n\f\0"))
