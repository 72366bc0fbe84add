"""What was proved of one file's signatures, as a record that needs no Kho to read.

One line for each data file in ``metadata/other/signatures.ndjson``, and, for every verdict
after ingest, the body of a journal line. Evidence is named by digest (``evidence``).
"""

from __future__ import annotations

from collections.abc import Iterator

from repository.facts import SignatureFacts
from schemas.nouns import SignatureBasis, SignatureReport, SignatureResult
from schemas.records import Record

BY_DIGEST = "sha256:"
"""In the journal, files of secret dossiers are named so: this and their content's digest."""


class Verdict(Record, frozen=True, kw_only=True):
    """One file's signatures: three separate facts each, the decision, and what it rests on."""

    format: str = "kho.signature-verdict/1"
    path: str
    sha256: str = ""
    decision: str
    kind: str = ""
    signatures: tuple[SignatureResult, ...] = ()
    findings: tuple[str, ...] = ()
    not_checked: str = ""
    detail: str = ""
    basis: SignatureBasis | None = None


def verdict_of(path: str, sha256: str, report: SignatureReport) -> Verdict:
    """The record of one file's report."""
    return Verdict(
        path=path,
        sha256=sha256,
        decision=report.decision,
        kind=report.kind,
        signatures=report.signatures,
        findings=report.findings,
        not_checked=report.not_checked,
        detail=report.detail,
        basis=report.basis,
    )


def evidence_of(signatures: tuple[SignatureResult, ...]) -> set[str]:
    """``certificate|crl|ocsp|timestamp:<sha256>`` of all that the verdicts used."""
    return {ref for signature in signatures for ref in signature.evidence}


def signature_facts(verdict: Verdict) -> Iterator[SignatureFacts]:
    """The verdict in rows for the catalogue; none for a file without signatures."""
    if verdict.decision == "none":
        return
    basis = verdict.basis
    # A file that nobody could look into still has its row: it is counted, not forgotten.
    told = verdict.signatures or (SignatureResult(field="", indication="", integrity=""),)
    for position, one in enumerate(told):
        yield SignatureFacts(
            logical_path=verdict.path,
            position=position,
            kind=one.kind or verdict.kind,
            level=one.level,
            algorithm=one.algorithm,
            signer=one.signer,
            organisation=one.organisation,
            issuer=one.issuer,
            valid_until=one.valid_until,
            indication=one.indication,
            sub_indication=one.sub_indication,
            integrity=one.integrity,
            trust=one.trust if verdict.signatures else "",
            time=one.time if verdict.signatures else "",
            signed_at=one.signed_at,
            not_checked=verdict.not_checked or ("" if verdict.signatures else "unexamined"),
            trust_sha256=basis.trust_sha256 if basis else "",
            policy_sha256=basis.policy_sha256 if basis else "",
        )
