"""What was found out about data files after a submission got its shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from preservation.formats.validate.result import ValidationOutcome, ValidationResult
from schemas.findings import Finding
from schemas.nouns import SignatureReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """By logical path. ``measured`` are validators' facts: ``pages``, ``encrypted``, ``pdfa``,
    ``text_layer`` and ``dpi``; a file or fact that is absent was not measured. ``scanned``
    says whether a malware scanner ran, ``infected`` what it found."""

    signatures: Mapping[str, SignatureReport] = field(default_factory=dict)
    measured: Mapping[str, Mapping[str, str | int | float | bool | None]] = field(
        default_factory=dict
    )
    scanned: bool = False
    infected: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Findings, and the names of rules that were not checked."""

    findings: tuple[Finding, ...] = ()
    not_checked: tuple[str, ...] = ()


def measured(
    results: Mapping[str, Sequence[ValidationResult]],
) -> dict[str, dict[str, str | int | float | bool | None]]:
    """Validators' facts by logical path, in the words of :class:`Examined`."""
    return {path: facts for path, found in results.items() if (facts := _facts(found))}


def _facts(results: Sequence[ValidationResult]) -> dict[str, str | int | float | bool | None]:
    facts: dict[str, str | int | float | bool | None] = {}
    for result in results:
        facts |= {n: result.facts[n] for n in ("pages", "dpi", "encrypted") if n in result.facts}
        looked = result.facts.get("pages_looked_at")
        if looked is not None:
            facts["text_layer"] = looked == result.facts.get("pages_with_text")
        checked = result.outcome is not ValidationOutcome.NOT_CHECKED
        if result.kind in ("pdfa", "verapdf") and checked:
            valid = result.outcome is ValidationOutcome.VALID
            facts["pdfa"] = valid and facts.get("pdfa") is not False
    return facts
