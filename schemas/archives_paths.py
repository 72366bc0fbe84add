"""Path rules for archive members: what may be yielded, and what is already taken."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.archives import Caps, Report, rejected
from schemas.findings import Finding, Severity
from schemas.names import printable

_DRIVE = re.compile(rb"[A-Za-z]:")
_SEGMENT = rb"(?!\.\.?(?:/|\Z))[^/\\:]+"
_CLEAN = re.compile(_SEGMENT + rb"(?:/" + _SEGMENT + rb")*")


def tidy_path(raw: bytes, report: Report, *, windows: bool = False) -> bytes | None:
    """The relative path that ``raw`` names, or None after its hazard was reported.

    A leading ``./`` and a trailing ``/`` are customary and dropped. ``windows`` says that the
    archive was made where a backslash separates folders.
    """
    if _CLEAN.fullmatch(raw):
        return raw
    where = printable(raw)
    if code := _unsafe(raw):
        report(rejected(code, where))
        return None
    if windows and b"\\" in raw:
        report(Finding("ARCHIVE-PATH-BACKSLASH", Severity.ERROR, where))
    parts = [part for part in raw.split(b"/") if part not in {b"", b"."}]
    tidied = b"/".join(parts)
    customary = raw.removeprefix(b"./").removesuffix(b"/")
    if tidied != customary and raw not in {b".", b"./"}:
        report(Finding("ARCHIVE-PATH-UNTIDY", Severity.WARNING, where))
    return tidied


def _unsafe(raw: bytes) -> str | None:
    if not raw:
        return "ARCHIVE-PATH-EMPTY"
    if raw.startswith(b"/"):
        return "ARCHIVE-PATH-ABSOLUTE"
    if raw.startswith(b"\\") or _DRIVE.match(raw):
        return "ARCHIVE-PATH-DRIVE"
    if b".." in re.split(rb"[/\\]", raw):
        return "ARCHIVE-PATH-TRAVERSAL"
    return None


@dataclass(slots=True)
class TakenPaths:
    """Which paths of one archive are in use: no path twice, none both file and folder."""

    caps: Caps
    report: Report
    _files: set[bytes] = field(default_factory=set)
    _folders: set[bytes] = field(default_factory=set)
    _holding: set[bytes] = field(default_factory=set)

    def claim_file(self, path: bytes) -> bool:
        """Whether the path is free and now taken for a file; a refusal was reported."""
        if not path:
            self.report(rejected("ARCHIVE-PATH-EMPTY", "."))
            return False
        if path in self._files:
            self.report(rejected("ARCHIVE-DUPLICATE", printable(path)))
            return False
        if path in self._folders:
            self.report(rejected("ARCHIVE-FILE-AND-FOLDER", printable(path)))
            return False
        if not self._claim_parents(path):
            return False
        self._files.add(path)
        return True

    def claim_folder(self, path: bytes) -> bool:
        """Whether the path may be a folder; a repeated folder entry is harmless.

        The root, an empty path, is no folder of the archive's and nothing to report.
        """
        if not path:
            return False
        if path in self._files:
            self.report(rejected("ARCHIVE-FILE-AND-FOLDER", printable(path)))
            return False
        if not self._claim_parents(path):
            return False
        self._folders.add(path)
        return True

    def empty_folders(self) -> list[bytes]:
        """The folders that hold nothing, sorted."""
        return sorted(self._folders - self._holding)

    def _claim_parents(self, path: bytes) -> bool:
        end = path.rfind(b"/")
        if end < 0 or path[:end] in self._holding:
            return True
        if path.count(b"/") > self.caps.folder_depth:
            self.report(rejected("ARCHIVE-TOO-DEEP", printable(path), cap=self.caps.folder_depth))
            return False
        while end > 0 and (parent := path[:end]) not in self._holding:
            if parent in self._files:
                self.report(rejected("ARCHIVE-FILE-AND-FOLDER", printable(parent)))
                return False
            self._holding.add(parent)
            self._folders.add(parent)
            end = path.rfind(b"/", 0, end)
        return True
