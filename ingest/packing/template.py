"""Writes the empty list that ``kho pack`` takes: headings, drop-down codes, help, an example."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from ingest.lists.mapping import (
    ATTACHMENTS,
    DOSSIER_CODE,
    FILE,
    FOLDER,
    ORDINAL,
    Columns,
    specs,
)
from ingest.packing.general import LABELS
from preservation.formats.sheets.book import column_name
from schemas.text import Language, say
from schemas.tt05 import FieldSpec, codes

ROWS = 2000
"""Rows of the empty list that have drop-down lists."""

_REQUIRED: Mapping[str, frozenset[str]] = {
    "dossier": frozenset((DOSSIER_CODE, "title", "maintenance", "mode")),
    "document": frozenset((DOSSIER_CODE, FILE, "typeName", "issuedDate", "organName", "subject")),
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "dossier": (
        *(ORDINAL, DOSSIER_CODE, "title", "maintenance", "mode", "language", "startDate"),
        *("endDate", "numberOfPaper", "confidenceLevel", "paperFileCode", "format"),
        *("keyword", "riskRecovery", "riskRecoveryStatus", FOLDER, "description"),
    ),
    "document": (
        *(ORDINAL, DOSSIER_CODE, FILE, "typeName", "codeNumber", "codeNotation"),
        *("issuedDate", "organName", "subject", "numberOfPage", "mode", "confidenceLevel"),
        *("language", ATTACHMENTS, "keyword", "autograph", "format", "description"),
    ),
}
_WIDTHS = {"title": 48, "subject": 48, FILE: 34, "organName": 34, DOSSIER_CODE: 28, ORDINAL: 8}
_EXAMPLES: Mapping[str, str] = {
    DOSSIER_CODE: "H99.10.05.2024.07.VP",
    "title": "Hồ sơ Hội nghị tổng kết công tác năm 2024",
    "maintenance": "01 - Vĩnh viễn",
    "mode": "01 - Công khai",
    "language": "01 - Tiếng Việt",
    "startDate": "10/01/2024",
    "endDate": "24/12/2024",
    "numberOfPaper": "0",
    "confidenceLevel": "01 - Gốc điện tử",
    "riskRecovery": "0",
    FILE: "Báo cáo 112.pdf",
    "typeName": "14 - Báo cáo",
    "codeNumber": "112",
    "codeNotation": "BC-UBND",
    "issuedDate": "20/12/2024",
    "organName": "Uỷ ban nhân dân phường Tân Lập",
    "subject": "Báo cáo tổng kết công tác năm 2024",
    "numberOfPage": "12",
}
_HEAD_FILL, _NEEDED_FILL = PatternFill("solid", "DDEBF7"), PatternFill("solid", "FCE4D6")
CODE_SHEET = "ma"
"""The hidden sheet behind the drop-down lists."""


def write_template(path: Path, columns: Columns, lang: Language) -> None:
    """The empty list is in the new file ``path``; FileExistsError when there is one."""
    book = Workbook()
    general = book.active
    _write_general(general, lang)
    ranges = _write_codes(book)
    for level, sheet_code in (
        ("dossier", "PACK-SHEET-DOSSIERS"),
        ("document", "PACK-SHEET-DOCUMENTS"),
    ):
        sheet = book.create_sheet(say(sheet_code, lang), index=len(book.worksheets) - 1)
        _write_table(sheet, level, columns, ranges, lang)
    _write_help(book.create_sheet(say("PACK-SHEET-HELP", lang), index=0), lang)
    book.active = 2
    with path.open("xb") as stream:
        book.save(stream)


def _write_general(sheet: Any, lang: Language) -> None:
    sheet.title = say("PACK-SHEET-GENERAL", lang)
    for number, (vi, en) in enumerate(LABELS.values(), start=1):
        label = sheet.cell(number, 1, vi if lang == "vi" else en)
        label.font = Font(bold=True)
        sheet.cell(number, 2).fill = _NEEDED_FILL if number == 1 else _HEAD_FILL
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 48


def _write_codes(book: Any) -> dict[str, str]:
    """A hidden sheet with the code lists; the range of each, for drop-down lists."""
    sheet = book.create_sheet(CODE_SHEET)
    sheet.sheet_state = "hidden"
    ranges: dict[str, str] = {}
    names = {s.codes for level in ("dossier", "document") for s in specs(level).values()}
    for column, name in enumerate(sorted(names - {""}), start=1):
        members = codes(name)
        sheet.cell(1, column, name)
        for row, member in enumerate(members, start=2):
            sheet.cell(row, column, f"{member.code} - {member.vi}")
        letter = column_name(column)
        ranges[name] = f"'{CODE_SHEET}'!${letter}$2:${letter}${len(members) + 1}"
    return ranges


def _write_table(
    sheet: Any,
    level: str,
    columns: Columns,
    ranges: Mapping[str, str],
    lang: Language,
) -> None:
    fields = specs(level)
    for number, key in enumerate(_KEYS[level], start=1):
        of_dossier = key == DOSSIER_CODE
        heading = columns.heading("dossier" if of_dossier else level, key, lang)
        needed = key in _REQUIRED[level]
        head = sheet.cell(1, number, f"{heading} (*)" if needed else heading)
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        head.fill = _NEEDED_FILL if needed else _HEAD_FILL
        _write_example(sheet, number, key, lang)
        letter = column_name(number)
        sheet.column_dimensions[letter].width = _WIDTHS.get(key, 18)
        spec = fields.get(key)
        told = _validation(spec, ranges, key, lang)
        told.promptTitle, told.prompt = heading[:32], _prompt(spec, key, lang)
        told.showInputMessage = True
        sheet.add_data_validation(told)
        told.add(f"{letter}3:{letter}{ROWS}")
        if told.type is None:
            for row in range(2, 60):
                sheet.cell(row, number).number_format = "@"
    sheet.freeze_panes = "C2"


def _write_example(sheet: Any, number: int, key: str, lang: Language) -> None:
    text = say("PACK-EXAMPLE", lang) if key == ORDINAL else _EXAMPLES.get(key, "")
    cell = sheet.cell(2, number, text or None)
    cell.font = Font(italic=True, color="808080")
    cell.number_format = "@"


def _validation(
    spec: FieldSpec | None, ranges: Mapping[str, str], key: str, lang: Language
) -> DataValidation:
    """A drop-down list for a coded field, otherwise only the help beside the cell."""
    if spec is None or spec.codes not in ranges or key == "language":
        return DataValidation(allow_blank=True)
    told = DataValidation(type="list", formula1=f"={ranges[spec.codes]}", allow_blank=True)
    told.showErrorMessage = True
    told.errorTitle = say("PACK-PICK-TITLE", lang)
    told.error = say("PACK-PICK", lang)
    return told


def _prompt(spec: FieldSpec | None, key: str, lang: Language) -> str:
    """At most 255 characters, as the format allows."""
    codes_by_key = {
        ORDINAL: "PACK-HELP-ORDINAL",
        FILE: "PACK-HELP-FILE",
        ATTACHMENTS: "PACK-HELP-ATTACHMENTS",
        FOLDER: "PACK-HELP-FOLDER",
        DOSSIER_CODE: "PACK-HELP-CODE",
        "startDate": "PACK-HELP-DATES",
        "endDate": "PACK-HELP-DATES",
        "numberOfPage": "PACK-HELP-PAGES",
        "language": "PACK-HELP-LANGUAGE",
    }
    if key in codes_by_key:
        text = say(codes_by_key[key], lang)
    elif spec is None:
        text = ""
    elif spec.type in ("D", "DF"):
        text = say("PACK-HELP-DATE", lang)
    elif spec.codes:
        text = say("PACK-HELP-PICK", lang)
    elif spec.type == "N":
        text = say("PACK-HELP-NUMBER", lang)
    else:
        text = say("PACK-HELP-TEXT", lang, count=spec.length)
    return text[:255]


def _write_help(sheet: Any, lang: Language) -> None:
    for number, line in enumerate(say("PACK-HELP", lang).splitlines(), start=1):
        cell = sheet.cell(number, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 1:
            cell.font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 110
