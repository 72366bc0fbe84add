"""Stop 9, *decide*: a pure function of findings and policy (design §8)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ingest.checks.tt05_rules import fixed_rules
from schemas.errors import ConfigError
from schemas.findings import Finding, Severity, worst
from schemas.nouns import Outcome

_FORMAT = "kho.policy/1"
_SHIPPED = "default.toml"


class PolicyUnusable(ConfigError):
    """The policy file at ``where`` cannot be used, for ``reason``."""

    code = "POLICY-UNUSABLE"


@dataclass(frozen=True, slots=True)
class Policy:
    """Weights of findings by code; ``sha256`` names exactly this text."""

    name: str
    version: int
    sha256: str
    severity_by_code: Mapping[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the submission, with the findings as the policy weighs them."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.severity is Severity.WARNING for finding in self.findings)


def decide(findings: Iterable[Finding], policy: Policy) -> Decision:
    """An unsafe or unreadable container is rejected, any other error held, the rest accepted.

    Heaviest findings come first; findings of one weight keep their order.
    """
    weighed = [_weigh(finding, policy) for finding in findings]
    weighed.sort(key=lambda finding: -finding.severity.rank)
    heaviest = worst(weighed)
    if heaviest is Severity.REJECT:
        outcome = Outcome.REJECTED
    elif heaviest is Severity.ERROR:
        outcome = Outcome.HELD
    else:
        outcome = Outcome.ACCEPTED
    return Decision(outcome, tuple(weighed))


def load_policy(path: str = "") -> Policy:
    """The policy in a file, or the shipped one. :class:`PolicyUnusable` says what is wrong."""
    where = path or _SHIPPED
    try:
        if path:
            content = Path(path).read_bytes()
        else:
            content = files("ingest.policies").joinpath(_SHIPPED).read_bytes()
        return _policy_of(tomllib.loads(content.decode()), hashlib.sha256(content).hexdigest())
    except (OSError, ValueError, KeyError) as error:
        raise PolicyUnusable(where=where, reason=str(error)) from error


def _policy_of(table: Mapping[str, Any], sha256: str) -> Policy:
    if table["format"] != _FORMAT:
        raise ValueError(f"format is {table['format']!r}, not {_FORMAT!r}")
    weights = {str(code): Severity(value) for code, value in table.get("severity", {}).items()}
    fixed = sorted(fixed_rules() & weights.keys())
    if fixed:
        raise ValueError(f"the weight of {', '.join(fixed)} cannot be changed")
    return Policy(str(table["name"]), int(table["version"]), sha256, weights)


def _weigh(finding: Finding, policy: Policy) -> Finding:
    severity = policy.severity_by_code.get(finding.code)
    return finding if severity is None else replace(finding, severity=severity)
