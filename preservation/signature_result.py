"""What an audit of signatures says when it is over (``kho audit --signatures``)."""

from __future__ import annotations

from collections.abc import Sequence

from preservation.signatures.verdict import DECISIONS
from repository.aip.verdicts import Verdict
from repository.catalogue import SignedFile
from schemas.nouns import SignatureResult
from schemas.records import Record

Told = tuple[tuple[str, str, str, str, str], ...]
"""Indication, sub-indication, integrity, trust and time of each signature of a file."""


class VerdictChange(Record, frozen=True, kw_only=True):
    """A file whose verdict is another than before; ``direction`` is ``better``, ``worse`` or
    ``other``. ``as_of`` is the moment judged, ``proven`` whether the archive proves the file
    existed then."""

    aip_id: str
    path: str
    before: str
    after: str
    direction: str
    as_of: str
    proven: bool
    signatures: tuple[SignatureResult, ...]
    findings: tuple[str, ...]


class NotLookedAt(Record, frozen=True, kw_only=True):
    """A file whose signatures could not be examined again, and why."""

    aip_id: str
    path: str
    reason: str


class SignatureAudit(Record, frozen=True, kw_only=True):
    """The result of one run. ``up_to_date`` counts AIPs that nothing new could touch;
    ``renewed`` counts files whose decision stayed while what is proved of them grew or shrank.
    ``complete`` is false when the time limit ended the run; the next one goes on from there."""

    format: str = "kho.signature-audit/1"
    run_id: str
    complete: bool
    trust: str
    policy: str
    aips: int
    up_to_date: int
    files: int
    unchanged: int
    renewed: int
    better: int
    worse: int
    changes: tuple[VerdictChange, ...] = ()
    unlisted: int = 0
    """Further changes, which the journal has."""
    not_looked_at: tuple[NotLookedAt, ...] = ()


def told_at_ingest(file: SignedFile) -> Told:
    """What ingest proved of each signature."""
    return tuple(
        (one.indication, one.sub_indication, one.integrity, one.trust, one.time)
        for one in file.signatures
        if one.indication
    )


def told_by(signatures: Sequence[SignatureResult]) -> Told:
    """What a verdict proves of each signature."""
    return tuple(
        (one.indication, one.sub_indication, one.integrity, one.trust, one.time)
        for one in signatures
    )


def change(
    aip_id: str, file: SignedFile, before: Verdict | None, after: Verdict
) -> VerdictChange | None:
    """The change from the newest verdict so far (None: that of ingest); None for none at all."""
    decision = before.decision if before else file.decision
    told = told_by(before.signatures) if before else told_at_ingest(file)
    if (decision, told) == (after.decision, told_by(after.signatures)):
        return None
    steps = DECISIONS.index(after.decision) - DECISIONS.index(decision)
    direction = "worse" if steps > 0 else "better" if steps < 0 else "other"
    return VerdictChange(
        aip_id=aip_id,
        path=file.logical_path,
        before=decision,
        after=after.decision,
        direction=direction,
        as_of=after.basis.moment if after.basis else "",
        proven=bool(after.basis and after.basis.proven),
        signatures=after.signatures,
        findings=after.findings,
    )
