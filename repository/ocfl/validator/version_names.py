"""Names of version directories: ``v1 v2 v3``, or all padded alike ``v0001 v0002``.

Source: OCFL 1.1 §3.3.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from repository.ocfl.validator.report import Findings

_NAME = re.compile(r"v(?P<digits>[0-9]{1,18})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionName:
    """A well-formed name: ``number`` ≥ 1; ``width`` is 0 without padding, else the digits."""

    text: str
    number: int
    width: int


def parse_version_name(text: str) -> VersionName | None:
    """The version that a name means, or None when it is no version name."""
    match = _NAME.match(text)
    if match is None or int(match["digits"]) == 0:
        return None
    digits = match["digits"]
    return VersionName(text, int(digits), len(digits) if digits.startswith("0") else 0)


def check_version_names(names: Iterable[str], where: str, found: Findings) -> tuple[str, ...]:
    """The well-formed names in their order; faults of the sequence become findings."""
    versions = []
    for name in names:
        version = parse_version_name(name)
        if version is not None:
            versions.append(version)
        else:
            found.add("E105" if name.startswith("v") else "E104", where, name=name)
    versions.sort(key=lambda version: version.number)
    if not versions:
        return ()
    _check_sequence(versions, where, found)
    _check_convention(versions, where, found)
    return tuple(version.text for version in versions)


def _check_sequence(versions: list[VersionName], where: str, found: Findings) -> None:
    numbers = [version.number for version in versions]
    if numbers[0] != 1:
        found.add("E009", where, name=versions[0].text)
    for before, after in itertools.pairwise(versions):
        if after.number > before.number + 1:
            found.add("E010", where, before=before.text, after=after.text)


def _check_convention(versions: list[VersionName], where: str, found: Findings) -> None:
    first = versions[0]
    if first.width:
        found.add("W001", where, name=first.text)
    for version in versions[1:]:
        if version.width == first.width:
            continue
        found.add("E013", where, name=version.text, first=first.text)
        if version.width:
            found.add("E012", where, name=version.text, first=first.text)
        else:
            found.add("E011", where, name=version.text)
