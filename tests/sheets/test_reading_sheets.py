"""Spreadsheets, sound and hostile, as a worker reads them: values with places, or a finding."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from preservation.formats.sheets.book import Book, CellKind, column_name
from preservation.formats.sheets.reading import SheetReader, sheet_reader
from preservation.workers import WorkerPool
from schemas.findings import Severity


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SheetReader]:
    with WorkerPool(workers=1, scratch=tmp_path_factory.mktemp("scratch")) as pool:
        yield sheet_reader(pool)


def texts(book: Book) -> list[list[str]]:
    return [[cell.text for cell in row.cells.values()] for _sheet, row in book.rows()]


def codes(book: Book) -> list[str]:
    return [finding.code for finding in book.findings]


def saved(path: Path, fill: Callable[[Workbook], None]) -> Path:
    book = Workbook()
    fill(book)
    book.save(path)
    return path


def altered(path: Path, part: str, change: Callable[[bytes], bytes], **more: bytes) -> Path:
    """The workbook with one part changed, and parts added."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (parts | more).items():
            new.writestr(name, content)
    return path


def test_values_come_with_the_sheet_the_row_and_the_column(
    read: SheetReader, tmp_path: Path
) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        sheet.title = "Hồ sơ"
        sheet["B3"] = "Nghị quyết"
        sheet["C3"] = 45
        sheet["D3"] = date(2024, 6, 20)
        sheet["E3"] = datetime(2024, 6, 20, 10, 30)  # noqa: DTZ001  as a workbook keeps it
        sheet["F3"] = True
        sheet["G3"] = 1.5

    book = read(saved(tmp_path / "a.xlsx", fill))
    ((sheet, row),) = book.rows()
    assert (sheet.name, row.number, book.findings) == ("Hồ sơ", 3, ())
    assert [(c.place, c.text, c.kind.value) for c in row.cells.values()] == [
        ("Hồ sơ!B3", "Nghị quyết", "text"),
        ("Hồ sơ!C3", "45", "number"),
        ("Hồ sơ!D3", "2024-06-20", "date"),
        ("Hồ sơ!E3", "2024-06-20T10:30:00", "date"),
        ("Hồ sơ!F3", "1", "boolean"),
        ("Hồ sơ!G3", "1.5", "number"),
    ]


def test_a_formula_stays_its_text_and_is_marked(read: SheetReader, tmp_path: Path) -> None:
    book = read(saved(tmp_path / "a.xlsx", lambda b: b.active.append(["=1+1", '=HYPERLINK("x")'])))
    ((_sheet, row),) = book.rows()
    assert [(cell.text, cell.kind) for cell in row.cells.values()] == [
        ("=1+1", CellKind.FORMULA),
        ('=HYPERLINK("x")', CellKind.FORMULA),
    ]


def test_hidden_sheets_are_named_and_not_read_and_merged_cells_are_told(
    read: SheetReader, tmp_path: Path
) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["a", "b"])
        book.active.merge_cells("A1:A3")
        hidden = book.create_sheet("Mã")
        hidden.append(["bí mật"])
        hidden.sheet_state = "veryHidden"

    book = read(saved(tmp_path / "a.xlsx", fill))
    assert texts(book) == [["a", "b"]]
    assert codes(book) == ["SHEET-MERGED", "SHEET-HIDDEN"]
    assert book.findings[0].fields["ranges"] == "A1:A3"
    assert [sheet.hidden for sheet in book.sheets] == [False, True]


def test_a_million_empty_rows_cost_nothing_and_say_nothing(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    rows = b"".join(b'<row r="%d"/>' % number for number in range(2, 1_000_001))
    book = read(
        altered(
            path,
            "xl/worksheets/sheet1.xml",
            lambda c: c.replace(b"</sheetData>", rows + b"</sheetData>"),
        )
    )
    assert (texts(book), book.usable) == ([["a"]], True)


def test_a_sheet_that_claims_to_be_immense_is_read_by_what_is_there(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a", "b"]))
    book = read(
        altered(
            path,
            "xl/worksheets/sheet1.xml",
            lambda c: c.replace(b'ref="A1:B1"', b'ref="A1:XFD1048576"'),
        )
    )
    assert (texts(book), book.usable) == ([["a", "b"]], True)


def test_a_value_in_the_last_cell_of_all_is_beyond_what_is_read(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    book = read(
        altered(path, "xl/worksheets/sheet1.xml", lambda c: c.replace(b"</sheetData>", far))
    )
    assert codes(book) == ["SHEET-CAP-COLUMNS"]
    assert book.findings[0].where == "Sheet!XFD1048576"


def test_a_row_beyond_every_spreadsheet_is_not_counted_up_to(
    read: SheetReader, tmp_path: Path
) -> None:
    """Left to itself openpyxl makes an empty row for each number between."""
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    far = b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row></sheetData>'
    book = read(
        altered(path, "xl/worksheets/sheet1.xml", lambda c: c.replace(b"</sheetData>", far))
    )
    assert (codes(book), book.usable) == (["SHEET-CAP-ROWS"], False)


def test_a_zip_bomb_is_refused_before_anything_parses_it(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    bomb = b" " * (300 << 20)
    book = read(altered(path, "xl/workbook.xml", lambda c: c, **{"xl/media/x.xml": bomb}))
    assert (codes(book), book.usable) == (["SHEET-CAP-UNPACKED"], False)


@pytest.mark.parametrize(
    ("part", "declaration"),
    [
        ("xl/styles.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
        ("xl/worksheets/sheet1.xml", b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
    ],
)
def test_a_document_type_is_refused_in_any_part(
    read: SheetReader, tmp_path: Path, part: str, declaration: bytes
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))

    def declare(content: bytes) -> bytes:
        start = content.index(b"<", 1) if content.startswith(b"<?") else 0
        return content[:start] + declaration + content[start:]

    book = read(altered(path, part, declare))
    assert (codes(book), book.findings[0].where) == (["SHEET-DOCTYPE"], part)


def test_a_document_type_cannot_hide_in_another_encoding(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))

    def wide(content: bytes) -> bytes:
        text = content.decode().removeprefix('<?xml version="1.0"?>')
        return f'<!DOCTYPE x [<!ENTITY a "b">]>{text}'.encode("utf-16")

    book = read(altered(path, "xl/worksheets/sheet1.xml", wide))
    assert codes(book) == ["SHEET-XML-ENCODING"]


def test_links_to_other_files_and_macros_are_told_and_not_followed(
    read: SheetReader, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    more = {"xl/externalLinks/externalLink1.xml": b"<x/>", "xl/vbaProject.bin": b"macro"}
    book = read(altered(path, "xl/workbook.xml", lambda c: c, **more))
    assert (codes(book), texts(book)) == (["SHEET-EXTERNAL-LINKS", "SHEET-MACROS"], [["a"]])


def test_a_damaged_member_makes_the_spreadsheet_damaged(read: SheetReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a" * 2000]))
    content = bytearray(path.read_bytes())
    place = content.index(b"xl/worksheets/sheet1.xml") + 60
    content[place] ^= 0xFF
    path.write_bytes(content)
    assert codes(read(path)) == ["SHEET-DAMAGED"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "SHEET-OLD-KIND"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "SHEET-ENCRYPTED",
        ),
        (b"", "SHEET-EMPTY"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "SHEET-UNKNOWN-KIND"),
        (b"a" * 40_000 + b",b\n", "SHEET-CAP-CELL"),
        (b"\xff\xfe\x00\xd8x", "SHEET-DAMAGED"),
    ],
)
def test_what_is_no_list_is_told_by_its_bytes(
    read: SheetReader, tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "muc-luc.xlsx"
    path.write_bytes(content)
    book = read(path)
    assert (codes(book), book.usable) == ([code], False)


ROWS = "Số;Tên, loại\n1;Nghị quyết\n2;Quyết định\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimited_text_is_read_in_every_unicode_encoding(
    read: SheetReader, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS.encode(encoding))
    book = read(path)
    assert texts(book) == [["Số", "Tên, loại"], ["1", "Nghị quyết"], ["2", "Quyết định"]]
    assert (book.delimiter, book.findings) == (";", ())


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a\tb\n1\t2\n", "\t"),
        ('a;b\n"x,y,z";2\n', ";"),
        ("sep=|\na|b\n", "|"),
        ("một cột\nhai\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_the_rows_agree_on(
    read: SheetReader, tmp_path: Path, text: str, delimiter: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert read(path).delimiter == delimiter


TCVN3 = "Nghị quyết của Đảng bộ xã; Quyết định về việc sắp xếp, tổ chức bộ máy"


def in_tcvn3(text: str) -> bytes:
    from schemas.names_legacy import TCVN3 as TABLE

    by_letter = {letter: byte for byte, letter in TABLE.items()}
    return bytes(by_letter[letter] for letter in text)


def test_text_of_an_old_font_is_read_by_proposal_and_an_officer_is_told(
    read: SheetReader, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    lines = [TCVN3, "Báo cáo tổng kết; năm công tác", "Biên bản hội nghị; đảng viên"]
    path.write_bytes(b"\n".join(map(in_tcvn3, lines)) + b"\n")
    book = read(path)
    assert texts(book)[0][0] == "Nghị quyết của Đảng bộ xã"
    (finding,) = book.findings
    assert (finding.code, finding.severity) == ("SHEET-ENCODING-PROPOSED", Severity.WARNING)
    assert finding.fields["encoding"] == "tcvn3"


def test_the_place_in_delimited_text_is_a_cell_alone(read: SheetReader, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n,x\n", encoding="utf-8")
    cells = [cell.place for _sheet, row in read(path).rows() for cell in row.cells.values()]
    assert cells == ["A1", "B1", "B2"]


@pytest.mark.parametrize(("number", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (16384, "XFD")])
def test_columns_are_named_as_spreadsheets_name_them(number: int, name: str) -> None:
    assert column_name(number) == name


def test_more_rows_than_are_read_are_an_error_not_a_silence(
    read: SheetReader, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" * 100_001)
    book = read(path)
    assert (codes(book), book.usable) == (["SHEET-CAP-ROWS"], False)
    assert book.findings[0].where == "A100001"


def test_nothing_of_a_strange_program_remains(read: SheetReader, tmp_path: Path) -> None:
    """Inline strings and numbers without a style, as small exporters write them."""
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    cells = (
        b'<sheetData><row r="1"><c r="A1" t="inlineStr">'
        b"<is><t>H\xe1\xbb\x93 s\xc6\xa1</t></is></c>"
        b'<c r="B1"><v>007</v></c></row></sheetData>'
    )

    def replaced(content: bytes) -> bytes:
        start, end = content.index(b"<sheetData>"), content.index(b"</sheetData>")
        return content[:start] + cells + content[end + len(b"</sheetData>") :]

    assert texts(read(altered(path, "xl/worksheets/sheet1.xml", replaced))) == [["Hồ sơ", "7"]]


def test_the_file_is_looked_at_and_not_altered(read: SheetReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", lambda b: b.active.append(["a"]))
    before = io.BytesIO(path.read_bytes()).getvalue()
    read(path)
    assert path.read_bytes() == before
