"""Ingest: one dossier, one direction, twelve stops (design §8).

knock → admit → unpack → bag → shape → virus → format → signature → decide → build →
replicate → register and receipt. Exceptions mean that *our* side failed; what is wrong with
the submission is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from ingest.decide import Decision, decide
from ingest.desk import Desk
from ingest.events import EventLog
from ingest.examined import Examined, Judgement, measured
from ingest.formats import FormatsJudged, judge_formats
from ingest.profiles.bag import BagProfile
from ingest.profiles.base import Profile, Shaped, Shaping
from ingest.profiles.folder import FolderProfile
from ingest.profiles.tt05 import tt05_profiles
from ingest.reception import reception_facts
from ingest.staged import Findings
from ingest.submission import Submission, admit
from ingest.virus import Clamd, Scanned, scan_files
from preservation.signatures.examiner import Item
from preservation.signatures.verdict import SignaturePolicy, findings
from repository.aip.build import SealedBuild
from repository.aip.builder import draft_receipt
from repository.aip.plan import AipPlan
from repository.ocfl.claims import VersionTaken
from schemas.errors import PackageError
from schemas.findings import Finding
from schemas.ids import AipId, aip_id_for
from schemas.moments import format_moment
from schemas.names import printable
from schemas.nouns import FileRole, Outcome, SignatureReport
from schemas.records import Receipt

PROFILES: tuple[Profile, ...] = (*tt05_profiles(), BagProfile(), FolderProfile())
"""In the order in which they are asked whether a submission is theirs."""


class UnknownProfile(PackageError):
    """There is no profile of that name."""

    code = "PROFILE-NO-SUCH"
    exit_code = 2


def ingest(source: Path, desk: Desk, *, profile: str = "auto", fonds: str = "") -> Receipt:
    """The source is in the archive, held, refused, or known already; the receipt says which.

    :class:`ingest.submission.SourceMissing` when there is nothing to receive; a
    :class:`schemas.errors.KhoError` of another kind when our side failed, and then running
    the same again finishes or repeats harmlessly.
    """
    archive = desk.archive
    log = EventLog(desk, knocked=archive.now())  # 1
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        # What is known of each file dies with the inner call: the build on disk holds it all.
        answer = _receive(source, folder, desk, log, profile=profile, fonds=fonds)
        if isinstance(answer, Receipt):
            return answer
        try:
            return archive.store(answer, progress=desk.progress)  # 11, 12
        except VersionTaken:
            winner = _known(desk, answer.ref.aip_id)
            if winner is None:
                raise
            return winner


def _receive(
    source: Path, folder: Path, desk: Desk, log: EventLog, *, profile: str, fonds: str
) -> Receipt | SealedBuild:
    """Stops 2 to 10: the sealed AIP, or the receipt that ends the matter without one."""
    submission = admit(  # 2, 3 and, as the bytes pass, 7
        source,
        folder / "payload",
        settings=desk.settings,
        identifier=desk.identifier,
        progress=desk.progress,
    )
    log.admitted(submission)
    aip_id = aip_id_for(desk.archive.id, submission.digest)
    known = _known(desk, aip_id) if submission.admission.complete else None
    if known is not None:
        return known
    shaping = Shaping(
        aip_id=aip_id, fonds=fonds, facts=reception_facts(desk), schemas=desk.schemas
    )
    shaped = shape(submission, shaping, profile)  # 4, 5
    log.shaped(shaped)
    scanned = _scan(submission, desk)  # 6
    log.scanned(scanned)
    judged = judge_formats(submission, shaped, desk)  # 7
    log.validated(judged)
    signatures = examine_signatures(submission, shaped, desk)  # 8
    log.examined(signatures)
    examined = Examined(
        signatures=signatures,
        measured=measured(judged.results),
        scanned=scanned is not None,
        infected=tuple(found.where for found in scanned.findings) if scanned else (),
    )
    looked = shaped.follow_up.look_again(examined)
    log.undecided((*shaped.not_checked, *looked.not_checked))
    decision = _decide(submission, shaped, scanned, looked, judged, signatures, desk)  # 9
    log.decided(decision)
    plan = _plan(submission, shaped, judged, signatures, decision, desk, log)
    if decision.outcome is Outcome.REJECTED:
        return _reject(plan, desk)
    desk.progress.phase("PROGRESS-BUILD")
    return _build(plan, shaped, folder, desk, log)  # 10


def shape(submission: Submission, shaping: Shaping, profile: str) -> Shaped:
    """The submission as its profile sees it; ``auto`` asks each whether it is theirs."""
    for candidate in PROFILES:
        if profile == candidate.name or (profile == "auto" and candidate.claims(submission)):
            return candidate.shape(submission, shaping)
    raise UnknownProfile(profile=profile, known=", ".join(p.name for p in PROFILES))


def examine_signatures(
    submission: Submission, shaped: Shaped, desk: Desk
) -> dict[str, SignatureReport]:
    """Stop 8, *signature*: a report for each data file, by logical path."""
    data = [file for file in shaped.draft.files if file.role is FileRole.DATA]
    desk.progress.phase("PROGRESS-SIGNATURES", files_total=len(data))
    items = (
        Item(
            key=file.logical_path,
            path=Path(file.staged),
            name=printable(file.raw_path),
            mime=submission.formats[file.raw_path].mime,
            puids=submission.formats[file.raw_path].puids,
            digest=file.digests.sha256,
        )
        for file in data
    )
    reports = {}
    for path, report in desk.examiner.examine_many(items):
        reports[path] = report
        desk.progress.advance(files=1)
    return reports


def _scan(submission: Submission, desk: Desk) -> Scanned | None:
    """Stop 6, *virus*: None where no scanner is configured."""
    if not desk.settings.clamd:
        return None
    return scan_files(Clamd(desk.settings.clamd), submission.files, desk.progress)


def signature_findings(
    reports: dict[str, SignatureReport], policy: SignaturePolicy
) -> list[Finding]:
    """What a decision needs to know of the signatures, file by file."""
    told: list[Finding] = []
    for path in sorted(reports):
        where = path.removeprefix("representations/rep1/data/")
        told += findings(reports[path], where, policy)
    return told


def _build(plan: AipPlan, shaped: Shaped, folder: Path, desk: Desk, log: EventLog) -> SealedBuild:
    """The sealed AIP. One that its own profile's rules do not pass is built as held: then the
    mistake is ours, and an officer decides; nothing is lost and nothing accepted."""
    build = desk.archive.build(plan, folder)
    wrong = shaped.follow_up.check_build(build) if plan.outcome is Outcome.ACCEPTED else ()
    if not wrong:
        return build
    decision = decide((*plan.findings, *wrong), desk.policy)
    log.decided(decision)
    found = replace(plan, findings=decision.findings, outcome=decision.outcome, events=log.events)
    return desk.archive.build(found, folder)


def _decide(
    submission: Submission,
    shaped: Shaped,
    scanned: Scanned | None,
    looked: Judgement,
    judged: FormatsJudged,
    signatures: dict[str, SignatureReport],
    desk: Desk,
) -> Decision:
    found = Findings()
    found.extend(submission.admission.findings.all())
    found.extend(shaped.findings)
    found.extend(scanned.findings if scanned else ())
    found.extend(looked.findings)
    found.extend(judged.findings())
    found.extend(signature_findings(signatures, desk.examiner.policy))
    return decide(found.all(), desk.policy)


def _plan(
    submission: Submission,
    shaped: Shaped,
    judged: FormatsJudged,
    signatures: dict[str, SignatureReport],
    decision: Decision,
    desk: Desk,
    log: EventLog,
) -> AipPlan:
    formats = {
        file.logical_path: submission.formats[file.raw_path]
        for file in shaped.draft.files
        if file.role is FileRole.DATA
    }
    return AipPlan(
        aip_id=aip_id_for(desk.archive.id, submission.digest),
        submission_digest=submission.digest,
        draft=shaped.draft,
        outcome=decision.outcome,
        source=printable(str(submission.source).encode("utf-8", "surrogateescape")),
        received=log.knocked,
        created=desk.archive.now(),
        findings=decision.findings,
        events=log.events,
        agents=(desk.software, desk.operator),
        formats=formats,
        signatures=signatures,
        reports={"validation.ndjson": judged.write_report},
        policies=desk.policies,
        tools=desk.tools,
        not_checked=log.not_checked,
        archive_name=desk.archive.settings.name,
        archive_code=desk.settings.archive_code,
        schemas=desk.schemas,
    )


def _known(desk: Desk, aip_id: AipId) -> Receipt | None:
    """The old receipt, as the answer to a submission whose content is here already."""
    old = desk.archive.receipt_for(aip_id)
    if old is None or desk.archive.catalogue.aip(aip_id) is None:
        return None
    return msgspec.structs.replace(old, outcome=Outcome.DUPLICATE.value)


def _reject(plan: AipPlan, desk: Desk) -> Receipt:
    """Bytes are not kept; receipt and file list with digests are in the journal."""
    receipt = msgspec.structs.replace(
        draft_receipt(plan),
        aip_id="",
        finished=format_moment(desk.archive.now()),
        ledger_head=desk.archive.ledger_head(),
    )
    files: Sequence[dict[str, object]] = [
        {
            "path": printable(file.raw_path),
            "size": file.size_bytes,
            "sha256": file.digests.sha256,
        }
        for file in plan.draft.files
    ]
    body = {"receipt": msgspec.to_builtins(receipt), "files": list(files)}
    desk.archive.record_entries([("rejection", body)])
    return receipt
