"""The BagIt conformance suite: each bag's expectation, and the reason we meet it for."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from kit.oracles import shared
from kit.packages import errors, judge_folder, warnings
from schemas.findings import Severity, worst

REASONS = {
    "v0.97/invalid/baginfo-missing-encoding": {"BAG-DECLARATION"},
    "v0.97/invalid/bom-in-bagit.txt": {"BAG-DECLARATION-BOM"},
    "v0.97/invalid/corrupt-data-file": {"BAG-DIGEST", "BAG-OXUM"},
    "v0.97/invalid/corrupt-tag-file": {"BAG-TAG-DIGEST"},
    "v0.97/invalid/extra-file-in-bag": {"BAG-UNLISTED", "BAG-OXUM"},
    "v0.97/invalid/invalid-version-number": {"BAG-DECLARATION"},
    "v0.97/invalid/missing-baginfo": {"BAG-MISSING"},
    "v0.97/invalid/missing-bagit.txt": {"BAG-DECLARATION-MISSING"},
    "v0.97/invalid/out-of-scope-file-paths-using-dot-notation": {"BAG-ENTRY-OUTSIDE"},
    "v0.97/invalid/out-of-scope-file-paths-using-dot-notation-for-fetch": {"BAG-ENTRY-OUTSIDE"},
    "v0.97/invalid/same-filename-listed-twice-with-different-hashes": {"BAG-TWICE-DIFFERENT"},
    "v1.0/invalid/bagit-with-invalid-whitespace": {"BAG-DECLARATION"},
    "v1.0/invalid/notAllManifestsListAllFiles": {"BAG-UNLISTED"},
    "v1.0/invalid/same-filename-listed-twice-with-different-hashes": {
        "BAG-TWICE-DIFFERENT",
        "BAG-TAG-DIGEST",
    },
    "v1.0/invalid/same-filename-listed-twice-with-the-same-hash": {"BAG-TWICE", "BAG-TAG-DIGEST"},
    "v0.97/warning/duplicate-file-with-different-case": {"BAG-NAME-CASE", "BAG-TWICE"},
    "v0.97/warning/made-with-md5sum-tools": {"BAG-MD5SUM"},
    "v0.97/warning/relative-path": {"BAG-ENTRY-UNTIDY"},
    "v0.97/warning/same-filename-listed-twice-with-different-normalization": {"BAG-NAME-MARKS"},
    "v0.97/warning/same-filename-listed-twice-with-the-same-hash": {"BAG-TWICE"},
    "v0.97/warning/special-system-files": {"BAG-LITTER-MISSING"},
}
"""Exactly the errors of a bag that must fail; among the warnings of one that must warn."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("suite")
    with tarfile.open(shared("corpora", "bagit-conformance-suite.tar.gz")) as corpus:
        corpus.extractall(folder, filter="data")
    root = folder / "bagit-conformance-suite"
    bags = sorted(path for path in root.glob("v*/*/*") if path.is_dir())
    return {str(bag.relative_to(root)): bag for bag in bags}


def _group(suite: dict[str, Path], kind: str) -> dict[str, Path]:
    return {name: path for name, path in suite.items() if name.split("/")[1] == kind}


def test_the_suite_has_its_sixty_bags(suite: dict[str, Path]) -> None:
    counts = {kind: len(_group(suite, kind)) for kind in ("valid", "invalid", "warning")}
    counts |= {kind: len(_group(suite, kind)) for kind in ("linux-only", "windows-only")}

    assert len(suite) == 60
    assert counts == {
        "valid": 27,
        "invalid": 15,
        "warning": 6,
        "linux-only": 6,
        "windows-only": 6,
    }


def test_every_valid_bag_has_no_error(suite: dict[str, Path]) -> None:
    found = {name: errors(judge_folder(bag)) for name, bag in _group(suite, "valid").items()}

    assert {name: codes for name, codes in found.items() if codes} == {}


def test_every_invalid_bag_has_exactly_the_errors_it_was_made_for(suite: dict[str, Path]) -> None:
    found = {name: errors(judge_folder(bag)) for name, bag in _group(suite, "invalid").items()}

    assert found == {name: codes for name, codes in REASONS.items() if "/invalid/" in name}


def test_every_linux_only_bag_lists_something_outside(suite: dict[str, Path]) -> None:
    found = {name: errors(judge_folder(bag)) for name, bag in _group(suite, "linux-only").items()}

    assert set(map(frozenset, found.values())) == {frozenset({"BAG-ENTRY-OUTSIDE"})}


def test_windows_only_bags_are_at_most_warned_about(suite: dict[str, Path]) -> None:
    for bag in _group(suite, "windows-only").values():
        report = judge_folder(bag)
        assert errors(report) == set()
        assert "BAG-ENTRY-WINDOWS" in warnings(report)


def test_every_warning_bag_has_the_warning_it_was_made_for(suite: dict[str, Path]) -> None:
    for name, bag in _group(suite, "warning").items():
        report = judge_folder(bag)
        assert worst(report.findings) is Severity.WARNING, name
        assert warnings(report) >= REASONS[name], name
