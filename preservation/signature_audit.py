"""Signatures judged again, as of the proven moment of ingest, when new trust data has arrived.

The oldest receipt of an AIP is a line of the hash chain, and the AIP's id is the digest of what
had come by then: so its files existed, unchanged, at that line's moment. Verdicts are appended
to the journal, each after its evidence is stored; what ingest wrote stays as it is.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from preservation.signature_items import StoredFiles
from preservation.signature_recording import VerdictRecorder
from preservation.signature_result import NotLookedAt, SignatureAudit, VerdictChange, change
from preservation.signatures.examiner import SignatureExaminer
from preservation.signatures.trust import TrustSnapshot
from preservation.signatures.verdict import SignaturePolicy, load_policy
from preservation.trust_keeping import current_trust
from preservation.workers import WorkerPool
from repository.administrative import FONDS
from repository.aip.verdicts import Verdict, verdict_of
from repository.archive import Repository
from repository.catalogue import AipSummary, Proof, SignedFile
from repository.evidence import evidence_store
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.moments import format_moment, parse_moment
from schemas.nouns import SignatureReport
from schemas.progress import NoProgress, Progress

LISTED = 10_000
"""So many changes are listed at most; the journal has them all."""
NAMED = 100
"""So many dossiers whose signatures became worse are named by the event of the run."""
_FIRST_VERSION = "v1/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureScope:
    """Which signatures to judge again; ``everything`` also those that nothing new touches."""

    fonds: str = ""
    aip_id: AipId | None = None
    everything: bool = False
    limit_s: float | None = None


@dataclass(slots=True)
class _Tally:
    aips: int = 0
    up_to_date: int = 0
    files: int = 0
    unchanged: int = 0
    renewed: int = 0
    directions: Counter[str] = field(default_factory=Counter)
    changes: list[VerdictChange] = field(default_factory=list)
    worse_aips: dict[AipId, None] = field(default_factory=dict)
    lost: list[NotLookedAt] = field(default_factory=list)
    cut_short: bool = False


def audit_signatures(
    archive: Repository,
    scope: SignatureScope,
    *,
    agents: Sequence[Agent],
    policy: SignaturePolicy | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> SignatureAudit:
    """Every signed file in scope whose verdict new trust data could touch is judged again.

    Runs that end early are gone on with by the next: an AIP is done when its verdicts are in
    the journal. Once ``stop`` says so, the run ends after the AIP in hand.
    """
    archive.prepare_to_write()
    scratch = archive.staging.new_folder()
    try:
        with WorkerPool(workers=workers, scratch=scratch) as pool:
            run = _Run(archive, scope, pool, scratch, agents, policy or load_policy())
            return run.through(progress or NoProgress(), stop)
    finally:
        archive.staging.clean(scratch)


class _Run:
    """One run of the audit."""

    def __init__(
        self,
        archive: Repository,
        scope: SignatureScope,
        pool: WorkerPool,
        scratch: Path,
        agents: Sequence[Agent],
        policy: SignaturePolicy,
    ) -> None:
        self._archive = archive
        self._scope = scope
        self._pool = pool
        self._agents = tuple(agents)
        self._policy = policy
        self._id = new_uuid()
        self._tally = _Tally()
        self._trust: TrustSnapshot = current_trust(archive)
        self._evidence = evidence_store(archive, scratch, agents=agents)
        self._recorder = VerdictRecorder(archive, self._evidence, self._id)
        self._files = scratch / "files"
        self._files.mkdir(mode=0o700)

    def through(self, progress: Progress, stop: Callable[[], bool]) -> SignatureAudit:
        """The result, after everything in scope, or until it is stopped or its time is up."""
        progress.phase("PROGRESS-SIGNATURES")
        begun = time.monotonic()
        limit = self._scope.limit_s
        for summary in self._summaries():
            if stop() or (limit is not None and time.monotonic() - begun >= limit):
                self._tally.cut_short = True
                break
            progress.advance(files=self._aip(summary))
        result = self._result()
        if result.files:
            self._archive.record(self._event(result))
        return result

    def _summaries(self) -> Iterator[AipSummary]:
        """What is in scope, page by page; evidence stored on the way is not."""
        scope = self._scope
        if scope.aip_id is not None:
            found = self._archive.catalogue.find(scope.aip_id)
            yield from (one for one in found if one.aip_id == scope.aip_id)
            return
        for summary in self._archive.catalogue.aips(fonds=scope.fonds or None):
            if summary.fonds != FONDS:
                yield summary

    def _aip(self, summary: AipSummary) -> int:
        """The AIP's signatures are judged and its verdicts recorded; how many files."""
        catalogue = self._archive.catalogue
        files = catalogue.signed_files(summary.aip_id, summary.place)
        if not files:
            return 0
        proof = catalogue.proof_of(summary.aip_id)
        basis = self._basis(proof)
        if not self._scope.everything and self._is_up_to_date(summary, files, basis):
            self._tally.up_to_date += 1
            return 0
        self._tally.aips += 1
        lost = 0
        for proven in (True, False):
            chosen = [file for file in files if _is_proven(file, proof) is proven]
            if chosen:
                lost += self._judge(summary, chosen, proof if proven else None)
        if not lost:  # a replica that is away may come back with an intact copy
            catalogue.keep_signature_check(
                summary.aip_id,
                summary.place,
                basis=basis,
                checked_at=format_moment(self._archive.now()),
            )
        return len(files)

    def _basis(self, proof: Proof | None) -> str:
        """Everything that could make a verdict another one."""
        parts = (self._trust.sha256, self._policy.sha256, proof.moment if proof else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _is_up_to_date(self, summary: AipSummary, files: Sequence[SignedFile], basis: str) -> bool:
        checked = self._archive.catalogue.signature_check(summary.aip_id, summary.place)
        if checked:
            return checked == basis
        wanted = (self._trust.sha256, self._policy.sha256)
        used = {(s.trust_sha256, s.policy_sha256) for file in files for s in file.signatures}
        return used == {wanted}

    def _judge(self, summary: AipSummary, files: Sequence[SignedFile], proof: Proof | None) -> int:
        """The files are judged as far as a replica gives them whole; how many none does."""
        examiner = SignatureExaminer(
            self._pool,
            self._trust,
            self._policy,
            clock=self._archive.now,
            proven_at=parse_moment(proof.moment) if proof else None,
            evidence=self._evidence.folder,
        )
        stored = StoredFiles(self._archive, summary.aip_id, summary.place, self._files)
        waiting = {file.logical_path: file for file in files}
        newest = self._newest(summary.aip_id)
        for items in stored.groups(files):
            changed = []
            for path, report in examiner.examine_many(items):
                file = waiting.pop(path, None)
                if file is not None:
                    changed += self._compared(summary.aip_id, file, newest.get(path), report)
            self._recorder.record(summary, changed, proof)
        for path in waiting:
            self._tally.lost.append(
                NotLookedAt(aip_id=summary.aip_id, path=path, reason="no intact copy")
            )
        return len(waiting)

    def _newest(self, aip_id: AipId) -> dict[str, Verdict]:
        return {
            later.verdict.path: later.verdict for later in self._archive.catalogue.verdicts(aip_id)
        }

    def _compared(
        self, aip_id: AipId, file: SignedFile, before: Verdict | None, report: SignatureReport
    ) -> list[Verdict]:
        """The verdict, if it says anything new; a failure of ours is no verdict."""
        self._tally.files += 1
        if report.not_checked and not report.signatures:
            self._tally.lost.append(
                NotLookedAt(aip_id=aip_id, path=file.logical_path, reason=report.not_checked)
            )
            return []
        after = verdict_of(file.logical_path, file.sha256, report)
        made = change(aip_id, file, before, after)
        if made is None:
            self._tally.unchanged += 1
            return []
        if made.before == made.after:
            self._tally.renewed += 1
        else:
            self._tally.directions[made.direction] += 1
            if made.direction == "worse":
                self._tally.worse_aips[aip_id] = None
            if len(self._tally.changes) < LISTED:
                self._tally.changes.append(made)
        return [after]

    def _result(self) -> SignatureAudit:
        tally = self._tally
        return SignatureAudit(
            run_id=self._id,
            complete=not tally.cut_short,
            trust=self._trust.sha256,
            policy=self._policy.label,
            aips=tally.aips,
            up_to_date=tally.up_to_date,
            files=tally.files,
            unchanged=tally.unchanged,
            renewed=tally.renewed,
            better=tally.directions["better"],
            worse=tally.directions["worse"],
            changes=tuple(tally.changes),
            unlisted=tally.directions.total() - len(tally.changes),
            not_looked_at=tuple(tally.lost),
        )

    def _event(self, result: SignatureAudit) -> Event:
        return Event(
            id=self._id,
            type=EventType.SIGNATURE_VALIDATION,
            moment=self._archive.now(),
            outcome=EventOutcome.WARNING if result.worse else EventOutcome.SUCCESS,
            detail=f"{result.files} signed files of {result.aips} dossiers judged again:"
            f" {result.better} better, {result.worse} worse, {result.renewed} renewed;"
            f" trust sha256:{result.trust}; policy {result.policy}",
            agents=self._agents,
            facts={
                "files": result.files,
                "better": result.better,
                "worse": result.worse,
                "worse_aips": ", ".join(islice(self._tally.worse_aips, NAMED)),
                "not_looked_at": len(result.not_looked_at),
                "complete": result.complete,
            },
        )


def _is_proven(file: SignedFile, proof: Proof | None) -> bool:
    """The receipt speaks of what came first; what was added later is judged as of now."""
    return proof is not None and file.content_path.startswith(_FIRST_VERSION)
