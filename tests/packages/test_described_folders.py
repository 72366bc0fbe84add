"""Folders with a list beside the files, and party lists of many dossiers: profiles at work."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from openpyxl import Workbook

from ingest.lists.mapping import ColumnsUnusable, load_columns, shipped_columns
from ingest.lists.reading import read_list
from ingest.parts import parts_of
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kit.archives import TestBed, make_bed
from kit.desk import desk_of
from preservation.formats.sheets.reading import sheet_reader
from preservation.restore import RestoreRequest, restore
from repository.facts import AipFacts
from schemas.ids import AipId
from schemas.nouns import Access, Place
from schemas.progress import NoProgress
from schemas.records import Receipt

FILES = {"Tờ trình 1.txt": "Kính gửi: Tỉnh uỷ\n", "phụ lục/b.txt": "Phụ lục\n"}
HEADINGS = (
    "Mã hồ sơ;Tiêu đề hồ sơ;THBQ;Từ ngày;Đến ngày;Tên tệp;Loại văn bản;Ngày văn bản;Trích yếu;"
    "Tệp kèm theo"
)
ROW = (
    "01.VP;Hồ sơ họp;Vĩnh viễn;1/1/2024;31/12/2024;Tờ trình 1.txt;Tờ trình;5/3/2024;Tờ trình;"
    "phụ lục/b.txt"
)


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def received(
    bed: TestBed, source: Path, profile: str = "folder", **settings: str
) -> tuple[Receipt, AipFacts]:
    with bed.open() as archive:
        chosen = IngestSettings(workers=1, **settings)  # type: ignore[arg-type]  # texts only
        with desk_of(archive, chosen) as desk:
            receipt = ingest(source, desk, profile=profile, fonds="TL05")
        place = Place.HOLDING if receipt.outcome == "held" else Place.ARCHIVE
        facts = archive.catalogue.aip(AipId(receipt.aip_id), place)
    assert facts is not None
    return receipt, facts


def codes(receipt: Receipt) -> set[str]:
    return {finding.code for finding in receipt.findings if finding.code.startswith("LIST")}


def test_rows_of_metadata_csv_become_documents_joined_with_their_files(
    bed: TestBed, tmp_path: Path
) -> None:
    source = written(tmp_path / "hs", FILES | {"metadata.csv": f"{HEADINGS}\n{ROW}\n"})
    receipt, facts = received(bed, source)
    assert (receipt.outcome, receipt.files, codes(receipt)) == ("accepted", 2, set())
    assert (facts.title, facts.dossier_code, facts.backlog) == ("Hồ sơ họp", "01.VP", False)
    assert (facts.date_from, facts.date_to) == ("01/01/2024", "31/12/2024")
    assert facts.fields["maintenance"] == "01"
    (document,) = facts.documents
    assert (document.title, document.date, document.fields["typeName"]) == (
        "Tờ trình",
        "05/03/2024",
        "15",
    )
    assert document.files == (
        "representations/rep1/data/Tờ trình 1.txt",
        "representations/rep1/data/phụ lục/b.txt",
    )
    roles = {file.logical_path.rpartition("/")[2]: file.role for file in facts.files}
    assert roles["metadata.csv"] == "documentation"


def test_what_was_handed_in_comes_back_with_its_list(bed: TestBed, tmp_path: Path) -> None:
    files = FILES | {"metadata.csv": f"{HEADINGS}\n{ROW}\n"}
    receipt, _facts = received(bed, written(tmp_path / "hs", files))
    with bed.open() as archive:
        request = RestoreRequest(
            target=tmp_path / "back", aip_ids=(AipId(receipt.aip_id),), form="submission"
        )
        restore(archive.replicas, request, now=archive.now, progress=NoProgress())
    for name, content in files.items():
        (path,) = [p for p in (tmp_path / "back").rglob("*") if p.as_posix().endswith(f"/{name}")]
        assert path.read_bytes() == content.encode()


def test_the_packages_mets_joins_each_document_with_its_files(
    bed: TestBed, tmp_path: Path
) -> None:
    listing = {"metadata.csv": f"{HEADINGS}\n{ROW}\n"}
    files = FILES | listing | {"c.txt": "không ai mô tả\n"}
    receipt, _facts = received(bed, written(tmp_path / "hs", files))
    with bed.open() as archive:
        request = RestoreRequest(target=tmp_path / "back", aip_ids=(AipId(receipt.aip_id),))
        restore(archive.replicas, request, now=archive.now, progress=NoProgress())
    (path,) = (tmp_path / "back").rglob("rep1/METS.xml")
    mets = path.read_text(encoding="utf-8")
    (section,) = re.findall(r'<dmdSec ID="([^"]+)"', mets)
    linked = re.findall(rf'<file [^>]*DMDID="{section}"[^>]*>\s*<FLocat[^>]*href="([^"]+)"', mets)
    assert [unquote(href) for href in linked] == ["data/Tờ trình 1.txt", "data/phụ lục/b.txt"]


def test_a_workbook_in_english_describes_too(bed: TestBed, tmp_path: Path) -> None:
    source = written(tmp_path / "hs", {"a.txt": "một\n"})
    book = Workbook()
    book.active.append(["File", "Subject", "Date", "Dossier title"])
    book.active.append(["a.txt", "Một", 45000, "Hồ sơ"])
    book.save(source / "metadata.xlsx")
    receipt, facts = received(bed, source)
    assert (facts.title, facts.documents[0].date) == ("Hồ sơ", "15/03/2023")
    assert (facts.backlog, codes(receipt)) == (True, {"LIST-LACKS"})


@pytest.mark.parametrize(
    ("files", "rows", "code", "where", "outcome"),
    [
        ({}, ROW.replace("1.txt", "2.txt"), "LIST-FILE-ABSENT", "F2", "held"),
        ({"c.txt": "thừa"}, ROW, "LIST-FILE-UNLISTED", "c.txt", "accepted"),
        ({}, ROW.replace("5/3/2024", "31/2/2024"), "LIST-DATE-UNREAL", "H2", "accepted"),
        ({}, ROW.replace("Vĩnh viễn", "lâu"), "LIST-CODE", "C2", "accepted"),
        ({}, ROW + "\n02;B;;;;;;;;", "LIST-SEVERAL", "", "held"),
        ({}, ROW + "\n;;;;;;;;Không tệp;", "LIST-FILE-BARE", "F3", "accepted"),
        ({"metadata.xlsx": "x"}, ROW, "LIST-FILES-SEVERAL", "", "held"),
        ({}, ROW.replace("Tờ trình 1", "tờ trình 1"), "LIST-FILE-CASE", "F2", "accepted"),
        (
            {unicodedata.normalize("NFD", "Tờ trình 1.txt"): "bản khác"},
            ROW,
            "LIST-FILE-AMBIGUOUS",
            "F2",
            "accepted",
        ),
    ],
)
def test_what_list_and_files_do_not_share_is_told_with_its_cell(
    bed: TestBed,
    tmp_path: Path,
    files: dict[str, str],
    rows: str,
    code: str,
    where: str,
    outcome: str,
) -> None:
    listing = {"metadata.csv": f"{HEADINGS}\n{rows}\n"}
    receipt, facts = received(bed, written(tmp_path / "hs", FILES | files | listing))
    told = {finding.code: finding.where for finding in receipt.findings}
    assert (told.get(code), receipt.outcome) == (where, outcome)
    assert facts.data_files == len(FILES) + len([n for n in files if "metadata" not in n])


def test_an_unreadable_list_holds_the_dossier_and_loses_nothing(
    bed: TestBed, tmp_path: Path
) -> None:
    source = written(
        tmp_path / "hs", FILES | {"metadata.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}
    )
    receipt, facts = received(bed, source)
    assert (receipt.outcome, facts.data_files) == ("held", 2)
    assert "SHEET-OLD-KIND" in {finding.code for finding in receipt.findings}


def test_secret_in_any_row_makes_the_dossier_secret(bed: TestBed, tmp_path: Path) -> None:
    rows = f"{HEADINGS};Chế độ sử dụng\n{ROW};Mật\n"
    source = written(tmp_path / "hs", FILES | {"metadata.csv": rows})
    _receipt, facts = received(bed, source)
    assert facts.access is Access.SECRET


PARTY = (
    "Hồ sơ số;Tiêu đề hồ sơ;THBQ;STT văn bản;Tên tệp tin;Thể loại;Số và ký hiệu;Tác giả;"
    "Cột riêng\n"
    "(1);(2);(3);(4);(5);(6);(7);(8);(9)\n"
    "01;Hội nghị lần thứ 15;Vĩnh viễn;1;01/a.txt;Kết luận;02-KL/TU;Tỉnh uỷ;x\n"
    ";;;2;01/b.txt;Tờ trình;05-TTr/BTCTU;Ban Tổ chức;\n"
    "02;Tập lưu nghị quyết;70 năm;1;c.txt;Nghị quyết;12-NQ/TU;Tỉnh uỷ;\n"
    "03;Hồ sơ thiếu tệp;;1;không có.txt;Báo cáo;07-BC/TU;Tỉnh uỷ;\n"
)
PARTY_FILES = {"01/a.txt": "a\n", "01/b.txt": "b\n", "c.txt": "c\n", "ngoài.txt": "không nộp\n"}


def party(bed: TestBed, listing: Path) -> list[Receipt]:
    """Each dossier of the list through the pipeline."""
    with bed.open() as archive, desk_of(archive) as desk:
        listed = read_list(sheet_reader(desk.pool)(listing), shipped_columns("hd40"), strict=False)
        return [
            ingest(part.source, desk, profile="hd40", fonds="TU", part=part)
            for part in parts_of(listing, listed)
        ]


def test_a_party_list_of_many_dossiers_becomes_one_submission_each(
    bed: TestBed, tmp_path: Path
) -> None:
    folder = written(tmp_path / "nộp", PARTY_FILES | {"mục lục.csv": PARTY})
    receipts = party(bed, folder / "mục lục.csv")
    assert [(r.dossier_code, r.title, r.files) for r in receipts] == [
        ("01", "Hội nghị lần thứ 15", 2),
        ("02", "Tập lưu nghị quyết", 1),
        ("03", "Hồ sơ thiếu tệp", 0),
    ]
    assert [r.outcome for r in receipts] == ["accepted", "accepted", "rejected"]
    assert receipts[0].source.endswith("mục lục.csv#01")
    with bed.open() as archive:
        first = archive.catalogue.aip(AipId(receipts[0].aip_id))
    assert first is not None
    assert (first.profile, first.backlog, first.fields["maintenance"]) == ("hd40", True, "01")
    conclusion = first.documents[0]
    assert (conclusion.fields["typeName"], conclusion.fields["typeNameAsGiven"]) == (
        "32",
        "Kết luận",
    )
    assert conclusion.fields["codeNotation"] == "02-KL/TU"
    again = party(bed, folder / "mục lục.csv")
    assert [r.outcome for r in again[:2]] == ["duplicate", "duplicate"]


def test_the_extract_keeps_every_cell_of_the_dossier_and_none_of_another(
    bed: TestBed, tmp_path: Path
) -> None:
    folder = written(tmp_path / "nộp", PARTY_FILES | {"mục lục.csv": PARTY})
    receipt = party(bed, folder / "mục lục.csv")[0]
    with bed.open() as archive:
        request = RestoreRequest(
            target=tmp_path / "back", aip_ids=(AipId(receipt.aip_id),), form="submission"
        )
        restore(archive.replicas, request, now=archive.now, progress=NoProgress())
    (extract,) = (tmp_path / "back").rglob("muc-luc.csv")
    text = extract.read_text(encoding="utf-8")
    assert all(said in text for said in ("Hội nghị lần thứ 15", "02-KL/TU", "Cột riêng", "x"))
    assert "Tập lưu" not in text
    assert (tmp_path / "back").rglob("01/a.txt")


def test_headings_of_an_archives_own_come_from_its_mapping_file(
    bed: TestBed, tmp_path: Path
) -> None:
    mapping = tmp_path / "cot.toml"
    mapping.write_text(
        'format = "kho.columns/1"\nname = "riêng"\n'
        '[dossier]\nfileCode = ["HSCV"]\ntitle = ["Việc"]\n'
        '[document]\nfile = ["Bản chụp"]\nsubject = ["Về việc"]\n'
        '[defaults.dossier]\nlanguage = "01"\n',
        encoding="utf-8",
    )
    rows = "HSCV;Việc;Bản chụp;Về việc\n7;Bàn giao;a.txt;Danh sách\n"
    source = written(tmp_path / "hs", {"a.txt": "a\n", "danh sách.csv": rows})
    receipt, facts = received(bed, source, "hd40", hd40_columns=str(mapping))
    assert (facts.dossier_code, facts.title, facts.fields["language"]) == ("7", "Bàn giao", "01")
    assert (receipt.outcome, facts.documents[0].title) == ("accepted", "Danh sách")


@pytest.mark.parametrize(
    "text",
    [
        "format = 'kho.columns/2'\nname = 'x'",
        "format = 'kho.columns/1'\nname = 'x'\n[dossier]\nnoSuch = ['a']",
        "format = 'kho.columns/1'\nname = 'x'\n[document]\nfile = ['Tên']\nsubject = ['ten']",
        "no toml",
    ],
)
def test_a_mapping_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cot.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ColumnsUnusable):
        load_columns(str(path), "hd40")
    assert load_columns("", "hd40") is shipped_columns("hd40")


def test_a_folder_given_as_a_party_list_without_one_is_held(bed: TestBed, tmp_path: Path) -> None:
    receipt, facts = received(bed, written(tmp_path / "hs", FILES), "hd40")
    assert (receipt.outcome, codes(receipt), facts.data_files) == ("held", {"LIST-NONE"}, 2)
