"""What a validation says: findings, collected within bounds, and the report they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from repository.ocfl.validator.codes import PREFIX, severity_of
from schemas.findings import Finding, Severity, worst

Outcome = Literal["valid", "warning", "invalid"]
Kind = Literal["object", "storage_root", "unknown"]

NOTHING = "—"
"""Stands for a value that is not there, in any language."""

_SHOWN_LIMIT = 300
"""Characters of a hostile value that a finding repeats."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a hostile tree is looked at before we say so and stop."""

    inventory_bytes: int = 512 * 1024 * 1024
    """A larger inventory is not read (one of 200,000 files and one version is 80 MB)."""
    json_values: int = 20_000_000
    """Values, keys and brackets of one JSON file; bounds the memory of reading it."""
    small_file_bytes: int = 1024 * 1024
    """Declarations, sidecars, layout and extension files."""
    findings_per_code: int = 100
    """Beyond these a code is only counted."""


@dataclass(frozen=True, slots=True)
class OcflReport:
    """The verdict on one object, or on the structure of one storage root.

    ``path`` is where it lies; ``files`` and ``size_bytes`` count the content files whose
    bytes were read and hashed.
    """

    path: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    kind: Kind = "object"
    identifier: str | None = None
    files: int = 0
    size_bytes: int = 0

    @property
    def codes(self) -> frozenset[str]:
        """Every code found, with its prefix."""
        return frozenset(finding.code for finding in self.findings)


class Findings:
    """Collects findings: each once, and no more than the limit of one code."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.findings_per_code
        self._found: dict[str, dict[tuple[object, ...], Finding]] = {}
        self._beyond: dict[str, int] = {}

    def add(self, code: str, where: str = "", **fields: object) -> None:
        """Takes note of ``code`` (without prefix) at ``where``; ``fields`` fill its text."""
        shown: dict[str, str | int] = {
            name: value if isinstance(value, int) else show(value)
            for name, value in fields.items()
        }
        finding = Finding(PREFIX + code, severity_of(code), show(where), shown)
        of_code = self._found.setdefault(code, {})
        key = (finding.where, *shown.items())
        if key in of_code:
            return
        if len(of_code) >= self._limit:
            self._beyond[code] = self._beyond.get(code, 0) + 1
            return
        of_code[key] = finding

    def all(self) -> tuple[Finding, ...]:
        """Everything found, heaviest first, in the order of finding within a weight."""
        found = [finding for of_code in self._found.values() for finding in of_code.values()]
        for code, count in self._beyond.items():
            more: dict[str, str | int] = {"repeated": PREFIX + code, "count": count}
            found.append(Finding(PREFIX + "KHO-MORE", severity_of("KHO-MORE"), "", more))
        return tuple(sorted(found, key=lambda finding: -finding.severity.rank))


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """``invalid`` with an error, ``warning`` with a warning, else ``valid``."""
    severity = worst(findings)
    if severity is None or severity is Severity.INFO:
        return "valid"
    return "warning" if severity is Severity.WARNING else "invalid"


def show(value: object) -> str:
    """A value as text that can be printed and encoded: nothing hidden, bounded length."""
    text = value if isinstance(value, str) else repr(value)
    cut = text if len(text) <= _SHOWN_LIMIT else text[:_SHOWN_LIMIT] + "…"
    safe = cut.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in safe)
