"""Stops 4 to 8: what every judge says of a submission, with or without an archive behind.

bag → shape → virus → format → signature. What is wrong with the submission is a finding; the
decision is made of these, elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ingest.bench import Bench
from ingest.examined import Examined, measured
from ingest.formats import FormatsJudged, judge_formats
from ingest.profiles.bag import BagProfile
from ingest.profiles.base import Profile, Shaped, Shaping
from ingest.profiles.csip import CsipProfile
from ingest.profiles.folder import FolderProfile
from ingest.profiles.hd40 import Hd40Profile
from ingest.profiles.tt05 import tt05_profiles
from ingest.staged import Findings
from ingest.submission import Submission
from ingest.virus import Clamd, Scanned, scan_files
from preservation.signatures.documents import signed_documents
from preservation.signatures.examiner import Item
from preservation.signatures.expected import document_findings
from preservation.signatures.verdict import SignaturePolicy, findings
from schemas.errors import PackageError
from schemas.findings import Finding
from schemas.names import printable
from schemas.nouns import FileRole, SignatureReport, SubmittedFile

PROFILES: tuple[Profile, ...] = (
    *tt05_profiles(),
    BagProfile(),
    CsipProfile(),
    Hd40Profile(),
    FolderProfile(),
)
"""In the order in which they are asked whether a submission is theirs."""


class UnknownProfile(PackageError):
    """There is no profile of that name."""

    code = "PROFILE-NO-SUCH"
    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A submission's shape and what was said of it; ``findings`` are everybody's."""

    shaped: Shaped
    formats: FormatsJudged
    signatures: dict[str, SignatureReport]
    findings: tuple[Finding, ...]


class StopLog(Protocol):
    """Takes note of each stop as it is passed."""

    def shaped(self, shaped: Shaped, /) -> None: ...
    def scanned(self, scanned: Scanned | None, /) -> None: ...
    def validated(self, judged: FormatsJudged, /) -> None: ...
    def examined(self, reports: dict[str, SignatureReport], /) -> None: ...
    def undecided(self, names: tuple[str, ...], /) -> None: ...


def judge(
    submission: Submission, shaping: Shaping, bench: Bench, *, profile: str, log: StopLog
) -> Judged:
    """Every judge has looked; each stop was noted in ``log`` when it was passed."""
    shaped = shape(submission, shaping, profile)  # 4, 5
    log.shaped(shaped)
    scanned = _scan(submission, bench)  # 6
    log.scanned(scanned)
    formats = judge_formats(submission, shaped, bench)  # 7
    log.validated(formats)
    signatures = examine_signatures(submission, shaped, bench)  # 8
    log.examined(signatures)
    examined = Examined(
        signatures=signatures,
        measured=measured(formats.results),
        scanned=scanned is not None,
        infected=tuple(found.where for found in scanned.findings) if scanned else (),
    )
    looked = shaped.follow_up.look_again(examined)
    log.undecided((*shaped.not_checked, *looked.not_checked))
    found = Findings()
    found.extend(submission.admission.findings.all())
    found.extend(shaped.findings)
    found.extend(scanned.findings if scanned else ())
    found.extend(looked.findings)
    found.extend(formats.findings())
    found.extend(signature_findings(signatures, bench.examiner.policy))
    found.extend(of_documents(shaped, signatures, bench.examiner.policy))
    return Judged(shaped=shaped, formats=formats, signatures=signatures, findings=found.all())


def shape(submission: Submission, shaping: Shaping, profile: str) -> Shaped:
    """The submission as its profile sees it; ``auto`` asks each whether it is theirs."""
    for candidate in PROFILES:
        if profile == candidate.name or (profile == "auto" and candidate.claims(submission)):
            return candidate.shape(submission, shaping)
    raise UnknownProfile(profile=profile, known=", ".join(p.name for p in PROFILES))


def examine_signatures(
    submission: Submission, shaped: Shaped, bench: Bench
) -> dict[str, SignatureReport]:
    """Stop 8, *signature*: a report for each data file, by logical path."""
    data = [file for file in shaped.draft.files if file.role is FileRole.DATA]
    bench.progress.phase("PROGRESS-SIGNATURES", files_total=len(data))
    reports = {}
    for path, report in bench.examiner.examine_many(_Items(data, submission)):
        reports[path] = report
        bench.progress.advance(files=1)
    return reports


@dataclass(frozen=True, slots=True)
class _Items:
    """The data files as items for the examiner, made anew each time they are gone through."""

    data: list[SubmittedFile]
    submission: Submission

    def __iter__(self) -> Iterator[Item[str]]:
        for file in self.data:
            found = self.submission.formats[file.raw_path]
            yield Item(
                key=file.logical_path,
                path=Path(file.staged),
                name=printable(file.raw_path),
                mime=found.mime,
                puids=found.puids,
                digest=file.digests.sha256,
            )


def _scan(submission: Submission, bench: Bench) -> Scanned | None:
    """Stop 6, *virus*: None where no scanner is configured."""
    if not bench.settings.clamd:
        return None
    return scan_files(Clamd(bench.settings.clamd), submission.files, bench.progress)


def signature_findings(
    reports: dict[str, SignatureReport], policy: SignaturePolicy
) -> list[Finding]:
    """What a decision needs to know of the signatures, file by file."""
    told: list[Finding] = []
    for path in sorted(reports):
        where = path.removeprefix("representations/rep1/data/")
        told += findings(reports[path], where, policy)
    return told


def of_documents(
    shaped: Shaped, reports: dict[str, SignatureReport], policy: SignaturePolicy
) -> list[Finding]:
    """What the documents' signatures lack, by kind and date of each document."""
    signed = signed_documents(shaped.draft.documents, reports)
    return [
        replace(found, where=found.where.removeprefix("representations/rep1/data/"))
        for found in document_findings(signed, policy.table.documents)
    ]
