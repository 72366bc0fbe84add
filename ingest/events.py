"""The events of one ingest, in the order of its stops; they go into the AIP's PREMIS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from ingest.decide import Decision
from ingest.desk import Desk
from ingest.formats import FormatsJudged
from ingest.profiles.base import Shaped
from ingest.submission import Submission
from ingest.virus import Scanned
from repository.rulings import ruling_event
from schemas.events import Event, EventOutcome, EventType
from schemas.findings import Severity, worst
from schemas.ids import AipId, new_uuid
from schemas.nouns import Outcome, SignatureReport
from schemas.records import Receipt, Ruling

_BY_SEVERITY = {
    None: EventOutcome.SUCCESS,
    Severity.INFO: EventOutcome.SUCCESS,
    Severity.WARNING: EventOutcome.WARNING,
    Severity.ERROR: EventOutcome.FAILURE,
    Severity.REJECT: EventOutcome.FAILURE,
}


class EventLog:
    """Collects events; each names the software, the decision also who ran the command."""

    def __init__(self, desk: Desk, *, knocked: datetime) -> None:
        self._desk = desk
        self._events: list[Event] = []
        self._not_checked: list[str] = []
        self.knocked = knocked

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened so far."""
        return tuple(self._events)

    @property
    def not_checked(self) -> tuple[str, ...]:
        """Names of checks that did not run."""
        return tuple(self._not_checked)

    def admitted(self, submission: Submission) -> None:
        """Stops 1 to 3 and 7: the submission was read, once."""
        findings = submission.admission.findings.all()
        total = sum(file.size_bytes for file in submission.files)
        self._add(
            EventType.TRANSFER,
            _BY_SEVERITY[worst(findings)],
            f"{len(submission.files)} files, {total} bytes read from {submission.source.name}",
        )
        container = submission.admission.container
        if container is not None:
            self._add(
                EventType.UNPACKING,
                _BY_SEVERITY[worst(findings)],
                f"{container.name}, {container.size_bytes} bytes, sha256 {container.sha256}",
            )
        self._add(
            EventType.DIGEST_CALCULATION, EventOutcome.SUCCESS, "sha256 and sha512 in one read"
        )
        methods = Counter(result.method for result in submission.formats.values())
        self._add(
            EventType.FORMAT_IDENTIFICATION,
            EventOutcome.WARNING
            if methods["none"] or methods["extension"]
            else EventOutcome.SUCCESS,
            ", ".join(f"{method}: {count}" for method, count in sorted(methods.items()))
            + f"; {self._desk.identifier.signature_set.id}",
        )

    def shaped(self, shaped: Shaped) -> None:
        """Stops 4 and 5: the submission was judged by its profile's rules."""
        self._add(
            EventType.VALIDATION,
            _BY_SEVERITY[worst(shaped.findings)],
            f"profile {shaped.draft.profile}: {len(shaped.findings)} findings",
        )

    def validated(self, judged: FormatsJudged) -> None:
        """Stop 7: policy and validators looked at every data file."""
        outcomes = judged.outcomes
        decisions = Counter(str(j.decision) for j in judged.judgements.values())
        outcome = EventOutcome.SUCCESS
        if outcomes["invalid"]:
            outcome = EventOutcome.WARNING
        elif not outcomes["valid"]:
            outcome = EventOutcome.NOT_CHECKED
        counts = ", ".join(f"{name}: {count}" for name, count in sorted(outcomes.items()))
        taken = ", ".join(f"{name}: {count}" for name, count in sorted(decisions.items()))
        self._add(
            EventType.VALIDATION,
            outcome,
            f"formats: {counts or 'nothing to validate'}; {taken}; {self._desk.format_policy.id}",
        )
        if outcomes["not checked"]:
            self._not_checked.append("validity")

        self._compared(judged)

    def _compared(self, judged: FormatsJudged) -> None:
        """A second identifier is an agent of its own kind of claim, so it has its own event."""
        if not judged.second:
            return
        counts = Counter(second.compared.agreement.value for second in judged.second.values())
        outcome = EventOutcome.SUCCESS
        if any(second.disputed for second in judged.second.values()):
            outcome = EventOutcome.WARNING
        elif counts.keys() == {"not checked"}:
            outcome = EventOutcome.NOT_CHECKED
        told = ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))
        tools = {(s.opinion.tool, s.opinion.signature_set) for s in judged.second.values()}
        tool = "; ".join(" ".join(pair) for pair in sorted(tools) if pair[0])
        self._add(EventType.FORMAT_IDENTIFICATION, outcome, f"second identifier: {told}; {tool}")
        if counts["not checked"]:
            self._not_checked.append("second identification")

    def undecided(self, names: Iterable[str]) -> None:
        """Rules that could not be decided here are said, never passed over."""
        self._not_checked += [name for name in names if name not in self._not_checked]

    def scanned(self, scanned: Scanned | None) -> None:
        """Stop 6: what the scanner said, or that none is configured."""
        if scanned is None:
            self._add(EventType.VIRUS_CHECK, EventOutcome.NOT_CHECKED, "no scanner is configured")
            self._not_checked.append("virus")
            return
        outcome = EventOutcome.FAILURE if scanned.findings else EventOutcome.SUCCESS
        detail = f"{scanned.files} files, {len(scanned.findings)} infected; {scanned.scanner}"
        self._add(EventType.VIRUS_CHECK, outcome, detail)

    def examined(self, reports: dict[str, SignatureReport]) -> None:
        """Stop 8: every data file was looked at for signatures."""
        decisions = Counter(report.decision for report in reports.values())
        signed = sum(count for decision, count in decisions.items() if decision != "none")
        outcome = EventOutcome.SUCCESS
        if decisions["warn"]:
            outcome = EventOutcome.WARNING
        if decisions["hold"] or decisions["reject"]:
            outcome = EventOutcome.FAILURE
        counts = ", ".join(f"{name}: {count}" for name, count in sorted(decisions.items()))
        self._add(
            EventType.SIGNATURE_VALIDATION, outcome, f"{counts}; {self._desk.examiner.basis.label}"
        )
        if signed and not self._desk.examiner.snapshot.has_anchors:
            self._not_checked.append("trust")

    def decided(self, decision: Decision) -> None:
        """Stops 9 and 10: accepted into the archive, held for an officer, or refused."""
        outcome = _BY_SEVERITY[worst(decision.findings)]
        policy = self._desk.policy
        detail = (
            f"{decision.outcome.value} by policy {policy.name}/{policy.version} {policy.sha256}"
        )
        self._add(EventType.DECISION, outcome, detail, by_operator=True)
        if decision.outcome is not Outcome.REJECTED:
            self._add(
                EventType.PACKAGE_CREATION, EventOutcome.SUCCESS, "AIP built from submission"
            )

    def taken_again(self, submission: Submission, receipt: Receipt) -> None:
        """What was held is read again, every byte compared with what was stored."""
        total = sum(file.size_bytes for file in submission.files)
        self._add(
            EventType.TRANSFER,
            EventOutcome.SUCCESS,
            f"{len(submission.files)} files, {total} bytes read again from the holding area, "
            f"where receipt {receipt.receipt_id} of {receipt.finished} has them",
        )

    def ruled(self, ruling: Ruling, aip_id: AipId) -> None:
        """Officers released what was held; the same event stands in the ledger."""
        self._events.append(ruling_event(ruling, aip_id))
        self._add(EventType.PACKAGE_CREATION, EventOutcome.SUCCESS, "AIP built from submission")

    def _add(
        self, kind: EventType, outcome: EventOutcome, detail: str, *, by_operator: bool = False
    ) -> None:
        agents = (
            (self._desk.software, self._desk.operator) if by_operator else (self._desk.software,)
        )
        self._events.append(
            Event(
                id=new_uuid(),
                type=kind,
                moment=self._desk.archive.now(),
                outcome=outcome,
                detail=detail,
                agents=agents,
            )
        )
