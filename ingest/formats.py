"""Stop 7, *format*, second half: the archive's own rule for each format, and validation.

Identification happened while the bytes passed. Here policy says what becomes of each file and
which validators must look at it; they run in workers, and a file that they cannot judge is
*not checked*, never sound by default. Identification, validation and decision stay apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ingest.desk import Desk
from ingest.profiles.base import Shaped
from ingest.submission import Submission
from preservation.formats.policy import FormatDecision, FormatJudgement
from preservation.formats.validate.result import ValidationResult, from_json, not_checked
from preservation.workers import WorkerFailed
from schemas.findings import Finding, Severity
from schemas.nouns import FileRole, SubmittedFile
from schemas.records import Record, encode_line

BATCH = 32


class ValidationLine(Record, frozen=True, kw_only=True):
    """One data file's line of ``metadata/other/validation.ndjson``."""

    path: str
    decision: str
    rule: str
    policy: str
    target: str = ""
    reasons: tuple[str, ...] = ()
    results: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class FormatsJudged:
    """What policy and validators say of every data file, by logical path."""

    judgements: Mapping[str, FormatJudgement]
    results: Mapping[str, tuple[ValidationResult, ...]] = field(default_factory=dict)

    @property
    def outcomes(self) -> Counter[str]:
        """How many validations were valid, invalid, not checked."""
        return Counter(str(r.outcome) for results in self.results.values() for r in results)

    def findings(self) -> list[Finding]:
        """What an officer must know: files to look at or refused, and what validators found."""
        told: list[Finding] = []
        for path in sorted(self.judgements):
            judgement = self.judgements[path]
            where = path.removeprefix("representations/rep1/data/")
            for result in self.results.get(path, ()):
                told += [
                    Finding(f.code, _softened(f.severity), where, dict(f.fields))
                    for f in result.findings
                    if f.severity.rank >= Severity.WARNING.rank
                ]
            if judgement.decision.rank >= FormatDecision.REVIEW.rank:
                told.append(judgement.finding(where))
        return told

    def report(self) -> bytes:
        """``validation.ndjson``."""
        lines = (
            ValidationLine(
                path=path,
                decision=judgement.decision.value,
                rule=judgement.rule,
                policy=judgement.policy,
                target=judgement.target,
                reasons=judgement.reasons,
                results=tuple(result.as_json() for result in self.results.get(path, ())),
            )
            for path, judgement in sorted(self.judgements.items())
        )
        return b"".join(encode_line(line) for line in lines)


def judge_formats(submission: Submission, shaped: Shaped, desk: Desk) -> FormatsJudged:
    """Every data file has a judgement; those that policy wants validated were validated."""
    policy = desk.format_policy
    data = [file for file in shaped.draft.files if file.role is FileRole.DATA]
    first = {
        file.logical_path: policy.judge(
            submission.formats[file.raw_path], size_bytes=file.size_bytes
        )
        for file in data
    }
    results: dict[str, list[ValidationResult]] = {}
    wanted = sum(len(judgement.validators) for judgement in first.values())
    if wanted:
        desk.progress.phase("PROGRESS-VALIDATE", files_total=wanted)
    for path, result in _validated(data, first, desk):
        results.setdefault(path, []).append(result)
        desk.progress.advance(files=1)
    judgements = {
        path: policy.after_validation(judgement, results.get(path, ()))
        for path, judgement in first.items()
    }
    return FormatsJudged(judgements, {path: tuple(found) for path, found in results.items()})


def _validated(
    data: list[SubmittedFile], judgements: Mapping[str, FormatJudgement], desk: Desk
) -> Iterator[tuple[str, ValidationResult]]:
    """Each file by each validator its rule names; equal bytes are judged once."""
    paths_by_job: dict[tuple[str, str], list[str]] = {}
    jobs = []
    for file in data:
        judgement = judgements[file.logical_path]
        for kind in judgement.validators:
            key = (file.digests.sha256, kind)
            if key not in paths_by_job:
                params = {**judgement.wanted, "validator": kind}
                jobs.append((key, Path(file.staged), params))
            paths_by_job.setdefault(key, []).append(file.logical_path)
    for key, outcome in desk.pool.map_batches("validate", jobs, batch=BATCH):
        result = _result(key[1], outcome)
        for path in paths_by_job[key]:
            yield path, result


def _result(kind: str, outcome: Any) -> ValidationResult:
    if isinstance(outcome, WorkerFailed):
        return not_checked(kind, outcome.finding_code)
    try:
        return from_json(outcome)
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError):
        return not_checked(kind, "WORKER-PROTOCOL")


def _softened(severity: Severity) -> Severity:
    """A file that is not valid in its format is warned of; whether that holds the dossier is
    the policy's decision, which is a finding of its own."""
    return min(severity, Severity.WARNING, key=lambda s: s.rank)
