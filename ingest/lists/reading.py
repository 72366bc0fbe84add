"""A list's rows as dossiers with documents, whatever sheets and headings it was written with.

Three forms are read: a sheet of dossiers and one of documents; one flat sheet whose rows are
documents, with what belongs to the dossier repeated or left empty below its first row; and a
sheet of dossiers alone.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ingest.lists.mapping import (
    ATTACHMENTS,
    DOSSIER_CODE,
    FILE,
    FOLDER,
    ORDINAL,
    Columns,
    heading_key,
)
from preservation.formats.sheets.book import Book, Cell, Row, Sheet, place_of
from schemas.findings import Finding, Severity

_HEADER_ROWS = 40
_DOCUMENT_SIGNS = frozenset(
    (FILE, ATTACHMENTS, "subject", "typeName", "codeNotation", "issuedDate")
)
_EXAMPLES = frozenset(("vidu", "example"))
_TOTAL = re.compile(
    r"(?:tong|cong|tongcong|tongso|total)(?:cong|so)?\d*"
    r"(?:hoso|vanban|tailieu|trang|to|dossiers?|documents?|pages?)?"
)
"""A folded cell of the line that sums a list up: *Cộng: 12 hồ sơ*."""
_NUMBERED = re.compile(r"[(\[]?(\d{1,2})[)\].]?")


@dataclass(frozen=True, slots=True)
class ListedRow:
    """What one row says of a dossier or a document, by field."""

    sheet: str
    number: int
    cells: Mapping[str, Cell]
    columns: Mapping[str, int]
    headings: Mapping[int, str]
    """What the list calls its columns, by number."""
    others: Mapping[str, str] = field(default_factory=dict)
    """What the row says in columns that no field has, by heading."""

    def heading(self, key: str) -> str:
        """What the list calls the field; ``""`` when it has no column for it."""
        return self.headings.get(self.columns.get(key, 0), "")

    def text(self, key: str) -> str:
        """What the field's cell says, NFC; ``""`` when it is empty or there is no column."""
        cell = self.cells.get(key)
        return "" if cell is None else unicodedata.normalize("NFC", cell.text).strip()

    def place(self, key: str) -> str:
        """The field's cell, also when it is empty; the row's first where there is no column."""
        return place_of(self.sheet, self.number, self.columns.get(key, 1))


@dataclass(slots=True)
class ListedDossier:
    """One dossier of a list and its documents, in the list's order."""

    code: str
    row: ListedRow
    documents: list[ListedRow] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)
    """By field; of a flat list the first row that says anything about it."""

    def text(self, key: str) -> str:
        """What the list says, NFC."""
        cell = self.cells.get(key)
        return "" if cell is None else unicodedata.normalize("NFC", cell.text).strip()

    def heading(self, key: str) -> str:
        """What the list calls the field; ``""`` when it has no column for it."""
        return self.row.heading(key)

    def place(self, key: str) -> str:
        """The field's cell, also when it is empty."""
        cell = self.cells.get(key)
        return self.row.place(key) if cell is None else cell.place


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as read. ``dossier_fields`` and ``document_fields`` are those it has columns for;
    ``book`` is the list as it stands."""

    dossiers: tuple[ListedDossier, ...]
    findings: tuple[Finding, ...]
    dossier_fields: frozenset[str]
    document_fields: frozenset[str]
    book: Book

    @property
    def usable(self) -> bool:
        """Whether it could be read, and says anything."""
        errors = any(each.severity.rank >= Severity.ERROR.rank for each in self.findings)
        return bool(self.dossiers) and not errors


def read_list(book: Book, columns: Columns, *, strict: bool) -> Listed:
    """The dossiers of a list. ``strict`` makes mistakes in it errors, otherwise warnings.

    What makes a list unreadable is an error either way.
    """
    reader = _Reader(columns, Severity.ERROR if strict else Severity.WARNING)
    if book.usable:
        reader.read(book)
    return Listed(
        tuple(reader.dossiers.values()),
        (*book.findings, *reader.findings),
        frozenset(reader.dossier_fields),
        frozenset(reader.document_fields),
        book,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet below its headings; columns by field."""

    sheet: Sheet
    header: Row
    dossier: Mapping[str, int]
    document: Mapping[str, int]

    def rows(self) -> Iterator[Row]:
        """The rows that are neither numbers of columns nor an example."""
        for row in self.sheet.rows:
            if row.number > self.header.number and not _passed_over(row, self):
                yield row

    def part(self, row: Row, columns: Mapping[str, int]) -> ListedRow:
        """What the row says in those columns."""
        cells = {
            key: row.cells[column]
            for key, column in columns.items()
            if column in row.cells and row.cells[column].text.strip()
        }
        headings = {column: cell.text.strip() for column, cell in self.header.cells.items()}
        known = {*self.dossier.values(), *self.document.values()}
        others = {
            headings[column]: cell.text
            for column, cell in row.cells.items()
            if column in headings and column not in known
        }
        return ListedRow(self.sheet.name, row.number, cells, columns, headings, others)


class _Reader:
    def __init__(self, columns: Columns, severity: Severity) -> None:
        self._columns = columns
        self._severity = severity
        self.findings: list[Finding] = []
        self.dossiers: dict[str, ListedDossier] = {}
        self.dossier_fields: set[str] = set()
        self.document_fields: set[str] = set()

    def read(self, book: Book) -> None:
        """All sheets; those of dossiers first."""
        tables = [table for sheet in book.sheets if (table := self._table(sheet)) is not None]
        if not tables:
            wanted = self._columns.heading("dossier", DOSSIER_CODE)
            name = self._columns.heading("document", FILE)
            self._say("LIST-NO-HEADINGS", "", Severity.ERROR, wanted=f"{wanted}, {name}")
            return
        tables.sort(key=lambda table: bool(table.document))
        alone = not tables[0].document
        for table in tables:
            self.dossier_fields |= table.dossier.keys()
            self.document_fields |= table.document.keys()
            if table.document:
                self._documents(table, known_only=alone)
            else:
                self._dossiers(table)
        if not self.dossiers:
            self._say("LIST-NO-ROWS", tables[0].sheet.name, Severity.ERROR)

    def _dossiers(self, table: _Table) -> None:
        for row in table.rows():
            part = table.part(row, table.dossier)
            if not part.cells.keys() - {ORDINAL}:
                continue
            code = part.text(DOSSIER_CODE)
            if code in self.dossiers:
                other = self.dossiers[code].row.place(DOSSIER_CODE)
                self._say("LIST-DOSSIER-TWICE", part.place(DOSSIER_CODE), value=code, other=other)
                continue
            self.dossiers[code] = ListedDossier(code, part, cells=dict(part.cells))

    def _documents(self, table: _Table, *, known_only: bool) -> None:
        current: ListedDossier | None = None
        if known_only and len(self.dossiers) == 1:
            current = next(iter(self.dossiers.values()))
        for row in table.rows():
            dossier, document = (table.part(row, c) for c in (table.dossier, table.document))
            if not (dossier.cells.keys() | document.cells.keys()) - {ORDINAL}:
                continue
            code = dossier.text(DOSSIER_CODE)
            if code or current is None:
                known = self.dossiers.get(code)
                if known is None and known_only:
                    place = dossier.place(DOSSIER_CODE)
                    self._say("LIST-DOSSIER-UNKNOWN", place, value=code)
                    current = None
                    continue
                if known is None:
                    known = self.dossiers[code] = ListedDossier(code, dossier)
                current = known
            self._agree(current, dossier)
            if document.cells.keys() - {ORDINAL}:
                current.documents.append(document)

    def _agree(self, known: ListedDossier, said: ListedRow) -> None:
        """What a further row says of its dossier is what the first one said, or is told."""
        for key, cell in said.cells.items():
            before = known.cells.setdefault(key, cell)
            if key not in (ORDINAL, DOSSIER_CODE) and before.text.strip() != cell.text.strip():
                self._say(
                    "LIST-DOSSIER-DIFFERS",
                    cell.place,
                    value=cell.text.strip(),
                    before=before.text.strip(),
                    other=before.place,
                )

    def _table(self, sheet: Sheet) -> _Table | None:
        """The sheet by its headings: the row among the first that has most of them."""
        document, dossier = self._columns.keys("document"), self._columns.keys("dossier")
        best: Row | None = None
        most = 1
        for row in sheet.rows[:_HEADER_ROWS]:
            known = {heading_key(cell.text) for cell in row.cells.values()}
            count = len(known & (document.keys() | dossier.keys()))
            if count > most:
                best, most = row, count
        if best is None:
            return None
        found = {heading_key(cell.text): cell for cell in best.cells.values()}
        signs = {document[key] for key in found.keys() & document.keys() - dossier.keys()}
        of_documents = bool(signs & _DOCUMENT_SIGNS)
        return self._resolved(sheet, best, of_documents)

    def _resolved(self, sheet: Sheet, header: Row, of_documents: bool) -> _Table:
        """Columns by field; a heading that both levels know is the document's on its sheets."""
        documents = self._columns.keys("document") if of_documents else {}
        dossiers = self._columns.keys("dossier")
        document: dict[str, int] = {}
        dossier: dict[str, int] = {}
        for column, cell in header.cells.items():
            folded = heading_key(cell.text)
            if folded in documents:
                key, level = documents[folded], document
            elif folded in dossiers:
                key, level = dossiers[folded], dossier
            else:
                self._unknown(cell, {**documents, **dossiers})
                continue
            if key in level:
                other = place_of(sheet.name, header.number, level[key])
                self._say("LIST-HEADING-TWICE", cell.place, heading=cell.text, other=other)
                continue
            level[key] = column
        if of_documents and FOLDER in dossier:
            document[FOLDER] = dossier[FOLDER]
        return _Table(sheet, header, dossier, document)

    def _unknown(self, cell: Cell, known: Mapping[str, str]) -> None:
        close = difflib.get_close_matches(heading_key(cell.text), list(known), n=1, cutoff=0.8)
        near = known[close[0]] if close else ""
        level = "dossier" if near in self._columns.dossier else "document"
        meant = self._columns.heading(level, near) if near else "-"
        self._say(
            "LIST-HEADING-UNKNOWN",
            cell.place,
            Severity.INFO,
            heading=cell.text.strip(),
            near=meant,
        )

    def _say(
        self, code: str, where: str, severity: Severity | None = None, **fields: str | int
    ) -> None:
        self.findings.append(Finding(code, severity or self._severity, where, fields))


def _passed_over(row: Row, table: _Table) -> bool:
    """A row of column numbers below the headings, a line of totals, or the example of a
    template."""
    texts = [cell.text.strip() for cell in row.cells.values()]
    numbers = [int(m[1]) for text in texts if (m := _NUMBERED.fullmatch(text)) is not None]
    first = numbers[:1]
    if len(numbers) == len(texts) >= 3 and numbers == list(range(first[0], first[0] + len(texts))):
        return True
    if _sums_up(row, table):
        return True
    ordinal = table.document.get(ORDINAL) or table.dossier.get(ORDINAL) or 0
    cell = row.cells.get(ordinal)
    return cell is not None and heading_key(cell.text) in _EXAMPLES


def _sums_up(row: Row, table: _Table) -> bool:
    """A line of totals names no dossier and no file."""
    totals = {n for n, cell in row.cells.items() if _TOTAL.fullmatch(heading_key(cell.text))}
    named = {table.dossier.get(DOSSIER_CODE), table.document.get(FILE)} & row.cells.keys()
    return bool(totals) and named <= totals
