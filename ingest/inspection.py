"""A package judged as ingest judges it, without an archive: nothing is kept, nothing is written
but a scratch folder that is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.bench import Bench, format_policy_of, schemas_of
from ingest.checks.tt05_facts import ReceptionFacts
from ingest.decide import decide, load_policy
from ingest.formats import FormatsJudged
from ingest.judging import judge
from ingest.lists.mapping import load_columns
from ingest.profiles.base import Shaped, Shaping
from ingest.registers import load_registers
from ingest.settings import IngestSettings
from ingest.submission import admit
from ingest.virus import Scanned
from preservation.formats.engine import Identifier
from preservation.formats.sheets.reading import sheet_reader
from preservation.formats.signature_set import SignatureSet
from preservation.signatures.examiner import SignatureExaminer
from preservation.workers import WorkerPool
from repository.staging import Staging
from schemas.findings import Finding
from schemas.ids import AipId
from schemas.moments import utc_now
from schemas.nouns import Outcome, SignatureReport
from schemas.progress import Progress

NOWHERE = AipId("00000000-0000-0000-0000-000000000000")
"""Stands for the AIP that a package does not become by being looked at."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What ingest would say of a package to an archive that knows nothing else: its outcome,
    the findings, the heaviest first, and what was not checked."""

    profile: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]


@contextmanager
def open_bench(settings: IngestSettings, scratch: Path, *, progress: Progress) -> Iterator[Bench]:
    """A bench with its workers running, which write only in ``scratch``."""
    workers = scratch / "workers"
    workers.mkdir()
    with WorkerPool(workers=settings.workers, scratch=workers) as pool:
        yield Bench(
            settings=settings,
            policy=load_policy(settings.policy),
            identifier=Identifier(SignatureSet.load_default()),
            examiner=SignatureExaminer(pool),
            format_policy=format_policy_of(settings),
            pool=pool,
            progress=progress,
            schemas=schemas_of(settings),
        )


def inspect_package(
    source: Path, bench: Bench, scratch: Path, *, profile: str = "auto", fonds: str = ""
) -> Inspection:
    """The judgement of one package. What only an archive knows (who else is held, which fonds
    are registered) is not checked, and said.

    Errors as of :func:`ingest.submission.admit`; ``UnknownProfile``.
    """
    staging = Staging(scratch / "staging")
    folder = staging.new_folder()
    try:
        submission = admit(
            source,
            folder / "payload",
            settings=bench.settings,
            identifier=bench.identifier,
            progress=bench.progress,
        )
        shaping = Shaping(
            aip_id=NOWHERE,
            fonds=fonds,
            facts=_facts(bench.settings),
            schemas=bench.schemas,
            read_sheet=sheet_reader(bench.pool),
            hd40=load_columns(bench.settings.hd40_columns, "hd40"),
        )
        log = _Undecided()
        judged = judge(submission, shaping, bench, profile=profile, log=log)
    finally:
        staging.clean(folder)
    decision = decide(judged.findings, bench.policy)
    return Inspection(
        judged.shaped.draft.profile, decision.outcome, decision.findings, tuple(log.names)
    )


def _facts(settings: IngestSettings) -> ReceptionFacts:
    registers = load_registers(settings.registers)
    return ReceptionFacts(
        now=utc_now(),
        fonds=registers.fonds,
        organs=registers.organs,
        agreements=registers.agreements,
    )


class _Undecided:
    """Keeps only the names of what was not checked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def shaped(self, _shaped: Shaped) -> None:
        """Nothing."""

    def scanned(self, scanned: Scanned | None) -> None:
        """That no scanner looked is said."""
        if scanned is None:
            self.names.append("virus")

    def validated(self, _judged: FormatsJudged) -> None:
        """Nothing."""

    def examined(self, _reports: dict[str, SignatureReport]) -> None:
        """Nothing."""

    def undecided(self, names: tuple[str, ...]) -> None:
        """Rules that could not be decided here."""
        self.names.extend(names)
