"""Stop 12, *receipt* (*biên bản tiếp nhận*): the answer to the submitter, readable by anyone."""

from __future__ import annotations

import msgspec

from schemas.records import FindingRecord, Receipt
from schemas.text import Language, say


def translated(receipt: Receipt, lang: Language) -> Receipt:
    """The receipt with its findings' messages in ``lang``."""
    findings = tuple(
        msgspec.structs.replace(finding, message=message_of(finding, lang))
        for finding in receipt.findings
    )
    return msgspec.structs.replace(receipt, findings=findings)


def receipt_text(receipt: Receipt, lang: Language) -> str:
    """The receipt as plain text: outcome first, then facts, copies, findings, what is next."""
    lines = [
        say("RECEIPT-TITLE", lang, receipt_id=receipt.receipt_id),
        "",
        say(outcome_code(receipt), lang, warnings=receipt.warnings),
    ]
    if receipt.earlier_outcome:
        lines.append(say(f"RECEIPT-EARLIER-{receipt.earlier_outcome.upper()}", lang))
    lines += _ruling(receipt, lang)
    if receipt.state:
        lines.append(say(f"RECEIPT-STATE-{receipt.state.upper().replace('_', '-')}", lang))
    lines.append("")
    for name in (
        "source",
        "title",
        "dossier_code",
        "fonds",
        "profile",
        "aip_id",
        "files",
        "bytes",
        "submitter",
        "submitter_code",
        "registration",
        "received",
        "received_by",
        "finished",
        "submission_digest",
    ):
        value = getattr(receipt, name)
        if value != "":
            lines.append(f"  {say(f'RECEIPT-FIELD-{name.upper()}', lang)}: {value}")
    lines += _copies(receipt, lang) + _findings(receipt, lang) + _closing(receipt, lang)
    return "\n".join(lines) + "\n"


def outcome_code(receipt: Receipt) -> str:
    """The code of the sentence that says what became of the submission: one that officers
    refused was held before, and its bytes are kept."""
    refused = receipt.ruling is not None and receipt.outcome == "rejected"
    return "RECEIPT-OUTCOME-REFUSED" if refused else f"RECEIPT-OUTCOME-{receipt.outcome.upper()}"


def _ruling(receipt: Receipt, lang: Language) -> list[str]:
    if receipt.ruling is None:
        return []
    lines = [say("RECEIPT-RULING", lang, reason=receipt.ruling.reason)]
    lines += [
        "  " + say(f"RECEIPT-STEP-{step.role.upper()}", lang, **msgspec.structs.asdict(step))
        for step in receipt.ruling.steps
    ]
    if receipt.ruling.overridden:
        codes = ", ".join(receipt.ruling.overridden)
        lines.append("  " + say("RECEIPT-OVERRIDDEN", lang, codes=codes))
    return lines


def _copies(receipt: Receipt, lang: Language) -> list[str]:
    if not receipt.copies:
        return []
    lines = ["", say("RECEIPT-COPIES", lang)]
    lines += [
        "  " + say("RECEIPT-COPY", lang, replica=copy.replica, verified_at=copy.verified_at)
        for copy in receipt.copies
    ]
    if receipt.shared_failure_domain:
        lines.append("  " + say("RECEIPT-SHARED-DOMAIN", lang))
    return lines


def _findings(receipt: Receipt, lang: Language) -> list[str]:
    lines = []
    if receipt.findings:
        lines += ["", say("RECEIPT-FINDINGS", lang, count=len(receipt.findings))]
    for finding in receipt.findings:
        severity = say(f"SEVERITY-{finding.severity.upper()}", lang)
        where = f" [{finding.where}]" if finding.where else ""
        lines.append(f"  {severity} {finding.code}{where}: {message_of(finding, lang)}")
    for check in receipt.not_checked:
        lines.append("  " + say(f"NOT-CHECKED-{check.upper()}", lang))
    return lines


def _closing(receipt: Receipt, lang: Language) -> list[str]:
    after = receipt.earlier_outcome or receipt.outcome
    lines = ["", say(f"RECEIPT-NEXT-{after.upper()}", lang, aip_id=receipt.aip_id)]
    if receipt.ledger_head:
        lines.append(say("RECEIPT-LEDGER", lang, head=receipt.ledger_head))
    return lines


def message_of(finding: FindingRecord, lang: Language) -> str:
    """The finding's text in ``lang``."""
    return say(finding.code, lang, **{"where": finding.where, **finding.fields})
