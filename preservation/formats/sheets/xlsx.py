"""Office Open XML workbooks, by openpyxl in read-only mode, after every part was looked at.

openpyxl never sees a container with a bomb, an overlap or a broken member, nor XML with a
document type or in an encoding that is not UTF-8. Formulas stay text; links to other files
are told, not followed. Source: ECMA-376 parts 1 and 2.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from posixpath import join, normpath
from typing import Any, BinaryIO

from openpyxl import load_workbook

from preservation.formats.sheets.book import ROWS_CAP, SHEETS_CAP, BookMaker, CellKind
from preservation.formats.validate.zipped import Looked, look_through
from schemas.archives import Caps
from schemas.findings import Severity
from schemas.xml import XmlRefused, events_untrusted

CAPS = Caps(total_bytes=256 << 20, entries=5_000, ratio=1000)

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]{0,200}?ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\""
)
_XML_ENDS = (".xml", ".rels", ".vml")
_MERGED_SHOWN = 5
_LAST_ROW = 1 << 20
"""No program writes more; rows left out are counted one by one, however far a number leaps."""


def read_xlsx(file: BinaryIO, maker: BookMaker) -> None:
    """The workbook's sheets are in ``maker``, or a finding says why not."""
    looked = look_through(file, lambda name: name.endswith(_XML_ENDS), CAPS)
    if not _sound(looked, maker):
        return
    _tell_of_parts(looked, maker)
    merged = {name: _merged(looked.parts[part]) for name, part in _sheet_parts(looked)}
    looked.parts.clear()
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001  openpyxl raises whatever its parts raise
            maker.say("SHEET-DAMAGED", Severity.ERROR, reason=_reason(problem))
            return
        try:
            _read_sheets(book, merged, maker)
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001  as above: sheets are parsed when read
            maker.say("SHEET-DAMAGED", Severity.ERROR, reason=_reason(problem))


def _sound(looked: Looked, maker: BookMaker) -> bool:
    """Whether container and parts may be handed on."""
    if looked.encrypted:
        maker.say("SHEET-ENCRYPTED", Severity.ERROR)
    elif looked.limited or looked.too_long:
        maker.stop("UNPACKED", CAPS.total_bytes)
    elif looked.damaged or _WORKBOOK not in looked.parts:
        codes = ", ".join(sorted({each.code for each in looked.findings})) or _WORKBOOK
        maker.say("SHEET-DAMAGED", Severity.ERROR, reason=codes)
    else:
        return all(_plain_xml(name, part, maker) for name, part in looked.parts.items())
    return False


def _plain_xml(name: str, part: bytes, maker: BookMaker) -> bool:
    declared = _DECLARED.search(part[:300])
    named = declared[1].lower() if declared else b"utf-8"
    if b"\0" in part[:4] or part[:2] in (b"\xff\xfe", b"\xfe\xff"):
        named = b"utf-16"
    if named not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        maker.say("SHEET-XML-ENCODING", Severity.ERROR, name, encoding=named.decode("ascii"))
        return False
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        maker.say("SHEET-DOCTYPE", Severity.ERROR, name)
        return False
    return True


def _tell_of_parts(looked: Looked, maker: BookMaker) -> None:
    names = looked.names
    links = sum(n.startswith("xl/externalLinks/") and n.endswith(".xml") for n in names)
    if links:
        maker.say("SHEET-EXTERNAL-LINKS", Severity.WARNING, count=links)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        maker.say("SHEET-MACROS", Severity.WARNING)


def _sheet_parts(looked: Looked) -> Iterator[tuple[str, str]]:
    """(name of the sheet, its part) as workbook and relations say."""
    target_by_id: dict[str, str] = {}
    try:
        for event in _starts(looked.parts.get(_RELATIONS, b"")):
            target = event.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            target_by_id[event.get("Id", "")] = path
        for event in _starts(looked.parts[_WORKBOOK]):
            part = target_by_id.get(event.get(_RELATION_ID, ""), "")
            if part in looked.parts and "name" in event:
                yield event["name"], part
    except XmlRefused:
        return


def _starts(content: bytes) -> Iterator[dict[str, str]]:
    if content:
        for event in events_untrusted(BytesIO(content)):
            if event.kind == "start":
                yield dict(event.attributes)


def _merged(part: bytes) -> list[str]:
    return [found.decode("ascii") for found in _MERGED.findall(part)]


def _read_sheets(book: Any, merged: dict[str, list[str]], maker: BookMaker) -> None:
    if len(book.worksheets) > SHEETS_CAP:
        maker.stop("SHEETS", SHEETS_CAP)
        return
    for sheet in book.worksheets:
        hidden = sheet.sheet_state != "visible"
        rows = maker.sheet(sheet.title, hidden=hidden)
        if hidden:
            maker.say("SHEET-HIDDEN", Severity.INFO, sheet.title)
            continue
        ranges = merged.get(sheet.title, [])
        if ranges:
            shown = ", ".join(ranges[:_MERGED_SHOWN])
            maker.say(
                "SHEET-MERGED", Severity.WARNING, sheet.title, count=len(ranges), ranges=shown
            )
        # What a sheet says of its own size is not believed.
        sheet.reset_dimensions()
        for place, cells in enumerate(sheet.iter_rows(), start=1):
            if place > _LAST_ROW:
                maker.stop("ROWS", ROWS_CAP, sheet.title)
                return
            said = list(_said(cells))
            number = next((cell.row for cell in cells if cell.value is not None), 0)
            if said and not maker.add(rows, sheet.title, number, said):
                return
            if number > ROWS_CAP:
                break


def _said(cells: Iterable[Any]) -> Iterator[tuple[int, str, str]]:
    for cell in cells:
        if cell.value is not None:
            text, kind = _value(cell.value, cell.data_type)
            yield cell.column, text, kind.value


def _value(value: object, data_type: str) -> tuple[str, CellKind]:
    match value:
        case bool():
            return ("1" if value else "0"), CellKind.BOOLEAN
        case datetime():
            at_midnight = value.time() == time()
            return (value.date() if at_midnight else value).isoformat(), CellKind.DATE
        case date():
            return value.isoformat(), CellKind.DATE
        case int() | float():
            return _number(value), CellKind.NUMBER
        case time() | timedelta():
            return str(value), CellKind.TEXT
    text = str(value)
    if data_type == "f":
        return (text if text.startswith("=") else f"={text}"), CellKind.FORMULA
    return text, CellKind.ERROR if data_type == "e" else CellKind.TEXT


def _number(value: float) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _reason(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:200]
