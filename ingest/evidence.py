"""Before an AIP is built, what its signature verdicts rest on is stored; the AIP says where."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ingest.desk import Desk
from repository.aip.plan import AipPlan
from repository.evidence import REPORT
from schemas.records import encode


def with_evidence(plan: AipPlan, desk: Desk) -> AipPlan:
    """The same plan, and the evidence of its verdicts is on the replicas; nothing is stored
    for a dossier without signatures, or whose evidence is all known."""
    refs = {
        ref
        for report in plan.signatures.values()
        for signature in report.signatures
        for ref in signature.evidence
    }
    if not refs:
        return plan
    record = encode(desk.evidence.keep(refs, needed_by=plan.aip_id, access=plan.draft.access))

    def write(out: BinaryIO) -> None:
        out.write(record)

    return replace(plan, reports={**plan.reports, REPORT: write})
