"""What a spreadsheet (*bảng tính*) or a delimited text says: sheets, rows, cells with places.

Nothing is computed: a formula is its own text. Dates are ISO 8601, numbers as short as they can
be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.findings import Finding, Severity

SHEETS_CAP = 50
ROWS_CAP = 100_000
COLUMNS_CAP = 300
CELLS_CAP = 600_000
CELL_CHARS_CAP = 32_767
CHARS_CAP = 10_000_000
FILE_CAP_BYTES = 64 << 20
"""What is beyond these is not read, and a finding says so."""


class CellKind(StrEnum):
    """How the value was kept."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    FORMULA = "formula"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. ``row`` and ``column`` count from 1, as people count."""

    sheet: str
    row: int
    column: int
    text: str
    kind: CellKind = CellKind.TEXT

    @property
    def place(self) -> str:
        """``Hồ sơ!C5``."""
        return place_of(self.sheet, self.row, self.column)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that says anything; cells by column."""

    number: int
    cells: Mapping[int, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; a hidden one is named and its rows are not read."""

    name: str
    rows: tuple[Row, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """All of a file. With a finding of weight error it was not read, or not to its end."""

    sheets: tuple[Sheet, ...] = ()
    findings: tuple[Finding, ...] = ()
    encoding: str = ""
    delimiter: str = ""

    @property
    def usable(self) -> bool:
        """Whether everything in it was read."""
        return all(each.severity.rank < Severity.ERROR.rank for each in self.findings)

    def rows(self) -> Iterator[tuple[Sheet, Row]]:
        """Every row of every sheet that is shown."""
        for sheet in self.sheets:
            for row in sheet.rows:
                yield sheet, row


@dataclass(slots=True)
class BookMaker:
    """Collects what a reader finds, within the caps; JSON at the end."""

    sheets: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    _cells: int = 0
    _chars: int = 0

    def say(self, code: str, severity: Severity, where: str = "", **fields: str | int) -> None:
        """A finding."""
        self.findings.append(
            {"code": code, "severity": severity.value, "where": where, "fields": fields}
        )

    def stop(self, what: str, cap: int, where: str = "") -> None:
        """There is more than is read; ``what`` of it ends the code."""
        self.say(f"SHEET-CAP-{what}", Severity.ERROR, where, cap=cap)

    def sheet(self, name: str, *, hidden: bool = False) -> list[list[Any]]:
        """A new sheet; the list its rows go into."""
        rows: list[list[Any]] = []
        self.sheets.append({"name": name, "hidden": hidden, "rows": rows})
        return rows

    def add(
        self, rows: list[list[Any]], sheet: str, number: int, cells: Sequence[tuple[int, str, str]]
    ) -> bool:
        """The row is kept, if it says anything; False when a cap was met."""
        said = [(column, text, kind) for column, text, kind in cells if text.strip()]
        if not said:
            return True
        cap = self._cap(number, said)
        if cap is not None:
            what, limit, column = cap
            self.stop(what, limit, place_of(sheet, number, column))
            return False
        rows.append([number, [list(each) for each in said]])
        return True

    def _cap(self, number: int, said: list[tuple[int, str, str]]) -> tuple[str, int, int] | None:
        self._cells += len(said)
        self._chars += sum(len(text) for _column, text, _kind in said)
        for column, text, _kind in said:
            if column > COLUMNS_CAP:
                return "COLUMNS", COLUMNS_CAP, column
            if len(text) > CELL_CHARS_CAP:
                return "CELL", CELL_CHARS_CAP, column
        for what, count, limit in (
            ("ROWS", number, ROWS_CAP),
            ("CELLS", self._cells, CELLS_CAP),
            ("CHARS", self._chars, CHARS_CAP),
        ):
            if count > limit:
                return what, limit, 1
        return None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the way out of a worker."""
        return {
            "sheets": self.sheets,
            "findings": self.findings,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
        }


def book_of(told: Mapping[str, Any]) -> Book:
    """The book that :meth:`BookMaker.as_json` says."""
    return Book(
        tuple(_sheet(each) for each in told["sheets"]),
        tuple(
            Finding(each["code"], Severity(each["severity"]), each["where"], each["fields"])
            for each in told["findings"]
        ),
        told["encoding"],
        told["delimiter"],
    )


def _sheet(told: Mapping[str, Any]) -> Sheet:
    name = told["name"]
    rows = tuple(
        Row(
            number,
            {
                column: Cell(name, number, column, text, CellKind(kind))
                for column, text, kind in cells
            },
        )
        for number, cells in told["rows"]
    )
    return Sheet(name, rows, told["hidden"])


def column_name(number: int) -> str:
    """``A`` for 1, ``AA`` for 27."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def place_of(sheet: str, row: int, column: int) -> str:
    """How people and programs name a cell; the sheet is left out where there is only one."""
    cell = f"{column_name(column)}{row}"
    return f"{sheet}!{cell}" if sheet else cell
