"""Every code that an object can be given is given to an object that deserves it."""

from __future__ import annotations

import os
import shutil
import string
from pathlib import Path

import pytest

from kit.ocfl_cases import LINK_CASES, LINKS, OBJECT_CASES, Case
from kit.ocfl_objects import DOSSIER, Style, edit, make_object
from repository.ocfl.validator import LocalTree, OcflReport, inspect_ocfl, validate_object
from repository.ocfl.validator.codes import severity_of
from schemas.findings import Severity
from schemas.text import LANGUAGES, Language, catalogue

OUTCOMES = {Severity.ERROR: "invalid", Severity.WARNING: "warning", Severity.INFO: "valid"}


def _report(folder: Path) -> OcflReport:
    return validate_object(LocalTree(folder))


@pytest.mark.parametrize(
    "style",
    [
        Style(),
        Style(specification="1.0"),
        Style(content_directory="stuff"),
        Style(fixity=("md5", "sha1", "sha512", "blake2b-512", "blake2b-160", "size")),
        Style(fixity=("sha512/256", "blake2b-256", "blake2b-384")),
        Style(fixity=()),
    ],
    ids=["1.1", "1.0", "content directory", "fixity", "fixity of extensions", "no fixity"],
)
def test_a_sound_object_is_valid_and_nothing_is_said_of_it(tmp_path: Path, style: Style) -> None:
    report = _report(make_object(tmp_path / "o", DOSSIER, style))
    assert report.findings == ()
    assert report.outcome == "valid"
    assert report.identifier == style.identifier


@pytest.mark.parametrize("case", OBJECT_CASES, ids=lambda case: case.id)
def test_a_broken_object_is_given_the_code_of_its_fault(tmp_path: Path, case: Case) -> None:
    _assert_found(make_object(tmp_path / "o"), case)


@pytest.mark.skipif(not LINKS, reason="this system has no links and pipes")
@pytest.mark.parametrize("case", LINK_CASES, ids=lambda case: case.id)
def test_links_and_pipes_are_found_and_never_followed(tmp_path: Path, case: Case) -> None:
    _assert_found(make_object(tmp_path / "o"), case)


def _assert_found(folder: Path, case: Case) -> None:
    case.break_it(folder)
    report = _report(folder)
    assert f"OCFL-{case.code}" in report.codes
    if case.code != "KHO-MORE":
        assert report.outcome == OUTCOMES[severity_of(case.code)]
    assert next(iter(inspect_ocfl(folder))).outcome == report.outcome
    for finding in report.findings:
        for language in LANGUAGES:
            assert _places(finding.code, language) <= set(finding.fields)


def _places(code: str, language: Language) -> set[str]:
    """The fields that a code's text wants."""
    text = catalogue(language)[code]
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_version_may_be_without_content(tmp_path: Path) -> None:
    report = _report(make_object(tmp_path / "o", [{"a": b"1"}, {"b": b"1"}, {}]))
    assert report.findings == ()


def test_logs_may_hold_anything_and_may_be_empty(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "logs").mkdir()
    assert _report(folder).outcome == "valid"
    (folder / "logs" / "2026.txt").write_text("audited")
    assert _report(folder).findings == ()


def test_a_registered_extension_is_no_cause_for_a_warning(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "extensions" / "0005-mutable-head").mkdir(parents=True)
    assert _report(folder).findings == ()


def test_the_sidecar_may_be_separated_by_tabs_and_lack_its_line_end(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    sidecar = folder / "inventory.json.sha512"
    sidecar.write_text(sidecar.read_text().replace(" ", "\t \t").rstrip("\n"))
    assert _report(folder).findings == ()


def test_an_object_whose_algorithm_changed_tells_the_same_history(tmp_path: Path) -> None:
    """v1 was written with sha256; the current inventory is sha512."""
    old = make_object(tmp_path / "old", DOSSIER[:1], Style(algorithm="sha256"))
    new = make_object(tmp_path / "new")
    for name in ("inventory.json", "inventory.json.sha512"):
        (new / "v1" / name).unlink()
    for name in ("inventory.json", "inventory.json.sha256"):
        (new / "v1" / name).write_bytes((old / "v1" / name).read_bytes())
    report = _report(new)
    assert report.codes == {"OCFL-W004"}, report.findings


def test_what_is_stated_by_an_older_inventory_alone_is_checked_too(tmp_path: Path) -> None:
    """The root's and the newest version's inventories are gone; v1's still vouches."""
    folder = make_object(tmp_path / "o")
    (folder / "inventory.json").write_bytes(b"damaged")
    (folder / "v2" / "inventory.json").write_bytes(b"damaged")
    (folder / "v1" / "content" / "empty").write_bytes(b"not empty")
    report = _report(folder)
    altered = [f for f in report.findings if f.code == "OCFL-E092"]
    assert [(f.where, f.fields["inventory"]) for f in altered] == [
        ("v1/content/empty", "v1/inventory.json")
    ]


@pytest.mark.parametrize("folder", ["", "v1"])
def test_a_missing_id_is_missing_and_not_another_one(tmp_path: Path, folder: str) -> None:
    target = make_object(tmp_path / "o")
    edit(target, lambda inventory: inventory.pop("id"), only=folder)
    if folder == "":
        shutil.copytree(
            target, target / "v2", ignore=shutil.ignore_patterns("v*", "0=*"), dirs_exist_ok=True
        )
    assert _report(target).codes == {"OCFL-E036"}


def test_a_damaged_current_inventory_is_told_once_and_in_full(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "inventory.json").write_bytes(b"damaged")
    assert _report(folder).codes == {"OCFL-E033", "OCFL-E060", "OCFL-E064"}


def test_an_unknown_type_is_told_once(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    edit(folder, lambda inventory: inventory.update(type="https://ocfl.io/9.9/spec/#inventory"))
    assert [finding.code for finding in _report(folder).findings] == ["OCFL-E038"]


def test_a_file_named_like_a_version_is_a_stray_and_no_version(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "v3").touch()
    assert _report(folder).codes == {"OCFL-E001"}


def test_a_folder_of_versions_alone_is_still_judged_as_an_object(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    for name in ("0=ocfl_object_1.1", "inventory.json", "inventory.json.sha512"):
        (folder / name).unlink()
    (report,) = inspect_ocfl(folder)
    assert report.kind == "object"
    assert report.codes == {"OCFL-E003", "OCFL-E063"}


def test_a_finding_says_both_digests_and_the_inventory_that_states_one(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o", [{"a": b"1"}], Style(fixity=()))
    (folder / "v1/content/a").write_bytes(b"2")
    (finding,) = _report(folder).findings
    assert finding.where == "v1/content/a"
    assert finding.fields["algorithm"] == "sha512"
    assert finding.fields["expected"] != finding.fields["computed"]
    assert finding.fields["inventory"] == "inventory.json"


def test_a_finding_can_be_printed_whatever_the_object_holds(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    raw = bytes(folder) + b"/bad-\xff-\x1b[31m-name"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (finding,) = _report(folder).findings
    finding.where.encode("utf-8")
    assert finding.where.isprintable()
