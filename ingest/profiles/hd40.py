"""Profile ``hd40``: the party's flat spreadsheet of a dossier and its documents, beside the files.

Headings come from a mapping file (``[ingest] hd40_columns``, else the one that is shipped). A
list of many dossiers is split before it comes here (:mod:`ingest.parts`); what is left over
after an officer's unpacking may be handed in as a folder with a list of one dossier.
"""

from __future__ import annotations

from pathlib import Path

from ingest.lists.reading import Listed, read_list
from ingest.profiles.base import Shaped, Shaping
from ingest.profiles.folder import described, plain
from ingest.staged import StagedFile
from ingest.submission import Submission
from preservation.formats.sheets.reading import ENDINGS
from schemas.findings import Finding, Severity
from schemas.names import printable


class Hd40Profile:
    """One spreadsheet, in the submission's top folder, whose headings the mapping knows."""

    name = "hd40"

    def claims(self, _submission: Submission, /) -> bool:
        """Never by itself: any folder may hold a spreadsheet that is a record."""
        return False

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft as the list says; a folder that nobody described when there is no list."""
        found = _lists(submission, shaping)
        if not found:
            shaped = plain(self.name, submission, shaping)
            missing = Finding("LIST-NONE", Severity.ERROR)
            return Shaped(shaped.draft, (missing, *shaped.findings))
        more = []
        if len(found) > 1:
            names = ", ".join(printable(file.raw_path) for file, _listed in found)
            fields = {"names": names, "taken": printable(found[0][0].raw_path)}
            more.append(Finding("LIST-FILES-SEVERAL", Severity.ERROR, fields=fields))
        file, listed = found[0]
        return described(
            self.name, submission, shaping, (file.raw_path,), listed, shaping.hd40, more
        )


def _lists(submission: Submission, shaping: Shaping) -> list[tuple[StagedFile, Listed]]:
    """The spreadsheets at the top, or in the one folder there, that read as lists."""
    if shaping.read_sheet is None:
        return []
    depth = min((file.raw_path.count(b"/") for file in submission.files), default=0)
    found = []
    for file in submission.files:
        at_top = file.raw_path.count(b"/") == min(depth, 1)
        if at_top and printable(file.raw_path).lower().endswith(ENDINGS):
            book = shaping.read_sheet(Path(file.staged))
            listed = read_list(book, shaping.hd40, strict=False)
            if listed.dossiers:
                found.append((file, listed))
    return found
