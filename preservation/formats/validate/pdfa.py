"""PDF/A: the profile a file claims, held against it by page-validation (extra ``formats``).

Evidence of a young tool beside veraPDF, not instead of it: the result names tool and version.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any, BinaryIO

from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
)

KIND = "pdfa"
SIZE_CAP_BYTES = 256 << 20
FAILURES_TOLD = 20

PROFILES = {
    "fmt/95": "1a",
    "fmt/354": "1b",
    "fmt/476": "2a",
    "fmt/477": "2b",
    "fmt/478": "2u",
    "fmt/479": "3a",
    "fmt/480": "3b",
    "fmt/481": "3u",
}
"""The profile that each PUID claims."""


def validate(file: BinaryIO, wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when the file breaks the profile of ``wanted["puid"]``.

    Without the extra, for PDF/A-4, and beyond the size cap it is *not checked*.
    """
    profile = PROFILES.get(str(wanted.get("puid", "")))
    if profile is None:
        return not_checked(KIND, "VALIDATION-NO-PROFILE", {}, puid=str(wanted.get("puid", "")))
    facts: dict[str, Fact] = {"profile": f"PDF/A-{profile}"}
    try:
        import page
    except ImportError:
        return not_checked(KIND, "VALIDATION-NO-TOOL", facts, tool="page-validation")
    facts["tool"] = f"page-validation {metadata.version('page-validation')}"
    content = file.read(SIZE_CAP_BYTES + 1)
    if len(content) > SIZE_CAP_BYTES:
        return not_checked(KIND, "VALIDATION-LIMIT", facts, limit=SIZE_CAP_BYTES)
    try:
        report = page.validate_pdf_bytes(content, profile=profile)
    except page.SafetyLimitError:
        return not_checked(KIND, "VALIDATION-LIMIT", facts, limit=SIZE_CAP_BYTES)
    except page.PageError as problem:
        return judged(KIND, [error("PDF-UNREADABLE", reason=str(problem)[:200])], facts)
    facts["rules_failed"] = report.rules.failed
    findings = [
        error(
            "PDFA-RULE-BROKEN",
            failure.rule_id,
            profile=f"PDF/A-{profile}",
            reason=failure.message[:300],
        )
        for failure in report.failures[:FAILURES_TOLD]
    ]
    if not report.is_compliant and not findings:
        findings.append(error("PDFA-RULE-BROKEN", profile=f"PDF/A-{profile}", reason=""))
    return judged(KIND, findings, facts)
