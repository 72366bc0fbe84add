"""What ingest hands over to have an AIP built: the draft and everything found out about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from schemas.events import Agent, Event
from schemas.findings import Finding
from schemas.ids import AipId, SubmissionDigest
from schemas.nouns import Draft, FormatResult, Outcome, Place, SignatureReport
from schemas.records import Ruling
from schemas.tt05_schemas import Tt05Schemas, own_schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class AipPlan:
    """One decided submission, ready to be built. Mappings by file use logical paths."""

    aip_id: AipId
    submission_digest: SubmissionDigest
    draft: Draft
    outcome: Outcome
    source: str
    """Where the submission came from, as the operator named it; for the receipt."""
    received: datetime
    created: datetime
    findings: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()
    agents: tuple[Agent, ...] = ()
    formats: Mapping[str, FormatResult] = field(default_factory=dict)
    signatures: Mapping[str, SignatureReport] = field(default_factory=dict)
    reports: Mapping[str, Callable[[BinaryIO], None]] = field(default_factory=dict)
    """Writers of further reports by file name, kept in ``metadata/other/``."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """sha256 of each policy that took part in the decision, by name."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Version of each tool that took part, by name."""
    not_checked: tuple[str, ...] = ()
    """Checks that did not run, by name (``virus``…); said in admission and receipt."""
    archive_name: str = ""
    archive_code: str = ""
    """Name and identification code of the receiving archive, for packages that state them."""
    received_by: str = ""
    """Who took the submission in."""
    ruling: Ruling | None = None
    """What officers decided, when the submission was held before."""
    schemas: Tt05Schemas = field(default_factory=own_schemas)
    """What packages of the circular carry as schemas."""

    @property
    def place(self) -> Place:
        """Held submissions live in ``holding/``, accepted ones in the archive."""
        return Place.HOLDING if self.outcome is Outcome.HELD else Place.ARCHIVE
