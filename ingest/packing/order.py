"""From a list and a folder to what is to be packed; every mistake is a finding with its cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.checks.tt05_dates import Written, read_date
from ingest.lists.judging import RowJudge
from ingest.lists.mapping import DOSSIER_CODE, TITLE, Columns
from ingest.lists.reading import Listed, ListedDossier, ListedRow
from ingest.packing.files import FolderFiles, OrderedFiles, ordered_files
from ingest.packing.general import General
from schemas.findings import Finding, Severity

PageCounter = Callable[[str], int | None]
"""Pages of a file of the folder; None when they cannot be counted."""

_DOSSIER_REQUIRED = (DOSSIER_CODE, TITLE, "maintenance", "mode")
_DOCUMENT_REQUIRED = ("typeName", "issuedDate", "organName", "subject")
_INHERITED = ("maintenance", "mode", "language", "riskRecovery", "riskRecoveryStatus")
_DOSSIER_DEFAULTS = {"language": "01", "riskRecovery": "0", "numberOfPaper": "0"}
_COUNTED = ("totalDoc", "numberOfPage")
_ID_CHARS = 25


@dataclass(frozen=True, slots=True)
class OrderedDocument:
    """One document: the fields of its descriptive file, its files by their path in the folder."""

    fields: Mapping[str, str]
    files: OrderedFiles


@dataclass(frozen=True, slots=True)
class OrderedDossier:
    """One package to be made."""

    fields: Mapping[str, str]
    documents: tuple[OrderedDocument, ...]

    @property
    def code(self) -> str:
        """The dossier's code."""
        return self.fields[DOSSIER_CODE]


class Orders:
    """Takes a list apart; ``findings`` say everything that has to be mended."""

    def __init__(
        self, columns: Columns, folder: FolderFiles, general: General, pages: PageCounter
    ) -> None:
        self.findings: list[Finding] = []
        self._dossiers = RowJudge("dossier", columns, Severity.ERROR, self.findings)
        self._documents = RowJudge("document", columns, Severity.ERROR, self.findings)
        self._folder = folder
        self._general = general
        self._pages = pages

    def of(self, listed: Listed) -> list[OrderedDossier]:
        """What is to be packed; files of the folder that no row names are told too."""
        if not self._general.fonds or ":" in self._general.fonds:
            fields = {"value": self._general.fonds}
            place = self._general.fonds_place
            self.findings.append(Finding("PACK-NO-FONDS", Severity.ERROR, place, fields))
        ordered = [self._dossier(dossier) for dossier in listed.dossiers]
        self.findings += self._folder.unlisted()
        return ordered

    def _dossier(self, listed: ListedDossier) -> OrderedDossier:
        fields = _DOSSIER_DEFAULTS | self._dossiers.values(listed)
        for key in _DOSSIER_REQUIRED:
            if not fields.get(key):
                self._dossiers.say("LIST-VALUE-MISSING", listed, key)
        if not listed.documents:
            self._dossiers.say("LIST-DOSSIER-EMPTY", listed, DOSSIER_CODE, value=listed.code)
        documents = [
            self._document(listed, fields, row, number)
            for number, row in enumerate(listed.documents, start=1)
        ]
        self._unique(listed, documents)
        self._dates(listed, fields, documents)
        self._conditions(self._dossiers, listed, fields)
        self._counts(listed, fields, documents)
        return OrderedDossier(fields, tuple(documents))

    def _document(
        self, listed: ListedDossier, dossier: Mapping[str, str], row: ListedRow, number: int
    ) -> OrderedDocument:
        fields = {key: dossier[key] for key in _INHERITED if dossier.get(key)}
        fields |= self._documents.values(row)
        for key in _DOCUMENT_REQUIRED:
            if not fields.get(key):
                self._documents.say("LIST-VALUE-MISSING", row, key)
        files = ordered_files(self._folder, listed, row, self._documents)
        if not fields.get("numberOfPage"):
            pages = self._pages(files.main) if files.main else None
            if pages is None:
                self._documents.say("LIST-VALUE-MISSING", row, "numberOfPage")
            else:
                fields["numberOfPage"] = str(pages)
        if fields.get("confidenceLevel") in ("01", "03"):
            fields.setdefault("process", "0")
        self._conditions(self._documents, row, fields)
        fields.setdefault("docCode", f"{listed.code}.{number:07d}")
        fields.setdefault("docId", f"{listed.code}.{number}"[-_ID_CHARS:].lstrip("."))
        return OrderedDocument(fields, files)

    def _unique(self, listed: ListedDossier, documents: list[OrderedDocument]) -> None:
        for key in ("docCode", "docId"):
            seen: dict[str, str] = {}
            for row, document in zip(listed.documents, documents, strict=True):
                value = document.fields[key]
                other = seen.setdefault(value, row.place(key))
                if other != row.place(key):
                    self._documents.say("PACK-CODE-TWICE", row, key, value=value, other=other)

    def _conditions(
        self, judge: RowJudge, said: ListedDossier | ListedRow, fields: Mapping[str, str]
    ) -> None:
        """Fields that the values of others make mandatory."""
        needed = [("riskRecoveryStatus", "riskRecovery", ("1",))]
        if judge is self._dossiers:
            needed.append(("paperFileCode", "confidenceLevel", ("02",)))
        for key, because, values in needed:
            if fields.get(because) in values and not fields.get(key):
                other = judge.heading(said, because)
                judge.say("LIST-CONDITION", said, key, other=other, value=fields[because])

    def _dates(
        self, listed: ListedDossier, fields: dict[str, str], documents: list[OrderedDocument]
    ) -> None:
        """Begin and end are those of the documents where the list leaves them open."""
        dated = [read_date(document.fields.get("issuedDate", "")) for document in documents]
        known = [date for date in dated if date is not None and date.exists]
        if known:
            fields.setdefault("startDate", _written(min(known, key=lambda date: date.first)))
            fields.setdefault("endDate", _written(max(known, key=lambda date: date.last)))
        for key in ("startDate", "endDate"):
            if not fields.get(key):
                self._dossiers.say("LIST-VALUE-MISSING", listed, key)
        start, end = (read_date(fields.get(key, "")) for key in ("startDate", "endDate"))
        if start is None or end is None or not (start.exists and end.exists):
            return
        between = {"start": fields["startDate"], "end": fields["endDate"]}
        if start.first > end.last:
            self._dossiers.say("LIST-DATES-CROSSED", listed, "startDate", **between)
            return
        for row, date in zip(listed.documents, dated, strict=True):
            if date is not None and not (start.first <= date.first and date.last <= end.last):
                value = row.text("issuedDate")
                self._documents.say("LIST-DATE-OUTSIDE", row, "issuedDate", value=value, **between)

    def _counts(
        self, listed: ListedDossier, fields: dict[str, str], documents: list[OrderedDocument]
    ) -> None:
        """Totals are counted; one that the list states and that is wrong is told."""
        pages = [document.fields.get("numberOfPage", "") for document in documents]
        counted = {
            "totalDoc": len(documents),
            "numberOfPage": sum(int(each) for each in pages if each.isdigit()),
        }
        for key in _COUNTED:
            said = fields.get(key, "")
            if said.isdigit() and int(said) != counted[key]:
                self._dossiers.say("LIST-COUNT", listed, key, said=said, found=counted[key])
            fields[key] = str(counted[key])


def _written(date: Written) -> str:
    return f"{date.day or 1:02d}/{date.month or 1:02d}/{date.year:04d}"
