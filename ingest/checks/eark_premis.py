"""The PREMIS files that an E-ARK package refers to, held against the schema of PREMIS 3.0."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.checks.tt05_tree import PackageFile
from schemas.errors import PackageError
from schemas.findings import Finding, Severity
from schemas.premis import PREMIS
from schemas.premis_read import PREMIS_CAPS
from schemas.xml import Xsd, events_untrusted

NOT_PREMIS_3 = "eark-premis"
"""The name under which it is said that a file of another version was not looked into."""
_SHOWN_FAULTS = 5


def premis_findings(
    path: str, file: PackageFile, xsd: Xsd, not_checked: set[str]
) -> Iterator[Finding]:
    """What is wrong with one file; one that is not PREMIS 3.0 is not looked into, and said."""
    try:
        with file.open() as stream:
            root = next(events_untrusted(stream, PREMIS_CAPS))
        if root.tag != f"{{{PREMIS}}}premis":
            not_checked.add(NOT_PREMIS_3)
            return
        for fault in xsd.faults_in(file.open, PREMIS_CAPS, limit=_SHOWN_FAULTS):
            told = {"v": fault.message.replace(f"{{{PREMIS}}}", "")[:300]}
            yield Finding("EARK-PREMIS-SCHEMA", Severity.WARNING, path, told)
    except PackageError as error:
        reason = " ".join((error.code, *(f"{n}={v}" for n, v in error.fields.items() if v)))
        yield Finding("EARK-PREMIS-UNREADABLE", Severity.ERROR, path, {"reason": reason})
