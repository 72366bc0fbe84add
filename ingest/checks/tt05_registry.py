"""All checks of the Circular 05 profile, and what judging a package by them says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ingest.checks import (
    tt05_container,
    tt05_conversion,
    tt05_fields,
    tt05_formats,
    tt05_layout,
    tt05_links,
    tt05_mets,
    tt05_premis,
    tt05_reception,
    tt05_records,
    tt05_xml,
)
from ingest.checks.tt05_case import Case
from ingest.checks.tt05_rules import Check, Hit, Mark, Unchecked, Variant, not_checked_name
from ingest.examined import Examined, Judgement
from ingest.staged import Findings
from schemas.findings import Finding

CHECKS: tuple[Check, ...] = (
    *tt05_container.CHECKS,
    *tt05_layout.CHECKS,
    *tt05_xml.CHECKS,
    *tt05_mets.CHECKS,
    *tt05_links.CHECKS,
    *tt05_fields.CHECKS,
    *tt05_records.CHECKS,
    *tt05_formats.CHECKS,
    *tt05_premis.CHECKS,
    *tt05_reception.CHECKS,
)

SECOND_LOOK: tuple[tuple[tuple[str, ...], Callable[[Case, Examined], Iterator[Mark]]], ...] = (
    (("TT05-011", "TT05-012"), tt05_formats.malware),
    (("TT05-095",), tt05_formats.pages),
    (("TT05-112",), tt05_formats.protection),
    (("TT05-113",), tt05_formats.digitised),
    (("TT05-114", "TT05-115"), tt05_formats.signatures),
)
"""What can be decided only after other judges have seen the data files."""


def judge(case: Case, variant: Variant, *, received: bool = True) -> Judgement:
    """The package by every check; those of reception only when it was ``received``."""
    checks = (each for each in CHECKS if received or not each.reception)
    return _judged((mark for each in checks for mark in each.judge(case)), variant)


def look_again(case: Case, variant: Variant, examined: Examined) -> Judgement:
    """The rules that waited for other judges."""
    return _judged((m for _, look in SECOND_LOOK for m in look(case, examined)), variant)


def weigh(marks: Iterable[Mark], variant: Variant) -> tuple[Finding, ...]:
    """The findings alone."""
    return _judged(marks, variant).findings


def all_rules() -> tuple[str, ...]:
    """The ids of every rule that some function decides."""
    ids = {rule for check in CHECKS for rule in check.rules}
    ids |= {rule for rules, _ in SECOND_LOOK for rule in rules}
    return tuple(sorted(ids | set(tt05_conversion.RULES)))


def _judged(marks: Iterable[Mark], variant: Variant) -> Judgement:
    findings = Findings()
    unchecked: dict[str, None] = {}
    for mark in marks:
        match mark:
            case Hit():
                findings(mark.finding(variant))
            case Unchecked():
                unchecked[not_checked_name(mark.rule)] = None
    return Judgement(findings.all(), tuple(unchecked))
