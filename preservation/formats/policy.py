"""What an archive makes of a format: taken, taken and migrated, looked at, or refused.

Identification is a claim, validation a judgement, this is the archive's own rule. Every
decision names the policy by version and hash, and the rule, and can be explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from preservation.formats.policy_file import (
    Fallback,
    PolicyFile,
    Rule,
    read_policy,
    shipped_content,
)
from preservation.formats.validate.result import ValidationOutcome, ValidationResult
from schemas.findings import Finding, Severity
from schemas.nouns import FormatResult
from schemas.text import Language, say


class FormatDecision(StrEnum):
    """What becomes of a file of a format, mildest first."""

    ACCEPTED = "accepted"
    MIGRATE = "accepted-with-migration"
    REVIEW = "review"
    REJECTED = "rejected"

    @property
    def rank(self) -> int:
        """0 accepted … 3 rejected."""
        return list(FormatDecision).index(self)


_CODES = {
    FormatDecision.ACCEPTED: ("FORMAT-ACCEPTED", Severity.INFO),
    FormatDecision.MIGRATE: ("FORMAT-TO-MIGRATE", Severity.INFO),
    FormatDecision.REVIEW: ("FORMAT-TO-REVIEW", Severity.WARNING),
    FormatDecision.REJECTED: ("FORMAT-REFUSED", Severity.ERROR),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatJudgement:
    """One file's decision and what led to it.

    ``rule`` is a rule's id, or the fallback's name in brackets. ``validators`` still have to
    be run with ``wanted``; :meth:`FormatPolicy.after_validation` weighs their results.
    """

    decision: FormatDecision
    rule: str
    policy: str
    puids: tuple[str, ...] = ()
    format_name: str = ""
    validators: tuple[str, ...] = ()
    wanted: Mapping[str, int | bool] = field(default_factory=dict)
    level: str = "identified"
    target: str = ""
    legal_basis: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    """Finding codes that made the decision stricter than the rule."""

    def explain(self, lang: Language) -> str:
        """Plain words for an archivist: what, why, on what basis."""
        named = self.format_name or say("FORMAT-NAME-UNKNOWN", lang)
        parts = [
            say(
                _CODES[self.decision][0],
                lang,
                name=named,
                puids=", ".join(self.puids) or "-",
                basis=self.legal_basis,
            )
        ]
        if note := self.notes.get(lang):
            parts.append(note)
        elif self.rule.startswith("["):
            parts.append(say("FORMAT-FALLBACK-" + self.rule.strip("[]").upper(), lang))
        parts += [say(code, lang) for code in self.reasons]
        return " ".join(parts)

    def finding(self, where: str) -> Finding:
        """The decision as a finding about the file at ``where``."""
        code, severity = _CODES[self.decision]
        fields = {
            "name": self.format_name or "-",
            "puids": ", ".join(self.puids) or "-",
            "basis": self.legal_basis or "-",
            "rule": self.rule,
        }
        return Finding(code, severity, where, fields)


KNOWN_AT_MOST = 10_000
"""Judgements kept for files of a format seen before; files that fare alike share one."""


class FormatPolicy:
    """One policy, read-only; ``id`` names it by name, version and hash."""

    def __init__(self, content: bytes) -> None:
        self._file, self.sha256 = read_policy(content)
        self._known: dict[tuple[FormatResult, str, date | None], tuple[FormatJudgement, int]] = {}
        self._rules: dict[str, list[Rule]] = {}
        for rule in self._file.rule:
            for puid in rule.puids:
                self._rules.setdefault(puid, []).append(rule)

    @classmethod
    def shipped(cls) -> FormatPolicy:
        """The policy that comes with Kho."""
        return cls(shipped_content())

    @property
    def file(self) -> PolicyFile:
        """The policy as written."""
        return self._file

    @property
    def id(self) -> str:
        """``name/version sha256:…``, as receipts and events write it."""
        return f"{self._file.name}/{self._file.version} sha256:{self.sha256}"

    def judge(
        self, found: FormatResult, *, size_bytes: int = 0, scope: str = "", on: date | None = None
    ) -> FormatJudgement:
        """What becomes of a file that was identified as ``found``, before it is validated.

        ``scope`` is its dossier type or role; ``on`` the day the rules must be valid (any
        day without it). An id of fido's own counts as unknown; several PUIDs must fall
        under one decision; a format told by the name alone counts only where a rule says so.
        """
        asked = (found, scope, on)
        known = self._known.get(asked)
        if known is None:
            known = self._judged(found, scope, on)
            if len(self._known) < KNOWN_AT_MOST:
                self._known[asked] = known
        judgement, max_size_bytes = known
        if max_size_bytes and size_bytes > max_size_bytes:
            return sent_to_review(judgement, "FORMAT-TOO-LARGE")
        return judgement

    def _judged(
        self, found: FormatResult, scope: str, on: date | None
    ) -> tuple[FormatJudgement, int]:
        """The judgement of a file of this format, and the size from which an officer must look."""
        if "FORMAT-EMPTY" in found.warnings:
            return self._fallback("empty", found), 0
        if "FORMAT-ENCRYPTED" in found.warnings:
            return self._fallback("encrypted", found), 0
        puids = [puid for puid in found.puids if not puid.startswith("fido-fmt/")]
        if not puids:
            return self._fallback("unknown", found), 0
        rules = [self._rule(puid, scope, on) for puid in puids]
        known = [rule for rule in rules if rule is not None]
        if found.method == "extension":
            known = [rule for rule in known if rule.by_extension]
            if not known:
                return self._fallback("extension-only", found), 0
        elif len(known) < len(rules):
            return self._fallback("ambiguous" if known else "unlisted", found), 0
        if len({rule.decision for rule in known}) > 1:
            return self._fallback("ambiguous", found), 0
        return self._by_rule(known, puids, found), known[0].max_size_bytes

    def after_validation(
        self, judgement: FormatJudgement, results: Iterable[ValidationResult]
    ) -> FormatJudgement:
        """The judgement once its validators were run: never milder than before.

        A validator that found the file invalid, one that was not run, and macros or
        scripts send it to an officer; a password refuses it as the fallback says.
        """
        by_kind = {result.kind: result for result in results}
        decision, reasons = judgement.decision, list(judgement.reasons)
        for kind in judgement.validators if judgement.level != "identified" else ():
            result = by_kind.get(kind)
            if result is None or result.outcome is ValidationOutcome.NOT_CHECKED:
                reasons.append("FORMAT-NOT-VALIDATED")
            elif result.outcome is ValidationOutcome.INVALID:
                reasons.append("FORMAT-INVALID")
                decision = _stricter(decision, FormatDecision.REVIEW)
        for result in by_kind.values():
            codes = {finding.code for finding in result.findings}
            if codes & {"OFFICE-MACROS", "PDF-JAVASCRIPT", "PDF-LAUNCH"}:
                reasons.append("FORMAT-ACTIVE-CONTENT")
                decision = _stricter(decision, FormatDecision.REVIEW)
            if "FORMAT-ENCRYPTED" in codes and result.outcome is ValidationOutcome.NOT_CHECKED:
                reasons.append("FORMAT-ENCRYPTED")
                decision = _stricter(decision, FormatDecision(self._file.fallback.encrypted))
        if decision is judgement.decision and len(reasons) == len(judgement.reasons):
            return judgement
        return replace(judgement, decision=decision, reasons=tuple(dict.fromkeys(reasons)))

    def same_family(self, one: str, other: str) -> bool:
        """Whether one rule names both PUIDs."""
        return any(other in rule.puids for rule in self._rules.get(one, ()))

    def _rule(self, puid: str, scope: str, on: date | None) -> Rule | None:
        """The rule for a PUID: the scope's own before the general one."""
        valid = [rule for rule in self._rules.get(puid, ()) if _applies(rule, on)]
        for wanted in (scope, ""):
            for rule in valid:
                if wanted in (rule.scopes or ("",)):
                    return rule
        return None

    def _by_rule(
        self, rules: list[Rule], puids: list[str], found: FormatResult
    ) -> FormatJudgement:
        """The first rule's judgement; where several PUIDs agree, every rule's validators."""
        rule = rules[0]
        return FormatJudgement(
            decision=FormatDecision(rule.decision),
            rule=rule.id,
            policy=self.id,
            puids=tuple(puids),
            format_name=_named(found),
            validators=tuple(dict.fromkeys(v for each in rules for v in each.validators)),
            wanted=rule.wanted,
            level=rule.level,
            target=rule.target,
            legal_basis=f"{self._file.legal_basis}, {rule.legal_basis}",
            notes={"vi": rule.note.vi, "en": rule.note.en},
        )

    def _fallback(self, name: str, found: FormatResult) -> FormatJudgement:
        fallback: Fallback = self._file.fallback
        return FormatJudgement(
            decision=FormatDecision(getattr(fallback, name.replace("-", "_"))),
            rule=f"[{name}]",
            policy=self.id,
            puids=found.puids,
            format_name=_named(found),
            legal_basis=self._file.legal_basis,
        )


def sent_to_review(judgement: FormatJudgement, reason: str) -> FormatJudgement:
    """The judgement, no milder than review; ``reason`` is the code that says why."""
    decision = _stricter(judgement.decision, FormatDecision.REVIEW)
    return replace(judgement, decision=decision, reasons=(*judgement.reasons, reason))


def _named(found: FormatResult) -> str:
    """The first format's name with its version, where the name does not hold it already."""
    if not found.names:
        return ""
    version = found.versions[0] if found.versions else ""
    name = found.names[0]
    return f"{name} {version}" if version and version not in name else name


def _applies(rule: Rule, on: date | None) -> bool:
    return on is None or (rule.valid_from or date.min) <= on <= (rule.valid_to or date.max)


def _stricter(one: FormatDecision, other: FormatDecision) -> FormatDecision:
    return max(one, other, key=lambda decision: decision.rank)
