"""From what was proved of a file's signatures to a decision, by a versioned, hashed table.

Pure: the same facts and the same policy give the same decision. Three facts stay separate
(integrity, trust, time); the decision never replaces them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from schemas.errors import ConfigError
from schemas.findings import Finding, Severity
from schemas.nouns import SignatureBasis, SignatureReport, SignatureResult

DECISIONS = ("none", "accept", "warn", "hold", "reject")
"""From light to heavy; ``none`` means that the file carries no signature."""

SEVERITIES = {
    "accept": Severity.INFO,
    "warn": Severity.WARNING,
    "hold": Severity.ERROR,
    "reject": Severity.ERROR,
}


class PolicyUnreadable(ConfigError):
    """The signature policy file is missing or says something the program does not know."""

    code = "SIG-POLICY-UNREADABLE"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an indication leads to; ``finding`` is the code that explains it."""

    decision: str
    finding: str = ""


class DocumentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who must have signed documents of a kind. An empty list fits every document.

    ``origins`` are the circular's codes (``01`` born digital, ``02`` digitised, ``03`` both);
    ``titles`` are beginnings. ``signers`` says who, in this order. ``absent`` is the decision
    for a document without any signature, ``missing`` for one that lacks a signer. ``shown`` is
    where the organ's signature is to be seen in a PDF (``1/top-right``, or ``visible``).
    """

    name: str
    types: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    first_day: date | None = msgspec.field(name="from", default=None)
    last_day: date | None = msgspec.field(name="until", default=None)
    signers: tuple[Literal["leader", "organ"], ...]
    absent: str = "warn"
    missing: str = "warn"
    shown: str = ""


class DocumentTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules for documents, the zone of their dates, and how to tell an organ's certificate."""

    zone: str = "+07:00"
    organ_words: tuple[str, ...] = ()
    rule: tuple[DocumentRule, ...] = ()


class PolicyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``policy.toml`` as written."""

    format: str
    version: str
    indications: dict[str, Rule]
    observations: dict[str, str]
    required: dict[str, str] = {}
    documents: DocumentTable = DocumentTable()


@dataclass(frozen=True)
class SignaturePolicy:
    """A policy table and its name: version and hash."""

    table: PolicyTable
    sha256: str

    @property
    def label(self) -> str:
        """``<version> sha256:<hash>``, for events and reports."""
        return f"{self.table.version} sha256:{self.sha256}"

    def rule(self, indication: str, sub_indication: str) -> Rule:
        """The rule for one signature's outcome; an unknown indication is held."""
        rules = self.table.indications
        exact = rules.get(f"{indication}/{sub_indication}")
        return exact or rules.get(indication) or Rule(decision="hold", finding="SIG-UNVERIFIABLE")

    def weight(self, code: str) -> str:
        """The decision an observation asks for; an unknown one is held."""
        return self.table.observations.get(code, "hold")


def load_policy(path: Path | None = None) -> SignaturePolicy:
    """The policy in ``path``, or the one shipped; PolicyUnreadable."""
    if path is None:
        return _shipped()
    try:
        return _parsed(path.read_bytes())
    except (OSError, tomllib.TOMLDecodeError, msgspec.MsgspecError, ValueError) as error:
        raise PolicyUnreadable(path=str(path), reason=str(error)) from error


@cache
def _shipped() -> SignaturePolicy:
    return _parsed(files("preservation.signatures").joinpath("policy.toml").read_bytes())


def _parsed(content: bytes) -> SignaturePolicy:
    table = msgspec.convert(tomllib.loads(content.decode("utf-8")), PolicyTable)
    if table.format != "kho.signature-policy/1":
        raise ValueError(f"format {table.format}")
    decisions = [rule.decision for rule in table.indications.values()]
    decisions += [way for rule in table.documents.rule for way in (rule.absent, rule.missing)]
    datetime.fromisoformat(f"2026-01-01T00:00:00{table.documents.zone}")
    for decision in (*decisions, *table.observations.values(), *table.required.values()):
        if decision not in DECISIONS[1:]:
            raise ValueError(f"decision {decision}")
    return SignaturePolicy(table, hashlib.sha256(content).hexdigest())


def heaviest(decisions: Iterable[str]) -> str:
    """The heaviest of several decisions; ``none`` for none."""
    return max(decisions, key=DECISIONS.index, default="none")


def said_of(result: SignatureResult, policy: SignaturePolicy) -> Mapping[str, str]:
    """What there is to say of one signature: decision by finding code, in order."""
    rule = policy.rule(result.indication, result.sub_indication)
    said = {rule.finding: rule.decision} if rule.finding else {}
    for code in result.codes:
        said[code] = heaviest([said.get(code, "none"), policy.weight(code)])
    return said


def decide(
    results: Iterable[SignatureResult],
    observations: Iterable[str],
    policy: SignaturePolicy,
    *,
    kind: str = "",
    detail: str = "",
    basis: SignatureBasis | None = None,
) -> SignatureReport:
    """The report on one file: the heaviest decision over all that was found."""
    signatures = tuple(results)
    weights: dict[str, str] = {}
    decisions = []
    for result in signatures:
        decisions.append(policy.rule(result.indication, result.sub_indication).decision)
        for code, decision in said_of(result, policy).items():
            weights[code] = heaviest([weights.get(code, "none"), decision])
    for code in observations:
        weights[code] = heaviest([weights.get(code, "none"), policy.weight(code)])
    return SignatureReport(
        decision=heaviest([*decisions, *weights.values()]),
        signatures=signatures,
        findings=tuple(weights),
        kind=kind,
        detail=detail,
        basis=basis,
    )


def required(report: SignatureReport, policy: SignaturePolicy) -> SignatureReport:
    """The same report for a file that must be signed: an absent signature is rejected."""
    if report.decision == "none":
        code = "SIG-REQUIRED-ABSENT"
        return replace(report, decision=policy.weight(code), findings=(*report.findings, code))
    stricter = [policy.table.required.get(code, "none") for code in report.findings]
    return replace(report, decision=heaviest([report.decision, *stricter]))


def findings(report: SignatureReport, where: str, policy: SignaturePolicy) -> list[Finding]:
    """The report as findings of a submission, one for each thing to say, heaviest first."""
    found = []
    for result in report.signatures:
        fields = {
            "field": result.field or "?",
            "signer": result.signer or "?",
            "detail": result.detail or report.detail,
            "kind": result.kind,
        }
        for code, decision in said_of(result, policy).items():
            found.append(Finding(code, SEVERITIES[decision], where, fields))
    said = {finding.code for finding in found}
    found += [
        Finding(code, _severity(code, report, policy), where, {"detail": report.detail})
        for code in report.findings
        if code not in said
    ]
    return sorted(found, key=lambda finding: -finding.severity.rank)


def _severity(code: str, report: SignatureReport, policy: SignaturePolicy) -> Severity:
    if code.startswith("WORKER-"):
        return SEVERITIES[report.decision]
    return SEVERITIES[policy.weight(code)]
