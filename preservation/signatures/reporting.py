"""A worker's answer becomes a report: by the policy, with its grounds and how long it holds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.metadata import version

import msgspec

from preservation.signatures.facts import Facts, Question
from preservation.signatures.kinds import Carrier
from preservation.signatures.trust import TrustSnapshot
from preservation.signatures.verdict import SignaturePolicy, decide
from preservation.workers import Result, WorkerFailed
from schemas.nouns import SignatureBasis, SignatureReport, SignatureResult

VERIFIER = "kho.signatures/2"
JOB = "signature"

_FOR_EVER = "9999-12-31T23:59:59.999Z"

_LIBRARIES = ("pyhanko", "pyhanko-certvalidator", "signxml", "cryptography")


@cache
def library_versions() -> str:
    """Name and version of what judges behind this counter."""
    return ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)


class Reporting:
    """Reports by one policy, on one trust snapshot, to one question."""

    def __init__(
        self, snapshot: TrustSnapshot, policy: SignaturePolicy, question: Question
    ) -> None:
        self._snapshot = snapshot
        self._policy = policy
        self._question = question

    @property
    def basis(self) -> SignatureBasis:
        """What every decision rests on, for events and reports."""
        return SignatureBasis(
            verifier=VERIFIER,
            policy=self._policy.table.version,
            policy_sha256=self._policy.sha256,
            trust_sha256=self._snapshot.sha256,
            moment=self._question.moment,
            proven=self._question.proven,
            tools=library_versions(),
        )

    def of_answer(self, outcome: Result | WorkerFailed, carrier: Carrier) -> SignatureReport:
        """The report on what a worker answered; its failure is *not checked*, never a pass."""
        if not isinstance(outcome, WorkerFailed):
            try:
                facts = msgspec.convert(outcome, Facts)
            except msgspec.ValidationError as error:
                outcome = WorkerFailed(JOB, "protocol", str(error))
            else:
                return self._decided(facts)
        code = outcome.finding_code
        report = self._decided(
            Facts(kind=carrier, observations=["SIG-UNVERIFIABLE"], detail=outcome.detail)
        )
        return replace(report, findings=(*report.findings, code), not_checked=outcome.reason)

    def unreadable(self, reason: str) -> SignatureReport:
        """The report on a file that could not even be looked at."""
        facts = Facts(kind="", observations=["SIG-UNREADABLE"], detail=reason)
        return replace(self._decided(facts), not_checked="unreadable")

    def not_verified(self, carrier: Carrier) -> SignatureReport:
        """The report on a kind of signature that is recognised and not judged."""
        result = SignatureResult(
            field="", indication="INDETERMINATE", sub_indication="NOT_VERIFIED", kind=carrier
        )
        report = self._decided(Facts(kind=carrier, results=[result]))
        return replace(report, not_checked="kind not supported")

    def _decided(self, facts: Facts) -> SignatureReport:
        report = decide(
            [self._with_report(result) for result in facts.results],
            facts.observations,
            self._policy,
            kind=facts.kind,
            detail=facts.detail,
            basis=self.basis,
        )
        return replace(
            report,
            holds_until=self._holds_until(report),
            etsi_reports=tuple(facts.etsi_reports),
        )

    def _with_report(self, result: SignatureResult) -> SignatureResult:
        """The library reports on PDF signatures that it could read, and says so itself."""
        if not self._question.etsi or result.report:
            return result
        return replace(result, report="not made: only for PDF signatures that can be read")

    def _holds_until(self, report: SignatureReport) -> str:
        """As of a proven moment nothing changes any more; live, a pass lasts as its grounds do."""
        if self._question.proven:
            return _FOR_EVER
        ends = [signature.holds_until for signature in report.signatures]
        return min(ends) if ends and all(ends) else ""
