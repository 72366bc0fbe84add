"""What a list says of the submission as a whole: a sheet of names and values."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ingest.lists.mapping import heading_key
from preservation.formats.sheets.book import Book, Cell, CellKind, place_of
from schemas.findings import Finding, Severity
from schemas.xml_text import is_xml_text

LABELS: Mapping[str, tuple[str, str]] = {
    "fonds": ("Mã phông", "Fonds code"),
    "organ": ("Tên cơ quan nộp", "Submitting organ"),
    "agreement": ("Mã đăng ký nộp lưu", "Transfer registration code"),
}
"""What the values are called in the list, in both languages."""

_KEYS = {heading_key(label): key for key, labels in LABELS.items() for label in labels}
_CELLS = 3
"""A row with more cells is one of a table."""


@dataclass(frozen=True, slots=True)
class General:
    """Fonds code, the submitting organ's name, the registration code of the transfer."""

    fonds: str = ""
    organ: str = ""
    agreement: str = ""
    fonds_place: str = ""
    """The cell that says the fonds code, or would say it."""

    def over(self, other: General) -> General:
        """This, and where it says nothing what ``other`` says."""
        mine = {key: value for key in LABELS if (value := getattr(self, key))}
        if self.fonds:
            mine["fonds_place"] = self.fonds_place
        return replace(other, **mine)


@dataclass(frozen=True, slots=True)
class _Fact:
    """One of the values and its cell, which may be empty."""

    key: str
    label: str
    place: str
    cell: Cell | None


def read_general(book: Book) -> General:
    """The values that stand right of their names, on any sheet."""
    found: dict[str, str] = {}
    for fact in _facts(book):
        if fact.key == "fonds":
            found.setdefault("fonds_place", fact.place)
        if fact.cell is not None:
            found.setdefault(fact.key, _text(fact.cell))
    return General(**found)


def general_findings(book: Book) -> Iterator[Finding]:
    """What is in the values' cells and is no value."""
    for fact in _facts(book):
        if fact.cell is None:
            continue
        fields = {"heading": fact.label, "value": _text(fact.cell)[:200]}
        if fact.cell.kind is CellKind.FORMULA:
            yield Finding("LIST-FORMULA", Severity.ERROR, fact.place, fields)
        elif fact.cell.kind is CellKind.ERROR:
            yield Finding("LIST-CELL-ERROR", Severity.ERROR, fact.place, fields)
        elif not is_xml_text(fact.cell.text):
            yield Finding("LIST-CONTROL", Severity.ERROR, fact.place, fields)


def _facts(book: Book) -> Iterator[_Fact]:
    """Every value with a name left of it, in a row that holds little else."""
    for sheet, row in book.rows():
        cells = sorted(row.cells.items())
        if len(cells) > _CELLS:
            continue
        for number, (column, label) in enumerate(cells):
            if key := _KEYS.get(heading_key(label.text)):
                value = cells[number + 1][1] if number + 1 < len(cells) else None
                place = value.place if value else place_of(sheet.name, row.number, column + 1)
                yield _Fact(key, label.text.strip(), place, value)


def _text(cell: Cell) -> str:
    return unicodedata.normalize("NFC", cell.text).strip()
