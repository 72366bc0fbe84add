"""What a check is given: the package as read, and everything known besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.checks.tt05_facts import NOTHING_KNOWN, ReceptionFacts
from ingest.checks.tt05_package import Tt05Package
from schemas.findings import Finding
from schemas.nouns import Container, FormatResult
from schemas.tt05_schemas import Tt05Schemas, own_schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One package to be judged. ``formats`` are by package path; ``admission`` is what was
    noticed while the container was read."""

    package: Tt05Package
    facts: ReceptionFacts = NOTHING_KNOWN
    formats: Mapping[str, FormatResult] = field(default_factory=dict)
    admission: tuple[Finding, ...] = ()
    container: Container | None = None
    schemas: Tt05Schemas = field(default_factory=own_schemas)
    fonds: str = ""
    """The fonds that the operator named for packages that name none."""
    submission_digest: str = ""
    """Names the content as it was submitted."""
