"""The 137 rules of tt05-profile §7: their weights in three profiles, and what breaking one is.

The table lies in ``schemas/data/tt05/rules.tsv``; texts are behind the rules' ids. A rule
that cannot be decided is never passed over: its check yields :class:`Unchecked`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias

from schemas.findings import Finding, Severity

if TYPE_CHECKING:
    from ingest.checks.tt05_case import Case

Variant = Literal["tt05", "tt05-strict", "tt05-lenient"]
VARIANTS: tuple[Variant, ...] = ("tt05", "tt05-strict", "tt05-lenient")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. ``fixed`` says that no policy may weigh it otherwise."""

    id: str
    where: str
    check: str
    severity: Severity
    strict: Severity
    lenient: Severity
    fixed: bool

    def weight(self, variant: Variant) -> Severity:
        """What breaking the rule weighs under one profile."""
        by_variant = {"tt05-strict": self.strict, "tt05-lenient": self.lenient}
        return by_variant.get(variant, self.severity)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule is broken at ``where``. ``severity`` only where the table itself tells cases
    apart; ``fields`` fill the text."""

    rule: str
    where: str = ""
    severity: Severity | None = None
    fields: Mapping[str, str | int] = field(default_factory=dict)

    def finding(self, variant: Variant) -> Finding:
        """The finding under one profile."""
        weight = self.severity or rules()[self.rule].weight(variant)
        return Finding(self.rule, weight, self.where, self.fields)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that could not be decided here and now."""

    rule: str


Mark: TypeAlias = Hit | Unchecked


@dataclass(frozen=True, slots=True)
class Check:
    """One function and the rules it decides.

    ``reception`` marks what concerns the arrival of a package, not the package as such: it is
    not asked of an AIP that we wrote ourselves.
    """

    rules: tuple[str, ...]
    judge: Callable[[Case], Iterator[Mark]]
    reception: bool = False


def hit(rule: str, where: str = "", severity: Severity | None = None, **fields: str | int) -> Hit:
    """A broken rule."""
    return Hit(rule, where, severity, fields)


def not_checked_name(rule: str) -> str:
    """The name under which receipts and events say that a rule was not checked."""
    return rule.lower()


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the table."""
    table = files("schemas").joinpath("data", "tt05", "rules.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {
        row["id"]: Rule(
            row["id"],
            row["where"],
            row["check"],
            Severity(row["severity"]),
            Severity(row["strict"]),
            Severity(row["lenient"]),
            row["fixed"] == "yes",
        )
        for row in rows
    }


def fixed_rules() -> frozenset[str]:
    """Rules whose weight is error whatever a policy says (tt05-profile §6)."""
    return frozenset(rule.id for rule in rules().values() if rule.fixed)
