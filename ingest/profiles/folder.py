"""Profile ``folder``: a plain folder of files, or a zip of one.

A ``metadata.csv`` or ``metadata.xlsx`` in it, or in the one folder that it holds, describes the
files; it is kept with the submission and is no record itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.lists.mapping import Columns, shipped_columns
from ingest.lists.reading import Listed, read_list
from ingest.logical import DATA
from ingest.profiles.base import Shaped, Shaping, emptiness, place_files, undescribed
from ingest.profiles.described import Describer, Description
from ingest.staged import StagedFile
from ingest.submission import Submission
from schemas.findings import Finding, Severity
from schemas.names import printable
from schemas.nouns import Draft, FileRole, SubmittedFile

METADATA = ("metadata.csv", "metadata.xlsx")


class FolderProfile:
    """Every file is a record of one dossier; without a list it is backlog (*tồn đọng*)."""

    name = "folder"

    def claims(self, _submission: Submission, /) -> bool:
        """Anything with files can be received as a folder; asked last."""
        return True

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """A draft whose title is the list's, or else the submission's name."""
        found = [f for f in submission.files if _is_metadata(f.raw_path)]
        if not found or shaping.read_sheet is None:
            return plain(self.name, submission, shaping)
        findings = []
        if len(found) > 1:
            names = ", ".join(printable(each.raw_path) for each in found)
            fields = {"names": names, "taken": printable(found[0].raw_path)}
            findings.append(Finding("LIST-FILES-SEVERAL", Severity.ERROR, fields=fields))
        listed = read_list(
            shaping.read_sheet(Path(found[0].staged)), shipped_columns("tt05"), strict=False
        )
        lists = tuple(each.raw_path for each in found)
        return described(
            self.name, submission, shaping, lists, listed, shipped_columns("tt05"), findings
        )


def plain(name: str, submission: Submission, shaping: Shaping) -> Shaped:
    """A draft of files that nobody described."""
    files, findings = place_files(
        submission.files, payload=b"", documentation=shaping.documentation
    )
    findings += emptiness(files)
    findings += undescribed(shaping.fonds)
    return Shaped(_draft(name, submission, shaping, files, Description()), tuple(findings))


def described(
    name: str,
    submission: Submission,
    shaping: Shaping,
    lists: Sequence[bytes],
    listed: Listed,
    columns: Columns,
    more: Sequence[Finding] = (),
) -> Shaped:
    """A draft of files that the first of ``lists`` describes; none of them is a record."""
    files, findings = placed_beside(submission.files, lists, shaping)
    folder = _folder_of(lists[0])
    paths = {
        _as_named(file, folder): file.logical_path for file in files if file.role is FileRole.DATA
    }
    said = Describer(columns, paths).describe(listed)
    findings += [*more, *said.findings, *emptiness(files)]
    if not shaping.fonds:
        findings.append(undescribed("")[1])
    return Shaped(_draft(name, submission, shaping, files, said), tuple(findings))


def placed_beside(
    staged: Sequence[StagedFile], lists: Sequence[bytes], shaping: Shaping
) -> tuple[tuple[SubmittedFile, ...], list[Finding]]:
    """Every file with its place: lists are documentation, everything else is data."""
    records = [file for file in staged if file.raw_path not in lists]
    beside = [file for file in staged if file.raw_path in lists]
    files, findings = place_files(records, payload=b"", documentation=shaping.documentation)
    kept, _none = place_files(beside, payload=b"\0", documentation=shaping.documentation)
    return (*files, *kept), findings


def _draft(
    name: str,
    submission: Submission,
    shaping: Shaping,
    files: tuple[SubmittedFile, ...],
    said: Description,
) -> Draft:
    return Draft(
        profile=name,
        title=said.title or submission.name,
        files=files,
        fonds=shaping.fonds,
        dossier_code=said.dossier_code,
        access=said.access,
        fields=said.fields,
        documents=tuple(said.documents),
        empty_directories=tuple(submission.admission.empty_directories),
        container=submission.admission.container,
        backlog=said.backlog,
    )


def _as_named(file: SubmittedFile, folder: bytes) -> str:
    """The file's readable path, relative to the list's folder where it lies below it."""
    text = file.logical_path.removeprefix(DATA)
    return text.removeprefix(printable(folder) + "/") if folder else text


def _folder_of(raw_path: bytes) -> bytes:
    return raw_path.rpartition(b"/")[0]


def _is_metadata(raw_path: bytes) -> bool:
    """Whether a file is the list of its folder: at the top, or one folder below it."""
    return raw_path.count(b"/") <= 1 and printable(raw_path).rpartition("/")[2].lower() in METADATA
