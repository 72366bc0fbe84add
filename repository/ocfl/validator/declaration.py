"""Conformance declarations: the one file named ``0=ocfl_object_1.1`` or ``0=ocfl_1.1``.

Source: OCFL 1.1 §3.2 and §4.2; NAMASTE.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from repository.ocfl.validator.report import Findings, Limits
from repository.ocfl.validator.tree import Entry, EntryUnreadable, Tree, read_capped

SPECIFICATIONS = ("1.0", "1.1")
"""The published versions of OCFL, oldest first."""

_TAGGED = re.compile(r"(?P<tag>[^=]*)=(?P<value>.*)\Z", re.DOTALL)
_ROOT_WITHOUT_TAG = re.compile(r"0?[-_ ]?ocfl_[0-9.]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeclarationRules:
    """The codes of one kind of declaration; ``word`` is what its value starts with."""

    word: str
    namaste: str
    exactly_one: str
    pattern: str
    tag: str
    value: str
    content: str
    missing: str


OBJECT = DeclarationRules(
    word="ocfl_object_",
    namaste="E002",
    missing="E003",
    exactly_one="E003",
    pattern="E004",
    tag="E005",
    value="E006",
    content="E007",
)
ROOT = DeclarationRules(
    word="ocfl_",
    namaste="E075",
    missing="E069",
    exactly_one="E076",
    pattern="E077",
    tag="E078",
    value="E079",
    content="E080",
)


def claims_object(name: str) -> bool:
    """Whether a file's name claims, well or badly, to declare an object."""
    return OBJECT.word in name


def belongs_to_object_check(name: str) -> bool:
    """Whether a name directly in an object is judged as a declaration, not as a stray."""
    return claims_object(name) or name.startswith("0=")


def claims_root(name: str) -> bool:
    """Whether a file's name claims, well or badly, to declare a storage root.

    Other files may lie in a root, a copy of the specification (``ocfl_1.1.md``) among them.
    """
    if claims_object(name):
        return False
    tagged = _TAGGED.match(name)
    if tagged is not None:
        return tagged["tag"] == "0" or tagged["value"].startswith(ROOT.word)
    return bool(_ROOT_WITHOUT_TAG.match(name))


def check_declaration(
    tree: Tree,
    candidates: Iterable[Entry],
    rules: DeclarationRules,
    limits: Limits,
    found: Findings,
) -> str | None:
    """The specification version that is declared (the newest of several), or None.

    ``candidates`` are the entries whose names claim to be declarations.
    """
    versions = []
    for entry in candidates:
        version = _version_of_name(entry.name, rules, found, entry.path)
        if version is None:
            continue
        versions.append(version)
        _check_content(tree, entry, rules, limits, found)
    if not versions:
        found.add(rules.missing, "", count=0)
        return None
    if len(versions) > 1:
        found.add(rules.exactly_one, "", count=len(versions))
    return max(versions)


def _version_of_name(
    name: str, rules: DeclarationRules, found: Findings, where: str
) -> str | None:
    tagged = _TAGGED.match(name)
    if tagged is None:
        found.add(rules.pattern, where)
        return None
    if tagged["tag"] != "0":
        found.add(rules.tag, where)
        return None
    version = tagged["value"].removeprefix(rules.word)
    if version not in SPECIFICATIONS or not tagged["value"].startswith(rules.word):
        found.add(rules.value, where)
        return None
    return version


def _check_content(
    tree: Tree, entry: Entry, rules: DeclarationRules, limits: Limits, found: Findings
) -> None:
    if entry.kind != "file":
        found.add(rules.namaste, entry.path, kind=entry.kind)
        return
    expected = entry.name.partition("=")[2] + "\n"
    try:
        content = read_capped(tree, entry.path, limits.small_file_bytes)
    except EntryUnreadable as error:
        found.add("KHO-UNREADABLE", entry.path, reason=error.fields["reason"])
        return
    if content is None or bytes(content) != expected.encode():
        found.add(rules.content, entry.path, expected=expected.rstrip("\n"))
