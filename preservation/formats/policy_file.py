"""The written form of a format policy (``kho.format-policy/1``), checked when it is read."""

from __future__ import annotations

import hashlib
from datetime import date
from importlib.resources import files
from typing import ClassVar, Literal

import msgspec

from schemas.errors import ConfigError
from schemas.records import Record

FORMAT = "kho.format-policy/1"
SHIPPED = "tt05.toml"

DecisionName = Literal["accepted", "accepted-with-migration", "review", "rejected"]
Level = Literal["identified", "well-formed", "valid-profile"]
Wanted = dict[str, int | bool]


class FormatPolicyUnusable(ConfigError):
    """The policy file cannot be used; ``reason`` says why."""

    code: ClassVar[str] = "FORMAT-POLICY-UNUSABLE"


class Note(Record, frozen=True, kw_only=True):
    """Why the rule is as it is, for an archivist, in both languages."""

    vi: str
    en: str


class Rule(Record, frozen=True, kw_only=True):
    """What becomes of the formats of one family (``puids``).

    ``scopes`` are dossier types or document roles it is for, none for all. ``by_extension``:
    it also counts where only the name told the format. ``validators`` must find the file
    valid for ``level`` to be reached; ``wanted`` is handed to them. ``valid_from`` and
    ``valid_to`` are the first and last day it applies.
    """

    id: str
    decision: DecisionName
    puids: tuple[str, ...]
    legal_basis: str
    note: Note
    scopes: tuple[str, ...] = ()
    by_extension: bool = False
    validators: tuple[str, ...] = ()
    level: Level = "identified"
    wanted: Wanted = msgspec.field(default_factory=dict)
    target: str = ""
    max_size_bytes: int = 0
    valid_from: date | None = None
    valid_to: date | None = None


class Fallback(Record, frozen=True, kw_only=True, rename="kebab"):
    """What becomes of files that no rule decides."""

    unknown: DecisionName = "review"
    unlisted: DecisionName = "review"
    ambiguous: DecisionName = "review"
    extension_only: DecisionName = "review"
    encrypted: DecisionName = "rejected"
    empty: DecisionName = "review"


class PolicyFile(Record, frozen=True, kw_only=True):
    """A whole policy file."""

    format: Literal["kho.format-policy/1"]
    name: str
    version: int
    legal_basis: str
    fallback: Fallback = Fallback()
    rule: tuple[Rule, ...]


def read_policy(content: bytes) -> tuple[PolicyFile, str]:
    """The policy and the sha256 of exactly these bytes; FormatPolicyUnusable otherwise."""
    try:
        policy = msgspec.toml.decode(content, type=PolicyFile)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise FormatPolicyUnusable(reason=str(problem)) from problem
    _refuse_contradictions(policy)
    return policy, hashlib.sha256(content).hexdigest()


def shipped_content() -> bytes:
    """The policy that comes with Kho: the list of Circular 05/2025."""
    return files("preservation.formats.policies").joinpath(SHIPPED).read_bytes()


def _refuse_contradictions(policy: PolicyFile) -> None:
    """Two rules for one format and scope on one day cannot both be followed."""
    identifiers = [rule.id for rule in policy.rule]
    if len(set(identifiers)) != len(identifiers):
        raise FormatPolicyUnusable(reason="two rules have one id")
    claimed: dict[tuple[str, str], Rule] = {}
    for rule in policy.rule:
        for puid in rule.puids:
            for scope in rule.scopes or ("",):
                other = claimed.setdefault((puid, scope), rule)
                if other is not rule and _overlap(rule, other):
                    reason = f"{rule.id} and {other.id} both decide {puid} {scope}".rstrip()
                    raise FormatPolicyUnusable(reason=reason)


def _overlap(one: Rule, other: Rule) -> bool:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_to or date.max, other.valid_to or date.max)
    return first <= last
