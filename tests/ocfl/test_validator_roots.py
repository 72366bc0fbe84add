"""Storage roots of any layout: every code that a root can be given, and what is left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit.ocfl_cases import LINKS, Case
from kit.ocfl_objects import DOSSIER, Style, make_flat_root, make_object, make_root, write
from kit.ocfl_root_cases import FIRST, OBJECT, ROOT_CASES, ROOT_LINK_CASES, SECOND, sound_root
from repository.ocfl.validator import OcflReport, inspect_ocfl
from repository.ocfl.validator.codes import severity_of
from schemas.findings import Severity

OUTCOMES = {Severity.ERROR: "invalid", Severity.WARNING: "warning", Severity.INFO: "valid"}


def _reports(folder: Path) -> list[OcflReport]:
    return list(inspect_ocfl(folder))


def _outcomes(folder: Path) -> dict[str, str]:
    return {report.path: report.outcome for report in _reports(folder)}


def test_a_sound_root_gives_a_report_on_each_object_and_one_on_itself(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    reports = _reports(root)
    assert [report.kind for report in reports] == ["object", "object", "storage_root"]
    assert {report.identifier for report in reports} == {FIRST, SECOND, None}
    assert all(report.findings == () for report in reports)
    assert reports[-1].path == root.as_posix()
    assert f"{root.as_posix()}/{OBJECT}" in {report.path for report in reports}


@pytest.mark.parametrize("case", ROOT_CASES, ids=lambda case: case.id)
def test_a_broken_root_is_given_the_code_of_its_fault(tmp_path: Path, case: Case) -> None:
    _assert_found(sound_root(tmp_path / "root"), case)


@pytest.mark.skipif(not LINKS, reason="this system has no links and pipes")
@pytest.mark.parametrize("case", ROOT_LINK_CASES, ids=lambda case: case.id)
def test_links_between_objects_are_found_and_never_followed(tmp_path: Path, case: Case) -> None:
    _assert_found(sound_root(tmp_path / "root"), case)


def _assert_found(root: Path, case: Case) -> None:
    case.break_it(root)
    report = _reports(root)[-1]
    assert report.kind == "storage_root"
    assert f"OCFL-{case.code}" in report.codes
    assert report.outcome == OUTCOMES[severity_of(case.code)]


def test_other_files_directly_in_a_root_are_left_alone(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    write(root / "ocfl_1.1.md", b"# the specification")
    write(root / "README", b"read me")
    write(root / "2=title", b"title")
    assert _reports(root)[-1].findings == ()


def test_a_broken_object_leaves_the_root_and_other_objects_valid(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    write(root / OBJECT / "v1/content/empty", b"not empty")
    outcomes = _outcomes(root)
    assert outcomes.pop(f"{root.as_posix()}/{OBJECT}") == "invalid"
    assert set(outcomes.values()) == {"valid"}


def test_an_object_that_lost_its_declaration_is_still_judged_as_one(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    (root / OBJECT / "0=ocfl_object_1.1").unlink()
    reports = {report.path: report.codes for report in _reports(root)}
    assert reports[f"{root.as_posix()}/{OBJECT}"] == {"OCFL-E003"}


def test_a_root_that_lost_its_declaration_is_still_scanned(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    for name in ("0=ocfl_1.1", "ocfl_layout.json"):
        (root / name).unlink()
    reports = _reports(root)
    assert [report.kind for report in reports] == ["object", "object", "storage_root"]
    assert reports[-1].codes == {"OCFL-E069"}


@pytest.mark.parametrize("specification", ["1.0", "1.1"])
def test_a_root_may_declare_no_layout_and_have_any(tmp_path: Path, specification: str) -> None:
    root = make_flat_root(tmp_path / "root", specification)
    for name in ("a", "b"):
        style = Style(identifier=f"urn:{name}", specification="1.0")
        make_object(root / name, DOSSIER, style)
    assert set(_outcomes(root).values()) == {"valid"}


def test_a_folder_named_like_a_declaration_is_scanned(tmp_path: Path) -> None:
    root = make_flat_root(tmp_path / "root")
    make_object(root / "ocfl_1.1")
    assert [report.kind for report in _reports(root)] == ["object", "storage_root"]
    assert set(_outcomes(root).values()) == {"valid"}


def test_a_pairtree_of_unequal_depth_is_scanned(tmp_path: Path) -> None:
    root = make_flat_root(tmp_path / "root")
    make_object(root / "ab/cd/e/obj", style=Style(identifier="urn:abcde"))
    make_object(root / "ab/cd/ef/gh/obj", style=Style(identifier="urn:abcdefgh"))
    reports = _reports(root)
    assert [report.outcome for report in reports] == ["valid"] * 3


def test_a_root_without_objects_is_valid(tmp_path: Path) -> None:
    (report,) = _reports(make_root(tmp_path / "root"))
    assert (report.kind, report.outcome) == ("storage_root", "valid")


def test_an_extensions_folder_without_anything_is_an_empty_folder(tmp_path: Path) -> None:
    root = make_flat_root(tmp_path / "root")
    (root / "extensions").mkdir()
    (report,) = _reports(root)
    assert [(f.code, f.where) for f in report.findings] == [("OCFL-E073", "extensions")]


def test_objects_follow_the_flat_layout_that_a_root_declares(tmp_path: Path) -> None:
    root = make_flat_root(tmp_path / "root")
    layout = b'{"extension": "0002-flat-direct-storage-layout", "description": "flat"}'
    write(root / "ocfl_layout.json", layout)
    make_object(root / "urn:a", style=Style(identifier="urn:a"))
    assert set(_outcomes(root).values()) == {"valid"}
    shutil.move(root / "urn:a", root / "urn:b")
    assert _reports(root)[-1].codes == {"OCFL-W014"}


def test_neither_an_object_nor_a_root_is_invalid(tmp_path: Path) -> None:
    write(tmp_path / "folder/deep/file", b"x")
    (report,) = _reports(tmp_path / "folder")
    assert (report.kind, report.outcome) == ("unknown", "invalid")
    assert report.codes == {"OCFL-KHO-NOT-OCFL", "OCFL-E003", "OCFL-E063"}


@pytest.mark.parametrize("name", ["absent", "file"])
def test_a_path_that_is_no_folder_is_reported_as_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (report,) = _reports(tmp_path / name)
    assert report.outcome == "invalid"
    assert report.codes == {"OCFL-KHO-UNREADABLE"}


def test_progress_tells_every_content_file_with_its_size(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    told: list[tuple[str, int]] = []
    reports = list(inspect_ocfl(root, on_file=lambda path, size: told.append((path, size))))
    stored = [p for p in root.rglob("content/**/*") if p.is_file()]
    assert len(told) == len(stored) == sum(report.files for report in reports)
    assert sum(size for _, size in told) == sum(report.size_bytes for report in reports)
