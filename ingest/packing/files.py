"""The files of the folder that is packed, and which of them a row means."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.lists.judging import RowJudge
from ingest.lists.mapping import ATTACHMENTS, FILE, FOLDER
from ingest.lists.matching import FileIndex
from ingest.lists.reading import ListedDossier, ListedRow
from schemas.findings import Finding, Severity
from schemas.names import is_litter, printable

_SEVERAL = re.compile(r"[;\n]")
_LOCK = re.compile(r"~\$.+|\.~lock\..+#")
"""What office programs lay beside a file, most often the list itself, while it is open."""


@dataclass(frozen=True, slots=True)
class OrderedFiles:
    """A document's files by their path in the folder; ``main`` is ``""`` when it has none."""

    main: str
    attachments: tuple[str, ...] = ()


class FolderFiles:
    """Every file below ``folder`` but those in ``besides``; nothing is followed or opened.

    Paths are text with ``/``; what no text can say is shown with ``%XX`` and cannot be named.
    """

    def __init__(self, folder: Path, besides: frozenset[Path] = frozenset()) -> None:
        self.folder = folder
        self._sizes: dict[str, int | None] = dict(_walk(folder, besides))
        self._index = FileIndex(self._sizes)
        self._owners: dict[str, str] = {}

    def take(self, said: str, row: ListedRow, key: str, folder: str, judge: RowJudge) -> str:
        """The path of the file that a cell says; ``""`` when there is no such file."""
        match = self._index.find(said, folder)
        if match.wrong == "LIST-FILE-ABSENT":
            judge.say(match.wrong, row, key, value=said, near=match.near or "-")
        elif match.wrong == "LIST-FILE-AMBIGUOUS":
            judge.say(match.wrong, row, key, value=said, found=", ".join(match.found[:5]))
        elif match.wrong:
            judge.say(match.wrong, row, key, Severity.WARNING, value=said, found=match.path)
        if not match.path:
            return ""
        size_bytes = self._sizes[match.path]
        other = self._owners.setdefault(match.path, row.place(key))
        if other != row.place(key) or size_bytes is None or size_bytes == 0:
            if size_bytes is None:
                judge.say("LIST-FILE-LINK", row, key, value=said)
            elif size_bytes == 0:
                judge.say("LIST-FILE-EMPTY", row, key, value=said)
            else:
                judge.say("LIST-FILE-TWICE", row, key, value=said, other=other)
            return ""
        return match.path

    def path(self, said: str) -> Path:
        """Where the file is."""
        return self.folder / said

    def unlisted(self) -> Iterator[Finding]:
        """Files that nothing named."""
        for path in sorted(self._sizes.keys() - self._owners.keys()):
            yield Finding("LIST-FILE-UNLISTED", Severity.ERROR, path)


def ordered_files(
    folder: FolderFiles, dossier: ListedDossier, row: ListedRow, judge: RowJudge
) -> OrderedFiles:
    """The files that a document's row names."""
    within = row.text(FOLDER) or dossier.text(FOLDER)
    said = row.text(FILE)
    if not said:
        judge.say("LIST-FILE-BARE", row, FILE)
        return OrderedFiles("")
    main = folder.take(said, row, FILE, within, judge)
    others = (part.strip() for part in _SEVERAL.split(row.text(ATTACHMENTS)))
    taken = [folder.take(each, row, ATTACHMENTS, within, judge) for each in others if each]
    return OrderedFiles(main, tuple(path for path in taken if path))


def _walk(folder: Path, besides: frozenset[Path]) -> Iterator[tuple[str, int | None]]:
    """(path, size) of everything that is no folder; no size for what is no ordinary file."""
    waiting = [os.fsencode(folder)]
    base = len(waiting[0].rstrip(b"/")) + 1
    left_out = {os.fsencode(path.resolve()) for path in besides}
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                name = printable(entry.name)
                if is_litter(name) or _LOCK.fullmatch(name):
                    continue
                if os.path.realpath(entry.path) in left_out:
                    continue
                found = entry.stat(follow_symlinks=False)
                ordinary = stat.S_ISREG(found.st_mode) and _is_text(entry.path[base:])
                yield printable(entry.path[base:]), found.st_size if ordinary else None


def _is_text(path: bytes) -> bool:
    return printable(path).encode() == path
