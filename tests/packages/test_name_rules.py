"""What is wrong with names, each rule once."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Finding, Severity
from schemas.names import NameJudge, find_twins, is_litter, printable

WARNED = {
    "27 device": ("con.txt", "NAME-WINDOWS-RESERVED"),
    "27 device in capitals": ("LPT1", "NAME-WINDOWS-RESERVED"),
    "27 device with superscript": ("com\u00b9", "NAME-WINDOWS-RESERVED"),
    "27 device with trailing space": ("nul ", "NAME-WINDOWS-RESERVED"),
    "24 newline": ("two\nlines", "NAME-LINE-BREAK"),
    "tab": ("a\tb", "NAME-LINE-BREAK"),
    "carriage return": ("a\rb", "NAME-LINE-BREAK"),
    "trailing dot": ("name.", "NAME-TRAILING"),
    "trailing space": ("name ", "NAME-TRAILING"),
    "leading space": (" name", "NAME-LEADING-SPACE"),
    "sign": ("a:b", "NAME-WINDOWS-SIGN"),
    "backslash": ("a\\b", "NAME-WINDOWS-SIGN"),
    "question mark": ("why?", "NAME-WINDOWS-SIGN"),
    "turned direction": ("gpj.\u202eexe", "NAME-INVISIBLE"),
    "zero width": ("a\u200bb", "NAME-INVISIBLE"),
    "66 thumbs": ("Thumbs.db", "NAME-SYSTEM-FILE"),
    "66 apple": (".DS_Store", "NAME-SYSTEM-FILE"),
    "66 apple double": ("._photo.jpg", "NAME-SYSTEM-FILE"),
}
REFUSED = {
    "NUL": (b"a\0b", "NAME-CONTROL"),
    "escape": (b"a\x1bb", "NAME-CONTROL"),
    "delete": (b"a\x7fb", "NAME-CONTROL"),
    "C1 control": ("a\u0085b".encode(), "NAME-CONTROL"),
    "28 long segment": (b"x" * 256, "NAME-TOO-LONG"),
    "28 long in bytes": ("ệ".encode() * 86, "NAME-TOO-LONG"),
    "28 long path": (b"/".join([b"x" * 200] * 5), "NAME-PATH-TOO-LONG"),
}
FINE = [
    "Quyết định số 15-QĐ (bản chính) [2].pdf",
    "console.txt",
    "comma, and more.tar.gz",
    ".hidden",
    "auxiliary",
    unicodedata.normalize("NFD", "Hồ sơ"),
    "x" * 255,
    "日本語",
]


def judged(*paths: bytes) -> tuple[list[Finding], list[bool]]:
    findings: list[Finding] = []
    judge = NameJudge(findings.append)
    return findings, [judge.judge(path) for path in paths]


@pytest.mark.parametrize(("name", "code"), WARNED.values(), ids=WARNED)
def test_an_inconvenient_name_is_warned_about(name: str, code: str) -> None:
    findings, sound = judged(name.encode())

    assert code in {finding.code for finding in findings}
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert sound == [True]


@pytest.mark.parametrize(("path", "code"), REFUSED.values(), ids=REFUSED)
def test_a_name_that_cannot_be_kept_is_refused(path: bytes, code: str) -> None:
    findings, sound = judged(path)

    assert [(f.code, f.severity) for f in findings] == [(code, Severity.REJECT)]
    assert sound == [False]


@pytest.mark.parametrize("name", FINE)
def test_an_ordinary_name_is_fine(name: str) -> None:
    assert judged(name.encode()) == ([], [True])


def test_letters_of_old_encodings_are_no_controls() -> None:
    assert judged(b"L\x85 l\x9fch") == ([], [True])


def test_a_folder_is_judged_once_however_much_it_holds() -> None:
    findings, _ = judged(b"bad?/deeper/a", b"bad?/deeper/b", b"bad?/c", b"bad?")

    assert [finding.where for finding in findings] == ["bad?", "bad?"]


def test_what_cannot_be_shown_is_shown_as_percent_signs() -> None:
    assert printable("Hồ sơ\n".encode() + b"\xff") == "Hồ sơ%0A%FF"


@given(st.binary(max_size=40))
def test_every_name_can_be_shown_on_one_line(raw: bytes) -> None:
    shown = printable(raw)

    assert shown.isprintable() or not set(shown) & set("\n\r\t\x00\x1b\u202e")
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_19_names_that_differ_by_case_are_twins() -> None:
    (finding,) = find_twins(["a/Đơn.doc", "a/ĐƠN.doc", "a/other"])

    assert (finding.code, finding.where) == ("NAME-TWINS-CASE", "a/ĐƠN.doc")
    assert finding.fields["other"] == "a/Đơn.doc"
    assert finding.severity is Severity.WARNING


def test_20_names_that_differ_by_how_marks_are_written_are_twins() -> None:
    (finding,) = find_twins(["Hồ", unicodedata.normalize("NFD", "Hồ")])

    assert finding.code == "NAME-TWINS-MARKS"


def test_a_folder_that_has_a_twin_is_said_once() -> None:
    findings = list(find_twins(["dir/a", "dir/b", "DIR/a", "DIR/b", "Dir/c"]))

    assert [finding.where for finding in findings] == ["DIR", "Dir"]


def test_different_names_are_no_twins() -> None:
    assert list(find_twins(["a", "b", "a1", "đ", "d", "ß", "s"])) == []


@pytest.mark.parametrize("name", ["thumbs.db.pdf", "DS_Store", "desktop", "_.x"])
def test_only_exact_names_are_left_behind_by_systems(name: str) -> None:
    assert not is_litter(name)
