"""Looks at a Circular 05 AIP between building and storing it, as at anyone's package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_conversion import converted
from ingest.checks.tt05_package import read_package
from ingest.checks.tt05_registry import judge, weigh
from ingest.checks.tt05_rules import Variant
from ingest.checks.tt05_tree import PackageFile, Tree
from repository.aip.build import SealedBuild
from repository.aip.views import BuildView
from schemas.findings import Finding, Severity
from storage_backends.interface import Source


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file of a sealed build, in staging."""

    source: Source
    size_bytes: int
    known_digests: Mapping[str, str]

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The staged bytes."""
        return self.source.open()


def check_build(
    submitted: Case,
    build: SealedBuild,
    copies: Mapping[str, str],
    variant: Variant,
    known: frozenset[str],
) -> tuple[Finding, ...]:
    """What rules 132–135 say of the AIP ``build``; nothing when it is as it should be.

    Rules in ``known`` were broken by the submission itself and are not held against us.
    """
    tree = built_tree(build)
    case = Case(package=read_package(tree), formats=submitted.formats, schemas=submitted.schemas)
    errors = {
        finding.code
        for finding in judge(case, variant, received=False).findings
        if finding.severity.rank >= Severity.ERROR.rank
    }
    return weigh(converted(submitted.package, case, copies, errors - known), variant)


def built_tree(build: SealedBuild) -> Tree:
    """The logical state of a build as a package."""
    return Tree(dict(_files(build)))


def _files(build: SealedBuild) -> Iterator[tuple[str, PackageFile]]:
    view = BuildView(build)
    content = {item.path: item for item in build.content()}
    sha256_by_path = view.inventory.sha256_by_content_path()
    for logical_path, sha512, content_path in view.inventory.logical_files():
        item = content[content_path]
        digests = {"sha256": sha256_by_path[content_path], "sha512": sha512}
        yield logical_path, BuiltFile(item.source, item.size_bytes, digests)
