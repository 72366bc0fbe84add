"""The reception desk: everything an ingest needs, put together once for many submissions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingest.bench import Bench, format_policy_of, schemas_of
from ingest.decide import load_policy
from ingest.settings import IngestSettings
from preservation.formats.engine import Identifier
from preservation.formats.policy import FormatPolicy
from preservation.formats.signature_set import SignatureSet
from preservation.signatures.examiner import SignatureExaminer
from preservation.signatures.trust import TrustSnapshot
from preservation.workers import WorkerPool
from repository.archive import Repository
from repository.evidence import EvidenceStore, KeptVerdicts, evidence_store
from schemas.events import Agent
from schemas.progress import NoProgress, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Bench):
    """What takes part in receiving submissions; shared by all of one command."""

    archive: Repository
    evidence: EvidenceStore
    operator: Agent
    software: Agent
    transfer_list: Collection[str] | None = None
    """Codes of the dossiers in the submitted list, when one came with the delivery."""

    @property
    def tools(self) -> dict[str, str]:
        """Name and version of what judged, for the admission record."""
        return {
            self.software.name: self.software.version,
            "formats": self.identifier.signature_set.id,
            "signatures": self.examiner.basis.label,
        }

    @property
    def policies(self) -> dict[str, str]:
        """sha256 of each policy that decides, by name."""
        return {
            f"decision:{self.policy.name}/{self.policy.version}": self.policy.sha256,
            "signatures": self.examiner.policy.sha256,
            "formats": self.format_policy.sha256,
        }


@contextmanager
def open_desk(
    archive: Repository,
    settings: IngestSettings,
    *,
    operator: Agent,
    software: Agent,
    trust: TrustSnapshot | None = None,
    identifier: Identifier | None = None,
    format_policy: FormatPolicy | None = None,
    progress: Progress | None = None,
) -> Iterator[Desk]:
    """A desk with its workers running; they are gone when the block ends."""
    archive.prepare_to_write()
    scratch = archive.staging.new_folder()
    try:
        with WorkerPool(workers=settings.workers, scratch=scratch) as pool:
            evidence = evidence_store(archive, scratch, agents=(software, operator))
            yield Desk(
                archive=archive,
                settings=settings,
                policy=load_policy(settings.policy),
                identifier=identifier or Identifier(SignatureSet.load_default()),
                examiner=SignatureExaminer(
                    pool,
                    trust,
                    clock=archive.now,
                    evidence=evidence.folder,
                    kept=KeptVerdicts(archive, evidence),
                    etsi=settings.etsi_reports,
                ),
                evidence=evidence,
                format_policy=format_policy or format_policy_of(settings),
                pool=pool,
                operator=operator,
                software=software,
                progress=progress or NoProgress(),
                schemas=schemas_of(settings),
            )
    finally:
        archive.staging.clean(scratch)
