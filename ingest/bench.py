"""The judges' bench: what judging submissions needs, and an archive does not have to be there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ingest.decide import Policy, PolicyUnusable
from ingest.settings import IngestSettings
from preservation.formats.engine import Identifier
from preservation.formats.policy import FormatPolicy
from preservation.signatures.examiner import SignatureExaminer
from preservation.workers import WorkerPool
from schemas.progress import Progress
from schemas.tt05_schemas import Tt05Schemas, operators_schemas, own_schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What takes part in judging submissions; shared by all of one command."""

    settings: IngestSettings
    policy: Policy
    identifier: Identifier
    examiner: SignatureExaminer
    format_policy: FormatPolicy
    pool: WorkerPool
    progress: Progress
    schemas: Tt05Schemas = field(default_factory=own_schemas)


def format_policy_of(settings: IngestSettings) -> FormatPolicy:
    """The archive's own format policy, or the shipped one. :class:`PolicyUnusable`."""
    if not settings.format_policy:
        return FormatPolicy.shipped()
    try:
        return FormatPolicy(Path(settings.format_policy).read_bytes())
    except OSError as error:
        raise PolicyUnusable(where=settings.format_policy, reason=str(error)) from error


def schemas_of(settings: IngestSettings) -> Tt05Schemas:
    """The operator's official schemas, or our own."""
    return operators_schemas(Path(settings.schemas)) if settings.schemas else own_schemas()
