"""Stop 7, *format*: a second identifier's opinion of every data file, where one is configured.

Its answers do not replace the first identifier's in the AIP: both are kept side by side. They
decide by which PUIDs policy goes, and whether an officer has to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.bench import Bench
from ingest.submission import Submission
from preservation.formats.second_opinion import (
    Agreement,
    Compared,
    SecondOpinion,
    compare,
    from_json,
)
from preservation.workers import WorkerFailed
from schemas.findings import Finding
from schemas.names import printable
from schemas.nouns import FormatResult, SubmittedFile

BATCH = 32
DISAGREE = "FORMAT-IDENTIFIERS-DISAGREE"


@dataclass(frozen=True, slots=True)
class Second:
    """One file's second opinion, and what came of weighing both."""

    opinion: SecondOpinion
    compared: Compared

    @property
    def disputed(self) -> bool:
        """Whether an officer has to look: another family, or only one of the two knows it."""
        return self.compared.agreement in (Agreement.FAMILY, Agreement.ONE_SIDED)

    def taken(self, first: FormatResult) -> FormatResult:
        """The format to go by: the first answer, narrowed or replaced as the weighing says."""
        puids = self.compared.puids
        if puids == first.puids:
            return first
        if puids == self.opinion.puids:
            return replace(first, puids=puids, names=self.opinion.names, versions=())
        kept = [number for number, puid in enumerate(first.puids) if puid in puids]
        return replace(
            first,
            puids=puids,
            names=tuple(first.names[n] for n in kept if n < len(first.names)),
            versions=tuple(first.versions[n] for n in kept if n < len(first.versions)),
        )

    def findings(self, where: str) -> list[Finding]:
        """What the weighing found, about the file at ``where``."""
        return [
            Finding(found.code, found.severity, where, dict(found.fields))
            for found in self.compared.findings
        ]

    def as_json(self) -> dict[str, Any]:
        """The opinion with what was made of it, as plain JSON values."""
        made = {"agreement": self.compared.agreement.value, "taken": list(self.compared.puids)}
        return {**self.opinion.as_json(), **made}


def second_opinions(
    data: Sequence[SubmittedFile], submission: Submission, bench: Bench
) -> Mapping[str, Second]:
    """By logical path; equal bytes are asked about once. Nothing where none is configured."""
    if bench.settings.second_identifier == "off":
        return {}
    one_of = {file.digests.sha256: file for file in data}
    bench.progress.phase("PROGRESS-SECOND-OPINION", files_total=len(one_of))
    jobs = (
        (digest, Path(file.staged), {"name": printable(file.raw_path)})
        for digest, file in one_of.items()
    )
    opinions = {}
    for digest, outcome in bench.pool.map_batches("second-opinion", jobs, batch=BATCH):
        opinions[digest] = _opinion(outcome)
        bench.progress.advance(files=1)
    return {
        file.logical_path: _weighed(
            submission.formats[file.raw_path], opinions[file.digests.sha256], bench
        )
        for file in data
    }


def _opinion(outcome: Any) -> SecondOpinion:
    if isinstance(outcome, WorkerFailed):
        return SecondOpinion(not_checked=outcome.finding_code)
    try:
        return from_json(outcome)
    except (KeyError, ValueError, TypeError):
        return SecondOpinion(not_checked="WORKER-PROTOCOL")


def _weighed(first: FormatResult, opinion: SecondOpinion, bench: Bench) -> Second:
    same = bench.format_policy.same_family
    return Second(opinion, compare(first, opinion, same_family=same))
