"""Paths inside an inventory: their form, and that no two of them conflict.

Source: OCFL 1.1 §3.5.2 (content paths) and §3.5.3.1 (logical paths).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from repository.ocfl.validator.report import Findings


@dataclass(frozen=True, slots=True)
class PathRules:
    """The codes of one kind of path."""

    form: str
    elements: str
    slashes: str
    clash: str


LOGICAL = PathRules(form="E051", elements="E052", slashes="E053", clash="E095")
CONTENT = PathRules(form="E098", elements="E099", slashes="E100", clash="E101")


def is_sound_path(path: object, rules: PathRules, where: str, found: Findings) -> TypeGuard[str]:
    """Whether a path follows its rules; its faults become findings."""
    if not isinstance(path, str) or not path:
        found.add(rules.form, where, path=path)
        return False
    sound = True
    if path.startswith("/") or path.endswith("/"):
        found.add(rules.slashes, where, path=path)
        sound = False
    inner = path.removeprefix("/")
    inner = inner.removesuffix("/")
    if inner and any(element in {"", ".", ".."} for element in inner.split("/")):
        found.add(rules.elements, where, path=path)
        sound = False
    return sound


def check_conflicts(
    paths: Iterable[str], rules: PathRules, where: str, found: Findings
) -> frozenset[str]:
    """The paths once each; one given twice, or that is also a folder of another, is found."""
    files: set[str] = set()
    for path in paths:
        if path in files:
            found.add(rules.clash, where, path=path)
        files.add(path)
    for path in folders_of(files) & files:
        found.add(rules.clash, where, path=path)
    return frozenset(files)


def folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder above the paths."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders
