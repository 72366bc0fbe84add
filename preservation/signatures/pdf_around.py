"""What the libraries leave out of their verdict on a PDF signature: the rest of the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
