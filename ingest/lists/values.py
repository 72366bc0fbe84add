"""One cell's value in the circular's form, or what is wrong with the cell and how to mend it.

Codes are taken as ``01``, ``1``, ``Vĩnh viễn`` or ``01 - Vĩnh viễn``; dates as the spreadsheet's
own, as ``5/3/2024``, ``05-03-2024``, ``2024-03-05``, and as the number behind a date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ingest.checks.tt05_dates import read_date
from ingest.lists.mapping import heading_key
from preservation.formats.sheets.book import Cell, CellKind
from schemas.tt05 import FieldSpec, codes
from schemas.xml_text import is_xml_text

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})")
_YEAR = re.compile(r"\d{4}")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T.*)?")
_SERIAL_START = date(1899, 12, 30)
_SERIALS = range(61, 110_000)
"""Numbers of days that can be dates; before 61 the numbering has a day that never was."""
_YEARS = range(1500, 2201)
_SEPARATORS = re.compile(r"[;,\n]")
_CODE_AND_LABEL = re.compile(r"(\d{1,2})\s*[-–.:)]\s*(.*)", re.DOTALL)
_YES = frozenset(("1", "co", "x", "true", "yes", "dung"))
_NO = frozenset(("0", "khong", "false", "no", "sai", "k"))


@dataclass(frozen=True, slots=True)
class Value:
    """What a cell says in the circular's form. ``wrong`` is the code of what is wrong with it,
    and then ``text`` is what it says as it stands."""

    text: str
    wrong: str = ""
    own: str = ""
    """The cell's own words, where a list has its own for what is a code."""

    @property
    def sound(self) -> bool:
        """Whether the value has the form of its field."""
        return not self.wrong


def value_of(spec: FieldSpec, cell: Cell, meanings: Mapping[str, str] | None = None) -> Value:
    """The cell's value as a field takes it. ``meanings`` are a list's own words for codes."""
    text = unicodedata.normalize("NFC", cell.text).strip()
    if cell.kind is CellKind.FORMULA:
        return Value(text, "LIST-FORMULA")
    if cell.kind is CellKind.ERROR:
        return Value(text, "LIST-CELL-ERROR")
    if not is_xml_text(text):
        return Value(text, "LIST-CONTROL")
    match spec.type:
        case "D" | "DF":
            return _date(text, cell.kind, whole=spec.type == "D")
        case "C":
            return _code(spec, text, meanings or {})
        case "CL":
            return _codes(spec, text, meanings or {})
        case "B":
            return _boolean(text)
        case "N":
            return _number(spec, text)
    if spec.length and len(text) > spec.length:
        return Value(text, "LIST-TOO-LONG")
    return Value(text)


def _date(text: str, kind: CellKind, *, whole: bool) -> Value:
    written = _written_date(text, kind)
    if written is None:
        return Value(text, "LIST-DATE")
    read = read_date(written)
    if read is None or not read.exists or read.year not in _YEARS:
        return Value(text, "LIST-DATE-UNREAL")
    if whole and not read.day:
        return Value(written, "LIST-DATE-PART")
    return Value(written)


def _written_date(text: str, kind: CellKind) -> str | None:
    """``DD/MM/YYYY``, ``MM/YYYY`` or ``YYYY``; None for what is none of them."""
    if match := _DAY.fullmatch(text):
        return f"{int(match[1]):02d}/{int(match[2]):02d}/{match[3]}"
    if match := _ISO.fullmatch(text):
        return f"{int(match[3]):02d}/{int(match[2]):02d}/{match[1]}"
    if match := _MONTH.fullmatch(text):
        return f"{int(match[1]):02d}/{match[2]}"
    if _YEAR.fullmatch(text) and int(text) in _YEARS:
        return text
    if kind is CellKind.NUMBER and text.isdigit() and int(text) in _SERIALS:
        return (_SERIAL_START + timedelta(days=int(text))).strftime("%d/%m/%Y")
    return None


def _code(spec: FieldSpec, text: str, meanings: Mapping[str, str]) -> Value:
    members = codes(spec.codes) if spec.codes else ()
    known = {member.code for member in members}
    if not known:
        return Value(text)
    width = len(next(iter(known)))
    bare = text.zfill(width) if text.isdigit() else text
    if bare in known:
        return Value(bare)
    split = _CODE_AND_LABEL.fullmatch(text)
    if split is not None and split[1].zfill(width) in known:
        return Value(split[1].zfill(width))
    folded = heading_key(text)
    for member in members:
        if folded in (heading_key(member.vi), heading_key(member.en)):
            return Value(member.code)
    meant = meanings.get(folded, "")
    if meant in known:
        return Value(meant, own=text)
    return Value(text, "LIST-CODE")


def _codes(spec: FieldSpec, text: str, meanings: Mapping[str, str]) -> Value:
    whole = _code(spec, text, meanings)
    if whole.sound:
        return whole
    parts = [
        _code(spec, part.strip(), meanings) for part in _SEPARATORS.split(text) if part.strip()
    ]
    if parts and all(part.sound for part in parts):
        return Value(";".join(dict.fromkeys(part.text for part in parts)))
    return Value(text, "LIST-CODE")


def _boolean(text: str) -> Value:
    folded = heading_key(text.partition("-")[0]) or heading_key(text)
    if folded in _YES or folded in _NO:
        return Value("1" if folded in _YES else "0")
    return Value(text, "LIST-YES-NO")


def _number(spec: FieldSpec, text: str) -> Value:
    if not (text.isascii() and text.isdigit()):
        return Value(text, "LIST-NUMBER")
    if spec.length and len(text) > spec.length:
        return Value(text, "LIST-TOO-LONG")
    return Value(text)


def allowed(spec: FieldSpec, lang: str = "vi", most: int = 8) -> str:
    """What a coded field takes, for telling people: ``01 Vĩnh viễn; 02 70 năm…``."""
    members = codes(spec.codes) if spec.codes else ()
    told = [f"{member.code} {member.vi if lang == 'vi' else member.en}" for member in members]
    return "; ".join(told[:most]) + ("…" if len(told) > most else "")
