"""Judges a package that was just written as the archive will, by the circular's strict rules."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ingest.admit import admit_folder
from ingest.checks.tt05_facts import ReceptionFacts
from ingest.profiles.base import Shaping
from ingest.profiles.tt05 import Tt05Profile
from ingest.staged import Admission
from ingest.submission import Submission, identify
from preservation.formats.engine import Identifier
from schemas.archives import Caps
from schemas.findings import Finding, Severity
from schemas.ids import AipId

_NO_AIP = AipId("00000000-0000-0000-0000-000000000000")


def strict_findings(package: Path, identifier: Identifier, now: datetime) -> tuple[Finding, ...]:
    """What ``tt05-strict`` says of the package in a folder, notes left out; read in place."""
    admission = Admission()
    submission = Submission(package, admission)
    for entry in admit_folder(package, None, Caps(), admission):
        submission.files.append(entry.file)
        submission.formats[entry.file.raw_path] = identify(identifier, entry)
    shaping = Shaping(aip_id=_NO_AIP, facts=ReceptionFacts(now=now))
    shaped = Tt05Profile("tt05-strict").shape(submission, shaping)
    found = (*admission.findings.all(), *shaped.findings)
    return tuple(each for each in found if each.severity is not Severity.INFO)
