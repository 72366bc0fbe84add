"""What a requirement of E-ARK CSIP and SIP is, in the versions 2.0.4 and 2.2.0.

Each has its id of the standard, which is the code of its finding: breaking a MUST is an error,
breaking a SHOULD a warning. What MAY be is never a finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from ingest.checks.eark_reading import Outline
from ingest.checks.tt05_tree import Tree
from schemas.findings import Finding, Severity

S = TypeVar("S")
_VERSION = re.compile(r"-v(\d+)-(\d+)-(\d+)\.xml$", re.IGNORECASE)
_SHOWN_CHARS = 200


class Level(Enum):
    """How much a requirement weighs. ``NONE``: that version does not have it, or as a MAY."""

    MUST = Severity.ERROR
    SHOULD = Severity.WARNING
    NONE = None


MUST, SHOULD, NONE = Level.MUST, Level.SHOULD, Level.NONE


class Version(Enum):
    """The versions whose requirements are known; 2.1.0 has the levels of 2.0.4."""

    V2_0_4 = "2.0.4"
    V2_1_0 = "2.1.0"
    V2_2_0 = "2.2.0"

    @staticmethod
    def of(profile: str) -> Version:
        """The version that a PROFILE names; an unversioned address is that of 2.0.4."""
        found = _VERSION.search(profile)
        if found is not None:
            numbers = tuple(int(each) for each in found.groups())
            if numbers >= (2, 2, 0):
                return Version.V2_2_0
            return Version.V2_1_0 if numbers >= (2, 1, 0) else Version.V2_0_4
        return Version.V2_0_4 if "e-ark" in profile.lower() else Version.V2_2_0


@dataclass(frozen=True, slots=True)
class MetsFile:
    """One METS file as far as it was read. ``base`` is its folder with its slash, ``""`` for
    the package's own; ``version`` is the package's."""

    path: str
    base: str
    version: Version
    tree: Tree
    outline: Outline
    root_uses: frozenset[str] = frozenset()
    """The USEs of the groups of the package's own METS file."""

    @property
    def is_root(self) -> bool:
        """Whether it is the package's own."""
        return not self.base


@dataclass(frozen=True, slots=True)
class Requirement(Generic[S]):
    """One requirement. ``judge`` yields what breaks it in a subject: a part of a METS file, a
    whole METS file, or the package's tree; an empty text where there is nothing to show."""

    id: str
    level: Level
    older: Level
    judge: Callable[[S], Iterator[str]]

    def findings(self, subject: S, version: Version, where: str) -> Iterator[Finding]:
        """What breaks it, as findings at ``where``."""
        level = self.level if version is Version.V2_2_0 else self.older
        if level.value is not None:
            for shown in self.judge(subject):
                yield Finding(self.id, level.value, where, {"v": shown[:_SHOWN_CHARS] or "–"})


def requirement(
    identifier: str, level: Level, *, older: Level | None = None
) -> Callable[[Callable[[S], Iterator[str]]], Requirement[S]]:
    """Makes a function a requirement; ``older`` is its level in 2.0.4, where it differs."""

    def make(judge: Callable[[S], Iterator[str]]) -> Requirement[S]:
        return Requirement(identifier, level, older or level, judge)

    return make


def broken(is_broken: object, shown: str = "") -> Iterator[str]:
    """Once, showing ``shown``, when something is broken."""
    if is_broken:
        yield shown
