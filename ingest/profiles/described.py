"""A dossier whose files are described by a list beside them: rows become documents.

Used by the profiles ``folder`` and ``hd40``. A row whose file is not there is an error, because
something may be missing; anything else that a list lacks leaves the dossier as backlog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ingest.lists.judging import RowJudge
from ingest.lists.mapping import DOSSIER_CODE, FILE, FOLDER, TITLE, Columns
from ingest.lists.matching import FileIndex
from ingest.lists.reading import Listed, ListedDossier, ListedRow
from ingest.logical import DATA
from ingest.parts import named_files
from schemas.findings import Finding, Severity
from schemas.names import is_litter
from schemas.nouns import Access, Document

_ACCESS: Mapping[str, Access] = {
    "01": Access.PUBLIC,
    "02": Access.RESTRICTED,
    "03": Access.SECRET,
}
_ARRANGED = (DOSSIER_CODE, TITLE, "maintenance", "startDate", "endDate")
"""What a dossier that needs no arrangement says of itself."""
_OWN_TYPE = "typeNameAsGiven"


@dataclass(slots=True)
class Description:
    """What a list says of one dossier, in the words of a draft."""

    dossier_code: str = ""
    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    access: Access = Access.RESTRICTED
    findings: list[Finding] = field(default_factory=list)
    backlog: bool = True


class Describer:
    """Joins the one dossier of a list with the files of a submission.

    ``paths`` are the files' readable paths as the list may name them, each with its logical
    path in the AIP.
    """

    def __init__(self, columns: Columns, paths: Mapping[str, str]) -> None:
        self._paths = paths
        self._index = FileIndex(paths)
        self._owners: dict[str, str] = {}
        self._said = Description()
        self._dossiers = RowJudge("dossier", columns, Severity.WARNING, self._said.findings)
        self._documents = RowJudge("document", columns, Severity.WARNING, self._said.findings)

    def describe(self, listed: Listed) -> Description:
        """The dossier; several in one list are an error and describe nothing."""
        said = self._said
        said.findings[:0] = [each for each in listed.findings if each.code != "SHEET-HIDDEN"]
        if len(listed.dossiers) > 1:
            fields = {"count": len(listed.dossiers)}
            said.findings.append(Finding("LIST-SEVERAL", Severity.ERROR, fields=fields))
        elif listed.dossiers:
            self._dossier(listed.dossiers[0])
        return said

    def _dossier(self, listed: ListedDossier) -> None:
        said = self._said
        said.fields |= self._dossiers.values(listed)
        said.dossier_code = said.fields.get(DOSSIER_CODE, "")
        said.title = said.fields.get(TITLE, "")
        for row in listed.documents:
            said.documents.append(self._document(listed, row))
        said.access = self._access()
        self._counts(listed)
        lacking = [key for key in _ARRANGED if not said.fields.get(key)]
        said.backlog = bool(lacking)
        if lacking:
            names = ", ".join(self._dossiers.heading(listed, key) for key in lacking)
            said.findings.append(Finding("LIST-LACKS", Severity.WARNING, fields={"names": names}))
        said.findings += self._unlisted()

    def _document(self, dossier: ListedDossier, row: ListedRow) -> Document:
        fields = self._documents.values(row)
        own = row.text("typeName")
        if fields.get("typeName") == "32" and own:
            fields[_OWN_TYPE] = own
        within = row.text(FOLDER) or dossier.text(FOLDER)
        named = list(named_files(row))
        if not row.text(FILE):
            self._documents.say("LIST-FILE-BARE", row, FILE)
        found = [path for each in named if (path := self._file(each, row, within))]
        return Document(
            code=fields.get("docCode", ""),
            title=fields.get("subject", "") or (named[0] if named else ""),
            date=fields.get("issuedDate", ""),
            fields=fields,
            files=tuple(self._paths[path] for path in found),
        )

    def _file(self, said: str, row: ListedRow, folder: str) -> str:
        match = self._index.find(said, folder)
        key = FILE if row.text(FILE) == said else "attachments"
        if match.wrong == "LIST-FILE-ABSENT":
            near = match.near or "-"
            self._documents.say(match.wrong, row, key, Severity.ERROR, value=said, near=near)
        elif match.wrong == "LIST-FILE-AMBIGUOUS":
            self._documents.say(
                match.wrong, row, key, value=said, found=", ".join(match.found[:5])
            )
        elif match.wrong:
            self._documents.say(match.wrong, row, key, Severity.INFO, value=said, found=match.path)
        if match.path:
            other = self._owners.setdefault(match.path, row.place(key))
            if other != row.place(key):
                self._documents.say("LIST-FILE-TWICE", row, key, value=said, other=other)
        return match.path

    def _access(self) -> Access:
        """The most closed of what dossier and documents say; restricted when nobody says."""
        every = [self._said.fields, *(document.fields for document in self._said.documents)]
        modes = [fields["mode"] for fields in every if fields.get("mode")]
        said = [_ACCESS.get(mode, Access.RESTRICTED) for mode in modes]
        return max(said, key=lambda access: access.rank, default=Access.RESTRICTED)

    def _counts(self, listed: ListedDossier) -> None:
        """The number of documents is as the list says, or is told."""
        found = len(self._said.documents)
        said = self._said.fields.get("totalDoc", "")
        if said.isdigit() and found and int(said) != found:
            self._dossiers.say("LIST-COUNT", listed, "totalDoc", said=said, found=found)
        elif found:
            self._said.fields.setdefault("totalDoc", str(found))

    def _unlisted(self) -> Iterator[Finding]:
        for path in sorted(self._paths.keys() - self._owners.keys()):
            if self._paths[path].startswith(DATA) and not is_litter(path.rpartition("/")[2]):
                yield Finding("LIST-FILE-UNLISTED", Severity.WARNING, path)
