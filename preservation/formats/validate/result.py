"""What a validator found, as a value that passes between processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from schemas.findings import Finding, Severity

Fact: TypeAlias = str | int | float | bool | None


class ValidationOutcome(StrEnum):
    """``not checked`` when the validator is missing, or the file is beyond its limits."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """One validator's word on one file.

    ``facts`` are what was measured (pages, dots per inch, encoding) whether or not somebody
    asked for more; ``findings`` are what a person must be told.
    """

    kind: str
    outcome: ValidationOutcome
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; :func:`from_json` makes the same result of them."""
        return {
            "kind": self.kind,
            "outcome": str(self.outcome),
            "findings": [
                {
                    "code": f.code,
                    "severity": str(f.severity),
                    "where": f.where,
                    "fields": dict(f.fields),
                }
                for f in self.findings
            ],
            "facts": dict(self.facts),
        }


def from_json(document: Mapping[str, Any]) -> ValidationResult:
    """The result that :meth:`ValidationResult.as_json` wrote; KeyError, ValueError otherwise."""
    return ValidationResult(
        kind=str(document["kind"]),
        outcome=ValidationOutcome(document["outcome"]),
        findings=tuple(
            Finding(one["code"], Severity(one["severity"]), one["where"], dict(one["fields"]))
            for one in document["findings"]
        ),
        facts=dict(document["facts"]),
    )


def judged(
    kind: str, findings: Iterable[Finding], facts: Mapping[str, Fact] | None = None
) -> ValidationResult:
    """Invalid when any finding is an error, else valid."""
    every = tuple(findings)
    broken = any(finding.severity.rank >= Severity.ERROR.rank for finding in every)
    outcome = ValidationOutcome.INVALID if broken else ValidationOutcome.VALID
    return ValidationResult(kind, outcome, every, facts or {})


def not_checked(
    kind: str, reason: str, facts: Mapping[str, Fact] | None = None, **fields: str | int
) -> ValidationResult:
    """Nobody looked, because ``reason`` (a finding code) forbade it."""
    finding = Finding(reason, Severity.WARNING, "", {"kind": kind, **fields})
    return ValidationResult(kind, ValidationOutcome.NOT_CHECKED, (finding,), facts or {})


def error(code: str, where: str = "", **fields: str | int) -> Finding:
    """Something that makes the file invalid."""
    return Finding(code, Severity.ERROR, where, fields)


def warning(code: str, where: str = "", **fields: str | int) -> Finding:
    """Something an officer should know of a file that is valid all the same."""
    return Finding(code, Severity.WARNING, where, fields)
