"""What the journal withholds: it goes to every replica, a secret dossier does not (design §4).

The lines about a secret dossier say what happened, when, by whom and to which AIP, and that is
the same on every replica, so that the chain is. Its title, codes, names of files and free
words are in its AIP alone, where only those replicas are that may hold it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from repository.catalogue import AipSummary
from schemas.nouns import Access
from schemas.records import FindingRecord, Receipt, Ruling

WITHHELD = "(withheld)"


def discreet(kind: str, body: dict[str, Any], access: Access) -> dict[str, Any]:
    """The body of a journal line about a dossier of this level, without what it must not say."""
    if access is not Access.SECRET:
        return body
    if kind == "receipt":
        return _told(msgspec.convert(body, Receipt))
    if kind == "rejection":
        files = [{**file, "path": WITHHELD} for file in body.get("files", ())]
        receipt = _told(msgspec.convert(body["receipt"], Receipt))
        container = body.get("container")
        if container is not None:
            container = {**container, "name": WITHHELD}
        return {**body, "receipt": receipt, "files": files, "container": container}
    if kind == "event":
        return {**body, "detail": WITHHELD}
    if kind == "holding":
        return {**body, "step": {**body["step"], "reason": WITHHELD}}
    return body


def discreet_receipt(receipt: Receipt) -> Receipt:
    """The receipt of a secret dossier as the journal keeps it."""
    findings = tuple(
        FindingRecord(code=finding.code, severity=finding.severity) for finding in receipt.findings
    )
    return msgspec.structs.replace(
        receipt,
        withheld=True,
        source="",
        title="",
        dossier_code="",
        registration="",
        findings=findings,
        ruling=receipt.ruling and _discreet_ruling(receipt.ruling),
    )


def _discreet_ruling(ruling: Ruling) -> Ruling:
    steps = tuple(
        msgspec.structs.replace(step, reason=WITHHELD if step.reason else "")
        for step in ruling.steps
    )
    return msgspec.structs.replace(ruling, reason=WITHHELD, steps=steps)


def completed(receipt: Receipt, summary: AipSummary) -> Receipt:
    """A withheld receipt with what the catalogue knows from the AIP itself."""
    return msgspec.structs.replace(receipt, title=summary.title, dossier_code=summary.dossier_code)


def _told(receipt: Receipt) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(discreet_receipt(receipt))
    return told
