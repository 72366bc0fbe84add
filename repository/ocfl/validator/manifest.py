"""The manifest and fixity blocks: digests and the content paths they stand for.

Source: OCFL 1.1 §3.5.2 and §3.5.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from repository.ocfl.validator.digesting import (
    CONTENT_ALGORITHMS,
    can_compute,
    is_known,
    is_well_formed,
    normalized,
)
from repository.ocfl.validator.paths import CONTENT, check_conflicts, is_sound_path
from repository.ocfl.validator.report import NOTHING, Findings
from repository.ocfl.validator.version_names import parse_version_name

_FORM_CODES = {"sha1": "E029", "sha256": "E030", "sha512": "E031", "blake2b-512": "E032"}


@dataclass(frozen=True, slots=True)
class ManifestRules:
    """What a manifest is judged by. ``where`` is the inventory's path."""

    algorithm: str | None
    content_directory: str | None
    """As declared; None for the default, ``content``."""
    versions: tuple[str, ...]
    where: str


def check_manifest(
    raw: dict[str, object], rules: ManifestRules, found: Findings
) -> dict[str, tuple[str, ...]]:
    """The sound entries of a manifest: content paths by digest as written."""
    where, algorithm = rules.where, rules.algorithm
    _check_unique(raw, "E096", algorithm or "", where, found)
    sound: dict[str, tuple[str, ...]] = {}
    for digest, paths in raw.items():
        if not isinstance(paths, list):
            fields = {"expected": show_digest(digest), "computed": NOTHING, "inventory": where}
            found.add("E092", where, algorithm=algorithm or "", **fields)
        elif algorithm is None or _is_digest(digest, algorithm, where, found):
            sound[digest] = tuple(p for p in paths if is_sound_path(p, CONTENT, where, found))
    listed = check_conflicts((p for paths in sound.values() for p in paths), CONTENT, where, found)
    _check_places(listed, rules, found)
    return sound


def check_fixity(
    raw: object, *, listed: Mapping[str, str], where: str, found: Findings
) -> dict[str, dict[str, tuple[str, ...]]]:
    """The sound blocks of a fixity block by algorithm.

    ``listed`` maps each path of the manifest to itself. Its texts take the place of
    equal ones here: 200,000 paths need not be kept twice.
    """
    if not isinstance(raw, dict):
        found.add("E111", where)
        return {}
    blocks: dict[str, dict[str, tuple[str, ...]]] = {}
    for algorithm, block in raw.items():
        if not is_known(algorithm):
            found.add("E056", where, algorithm=algorithm)
        elif not isinstance(block, dict):
            found.add("E057", where, algorithm=algorithm, found=block)
        else:
            if not can_compute(algorithm):
                found.add("KHO-NOT-CHECKED", where, what=f"fixity {algorithm}")
            blocks[algorithm] = _fixity_block(block, algorithm, listed, where, found)
    return blocks


def _fixity_block(
    block: dict[str, object],
    algorithm: str,
    listed: Mapping[str, str],
    where: str,
    found: Findings,
) -> dict[str, tuple[str, ...]]:
    _check_unique(block, "E097", algorithm, where, found)
    sound: dict[str, tuple[str, ...]] = {}
    for digest, paths in block.items():
        if not is_well_formed(digest, algorithm):
            found.add(_FORM_CODES.get(algorithm, "E057"), where, algorithm=algorithm, found=digest)
        elif not isinstance(paths, list):
            found.add("E057", where, algorithm=algorithm, found=paths)
        else:
            kept = [p for p in paths if is_sound_path(p, CONTENT, where, found)]
            sound[digest] = tuple(listed.get(path, path) for path in kept)
            for path in kept:
                if path not in listed:
                    found.add("E057", where, algorithm=algorithm, found=path)
    return sound


def _check_unique(
    block: dict[str, object], code: str, algorithm: str, where: str, found: Findings
) -> None:
    """A digest that differs from another only in case becomes a finding."""
    seen: set[str] = set()
    for digest in block:
        if normalized(digest) in seen:
            found.add(code, where, digest=show_digest(digest), algorithm=algorithm)
        seen.add(normalized(digest))


def show_digest(digest: str) -> str:
    """Enough of a digest to find it."""
    return digest if len(digest) <= 16 else f"{digest[:16]}…"


def _is_digest(digest: str, algorithm: str, where: str, found: Findings) -> bool:
    if is_well_formed(digest, algorithm):
        return True
    other = next((a for a in CONTENT_ALGORITHMS if is_well_formed(digest, a)), None)
    if other is not None:
        found.add("E039", where, digest=show_digest(digest), algorithm=algorithm)
    else:
        found.add(_FORM_CODES[algorithm], where, algorithm=algorithm, found=digest)
    return False


def _check_places(paths: frozenset[str], rules: ManifestRules, found: Findings) -> None:
    """Whether content paths lie in the content directory of a version of the object."""
    versions = frozenset(rules.versions)
    parsed = (parse_version_name(name) for name in versions)
    numbers = {version.number for version in parsed if version is not None}
    directory = rules.content_directory or "content"
    for path in sorted(paths):
        first, _, rest = path.partition("/")
        second, slash, _ = rest.partition("/")
        if first in versions and second == directory and slash:
            continue
        found.add(_misplaced(path, numbers, versions, rules), rules.where, path=path)


def _misplaced(
    path: str, numbers: set[int], versions: frozenset[str], rules: ManifestRules
) -> str:
    """The code for a path that is not in the content directory of a version."""
    if "/" not in path and "\\" in path:
        return "E035"
    first, _, rest = path.partition("/")
    if first not in versions:
        named = parse_version_name(first)
        return "E014" if named is not None and named.number in numbers else "E042"
    return "E021" if rules.content_directory is None and "/" in rest else "E016"
