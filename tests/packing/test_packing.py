"""``kho pack``: a folder and a list become packages, or every mistake is named with its cell."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from kit.command_line import Ran, Shell
from kit.signed_pdfs import plain_pdf

CODE = "H99.10.05.2024.07.VP"
OTHER = "H99.10.05.2024.08.VP"
DOSSIER: dict[str, object] = {
    "Mã hồ sơ": CODE,
    "Tiêu đề hồ sơ": "Hồ sơ Hội nghị tổng kết năm 2024",
    "Thời hạn lưu trữ": "01 - Vĩnh viễn",
    "Chế độ sử dụng hồ sơ": "Công khai",
}
DOCUMENT: dict[str, object] = {
    "Mã hồ sơ": CODE,
    "Tên tệp": "Báo cáo 1.pdf",
    "Tên loại": "14",
    "Ngày tài liệu": "05/03/2024",
    "Tác giả": "Uỷ ban nhân dân phường Tân Lập",
    "Trích yếu": "Báo cáo tổng kết",
}


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    folder = tmp_path / "nop"
    folder.mkdir()
    (folder / "Báo cáo 1.pdf").write_bytes(plain_pdf(1))
    return Shell(tmp_path, capsys, {"LANG": "vi_VN.UTF-8"})


def listed(
    path: Path,
    dossiers: Sequence[Mapping[str, object]],
    documents: Sequence[Mapping[str, object]],
    fonds: str = "TL05",
) -> Path:
    """A list of two sheets and the general facts."""
    book = Workbook()
    general = book.active
    general.title = "Thông tin chung"
    general.append(["Mã phông", fonds])
    general.append(["Tên cơ quan nộp", "Uỷ ban nhân dân phường Tân Lập"])
    for name, rows in (("Hồ sơ", dossiers), ("Văn bản", documents)):
        sheet = book.create_sheet(name)
        headings = list(dict.fromkeys(key for row in rows for key in row))
        sheet.append(headings)
        for row in rows:
            sheet.append([row.get(heading) for heading in headings])
    book.save(path)
    return path


def pack(shell: Shell, listing: Path, *more: str | Path) -> Ran:
    return shell(
        "pack", shell.here / "nop", "--list", listing, "--out", shell.here / "goi", "--json", *more
    )


def found(ran: Ran) -> dict[str, str]:
    """Where by code, of the errors."""
    told = ran.json()["findings"]
    assert isinstance(told, list)
    return {each["code"]: each["where"] for each in told if each["severity"] == "error"}


def test_a_filled_in_template_becomes_a_package_that_comes_back_whole(
    shell: Shell, tmp_path: Path
) -> None:
    listing, out = tmp_path / "mucluc.xlsx", tmp_path / "hoso.zip"
    assert shell("pack", "--template", listing).code == 0
    book = load_workbook(listing)
    book["Thông tin chung"]["B1"] = "TL05"
    for name, said in (("Hồ sơ", DOSSIER), ("Văn bản", DOCUMENT)):
        sheet = book[name]
        columns = {str(cell.value).removesuffix(" (*)"): cell.column for cell in sheet[1]}
        for heading, value in said.items():
            sheet.cell(3, columns[heading], value)
    book.save(listing)
    ran = shell("pack", tmp_path / "nop", "--list", listing, "--out", out)
    assert (ran.code, ran.err.count("Traceback")) == (0, 0), ran.out
    replicas = ("--replica", "a=file:a,site=one", "--replica", "b=file:b,site=two")
    assert shell("init", ".", *replicas, "--accept-shared-failure-domain").code == 0
    taken = shell("ingest", out, "--profile", "tt05-strict", "--json").json()
    receipts = taken["receipts"]
    assert isinstance(receipts, list)
    (receipt,) = receipts
    assert (receipt["outcome"], receipt["dossier_code"]) == ("accepted", CODE)
    assert {f["severity"] for f in receipt["findings"]} <= {"warning", "info"}
    back = tmp_path / "back"
    given = ("restore", "--aip", receipt["aip_id"], "--to", back, "--as", "submission")
    assert shell(*given).code == 0
    with zipfile.ZipFile(out) as package:
        names = [name for name in package.namelist() if "/data/" in name]
        assert len(names) == 1
        (restored,) = back.rglob("*.pdf")
        assert restored.read_bytes() == package.read(names[0]) == plain_pdf(1)


def test_the_package_is_the_circulars_and_remembers_the_files_own_names(
    shell: Shell, tmp_path: Path
) -> None:
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT]), "--unzipped")
    (package,) = (tmp_path / "goi").iterdir()
    assert (ran.code, found(ran)) == (0, {})
    data = package / "representations/rep1/data"
    assert [path.name for path in data.iterdir()] == [f"{CODE}.0000001.pdf"]
    mets = (package / "representations/rep1/METS.xml").read_text()
    assert 'OWNERID="B%C3%A1o' in mets or 'OWNERID="Báo cáo 1.pdf"' in mets
    ead = (package / "metadata/descriptive/EAD.xml").read_text()
    assert "<totalDoc>1</totalDoc>" in ead
    assert "<startDate>05/03/2024</startDate>" in ead
    assert "<maintenance>01</maintenance>" in ead


def test_pages_of_a_pdf_are_counted_and_of_other_files_asked_for(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "nop/b.txt").write_text("văn bản")
    second = {**DOCUMENT, "Tên tệp": "b.txt", "Số trang": None}
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT, second]))
    assert (ran.code, found(ran)) == (3, {"LIST-VALUE-MISSING": "Văn bản!G3"})


def test_each_dossier_of_a_list_becomes_a_package_numbered_in_its_order(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "nop/b.pdf").write_bytes(plain_pdf(2))
    dossiers = [DOSSIER, {**DOSSIER, "Mã hồ sơ": OTHER}]
    documents = [DOCUMENT, {**DOCUMENT, "Mã hồ sơ": OTHER, "Tên tệp": "b.pdf"}]
    ran = pack(shell, listed(tmp_path / "l.xlsx", dossiers, documents))
    packages = ran.json()["packages"]
    assert isinstance(packages, list)
    assert [each["dossier_code"] for each in packages] == [CODE, OTHER]
    names = sorted(path.name for path in (tmp_path / "goi").iterdir())
    assert [name[:5] for name in names] == ["1uuid", "2uuid"]


def test_a_zip_takes_one_dossier_only(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nop/b.pdf").write_bytes(plain_pdf(2))
    dossiers = [DOSSIER, {**DOSSIER, "Mã hồ sơ": OTHER}]
    documents = [DOCUMENT, {**DOCUMENT, "Mã hồ sơ": OTHER, "Tên tệp": "b.pdf"}]
    listing = listed(tmp_path / "l.xlsx", dossiers, documents)
    ran = shell("pack", tmp_path / "nop", "--list", listing, "--out", tmp_path / "x.zip")
    assert (ran.code, (tmp_path / "x.zip").exists()) == (2, False)


@pytest.mark.parametrize(
    ("dossier", "document", "code", "where"),
    [
        ({"Mã hồ sơ": None}, {"Mã hồ sơ": None}, "LIST-VALUE-MISSING", "Hồ sơ!A2"),
        ({"Tiêu đề hồ sơ": " "}, {}, "LIST-VALUE-MISSING", "Hồ sơ!B2"),
        ({"Thời hạn lưu trữ": "lâu dài"}, {}, "LIST-CODE", "Hồ sơ!C2"),
        ({"Chế độ sử dụng hồ sơ": "=A1"}, {}, "LIST-FORMULA", "Hồ sơ!D2"),
        ({"Tiêu đề hồ sơ": "x" * 1001}, {}, "LIST-TOO-LONG", "Hồ sơ!B2"),
        (
            {"Thời gian bắt đầu": "01/04/2024", "Thời gian kết thúc": "02/04/2024"},
            {},
            "LIST-DATE-OUTSIDE",
            "Văn bản!D2",
        ),
        (
            {"Thời gian bắt đầu": "02/01/2025", "Thời gian kết thúc": "01/01/2024"},
            {},
            "LIST-DATES-CROSSED",
            "Hồ sơ!E2",
        ),
        ({"Mức độ tin cậy hồ sơ": "Số hoá"}, {}, "LIST-CONDITION", "Hồ sơ!A2"),
        ({"Tổng số tài liệu": 3}, {}, "LIST-COUNT", "Hồ sơ!E2"),
        ({}, {"Ngày tài liệu": "31/02/2024"}, "LIST-DATE-UNREAL", "Văn bản!D2"),
        ({}, {"Ngày tài liệu": "05/03/0024"}, "LIST-DATE-UNREAL", "Văn bản!D2"),
        ({}, {"Ngày tài liệu": "05/03/20245"}, "LIST-DATE", "Văn bản!D2"),
        ({}, {"Ngày tài liệu": "đầu năm"}, "LIST-DATE", "Văn bản!D2"),
        ({}, {"Ngày tài liệu": "2024"}, "LIST-DATE-PART", "Văn bản!D2"),
        ({}, {"Số trang": "mười"}, "LIST-NUMBER", "Văn bản!G2"),
        ({}, {"Tên loại": "Kết luận"}, "LIST-CODE", "Văn bản!C2"),
        ({}, {"Tên tệp": "Báo cáo.pdf"}, "LIST-FILE-ABSENT", "Văn bản!B2"),
        ({}, {"Tên tệp": "../../etc/passwd"}, "LIST-FILE-ABSENT", "Văn bản!B2"),
        ({}, {"Tên tệp": None}, "LIST-FILE-BARE", "Văn bản!B2"),
        ({}, {"Mã hồ sơ": "H99.không.có"}, "LIST-DOSSIER-UNKNOWN", "Văn bản!A2"),
        ({}, {"Tệp kèm theo": "Báo cáo 1.pdf"}, "LIST-FILE-TWICE", "Văn bản!G2"),
    ],
)
def test_each_mistake_names_its_cell_and_nothing_is_written(
    shell: Shell,
    tmp_path: Path,
    dossier: dict[str, object],
    document: dict[str, object],
    code: str,
    where: str,
) -> None:
    listing = listed(tmp_path / "l.xlsx", [DOSSIER | dossier], [DOCUMENT | document])
    ran = pack(shell, listing)
    assert (ran.code, found(ran).get(code)) == (3, where)
    assert not (tmp_path / "goi").exists()
    assert "{" not in shell("pack", tmp_path / "nop", "--list", listing).out


def test_a_file_that_no_row_names_stops_everything(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nop/phụ lục.txt").write_text("còn sót")
    for litter in ("Thumbs.db", "~$l.xlsx", ".~lock.l.xlsx#"):
        (tmp_path / "nop" / litter).write_bytes(b"x")
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT]))
    assert found(ran) == {"LIST-FILE-UNLISTED": "phụ lục.txt"}


@pytest.mark.parametrize("total", ["Cộng: 1 hồ sơ", "Tổng số", "TỔNG CỘNG:", "Total 1"])
def test_a_line_of_totals_is_no_dossier(shell: Shell, tmp_path: Path, total: str) -> None:
    sums = {"Tiêu đề hồ sơ": total, "Tổng số tài liệu": 1}
    listing = listed(tmp_path / "l.xlsx", [DOSSIER, sums], [DOCUMENT, {"Trích yếu": total}])
    assert pack(shell, listing).code == 0


def test_a_dossier_whose_title_begins_like_a_total_is_one(shell: Shell, tmp_path: Path) -> None:
    titled = DOSSIER | {"Mã hồ sơ": None, "Tiêu đề hồ sơ": "Cộng hoà xã hội chủ nghĩa"}
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER, titled], [DOCUMENT]))
    assert found(ran)["LIST-VALUE-MISSING"].startswith("Hồ sơ!A3")


def test_links_and_empty_files_are_not_packed(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nop/rỗng.pdf").touch()
    (tmp_path / "nop/nối.pdf").symlink_to("/etc/passwd")
    documents = [DOCUMENT | {"Tên tệp": name, "Số trang": 1} for name in ("rỗng.pdf", "nối.pdf")]
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT, *documents]))
    assert found(ran) == {"LIST-FILE-EMPTY": "Văn bản!B3", "LIST-FILE-LINK": "Văn bản!B4"}


def test_a_name_is_found_whatever_form_its_marks_have(shell: Shell, tmp_path: Path) -> None:
    import unicodedata

    decomposed = unicodedata.normalize("NFD", "Báo cáo 1.pdf")
    listing = listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT | {"Tên tệp": decomposed}])
    assert pack(shell, listing).code == 0


def test_two_names_that_differ_in_marks_form_only_are_not_guessed_between(
    shell: Shell, tmp_path: Path
) -> None:
    import unicodedata

    twin = unicodedata.normalize("NFD", "Báo cáo 1.pdf")
    (tmp_path / "nop" / twin).write_bytes(plain_pdf(3))
    ran = pack(shell, listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT]))
    assert found(ran)["LIST-FILE-AMBIGUOUS"] == "Văn bản!B2"


def test_the_fonds_must_be_known(shell: Shell, tmp_path: Path) -> None:
    listing = listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT], fonds="")
    assert found(pack(shell, listing)) == {"PACK-NO-FONDS": "Thông tin chung!B1"}
    assert found(pack(shell, listing, "--fonds", "TL:05")) == {"PACK-NO-FONDS": ""}
    assert pack(shell, listing, "--fonds", "TL05").code == 0


@pytest.mark.parametrize(
    ("fonds", "code"), [("=A2", "LIST-FORMULA"), ("#REF!", "LIST-CELL-ERROR")]
)
def test_a_general_fact_that_the_spreadsheet_would_compute_is_no_value(
    shell: Shell, tmp_path: Path, fonds: str, code: str
) -> None:
    listing = listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT], fonds=fonds)
    assert found(pack(shell, listing)) == {code: "Thông tin chung!B1"}


def test_a_character_that_no_package_can_hold_is_told_and_never_replaced(
    shell: Shell, tmp_path: Path
) -> None:
    row = DOSSIER | {"Tiêu đề hồ sơ": "Hồ sơ\vhọp"} | DOCUMENT
    (tmp_path / "l.csv").write_text(f"{';'.join(row)}\n{';'.join(map(str, row.values()))}\n")
    ran = pack(shell, tmp_path / "l.csv", "--fonds", "TL05", "--organ", "Uỷ ban")
    assert found(ran)["LIST-CONTROL"] == "B2"


def test_a_mistake_is_told_with_sheet_row_cell_and_remedy_in_the_readers_language(
    shell: Shell, tmp_path: Path
) -> None:
    listing = listed(tmp_path / "l.xlsx", [DOSSIER], [DOCUMENT | {"Ngày tài liệu": "31/02/2024"}])
    asked = ("pack", tmp_path / "nop", "--list", listing, "--out", tmp_path / "goi")
    told = shell(*asked).out
    assert "LỖI trang “Văn bản”, dòng 2, ô D2" in told
    assert "Hãy ghi đúng ngày, tháng, năm" in told
    assert "Chưa ghi gói nào" in told
    assert "sheet “Văn bản”, row 2, cell D2" in shell(*asked, "--lang", "en").out


def test_a_flat_list_in_delimited_text_is_packed_too(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nop/b.pdf").write_bytes(plain_pdf(2))
    rows = [
        "Mã hồ sơ;Tiêu đề hồ sơ;Thời hạn bảo quản;Chế độ sử dụng hồ sơ;Tên tệp;Loại văn bản;"
        "Ngày văn bản;Tác giả;Trích yếu",
        "(1);(2);(3);(4);(5);(6);(7);(8);(9)",
        f"{CODE};Hồ sơ họp;Vĩnh viễn;1;Báo cáo 1.pdf;Báo cáo;5/3/2024;UBND;Báo cáo",
        ";;;;b.pdf;Tờ trình;2024-03-06;UBND;Tờ trình",
    ]
    listing = tmp_path / "l.csv"
    listing.write_text("\n".join(rows), encoding="utf-16")
    ran = pack(shell, listing, "--fonds", "TL05")
    packages = ran.json()["packages"]
    assert isinstance(packages, list)
    (package,) = packages
    assert (ran.code, package["documents"]) == (0, 2)


def test_a_template_never_replaces_a_file(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    path.write_bytes(b"of someone")
    assert shell("pack", "--template", path).code == 2
    assert path.read_bytes() == b"of someone"


def test_the_template_has_drop_down_lists_from_a_hidden_sheet(
    shell: Shell, tmp_path: Path
) -> None:
    shell("pack", "--template", tmp_path / "l.xlsx", "--lang", "en")
    book = load_workbook(tmp_path / "l.xlsx")
    assert book.sheetnames == ["Help", "General", "Dossiers", "Documents", "ma"]
    assert book["ma"].sheet_state == "hidden"
    lists = {
        validation.formula1
        for validation in book["Documents"].data_validations.dataValidation
        if validation.type == "list"
    }
    sheet = book["ma"]
    columns = {sheet.cell(1, number).value: number for number in range(1, sheet.max_column + 1)}
    letter = sheet.cell(1, columns["typeName"]).column_letter
    assert f"='ma'!${letter}$2:${letter}$33" in lists
    assert sheet.cell(15, columns["typeName"]).value == "14 - Báo cáo"


def test_an_untouched_template_says_that_it_is_empty(shell: Shell, tmp_path: Path) -> None:
    shell("pack", "--template", tmp_path / "l.xlsx")
    assert found(pack(shell, tmp_path / "l.xlsx")) == {"LIST-NO-ROWS": "Hồ sơ"}


def test_without_folder_and_list_the_person_is_told_what_to_type(shell: Shell) -> None:
    ran = shell("pack")
    assert ran.code == 2
    assert "kho pack --template" in ran.err
