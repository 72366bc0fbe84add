"""Officers' rulings on held submissions: into the archive, or refused.

A release judges the submission again from its stored bytes and stores it as any other; a
refusal is a receipt. Either is one append to the journal, so it happened or it did not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from ingest.approval import (
    APPROVAL_REQUIRED,
    AlreadyRefused,
    AlreadyReleased,
    HoldingError,
    Officer,
    Proposal,
    ReasonMissing,
    ReceivedIt,
    SamePerson,
    subject_of,
    to_override,
)
from ingest.desk import Desk
from ingest.events import EventLog
from ingest.evidence import with_evidence
from ingest.held_submission import HeldSubmission
from ingest.holding import KIND, last_receipt, proposals_of
from ingest.pipeline import Asked, Considered, consider, plan_of
from repository.aip.build import SealedBuild
from repository.aip.paths import ADMISSION
from repository.aip.plan import AipPlan
from repository.archive import Repository
from repository.discretion import WITHHELD
from repository.locks import held as locked
from repository.ocfl.claims import VersionTaken
from repository.rulings import receipt_entries, ruling_agents
from schemas.findings import Finding
from schemas.ids import AipId, new_uuid
from schemas.moments import format_moment, parse_moment
from schemas.nouns import Outcome
from schemas.records import Receipt, Ruling, RulingStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a release came to: the receipt, or the proposal that another person must approve.

    ``renewed``: there was a proposal, but the errors are no longer those it was made for.
    """

    receipt: Receipt | None = None
    proposal: Proposal | None = None
    renewed: bool = False


def release(aip_id: AipId, desk: Desk, officer: Officer, reason: str) -> Answer:
    """The held submission is judged again from its stored bytes; what may go is in the archive.

    Errors that stand need two people: the first proposes, another, an approver, runs the same.
    Released before: the receipt of then. Killed at any moment, running it again finishes it.
    """
    archive = desk.archive
    archive.prepare_to_write()
    with _deciding(archive, aip_id):
        old = last_receipt(archive, aip_id)
        if old.outcome == Outcome.ACCEPTED.value:
            return Answer(receipt=old)
        if old.outcome == Outcome.REJECTED.value:
            raise AlreadyRefused(aip_id=aip_id)
        officer.must_be_known()
        with archive.submission_folder() as folder:
            answer = _Release(aip_id, desk, officer, reason, old, folder).answer()
        if isinstance(answer, HoldingError):
            raise answer
        return answer


def refuse(aip_id: AipId, archive: Repository, officer: Officer, reason: str) -> Receipt:
    """The submission is refused, with a receipt that says why; its bytes stay where they are.

    Refused before: the receipt of then.
    """
    archive.prepare_to_write()
    with _deciding(archive, aip_id):
        old = last_receipt(archive, aip_id)
        if old.outcome == Outcome.REJECTED.value:
            return old
        if old.outcome != Outcome.HELD.value:
            raise AlreadyReleased(aip_id=aip_id)
        officer.must_approve()
        if not reason.strip():
            raise ReasonMissing
        ruling = Ruling(
            id=new_uuid(),
            act="refused",
            reason=reason,
            steps=(officer.step("approver", archive.now, reason),),
        )
        receipt = msgspec.structs.replace(
            old,
            receipt_id=new_uuid(),
            outcome=Outcome.REJECTED.value,
            finished=format_moment(archive.now()),
            ledger_head=archive.ledger_head(),
            ruling=ruling,
        )
        archive.record_entries(receipt_entries(receipt))
        return receipt


class _Release:
    """One command to release one held submission."""

    def __init__(
        self, aip_id: AipId, desk: Desk, officer: Officer, reason: str, old: Receipt, folder: Path
    ) -> None:
        self._aip_id = aip_id
        self._desk = desk
        self._officer = officer
        self._reason = reason
        self._old = old
        self._folder = folder
        self._held = HeldSubmission(desk.archive, aip_id)
        self._log = EventLog(desk, knocked=parse_moment(old.received))

    def answer(self) -> Answer | HoldingError:
        """What came of it; a refusal is returned, so that what was staged for the judges goes."""
        archive = self._desk.archive
        try:
            decided = self.decide()
        except HoldingError as error:
            return error
        if isinstance(decided, Answer):
            return decided
        try:
            return Answer(receipt=archive.store(decided, progress=self._desk.progress))
        except VersionTaken:
            winner = last_receipt(archive, self._aip_id)
            if winner.outcome != Outcome.ACCEPTED.value:
                raise
            return Answer(receipt=winner)

    def decide(self) -> Answer | SealedBuild:
        """The sealed AIP when everybody who must has agreed; a proposal otherwise."""
        considered = self._considered()
        errors = to_override(considered.decision.findings)
        errors += self._ours(considered)
        if not errors:
            return self._build(considered, (), (self._approved(considered),))
        subject = subject_of(errors)
        earlier = proposals_of(self._desk.archive).get(self._aip_id)
        if earlier is None or earlier.subject != subject:
            return self._propose(errors, subject, renewed=earlier is not None)
        if self._officer.is_same(earlier.step.user, earlier.step.person):
            raise SamePerson(person=self._officer.name, since=earlier.step.moment)
        self._officer.must_approve()
        approved = self._officer.step("approver", self._desk.archive.now, self._reason)
        return self._build(considered, errors, (earlier.step, approved))

    def _considered(self) -> Considered:
        submission = self._held.submission(self._folder / "payload", self._desk)
        self._log.taken_again(submission, self._old)
        facts = self._held.facts
        ask = Asked(profile=facts.profile, fonds=facts.fonds, besides=self._aip_id)
        return consider(submission, self._desk, self._log, ask)

    def _ours(self, considered: Considered) -> list[Finding]:
        """What the profile finds wrong with the AIP that would come of it."""
        plan = self._plan(considered, considered.decision.findings, None)
        build = self._desk.archive.build(plan, self._folder)
        return list(considered.shaped.follow_up.check_build(build))

    def _approved(self, considered: Considered) -> RulingStep:
        """One approver is enough where no error stands; not the one who received it, where
        every package needs approval."""
        self._officer.must_approve()
        required = any(f.code == APPROVAL_REQUIRED for f in considered.decision.findings)
        received_by = self._old.received_by
        if required and self._officer.is_same("", received_by):
            raise ReceivedIt(person=self._officer.name)
        if not self._reason.strip():
            raise ReasonMissing
        return self._officer.step("approver", self._desk.archive.now, self._reason)

    def _propose(self, errors: list[Finding], subject: str, *, renewed: bool) -> Answer:
        if not self._reason.strip():
            raise ReasonMissing
        archive = self._desk.archive
        proposal = Proposal(
            aip_id=self._aip_id,
            step=self._officer.step("proposer", archive.now, self._reason),
            overridden=tuple(sorted({error.code for error in errors})),
            subject=subject,
        )
        archive.record_entries([(KIND, msgspec.to_builtins(proposal))])
        return Answer(proposal=proposal, renewed=renewed)

    def _build(
        self, considered: Considered, errors: Sequence[Finding], steps: tuple[RulingStep, ...]
    ) -> SealedBuild:
        reasons = [step.reason for step in steps if step.reason.strip()]
        reason = next((each for each in reasons if each != WITHHELD), "")
        if not reason:
            raise ReasonMissing  # of a secret dossier the journal does not say it: say it again
        ruling = Ruling(
            id=new_uuid(),
            act="released",
            reason=reason,
            steps=steps,
            overridden=tuple(sorted({error.code for error in errors})),
        )
        self._log.ruled(ruling, self._aip_id)
        judged = considered.decision.findings
        ours = [error for error in errors if error not in judged]
        plan = self._plan(considered, (*judged, *ours), ruling)
        return self._desk.archive.build(with_evidence(plan, self._desk), self._folder)

    def _plan(
        self, considered: Considered, findings: tuple[Finding, ...], ruling: Ruling | None
    ) -> AipPlan:
        """As the pipeline plans it, but accepted, with its history."""
        decision = replace(considered.decision, outcome=Outcome.ACCEPTED, findings=findings)
        plan = plan_of(replace(considered, decision=decision), self._desk, self._log)
        before = self._held.small(ADMISSION)
        return replace(
            plan,
            source=self._held.admission.source,
            received_by=self._old.received_by,
            agents=(*plan.agents, *ruling_agents(ruling)) if ruling else plan.agents,
            reports={**plan.reports, "admission-held.json": partial(_write, content=before)},
            ruling=ruling,
        )


def _write(out: BinaryIO, *, content: bytes) -> None:
    out.write(content)


@contextmanager
def _deciding(archive: Repository, aip_id: AipId) -> Iterator[None]:
    """One decision at a time about one submission."""
    with locked(archive.root / "locks" / f"holding-{aip_id}.lock"):
        yield
