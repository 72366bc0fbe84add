"""The judges' counter: files in, signature reports out; everything hostile happens in workers.

Results are remembered by the file's digest within one examiner, which stands for one trust
snapshot, one policy and one moment, so an annex attached to a hundred dossiers is verified
once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from preservation.signatures.facts import CONTENTS_CAP_BYTES, SIGNATURES_CAP, Facts, Question
from preservation.signatures.kinds import Carrier, carrier_of
from preservation.signatures.trust import TrustSnapshot
from preservation.signatures.verdict import SignaturePolicy, decide, load_policy
from preservation.workers import Result, WorkerFailed, WorkerPool
from schemas.moments import Clock, format_moment, utc_now
from schemas.nouns import SignatureReport, SignatureResult

Key = TypeVar("Key")

VERIFIER = "kho.signatures/1"
UNSIGNED = SignatureReport("none")

JOB = "signature"

_VERIFIED = frozenset({Carrier.PDF})
"""The kinds that are verified; the others are recorded as present, not verified."""

_CHUNK = 512
"""How many files are looked at before the first of them is sent to a worker."""


@dataclass(frozen=True, slots=True)
class Item(Generic[Key]):
    """One file to examine. ``name`` is the submitted one; ``digest`` lets results be reused."""

    key: Key
    path: Path
    name: str = ""
    mime: str = ""
    puids: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What makes two files one job: the same bytes, judged as the same kind."""

    carrier: Carrier
    digest: str = ""
    number: int = 0


class SignatureExaminer:
    """Examines files with one trust snapshot and one policy.

    ``moment`` is when the examination counts as made. ``proven_at`` examines files that are
    known to have existed unchanged since then (re-validation with later revocation data).
    """

    def __init__(
        self,
        pool: WorkerPool,
        snapshot: TrustSnapshot | None = None,
        policy: SignaturePolicy | None = None,
        *,
        clock: Clock = utc_now,
        proven_at: datetime | None = None,
        contents_cap_bytes: int = CONTENTS_CAP_BYTES,
        signatures_cap: int = SIGNATURES_CAP,
    ) -> None:
        self.snapshot = snapshot or TrustSnapshot()
        self.policy = policy or load_policy()
        self._pool = pool
        self._question = Question(
            moment=format_moment(proven_at or clock()),
            proven=proven_at is not None,
            snapshot=self.snapshot.sha256,
            manifest=self._manifest(),
            contents_cap_bytes=contents_cap_bytes,
            signatures_cap=signatures_cap,
        )
        self._known: dict[_Mark, SignatureReport] = {}

    @property
    def basis(self) -> str:
        """What every decision rests on, for events and reports."""
        return (
            f"verifier {VERIFIER}; policy {self.policy.label};"
            f" trust sha256:{self.snapshot.sha256}; as of {self._question.moment}"
        )

    def examine(self, path: Path, *, name: str = "") -> SignatureReport:
        """The report on one file."""
        ((_, report),) = self.examine_many([Item(None, path, name)])
        return report

    def examine_many(self, items: Iterable[Item[Key]]) -> Iterator[tuple[Key, SignatureReport]]:
        """One report per item, as they come; order is not kept, keys are."""
        remaining = iter(items)
        while chunk := list(islice(remaining, _CHUNK)):
            yield from self._examine(chunk)

    def _examine(self, chunk: list[Item[Key]]) -> Iterator[tuple[Key, SignatureReport]]:
        groups: dict[_Mark, list[Item[Key]]] = {}
        for number, item in enumerate(chunk):
            mark, report = self._first_look(item, number)
            if report is not None:
                yield item.key, report
            else:
                groups.setdefault(mark, []).append(item)
        jobs = ((mark, group[0].path, self._params(mark)) for mark, group in groups.items())
        for mark, outcome in self._pool.map(JOB, jobs):
            report = self._report(outcome, mark.carrier)
            if mark.digest and not report.not_checked:
                self._known[mark] = report
            for item in groups[mark]:
                yield item.key, report

    def _first_look(self, item: Item[Key], number: int) -> tuple[_Mark, SignatureReport | None]:
        """The report, for a file that no worker needs to see."""
        try:
            carrier = carrier_of(item.path, name=item.name, puids=item.puids, mime=item.mime)
        except OSError as error:
            return _Mark(Carrier.NONE), self._unreadable(str(error))
        mark = _Mark(carrier, item.digest, 0 if item.digest else number)
        if carrier == Carrier.NONE:
            return mark, UNSIGNED
        if carrier not in _VERIFIED:
            return mark, self._not_verified(carrier)
        return mark, self._known.get(mark)

    def _params(self, mark: _Mark) -> dict[str, Any]:
        return {"carrier": str(mark.carrier), "question": self._question}

    def _report(self, outcome: Result | WorkerFailed, carrier: Carrier) -> SignatureReport:
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

    def _unreadable(self, reason: str) -> SignatureReport:
        facts = Facts(kind="", observations=["SIG-UNREADABLE"], detail=reason)
        return replace(self._decided(facts), not_checked="unreadable")

    def _not_verified(self, carrier: Carrier) -> SignatureReport:
        result = SignatureResult(
            field="", indication="INDETERMINATE", sub_indication="NOT_VERIFIED", kind=carrier
        )
        report = self._decided(Facts(kind=carrier, results=[result]))
        return replace(report, not_checked="kind not supported")

    def _decided(self, facts: Facts) -> SignatureReport:
        return decide(
            facts.results,
            facts.observations,
            self.policy,
            kind=facts.kind,
            detail=facts.detail,
            basis=self.basis,
        )

    def _manifest(self) -> str:
        if not self.snapshot.files:
            return ""
        return os.fspath(self.snapshot.write_manifest(self._pool.scratch))
