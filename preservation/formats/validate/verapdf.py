"""PDF/A by veraPDF, where the archive has it: an external command, beside page-validation."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from preservation.formats.external import FILE, run
from preservation.formats.validate.pdfa import FAILURES_TOLD, PROFILES
from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
)
from preservation.worker_frames import JobLimits
from schemas.findings import Finding
from schemas.xml import XmlRefused, events_untrusted

KIND = "verapdf"

# A Java machine reserves far more addresses than it uses.
LIMITS = JobLimits(wall_s=300, cpu_s=600, memory_bytes=32 << 30, file_bytes=1 << 30)

FLAVOURS = {**PROFILES, "fmt/1910": "4", "fmt/1911": "4e", "fmt/1912": "4f"}
"""veraPDF's name of the profile that each PUID claims."""


@dataclass(slots=True)
class _Report:
    """What the report says; ``compliant`` is None without a verdict."""

    compliant: bool | None = None
    verdicts: int = 0
    profile: str = ""
    version: str = ""
    trouble: str = ""
    broken: list[Finding] = field(default_factory=list)


def validate(file: Path, puid: str, *, command: str, scratch: Path) -> ValidationResult:
    """Invalid when veraPDF says that the file breaks the profile of ``puid``.

    Not checked when the command cannot be started, or its report is not one verdict on that
    profile. Source: veraPDF's command line and its XML report, docs.verapdf.org.
    """
    flavour = FLAVOURS.get(puid)
    if flavour is None:
        return not_checked(KIND, "VALIDATION-NO-PROFILE", puid=puid)
    if not (Path(command).is_absolute() and Path(command).is_file()):
        return not_checked(KIND, "VALIDATION-NO-TOOL", tool=command)
    ran = run(
        [command, "--format", "xml", "--flavour", flavour, FILE],
        file,
        limits=LIMITS,
        scratch=scratch,
        suffix=".pdf",
    )
    if ran.failure:
        return not_checked(KIND, ran.failure, detail=ran.complaint)
    try:
        report = _read(ran.stdout, f"PDF/A-{flavour}")
    except XmlRefused:
        return not_checked(KIND, "WORKER-PROTOCOL")
    return _judged(report, flavour)


def _judged(report: _Report, flavour: str) -> ValidationResult:
    facts: dict[str, Fact] = {"profile": f"PDF/A-{flavour}", "tool": f"veraPDF {report.version}"}
    if report.trouble and report.compliant is None:
        if "encrypt" in report.trouble.casefold():
            return not_checked(KIND, "FORMAT-ENCRYPTED", facts)
        return judged(KIND, [error("PDF-UNREADABLE", reason=report.trouble)], facts)
    named = f"PDF/A-{flavour} ".casefold()
    asked = report.profile.casefold().startswith(named)
    if report.compliant is None or report.verdicts != 1 or not asked:
        return not_checked(KIND, "WORKER-PROTOCOL", facts)
    facts["rules_failed"] = len(report.broken)
    if report.compliant:
        return judged(KIND, [], facts)
    unnamed = error("PDFA-RULE-BROKEN", profile=f"PDF/A-{flavour}", reason="")
    return judged(KIND, report.broken[:FAILURES_TOLD] or [unnamed], facts)


def _read(content: bytes, profile: str) -> _Report:
    """The verdict in veraPDF's XML report; XmlRefused when it is no XML."""
    report = _Report()
    rule = ""
    for event in events_untrusted(BytesIO(content)):
        tag = event.tag.rpartition("}")[2]
        said = event.attributes
        if event.kind == "start":
            if tag == "releaseDetails" and said.get("id") == "core":
                report.version = said.get("version", "")[:50]
            elif tag == "validationReport":
                report.verdicts += 1
                report.profile = said.get("profileName", "")
                verdict = {"true": True, "false": False}.get(said.get("isCompliant", ""))
                whole = said.get("jobEndStatus", "normal") == "normal"
                report.compliant = verdict if whole else None
            elif tag == "rule" and said.get("status") == "failed":
                words = (said.get(n, "") for n in ("specification", "clause", "testNumber"))
                rule = " ".join(word for word in words if word)[:200]
            continue
        if tag == "exceptionMessage":
            report.trouble = event.text.strip()[:200]
        elif tag == "description" and rule:
            reason = event.text.strip()[:300]
            report.broken.append(error("PDFA-RULE-BROKEN", rule, profile=profile, reason=reason))
        elif tag == "rule":
            rule = ""
    return report
