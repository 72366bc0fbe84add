"""One fault is one code: what a finding does *not* say, and what is no fault at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit import ocfl_breaking as b
from kit.ocfl_breaking import Break
from kit.ocfl_cases import LINKS
from kit.ocfl_objects import make_object, write
from kit.ocfl_root_cases import OBJECT, sound_root
from repository.ocfl.validator import LocalTree, inspect_ocfl, validate_object

OBJECTS: dict[str, tuple[Break, set[str]]] = {
    "a declaration among the logs": (b.add("logs/0=ocfl_object_1.1"), set()),
    "a declaration among the extensions": (b.add("extensions/initial/0=ocfl_object_1.1"), set()),
    "an empty folder among the logs": (b.make_folder("logs/content/nothing"), set()),
    "a path with an invisible letter": (b.logical_path("a\u200bb"), set()),
    "a stray folder": (b.add("stray/file"), {"E001"}),
    "a sidecar removed": (b.remove("inventory.json.sha512"), {"E058"}),
    "a sidecar of another algorithm": (b.other_algorithm_sidecar, {"E001", "E058", "E059"}),
    "an unknown algorithm": (b.put("digestAlgorithm", to="crc32"), {"E025"}),
    "an algorithm with a slash": (b.put("digestAlgorithm", to="sha512/256"), {"E025"}),
    "a gap": (b.gap, {"E010"}),
    "an altered file": (b.add("v1/content/METS.xml", b"<x/>"), {"E092", "E093"}),
    "an extra file": (b.add("v1/content/x"), {"E023"}),
    "a file in a version": (b.add("v1/x"), {"E015"}),
    "a version removed from disk": (b.rename("v2", "logs"), {"E046", "E092", "E093"}),
}

ROOTS: dict[str, tuple[Break, set[str]]] = {
    "a file on the way to objects": (b.add(f"{OBJECT[:3]}/x"), {"E072", "E084"}),
    "a file beside objects": (b.add(f"{Path(OBJECT).parent}/x"), {"E072", "E084"}),
    "a folder of files": (b.add("attic/x"), {"E072", "E085", "E088"}),
    "a deep folder of files": (b.add("attic/deep/x"), {"E072", "E085", "E088"}),
    "an empty folder": (b.make_folder("aaa/bbb"), {"E073"}),
    "no declaration beside other files": (
        b.in_turn(b.remove("0=ocfl_1.1"), b.add("README.md")),
        {"E069"},
    ),
    "a folder as declaration": (
        b.in_turn(b.remove("0=ocfl_1.1"), b.make_folder("0=ocfl_1.1")),
        {"E075"},
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_given_the_codes_of_its_fault_and_no_other(tmp_path: Path, name: str) -> None:
    break_it, codes = OBJECTS[name]
    folder = make_object(tmp_path / "o")
    break_it(folder)
    report = validate_object(LocalTree(folder))
    assert report.codes == {f"OCFL-{code}" for code in codes}


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_is_given_the_codes_of_its_fault_and_no_other(tmp_path: Path, name: str) -> None:
    break_it, codes = ROOTS[name]
    root = sound_root(tmp_path / "root")
    break_it(root)
    *objects, report = inspect_ocfl(root)
    assert [found.outcome for found in objects] == ["valid", "valid"]
    assert report.codes == {f"OCFL-{code}" for code in codes}


def test_a_gap_is_told_once(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    b.gap(folder)
    assert len(validate_object(LocalTree(folder)).findings) == 1


@pytest.mark.skipif(not LINKS, reason="this system has no links")
def test_a_link_in_a_version_is_a_link_and_nothing_else(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "v1/link").symlink_to("inventory.json")
    assert validate_object(LocalTree(folder)).codes == {"OCFL-E090"}


def test_content_may_be_named_like_anything_that_means_something(tmp_path: Path) -> None:
    names = ("inventory.json", "inventory.json.sha512", "0=ocfl_object_1.1", "v1", "extensions")
    folder = make_object(tmp_path / "o", [{f"x/{name}": name.encode() for name in names}])
    write(folder / "logs/inventory.json", b"{}")
    assert validate_object(LocalTree(folder)).findings == ()
