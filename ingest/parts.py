"""One dossier out of a list (*mục lục*) of many: its files and its rows are a submission.

One submission is one AIP; a list of many dossiers is therefore many submissions, each with the
files that its rows name and, in place of the whole list, an extract with those rows.
"""

from __future__ import annotations

import csv
import io
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.admit import FolderWalk
from ingest.lists.mapping import ATTACHMENTS, FILE, FOLDER
from ingest.lists.matching import FileIndex
from ingest.lists.reading import Listed, ListedDossier, ListedRow
from ingest.nested import NestedArchives
from ingest.staged import Admission, Passing, StagedEntry, StagingArea
from schemas.archives import ArchiveStopped, Caps, rejected
from schemas.names import printable
from schemas.progress import Progress

EXTRACT = b"muc-luc.csv"
"""The name of an extract; it is read like any other list."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of the folder ``base`` belongs to one dossier: raw paths below it, and the extract."""

    base: Path
    label: str
    files: tuple[bytes, ...]
    extract: bytes

    @property
    def source(self) -> Path:
        """How receipts name it: ``muc-luc.xlsx#H99.10.05.2024.07``."""
        return self.base / self.label.replace("/", "∕")

    @property
    def extract_name(self) -> bytes:
        """A name that none of the files has."""
        name = EXTRACT
        while name in self.files:
            name = b"~" + name
        return name


def parts_of(listing: Path, listed: Listed) -> Iterator[Part]:
    """Each dossier of a list with the files that its rows name and that are there.

    Paths are relative to the folder of the list. What is missing, or cannot be told, is left
    for the profile to say when it reads the extract.
    """
    base = listing.parent
    texts = dict(_raw_paths(base, listing))
    index = FileIndex(texts)
    for number, dossier in enumerate(listed.dossiers, start=1):
        named = dict.fromkeys(
            match.path
            for row in dossier.documents
            for said in named_files(row)
            if (match := index.find(said, row.text(FOLDER) or dossier.text(FOLDER))).path
        )
        label = f"{listing.name}#{dossier.code or number}"
        yield Part(base, label, tuple(texts[path] for path in named), extract_of(dossier))


def named_files(row: ListedRow) -> Iterator[str]:
    """The files that a row names, the main one first."""
    if row.text(FILE):
        yield row.text(FILE)
    for said in row.text(ATTACHMENTS).replace("\n", ";").split(";"):
        if said.strip():
            yield said.strip()


def extract_of(dossier: ListedDossier) -> bytes:
    """The dossier's rows as a flat list in delimited text: what the cells said, unchanged.

    Columns are headed by their fields; columns that no field has, by their own headings.
    """
    rows = dossier.documents
    dossier_keys = list(dossier.cells)
    document_keys = list(dict.fromkeys(key for row in rows for key in row.cells if key != FOLDER))
    others = list(dict.fromkeys(h for row in (dossier.row, *rows) for h in row.others))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        [f"dossier.{key}" for key in dossier_keys]
        + [f"document.{key}" for key in document_keys]
        + others
    )
    shared = [dossier.cells[key].text for key in dossier_keys]
    for row in rows or [dossier.row]:
        own = [row.cells[key].text if key in row.cells else "" for key in document_keys]
        beside = [row.others.get(heading, "") for heading in others]
        writer.writerow([*shared, *own, *beside])
    return out.getvalue().encode("utf-8")


def admit_part(
    part: Part,
    staging: Path,
    caps: Caps,
    admission: Admission,
    *,
    quota_bytes: int,
    progress: Progress,
) -> Iterator[StagedEntry]:
    """The part's files and its extract, staged; a file that went away meanwhile is told."""
    area = StagingArea(staging, quota_bytes)
    nested = NestedArchives(caps, admission.findings, staging)
    walk = _PartWalk(part.base, area, caps, admission, (), nested, progress)
    walk.want(part.files)
    with suppress(ArchiveStopped):
        yield from walk.entries()
        passing = Passing(())
        staged = area.write([part.extract], passing)
        yield passing.entry(part.extract_name, staged, None, "")
        admission.complete = True


class _PartWalk(FolderWalk):
    """Goes to the wanted files only, with all the care of a walk through everything."""

    def want(self, files: Sequence[bytes]) -> None:
        """Names by folder, for every folder on the way."""
        self._wanted: dict[bytes, set[bytes]] = defaultdict(set)
        for file in files:
            path = file
            while path:
                folder, _, name = path.rpartition(b"/")
                self._wanted[folder].add(name)
                path = folder

    def listed(self, descriptor: int, path: bytes) -> list[tuple[bytes, str]]:
        """What is wanted of the folder."""
        found = []
        for name in self._wanted[path]:
            try:
                mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            except OSError:
                where = printable(path + b"/" + name if path else name)
                self._report(rejected("PACKAGE-CHANGED", where))
                continue
            found.append((name, _kind(mode)))
        return found


def _kind(mode: int) -> str:
    kinds: Mapping[int, str] = {
        stat.S_IFLNK: "symlink",
        stat.S_IFDIR: "folder",
        stat.S_IFREG: "file",
    }
    return kinds.get(stat.S_IFMT(mode), "special")


def _raw_paths(base: Path, listing: Path) -> Iterator[tuple[str, bytes]]:
    """(text, raw path) of every file below the folder but the list; nothing is followed."""
    root = os.fsencode(base)
    left_out = os.fsencode(listing.name)
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root + b"/" + folder) as entries:
            for entry in entries:
                raw = folder + b"/" + entry.name if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(raw)
                elif raw != left_out:
                    yield printable(raw), raw
