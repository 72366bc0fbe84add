"""Lists on the command line: party lists as sources, and submitted lists held against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.command_line import Ran, Shell
from kit.tt05_packages import CODE, LOOSE_CODE, loose_sip, sip

PARTY = (
    "Mã hồ sơ;Tiêu đề hồ sơ;Tên tệp;Trích yếu\n"
    "01;Hội nghị;a.txt;Kết luận\n"
    ";;b.txt;Tờ trình\n"
    "02;Tập lưu;c.txt;Nghị quyết\n"
)


@pytest.fixture
def nop(archive: Shell) -> Path:
    folder = archive.here / "nop"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(f"{name}\n")
    (folder / "muc-luc.csv").write_text(PARTY, encoding="utf-8")
    return folder


def told(ran: Ran) -> dict[str, Any]:
    return dict(ran.json())


def differences(ran: Ran) -> set[tuple[str, str, str, str]]:
    found = told(ran)["reconciliation"]["differences"]
    return {(d["dossier_code"], d["kind"], d["listed"], d["received"]) for d in found}


def written(path: Path, *rows: str) -> Path:
    heading = "Mã hồ sơ;Tiêu đề hồ sơ;Ngày bắt đầu;Ngày kết thúc;Tổng số tài liệu;Tổng số trang"
    path.write_text("\n".join((heading, *rows)), encoding="utf-8-sig")
    return path


def test_a_list_as_source_is_received_dossier_by_dossier(archive: Shell, nop: Path) -> None:
    ran = archive("ingest", nop / "muc-luc.csv", "--fonds", "TU", "--json")
    receipts = told(ran)["receipts"]
    assert (ran.code, [(r["dossier_code"], r["files"]) for r in receipts]) == (
        0,
        [("01", 2), ("02", 1)],
    )
    assert {r["profile"] for r in receipts} == {"hd40"}
    assert "reconciliation" not in told(ran)
    again = archive("ingest", nop / "muc-luc.csv", "--fonds", "TU", "--json")
    assert [r["outcome"] for r in told(again)["receipts"]] == ["duplicate", "duplicate"]


def test_a_list_that_cannot_be_read_is_told_by_cells_and_nothing_is_received(
    archive: Shell, nop: Path
) -> None:
    before = archive("list").out
    (nop / "muc-luc.csv").write_text("không có cột nào\n1\n", encoding="utf-8")
    ran = archive("ingest", nop / "muc-luc.csv")
    assert (ran.code, archive("list").out) == (3, before)
    assert "LIST-NO-HEADINGS" in ran.err


def test_a_row_without_a_code_is_no_dossier_that_has_none(archive: Shell, nop: Path) -> None:
    (nop / "muc-luc.csv").rename(archive.here / "muc-luc.csv")
    listing = written(archive.here / "nop-luu.csv", "01;Hội nghị;;;;", ";Người lập: Nguyễn A;;;;")
    ran = archive("ingest", nop, "--list", listing, "--json")
    assert differences(ran) == {
        ("01", "missing", "Hội nghị", ""),
        ("", "missing", "Người lập: Nguyễn A", ""),
        ("", "extra", "", "nop"),
    }


def test_what_came_is_held_against_the_submitted_list(archive: Shell, nop: Path) -> None:
    listing = written(
        archive.here / "nop-luu.csv",
        "01;Hội nghị;;;2;",
        "02;Tập lưu nghị quyết;;;3;",
        "03;Chưa gửi;;;;",
    )
    ran = archive("ingest", nop / "muc-luc.csv", "--fonds", "TU", "--list", listing, "--json")
    assert ran.code == 3
    assert differences(ran) == {
        ("02", "title", "Tập lưu nghị quyết", "Tập lưu"),
        ("02", "totalDoc", "3", "1"),
        ("03", "missing", "Chưa gửi", ""),
    }
    found = told(ran)["reconciliation"]
    assert (found["listed"], found["received"], found["agreed"]) == (3, 2, 1)
    assert {d["where"] for d in found["differences"]} == {"B3", "E3", "A4"}


def test_a_package_that_no_list_names_is_held_and_told(archive: Shell, tmp_path: Path) -> None:
    package = sip().zipped(tmp_path / "goi.zip")
    listing = written(tmp_path / "l.csv", "H99.khac;Hồ sơ khác;;;;")
    ran = archive("ingest", package, "--list", listing, "--json")
    (receipt,) = told(ran)["receipts"]
    assert (ran.code, receipt["outcome"]) == (3, "held")
    assert "TT05-129" in {finding["code"] for finding in receipt["findings"]}
    assert {(d[0], d[1]) for d in differences(ran)} == {(CODE, "extra"), ("H99.khac", "missing")}


def test_a_package_that_agrees_with_its_list_is_accepted_without_differences(
    archive: Shell, tmp_path: Path
) -> None:
    package = loose_sip().zipped(tmp_path / "goi.zip")
    row = f"{LOOSE_CODE};TÀI  liệu rời lẻ tháng 9 năm 2025;;;2;"
    ran = archive("ingest", package, "--list", written(tmp_path / "l.csv", row), "--json")
    (receipt,) = told(ran)["receipts"]
    assert (ran.code, receipt["outcome"], differences(ran)) == (0, "accepted", set())
    assert "tt05-129" not in receipt["not_checked"]


def test_dates_and_pages_are_told_apart_side_by_side(archive: Shell, tmp_path: Path) -> None:
    package = sip().zipped(tmp_path / "goi.zip")
    row = f"{CODE};Hồ sơ Hội nghị tổng kết năm 2024;11/1/2024;24/12/2024;2;5"
    ran = archive("ingest", package, "--list", written(tmp_path / "l.csv", row))
    assert ran.code == 3
    lines = [line.split("\t") for line in ran.out.splitlines() if line.startswith(CODE)]
    assert lines == [
        [CODE, "start date", "11/01/2024", "10/01/2024", "C2"],
        [CODE, "number of pages", "5", "2", "F2"],
    ]


def test_a_list_is_held_against_what_the_archive_keeps_and_the_journal_remembers(
    archive: Shell, nop: Path
) -> None:
    archive("ingest", nop / "muc-luc.csv", "--fonds", "TU", "--json")
    listing = written(archive.here / "l.csv", "01;Hội nghị;;;;", "09;Thiếu;;;;")
    ran = archive("reconcile", listing, "--fonds", "TU", "--json")
    assert (ran.code, differences(ran)) == (
        3,
        {("09", "missing", "Thiếu", ""), ("02", "extra", "", "Tập lưu")},
    )
    whole = archive("reconcile", written(archive.here / "m.csv", "01;Hội nghị;;;2;"), "--json")
    assert (whole.code, differences(whole)) == (0, set())
    from repository.archive import Repository

    with Repository.open(archive.settings().repository) as repository:
        lines = list(repository.catalogue.ledger_lines(kind="reconciliation"))
    assert [line.body["agreed"] for line in lines] == [1, 1]
    assert "Thiếu" not in str(lines[0].body)


def test_the_code_of_a_secret_dossier_stays_out_of_the_journal(tmp_path: Path) -> None:
    from ingest.lists.reconcile import Difference, Reconciliation, journal_body

    found = Reconciliation(
        list_name="l.csv",
        list_sha256="0" * 64,
        listed=1,
        received=1,
        agreed=0,
        differences=(Difference(dossier_code="MẬT.1", kind="title", listed="a", received="b"),),
    )
    body = journal_body(found, ["MẬT.1"], "2026-11-22T09:00:00Z", "Bình")
    assert "MẬT.1" not in str(body)
    assert body["differences"][0]["kind"] == "title"
