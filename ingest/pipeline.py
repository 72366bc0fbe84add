"""Ingest: one dossier, one direction, twelve stops (design §8).

knock → admit → unpack → bag → shape → virus → format → signature → decide → build →
replicate → register and receipt. Exceptions mean that *our* side failed; what is wrong with
the submission is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ingest.approval import awaiting_approval
from ingest.comparing import overlaps
from ingest.decide import Decision, decide
from ingest.desk import Desk
from ingest.events import EventLog
from ingest.evidence import with_evidence
from ingest.formats import FormatsJudged
from ingest.judging import judge
from ingest.lists.mapping import load_columns
from ingest.parts import Part
from ingest.profiles.base import Shaped, Shaping
from ingest.reception import reception_facts
from ingest.staged import Findings, StagingFull
from ingest.submission import SourceIsOwn, SourceMissing, SourceUnknown, Submission, admit
from preservation.formats.sheets.reading import sheet_reader
from repository.aip.build import SealedBuild
from repository.aip.builder import draft_receipt
from repository.aip.packaging_tt05_fields import OBJID
from repository.aip.plan import AipPlan
from repository.discretion import discreet, discreet_receipt
from repository.ocfl.claims import VersionTaken
from repository.own_folders import is_own
from schemas.ids import AipId, aip_id_for
from schemas.moments import format_moment
from schemas.names import printable
from schemas.nouns import Access, FileRole, Outcome, SignatureReport
from schemas.records import Receipt


def ingest(
    source: Path,
    desk: Desk,
    *,
    profile: str = "auto",
    fonds: str = "",
    arrived: dict[str, str] | None = None,
    part: Part | None = None,
) -> Receipt:
    """The source is in the archive, held, refused, or known already; the receipt says which.

    ``arrived`` are the OBJIDs that came with the same delivery before, each with its submission
    digest; this one's is added. ``part`` is one dossier of a list.
    :class:`ingest.submission.SourceMissing` when there is nothing to receive,
    :class:`ingest.submission.SourceIsOwn` when it is the archive's; a
    :class:`schemas.errors.KhoError` of another kind when our side failed, and then running the
    same again finishes or repeats harmlessly.
    """
    archive = desk.archive
    if part is None and is_own(source, archive.settings):
        raise SourceIsOwn(where=str(source))
    log = EventLog(desk, knocked=archive.now())  # 1
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        # What is known of each file dies with the inner call: the build on disk holds it all.
        ask = Asked(profile=profile, fonds=fonds, arrived=arrived, part=part)
        answer = _receive(source, folder, desk, log, ask)
        if isinstance(answer, Receipt):
            return answer
        try:
            return archive.store(answer, progress=desk.progress)  # 11, 12
        except VersionTaken:
            winner = known_already(desk, answer.ref.aip_id)
            if winner is None:
                raise
            return winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of a submission besides itself. ``besides``: the AIP that it is already."""

    profile: str = "auto"
    fonds: str = ""
    arrived: dict[str, str] | None = None
    besides: AipId | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A submission with everything that stops 4 to 9 found out about it."""

    submission: Submission
    shaped: Shaped
    formats: FormatsJudged
    signatures: dict[str, SignatureReport]
    decision: Decision


def _receive(
    source: Path, folder: Path, desk: Desk, log: EventLog, ask: Asked
) -> Receipt | SealedBuild:
    """Stops 2 to 10: the sealed AIP, or the receipt that ends the matter without one."""
    decided = _decided(source, folder, desk, log, ask)
    if isinstance(decided, Receipt):
        return decided
    plan, shaped = decided
    if plan.outcome is Outcome.REJECTED:
        return reject(plan, desk)
    if ask.arrived is not None and (objid := plan.draft.fields.get(OBJID)):
        ask.arrived[objid] = plan.submission_digest
    desk.progress.phase("PROGRESS-BUILD")
    return _build(plan, shaped, folder, desk, log)  # 10


def _decided(
    source: Path, folder: Path, desk: Desk, log: EventLog, ask: Asked
) -> Receipt | tuple[AipPlan, Shaped]:
    """Stops 2 to 9: what is to be built, or the receipt of what was known already. What only
    the judges had to know of each file is forgotten with this call."""
    try:
        submission = admit(  # 2, 3 and, as the bytes pass, 7
            source,
            folder / "payload",
            settings=desk.settings,
            identifier=desk.identifier,
            progress=desk.progress,
            part=ask.part,
        )
    except (SourceMissing, SourceUnknown, StagingFull):
        # Nothing was sealed, and the source is where it was: the disk is wanted back at once.
        desk.archive.staging.clean(folder)
        raise
    log.admitted(submission)
    if submission.admission.whole:
        known = known_already(desk, aip_id_for(desk.archive.id, submission.digest))
        if known is not None:
            return known
    considered = consider(submission, desk, log, ask)  # 4 to 9
    log.decided(considered.decision)
    return plan_of(considered, desk, log), considered.shaped


def consider(submission: Submission, desk: Desk, log: EventLog, ask: Asked) -> Considered:
    """Stops 4 to 9: every judge has looked, and a decision follows from what they found."""
    facts = reception_facts(desk, besides=ask.besides, arrived=ask.arrived)
    shaping = Shaping(
        aip_id=aip_id_for(desk.archive.id, submission.digest),
        fonds=ask.fonds,
        facts=facts,
        schemas=desk.schemas,
        read_sheet=sheet_reader(desk.pool),
        hd40=load_columns(desk.settings.hd40_columns, "hd40"),
    )
    judged = judge(submission, shaping, desk, profile=ask.profile, log=log)  # 4 to 8
    found = Findings()
    found.extend(judged.findings)
    found.extend(overlaps(judged.shaped.draft, shaping.aip_id, desk))
    found.extend(awaiting_approval(judged.shaped.draft, desk.settings))
    return Considered(
        submission=submission,
        shaped=judged.shaped,
        formats=judged.formats,
        signatures=judged.signatures,
        decision=decide(found.all(), desk.policy),  # 9
    )


def _build(plan: AipPlan, shaped: Shaped, folder: Path, desk: Desk, log: EventLog) -> SealedBuild:
    """The sealed AIP. One that its own profile's rules do not pass is built as held: then the
    mistake is ours, and an officer decides; nothing is lost and nothing accepted."""
    plan = with_evidence(plan, desk)
    build = desk.archive.build(plan, folder)
    wrong = shaped.follow_up.check_build(build) if plan.outcome is Outcome.ACCEPTED else ()
    if not wrong:
        return build
    decision = decide((*plan.findings, *wrong), desk.policy)
    log.decided(decision)
    found = replace(plan, findings=decision.findings, outcome=decision.outcome, events=log.events)
    return desk.archive.build(found, folder)


def plan_of(considered: Considered, desk: Desk, log: EventLog) -> AipPlan:
    """The decided submission, ready to be built."""
    submission, shaped = considered.submission, considered.shaped
    decision = considered.decision
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
        signatures=considered.signatures,
        reports={"validation.ndjson": considered.formats.write_report},
        policies=desk.policies,
        tools=desk.tools,
        not_checked=log.not_checked,
        archive_name=desk.archive.settings.name,
        archive_code=desk.settings.archive_code,
        received_by=desk.operator.name,
        schemas=desk.schemas,
    )


def known_already(desk: Desk, aip_id: AipId) -> Receipt | None:
    """The old receipt, as the answer to a submission whose content is here already."""
    old = desk.archive.receipt_for(aip_id)
    if old is None or desk.archive.catalogue.aip(aip_id) is None:
        return None
    return msgspec.structs.replace(
        old, outcome=Outcome.DUPLICATE.value, earlier_outcome=old.outcome
    )


def reject(plan: AipPlan, desk: Desk) -> Receipt:
    """Bytes are not kept; receipt and file list with digests are in the journal.

    The same content refused before for the same reasons gets the receipt that it had: so a
    command that was killed when it had answered gives one answer, not two.
    """
    archive = desk.archive
    container = plan.draft.container
    body: dict[str, object] = {
        "container": msgspec.to_builtins(container) if container else None,
        "files": [
            {
                "path": printable(file.raw_path),
                "size": file.size_bytes,
                "sha256": file.digests.sha256,
            }
            for file in plan.draft.files
        ],
    }
    fresh = msgspec.structs.replace(draft_receipt(plan), aip_id="")
    secret = plan.draft.access is Access.SECRET
    kept = discreet_receipt(fresh) if secret else fresh
    body = discreet("rejection", {"receipt": msgspec.to_builtins(kept), **body}, plan.draft.access)
    for line in archive.catalogue.rejections_of(plan.submission_digest):
        old = msgspec.convert(line.body["receipt"], Receipt)
        same = all(line.body.get(name) == said for name, said in body.items() if name != "receipt")
        if same and (old.source, old.findings) == (kept.source, kept.findings):
            return old
    finished = {"finished": format_moment(archive.now()), "ledger_head": archive.ledger_head()}
    kept = msgspec.structs.replace(kept, **finished)
    archive.record_entries([("rejection", {**body, "receipt": msgspec.to_builtins(kept)})])
    return msgspec.structs.replace(fresh, **finished)
