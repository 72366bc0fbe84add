"""Stop 7, *format*, second half: the archive's own rule for each format, and validation.

Identification happened while the bytes passed. Here policy says what becomes of each file and
which validators must look at it; they run in workers, and a file that they cannot judge is
*not checked*, never sound by default. Identification, validation and decision stay apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ingest.bench import Bench
from ingest.profiles.base import Shaped
from ingest.second import DISAGREE, Second, second_opinions
from ingest.submission import Submission
from preservation.formats.external_judges import KINDS as EXTERNAL
from preservation.formats.external_judges import ExternalJudges
from preservation.formats.policy import FormatDecision, FormatJudgement, sent_to_review
from preservation.formats.validate import verapdf
from preservation.formats.validate.result import ValidationResult, from_json, not_checked
from preservation.workers import WorkerFailed
from schemas.findings import Finding, Severity
from schemas.nouns import FileRole, SubmittedFile
from schemas.records import Record, encode_line

BATCH = 32
SHARED_RESULTS = 1000


class ValidationLine(Record, frozen=True, kw_only=True):
    """One data file's line of ``metadata/other/validation.ndjson``."""

    path: str
    decision: str
    rule: str
    policy: str
    target: str = ""
    reasons: tuple[str, ...] = ()
    results: tuple[dict[str, Any], ...] = ()
    second: dict[str, Any] | None = None
    """What the second identifier said, and what was made of it; null when none was asked."""


@dataclass(frozen=True, slots=True)
class FormatsJudged:
    """What policy and validators say of every data file, by logical path."""

    judgements: Mapping[str, FormatJudgement]
    results: Mapping[str, tuple[ValidationResult, ...]] = field(default_factory=dict)
    second: Mapping[str, Second] = field(default_factory=dict)

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
            if path in self.second:
                told += self.second[path].findings(where)
            for result in self.results.get(path, ()):
                told += [
                    Finding(f.code, _softened(f.severity), where, dict(f.fields))
                    for f in result.findings
                    if f.severity.rank >= Severity.WARNING.rank
                ]
            if judgement.decision.rank >= FormatDecision.REVIEW.rank:
                told.append(judgement.finding(where))
        return told

    def write_report(self, out: BinaryIO) -> None:
        """Writes ``validation.ndjson``, a line for each data file."""
        for path in sorted(self.judgements):
            judgement = self.judgements[path]
            line = ValidationLine(
                path=path,
                decision=judgement.decision.value,
                rule=judgement.rule,
                policy=judgement.policy,
                target=judgement.target,
                reasons=judgement.reasons,
                results=tuple(result.as_json() for result in self.results.get(path, ())),
                second=self.second[path].as_json() if path in self.second else None,
            )
            out.write(encode_line(line))


def judge_formats(submission: Submission, shaped: Shaped, bench: Bench) -> FormatsJudged:
    """Every data file has a judgement; those that policy wants validated were validated."""
    policy = bench.format_policy
    data = [file for file in shaped.draft.files if file.role is FileRole.DATA]
    second = second_opinions(data, submission, bench)
    first = {
        file.logical_path: _judged(file, submission, second.get(file.logical_path), bench)
        for file in data
    }
    results: dict[str, tuple[ValidationResult, ...]] = {}
    wanted = sum(len(judgement.validators) for judgement in first.values())
    if wanted:
        bench.progress.phase("PROGRESS-VALIDATE", files_total=wanted)
    for path, found in _validated(data, first, bench):
        before = results.get(path)
        results[path] = found if before is None else before + found
        bench.progress.advance(files=1)
    judgements = {
        path: policy.after_validation(judgement, results.get(path, ()))
        for path, judgement in first.items()
    }
    return FormatsJudged(judgements, results, second)


def _judged(
    file: SubmittedFile, submission: Submission, second: Second | None, bench: Bench
) -> FormatJudgement:
    """What policy says before validation; where veraPDF is configured, it is asked too."""
    found = submission.formats[file.raw_path]
    if second is not None:
        found = second.taken(found)
    judgement = bench.format_policy.judge(found, size_bytes=file.size_bytes)
    if second is not None and second.disputed:
        judgement = sent_to_review(judgement, DISAGREE)
    if bench.settings.verapdf and verapdf.FLAVOURS.keys() & set(judgement.puids):
        return replace(judgement, validators=(*judgement.validators, verapdf.KIND))
    return judgement


def _validated(
    data: list[SubmittedFile], judgements: Mapping[str, FormatJudgement], bench: Bench
) -> Iterator[tuple[str, tuple[ValidationResult]]]:
    """Each file by each validator its rule names; equal bytes are judged once."""
    repeated = _repeated(data, judgements)
    results = _Results()
    jobs = _jobs(data, judgements, repeated, outside=False)
    for (path, kind, sha256), outcome in bench.pool.map_batches("validate", jobs, batch=BATCH):
        result = results.read(kind, outcome)
        for each in repeated.get((sha256, kind), (path,)):
            yield each, result
    judges = ExternalJudges.found(bench.pool.scratch, verapdf=bench.settings.verapdf)
    for (path, kind, sha256), staged, params in _jobs(data, judgements, repeated, outside=True):
        judged = judges.validate(kind, staged, params)
        for each in repeated.get((sha256, kind), (path,)):
            yield each, (judged,)


def _asked(
    data: list[SubmittedFile], judgements: Mapping[str, FormatJudgement]
) -> Iterator[tuple[SubmittedFile, FormatJudgement, str]]:
    """Every file with every validator that its rule names."""
    for file in data:
        judgement = judgements[file.logical_path]
        for kind in judgement.validators:
            yield file, judgement, kind


def _repeated(
    data: list[SubmittedFile], judgements: Mapping[str, FormatJudgement]
) -> dict[tuple[str, str], list[str]]:
    """The logical paths of bytes that more than one file has, by validator."""
    times = Counter(file.digests.sha256 for file in data)
    repeated: dict[tuple[str, str], list[str]] = {}
    for file, _, kind in _asked(data, judgements):
        if times[file.digests.sha256] > 1:
            repeated.setdefault((file.digests.sha256, kind), []).append(file.logical_path)
    return repeated


def _jobs(
    data: list[SubmittedFile],
    judgements: Mapping[str, FormatJudgement],
    repeated: Mapping[tuple[str, str], list[str]],
    *,
    outside: bool,
) -> Iterator[tuple[tuple[str, str, str], Path, dict[str, Any]]]:
    """One job for each distinct content, for workers or for programs ``outside``, made when it
    is asked for: 200,000 of them are never held together."""
    for file, judgement, kind in _asked(data, judgements):
        path, sha256 = file.logical_path, file.digests.sha256
        if (kind in EXTERNAL) is not outside or repeated.get((sha256, kind), [path])[0] != path:
            continue
        params = {**judgement.wanted, "validator": kind, "puid": _profile(judgement)}
        yield (path, kind, sha256), Path(file.staged), params


def _profile(judgement: FormatJudgement) -> str:
    """The PUID whose profile the file is held against: the first that names one."""
    named = [puid for puid in judgement.puids if puid in verapdf.FLAVOURS]
    return (*named, *judgement.puids, "")[0]


def _result(kind: str, outcome: Any) -> ValidationResult:
    if isinstance(outcome, WorkerFailed):
        return not_checked(kind, outcome.finding_code)
    try:
        return from_json(outcome)
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError):
        return not_checked(kind, "WORKER-PROTOCOL")


class _Results:
    """Workers' answers as results. Files that fare alike share one: most of a large dossier do."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[ValidationResult]] = {}

    def read(self, kind: str, outcome: Any) -> tuple[ValidationResult]:
        """The answer of the validator ``kind``, alone in a tuple."""
        if isinstance(outcome, WorkerFailed):
            return (_result(kind, outcome),)
        said = msgspec.json.encode((kind, outcome))
        known = self._known.get(said)
        if known is None:
            known = (_result(kind, outcome),)
            if len(self._known) < SHARED_RESULTS:
                self._known[said] = known
        return known


def _softened(severity: Severity) -> Severity:
    """A file that is not valid in its format is warned of; whether that holds the dossier is
    the policy's decision, which is a finding of its own."""
    return min(severity, Severity.WARNING, key=lambda s: s.rank)
