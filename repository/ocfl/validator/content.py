"""Content files against every digest that any inventory of the object states for them.

Each file is read once, for all algorithms together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from repository.ocfl.validator.digesting import can_compute, digests_of_file, normalized
from repository.ocfl.validator.inventory import Inventory
from repository.ocfl.validator.object_files import ObjectFiles
from repository.ocfl.validator.report import NOTHING, Findings
from repository.ocfl.validator.tree import EntryUnreadable, Tree

OnFile = Callable[[str, int], None]
"""Told the path and size of every content file after it was read."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What one inventory states of a file: ``code`` is found when it does not hold."""

    code: str
    algorithm: str
    digest: str
    where: str


class Expectations:
    """Every digest stated for each content path; equal statements are kept once."""

    def __init__(self) -> None:
        self._by_path: dict[str, tuple[Expected, ...]] = {}

    def add_inventory(self, inventory: Inventory) -> None:
        """Takes up the manifest and fixity blocks of an inventory."""
        if inventory.algorithm is not None:
            self._add_block("E092", inventory.algorithm, inventory.manifest, inventory.where)
        for algorithm, block in inventory.fixity.items():
            if can_compute(algorithm):
                self._add_block("E093", algorithm, block, inventory.where)

    def paths(self) -> list[str]:
        """Every content path that some inventory names, sorted."""
        return sorted(self._by_path)

    def of(self, path: str) -> tuple[Expected, ...]:
        """What is stated of one path."""
        return self._by_path[path]

    def _add_block(
        self, code: str, algorithm: str, block: Mapping[str, tuple[str, ...]], where: str
    ) -> None:
        for digest, paths in block.items():
            expected = Expected(code, algorithm, normalized(digest), where)
            for path in paths:
                stated = self._by_path.get(path, ())
                if not any(_say_the_same(expected, other) for other in stated):
                    self._by_path[path] = (*stated, expected)


@dataclass(frozen=True, slots=True)
class Read:
    """How much content was read."""

    files: int
    size_bytes: int


def check_content(
    tree: Tree,
    files: ObjectFiles,
    expectations: Expectations,
    found: Findings,
    on_file: OnFile | None = None,
) -> Read:
    """Missing and altered content becomes findings; everything present is read once."""
    count = total = 0
    for path in expectations.paths():
        stated = expectations.of(path)
        if path not in files.files:
            if not files.is_hidden(path):
                for expected in stated:
                    _note(expected, NOTHING, path, found)
            continue
        try:
            algorithms = {expected.algorithm for expected in stated}
            computed, size_bytes = digests_of_file(tree, path, algorithms)
        except EntryUnreadable as error:
            found.add("KHO-UNREADABLE", path, reason=error.fields["reason"])
            continue
        count, total = count + 1, total + size_bytes
        if on_file is not None:
            on_file(path, size_bytes)
        for expected in stated:
            if computed[expected.algorithm] != expected.digest:
                _note(expected, computed[expected.algorithm], path, found)
    return Read(count, total)


def check_listed(content: Mapping[str, list[str]], inventory: Inventory, found: Findings) -> None:
    """Content files up to the inventory's newest version that its manifest lacks are found."""
    listed = inventory.content_paths()
    for version in inventory.version_names:
        for path in sorted(set(content.get(version, ())) - listed):
            found.add("E023", path, inventory=inventory.where)


def _note(expected: Expected, computed: str, path: str, found: Findings) -> None:
    found.add(
        expected.code,
        path,
        algorithm=expected.algorithm,
        expected=expected.digest,
        computed=computed,
        inventory=expected.where,
    )


def _say_the_same(one: Expected, other: Expected) -> bool:
    return (one.code, one.algorithm, one.digest) == (other.code, other.algorithm, other.digest)
