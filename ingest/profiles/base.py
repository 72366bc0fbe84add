"""What every profile is given and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.checks.tt05_facts import NOTHING_KNOWN, ReceptionFacts
from ingest.examined import Examined, Judgement
from ingest.lists.mapping import Columns, shipped_columns
from ingest.logical import DATA, documentation_path, readings
from ingest.staged import StagedFile
from ingest.submission import Submission
from preservation.formats.sheets.reading import SheetReader
from repository.aip.build import SealedBuild
from schemas.findings import Finding, Severity
from schemas.ids import AipId
from schemas.names import find_twins, printable
from schemas.nouns import Draft, FileRole, SubmittedFile
from schemas.tt05_schemas import Tt05Schemas, own_schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaping:
    """What is known besides the submission when it is shaped."""

    aip_id: AipId
    fonds: str = ""
    facts: ReceptionFacts = NOTHING_KNOWN
    schemas: Tt05Schemas = field(default_factory=own_schemas)
    read_sheet: SheetReader | None = None
    """Reads spreadsheets that describe a submission; without it they are not looked into."""
    hd40: Columns = field(default_factory=lambda: shipped_columns("hd40"))

    @property
    def documentation(self) -> str:
        """Where the submission's non-payload files stand in the AIP."""
        return f"documentation/submission/urn_uuid_{self.aip_id}/"


class FollowUp(Protocol):
    """What a profile still wants to look at once the submission has its shape."""

    def look_again(self, examined: Examined) -> Judgement:
        """Rules that waited for the judges of files."""

    def check_build(self, build: SealedBuild) -> tuple[Finding, ...]:
        """What is wrong with the AIP that was made of the submission: our mistake, found
        before it is stored."""


class NoFollowUp:
    """Everything was judged at once."""

    def look_again(self, _examined: Examined) -> Judgement:
        """Nothing."""
        return Judgement()

    def check_build(self, _build: SealedBuild) -> tuple[Finding, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Shaped:
    """A draft and what was noticed on the way; ``not_checked`` names rules undecided."""

    draft: Draft
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()
    follow_up: FollowUp = field(default_factory=NoFollowUp)


class Profile(Protocol):
    """One kind of submission."""

    @property
    def name(self) -> str:
        """What the command line calls it."""

    def claims(self, submission: Submission, /) -> bool:
        """Whether the submission looks like this kind."""

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft; the profile's own rules are judged here too."""


def place_files(
    files: Sequence[StagedFile], *, payload: bytes, documentation: str
) -> tuple[tuple[SubmittedFile, ...], list[Finding]]:
    """Each staged file with its place in the AIP: what is below ``payload`` is data.

    Names are read once for the whole submission; names that some file systems cannot tell
    apart are warned of.
    """
    texts, findings = readings((file.raw_path, file.declared_utf8) for file in files)
    base = len(printable_segments(payload))
    placed = []
    for file in files:
        text = texts[file.raw_path]
        if file.raw_path.startswith(payload):
            below = "/".join(text.split("/")[base:])
            placed.append(file.submitted(DATA + below, FileRole.DATA))
        else:
            path = documentation_path(documentation, text)
            placed.append(file.submitted(path, FileRole.DOCUMENTATION))
    findings += find_twins(sorted(texts.values()))
    return tuple(placed), findings


def printable_segments(prefix: bytes) -> list[str]:
    """The segments of a raw prefix that ends in a slash, or none."""
    return [printable(segment) for segment in prefix.split(b"/") if segment]


def undescribed(fonds: str) -> list[Finding]:
    """What to say of a submission that brings no description of its own."""
    findings = [Finding("PROFILE-NO-METADATA", Severity.WARNING)]
    if not fonds:
        findings.append(Finding("PROFILE-NO-FONDS", Severity.WARNING))
    return findings


def emptiness(files: Sequence[SubmittedFile]) -> list[Finding]:
    """A dossier without a record cannot be received; empty files are only noted."""
    data = [file for file in files if file.role is FileRole.DATA]
    if not data:
        return [Finding("PROFILE-EMPTY", Severity.REJECT)]
    return [
        Finding("PROFILE-EMPTY-FILE", Severity.WARNING, printable(file.raw_path))
        for file in data
        if file.size_bytes == 0
    ]
