"""The validator's codes: what each weighs, and which of the specification's are never found.

The specification numbers its MUSTs ``E001``–``E112`` and its SHOULDs ``W001``–``W016``; our
findings carry them as ``OCFL-E092``. ``OCFL-KHO-…`` are our own: what OCFL allows and a restore
does not survive, and what could not be looked at.

Source: OCFL 1.0 and 1.1, *validation codes*.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.findings import Severity

PREFIX = "OCFL-"

_NEVER_ASSIGNED = frozenset({65, 109})
SPECIFICATION_ERRORS = tuple(f"E{n:03}" for n in range(1, 113) if n not in _NEVER_ASSIGNED)
SPECIFICATION_WARNINGS = tuple(f"W{n:03}" for n in range(1, 17) if n != 6)

OWN: Mapping[str, Severity] = MappingProxyType(
    {
        "KHO-NOT-OCFL": Severity.ERROR,
        "KHO-DUPLICATE-KEY": Severity.ERROR,
        "KHO-TOO-LARGE": Severity.ERROR,
        "KHO-UNREADABLE": Severity.ERROR,
        "KHO-SPECIAL-FILE": Severity.ERROR,
        "KHO-CASE-COLLISION": Severity.WARNING,
        "KHO-FORM-COLLISION": Severity.WARNING,
        "KHO-NAME-TOO-LONG": Severity.WARNING,
        "KHO-CONTROL-CHARACTER": Severity.WARNING,
        "KHO-BACKSLASH": Severity.WARNING,
        "KHO-SIDECAR-CASE": Severity.WARNING,
        "KHO-WINDOWS-NAME": Severity.INFO,
        "KHO-NOT-CHECKED": Severity.INFO,
        "KHO-MORE": Severity.INFO,
    }
)

NEVER_FOUND: Mapping[str, str] = MappingProxyType(
    {
        "E022": "binds tools: we ignore other folders of a version and warn with W002",
        "E026": "the same rule as E056, which is found",
        "E027": "binds tools: every algorithm of the table is computed",
        "E028": "binds tools: an algorithm we cannot compute is recorded as not checked",
        "E044": "the same rule as E043, which is found",
        "E055": "a fixity block under another key is an unknown key, E102",
        "E062": "an order of writing; afterwards only E060 can be seen",
        "E068": "1.0 only: an undocumented extension is W013 or W016",
        "E074": "a property of an operator's several roots, not of one",
        "E087": "binds tools: unknown files directly in a root are ignored",
        "E089": "what was wrapped cannot be told from any other file",
        "E091": "a property of the filesystem, not of what it holds",
        "W012": "any file may be a log; nothing tells that one was left elsewhere",
    }
)
"""The codes for which no object or root can give a finding, each with its reason."""


def severity_of(code: str) -> Severity:
    """The weight of a code without its prefix; KeyError for a code nobody defined."""
    if code in OWN:
        return OWN[code]
    if code in SPECIFICATION_ERRORS:
        return Severity.ERROR
    if code in SPECIFICATION_WARNINGS:
        return Severity.WARNING
    raise KeyError(code)


def every_code() -> tuple[str, ...]:
    """Every code that has a text, with its prefix."""
    return tuple(PREFIX + c for c in (*SPECIFICATION_ERRORS, *SPECIFICATION_WARNINGS, *OWN))
