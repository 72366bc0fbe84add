"""Older inventories against the current one: what was once stated stays so.

Source: OCFL 1.1 §3.7.
"""

from __future__ import annotations

from collections.abc import Mapping

from repository.ocfl.validator.digesting import normalized
from repository.ocfl.validator.inventory import Inventory
from repository.ocfl.validator.report import NOTHING, Findings
from repository.ocfl.validator.versions import VersionBlock

_NOTES = ("created", "message", "user")


def check_prior(prior: Inventory, current: Inventory, found: Findings) -> None:
    """An older version's inventory and the current one tell the same history."""
    _check_identity(prior, current, found)
    for name in prior.version_names:
        if name not in current.versions:
            found.add("E066", f"{prior.where}#{name}", path="")
            continue
        ours, theirs = prior.versions[name], current.versions[name]
        if ours is theirs:
            continue
        place = f"{prior.where}#{name}"
        for path in _changed_paths(prior, ours, current, theirs):
            found.add("E066", place, path=path)
        for key in _NOTES:
            if ours.noted(key) != theirs.noted(key):
                found.add("W011", place, key=key)


def check_content_directory(
    prior: Inventory, current: Inventory, *, is_first: bool, found: Findings
) -> None:
    """``contentDirectory`` was set in the first version, or never, and never changed."""
    if prior.declared_content_directory == current.declared_content_directory:
        return
    fields = {
        "found": current.declared_content_directory or NOTHING,
        "expected": prior.declared_content_directory or NOTHING,
    }
    if is_first:
        found.add("E019", prior.where, **fields)
    if prior.content_directory != current.content_directory:
        found.add("E020", prior.where, **fields)


def check_specification_order(specifications: Mapping[str, str | None], found: Findings) -> None:
    """No version conforms to an older specification than the version before it.

    ``specifications`` maps inventory paths to versions of OCFL, oldest version first.
    """
    newest = ""
    for where, specification in specifications.items():
        if specification is None:
            continue
        if specification < newest:
            found.add("E103", where, found=specification, before=newest)
        newest = max(newest, specification)


def _check_identity(prior: Inventory, current: Inventory, found: Findings) -> None:
    if prior.identifier and current.identifier and prior.identifier != current.identifier:
        found.add("E037", prior.where, found=prior.identifier, other=current.identifier)
        found.add("E110", prior.where, found=prior.identifier, expected=current.identifier)
    folder = prior.where.partition("/")[0]
    newest = prior.version_names[-1] if prior.version_names else None
    if newest is not None and newest != folder:
        found.add("E040", prior.where, found=newest, expected=folder)


def _changed_paths(
    prior: Inventory, ours: VersionBlock, current: Inventory, theirs: VersionBlock
) -> list[str]:
    """Logical paths whose content is not the same in both states."""
    if prior.algorithm == current.algorithm:
        before, after = _digest_by_path(ours), _digest_by_path(theirs)
        return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    return _changed_by_content(prior, ours, current, theirs)


def _changed_by_content(
    prior: Inventory, ours: VersionBlock, current: Inventory, theirs: VersionBlock
) -> list[str]:
    """As told by content paths, for digests of different algorithms cannot be compared."""
    before, after = _digest_by_path(ours), _digest_by_path(theirs)
    stored_before, stored_after = _stored(prior), _stored(current)
    changed = before.keys() ^ after.keys()
    for path in before.keys() & after.keys():
        old = stored_before.get(before[path], frozenset())
        if not old <= stored_after.get(after[path], frozenset()):
            changed.add(path)
    return sorted(changed)


def _digest_by_path(block: VersionBlock) -> dict[str, str]:
    return {path: normalized(d) for d, paths in block.state.items() for path in paths}


def _stored(inventory: Inventory) -> dict[str, frozenset[str]]:
    return {normalized(digest): frozenset(paths) for digest, paths in inventory.manifest.items()}
