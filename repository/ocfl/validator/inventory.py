"""An inventory, judged key by key; what is well-formed is kept for the checks that follow.

Source: OCFL 1.1 §3.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from repository.ocfl.validator.declaration import SPECIFICATIONS
from repository.ocfl.validator.digesting import CONTENT_ALGORITHMS, normalized
from repository.ocfl.validator.manifest import (
    ManifestRules,
    check_fixity,
    check_manifest,
)
from repository.ocfl.validator.report import NOTHING, Findings
from repository.ocfl.validator.version_names import check_version_names
from repository.ocfl.validator.versions import VersionBlock, check_version

DEFAULT_CONTENT_DIRECTORY = "content"
KEYS = frozenset(
    {
        "id",
        "type",
        "digestAlgorithm",
        "head",
        "contentDirectory",
        "manifest",
        "versions",
        "fixity",
    }
)
_TYPES = {f"https://ocfl.io/{version}/spec/#inventory": version for version in SPECIFICATIONS}
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+\Z"
)


@dataclass(frozen=True, slots=True)
class Inventory:
    """The well-formed part of one inventory. ``where`` is its path in the object."""

    where: str
    specification: str | None
    identifier: str | None
    algorithm: str | None
    """``sha512``, ``sha256``, or None when it names no content algorithm."""
    declared_content_directory: str | None
    version_names: tuple[str, ...]
    """In their order, oldest first."""
    manifest: Mapping[str, tuple[str, ...]]
    """Content paths by digest as written; sound digests and paths only."""
    versions: Mapping[str, VersionBlock]
    fixity: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def content_directory(self) -> str:
        """The name of each version's content directory."""
        return self.declared_content_directory or DEFAULT_CONTENT_DIRECTORY

    def content_paths(self) -> frozenset[str]:
        """Every content path of the manifest."""
        return frozenset(path for paths in self.manifest.values() for path in paths)


def judge_inventory(
    raw: dict[str, object],
    where: str,
    found: Findings,
    *,
    known: Mapping[str, VersionBlock] | None = None,
) -> Inventory:
    """The inventory that ``raw`` describes; its faults become findings.

    ``known`` are version blocks of a newer inventory, already judged: an equal block is not
    judged again.
    """
    for key in raw.keys() - KEYS:
        found.add("E102", where, key=key)
    algorithm = _algorithm(raw, where, found)
    directory = _content_directory(raw, where, found)
    blocks = _version_blocks(raw, where, found)
    names = check_version_names(blocks, where, found)
    rules = ManifestRules(algorithm, directory, names, where)
    manifest = _manifest(raw, rules, found)
    versions = {
        name: check_version(
            name,
            blocks[name],
            known=known.get(name) if known else None,
            manifest=manifest,
            where=where,
            found=found,
        )
        for name in names
    }
    _check_used(manifest, versions, where, found)
    _check_head(raw, names, where, found)
    listed = {path: path for paths in manifest.values() for path in paths}
    return Inventory(
        where=where,
        specification=_specification(raw, where, found),
        identifier=_identifier(raw, where, found),
        algorithm=algorithm,
        declared_content_directory=directory,
        version_names=names,
        manifest=manifest,
        versions=versions,
        fixity=check_fixity(raw.get("fixity", {}), listed=listed, where=where, found=found),
    )


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI."""
    return bool(_URI.match(text))


def _identifier(raw: dict[str, object], where: str, found: Findings) -> str | None:
    value = raw.get("id")
    if "id" not in raw:
        found.add("E036", where, key="id")
    elif not isinstance(value, str) or not value:
        found.add("E037", where, found=value, other=NOTHING)
    else:
        if not is_uri(value):
            found.add("W005", where, found=value)
        return value
    return None


def _specification(raw: dict[str, object], where: str, found: Findings) -> str | None:
    value = raw.get("type")
    if "type" not in raw:
        found.add("E036", where, key="type")
    elif not isinstance(value, str) or value not in _TYPES:
        found.add("E038", where, found=value, expected=" | ".join(_TYPES))
    else:
        return _TYPES[value]
    return None


def _algorithm(raw: dict[str, object], where: str, found: Findings) -> str | None:
    value = raw.get("digestAlgorithm")
    if "digestAlgorithm" not in raw:
        found.add("E036", where, key="digestAlgorithm")
    elif not isinstance(value, str) or value not in CONTENT_ALGORITHMS:
        found.add("E025", where, found=value)
    else:
        if value != "sha512":
            found.add("W004", where, found=value)
        return value
    return None


def _check_head(
    raw: dict[str, object], names: tuple[str, ...], where: str, found: Findings
) -> None:
    newest = names[-1] if names else None
    if "head" not in raw:
        found.add("E036", where, key="head")
    elif raw["head"] != newest:
        found.add("E040", where, found=raw["head"], expected=newest or "v1")


def _content_directory(raw: dict[str, object], where: str, found: Findings) -> str | None:
    if "contentDirectory" not in raw:
        return None
    value = raw["contentDirectory"]
    if not isinstance(value, str) or not value:
        found.add("E108", where, found=value)
    elif "/" in value:
        found.add("E017", where, found=value)
    elif value in {".", ".."}:
        found.add("E018", where, found=value)
    else:
        return value
    return None


def _version_blocks(raw: dict[str, object], where: str, found: Findings) -> dict[str, object]:
    if "versions" not in raw:
        found.add("E041", where, key="versions")
        found.add("E043", where)
        return {}
    blocks = raw["versions"]
    if not isinstance(blocks, dict):
        found.add("E045", where)
        return {}
    if not blocks:
        found.add("E008", where)
    return blocks


def _manifest(
    raw: dict[str, object], rules: ManifestRules, found: Findings
) -> dict[str, tuple[str, ...]]:
    if "manifest" not in raw:
        found.add("E041", rules.where, key="manifest")
        return {}
    block = raw["manifest"]
    if not isinstance(block, dict):
        found.add("E106", rules.where)
        return {}
    return check_manifest(block, rules, found)


def _check_used(
    manifest: Mapping[str, tuple[str, ...]],
    versions: Mapping[str, VersionBlock],
    where: str,
    found: Findings,
) -> None:
    used = {normalized(digest) for block in versions.values() for digest in block.state}
    for digest in manifest:
        if normalized(digest) not in used:
            found.add("E107", where, digest=digest)
