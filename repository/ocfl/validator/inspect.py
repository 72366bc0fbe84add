"""The door to the validator: a path or a backend's prefix in, reports out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from repository.ocfl.validator.content import OnFile
from repository.ocfl.validator.declaration import claims_root
from repository.ocfl.validator.object import validate_object
from repository.ocfl.validator.report import Findings, Limits, OcflReport, outcome_of
from repository.ocfl.validator.root import LAYOUT, looks_like_object, validate_root
from repository.ocfl.validator.tree import BackendTree, Entry, EntryUnreadable, LocalTree, Tree
from repository.ocfl.validator.version_names import parse_version_name
from storage_backends.interface import StorageBackend


def inspect_ocfl(
    path: Path, *, on_file: OnFile | None = None, limits: Limits | None = None
) -> Iterator[OcflReport]:
    """Reports on an object or a storage root in a local folder, told apart by what it holds.

    An object gives one report; a root one for each object as it is found, and last one on
    its own structure. A path that is neither, or cannot be listed, gives one ``invalid``
    report. Nothing is written; links are never followed below ``path``.
    """
    return inspect_tree(LocalTree(path), label=path.as_posix(), on_file=on_file, limits=limits)


def inspect_backend(
    backend: StorageBackend,
    prefix: str = "",
    *,
    on_file: OnFile | None = None,
    limits: Limits | None = None,
) -> Iterator[OcflReport]:
    """The same for everything under a backend's prefix (ending in ``/`` or empty).

    The store's own errors (unavailable, denied) are raised, never reported as damage.
    """
    tree = BackendTree(backend, prefix)
    label = f"{backend.name}:{prefix.rstrip('/')}"
    return inspect_tree(tree, label=label, on_file=on_file, limits=limits)


def inspect_tree(
    tree: Tree, *, label: str, on_file: OnFile | None = None, limits: Limits | None = None
) -> Iterator[OcflReport]:
    """The same for any tree; ``label`` is its path in the reports."""
    limits = limits or Limits()
    try:
        entries = tree.children("")
    except EntryUnreadable as error:
        found = Findings(limits)
        found.add("KHO-UNREADABLE", "", reason=error.fields["reason"])
        findings = found.all()
        yield OcflReport(label, outcome_of(findings), findings, kind="unknown")
        return
    kind = _kind(entries)
    if kind == "object":
        yield validate_object(tree, label=label, on_file=on_file, limits=limits)
    elif kind == "root":
        yield from validate_root(tree, label=label, on_file=on_file, limits=limits)
    else:
        yield from _neither(tree, label, limits, on_file)


def _kind(entries: list[Entry]) -> Literal["object", "root", "unknown"]:
    if looks_like_object(entries):
        return "object"
    if any(claims_root(e.name) or e.name == LAYOUT for e in entries if e.kind != "directory"):
        return "root"
    if any(parse_version_name(e.name) for e in entries if e.kind == "directory"):
        return "object"
    return "unknown"


def _neither(
    tree: Tree, label: str, limits: Limits, on_file: OnFile | None
) -> Iterator[OcflReport]:
    """A root that lost its declaration when there are objects below; else no OCFL at all."""
    reports = validate_root(tree, label=label, on_file=on_file, limits=limits)
    first = next(reports)
    if first.kind == "object":
        yield first
        yield from reports
        return
    found = Findings(limits)
    found.add("KHO-NOT-OCFL")
    found.add("E003", count=0)
    found.add("E063")
    findings = found.all()
    yield OcflReport(label, outcome_of(findings), findings, kind="unknown")
