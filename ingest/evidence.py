"""Before an AIP is built, what its signature verdicts rest on is stored; the AIP says where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from ingest.desk import Desk
from repository.aip.paths import DATA
from repository.aip.plan import AipPlan
from repository.evidence import REPORT
from schemas.records import encode

ETSI_FOLDER = "signature-reports/"
"""Below ``metadata/other/``."""


def with_evidence(plan: AipPlan, desk: Desk) -> AipPlan:
    """The same plan, and the evidence of its verdicts is on the replicas; nothing is stored
    for a dossier without signatures, or whose evidence is all known."""
    plan = _with_etsi_reports(plan)
    refs = {
        ref
        for report in plan.signatures.values()
        for signature in report.signatures
        for ref in signature.evidence
    }
    if not refs:
        return plan
    record = encode(desk.evidence.keep(refs, needed_by=plan.aip_id, access=plan.draft.access))

    return replace(plan, reports={**plan.reports, REPORT: partial(_put, content=record)})


def _with_etsi_reports(plan: AipPlan) -> AipPlan:
    """The same plan with a file for each ETSI report: by the file's name and the signature's
    number among its signatures."""
    reports: dict[str, Callable[[BinaryIO], None]] = {}
    for path, report in plan.signatures.items():
        made = [n for n, one in enumerate(report.signatures, start=1) if one.report == "made"]
        for number, xml in zip(made, report.etsi_reports, strict=True):
            name = f"{ETSI_FOLDER}{path.removeprefix(DATA)}-{number}.xml"
            reports[name] = partial(_put, content=xml.encode())
    return replace(plan, reports={**plan.reports, **reports}) if reports else plan


def _put(out: BinaryIO, *, content: bytes) -> None:
    out.write(content)
