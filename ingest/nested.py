"""Looks into archives inside a submission for bombs; their content stays opaque.

Word processors, spreadsheets and many others keep their documents as zips, so a zip in a
submission is nothing unusual. What unpacks to absurd sizes, shares bytes between entries or
nests beyond the cap is refused, because somebody will open it one day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from schemas.archives import (
    ArchiveStopped,
    Caps,
    MemberDamaged,
    MemberKind,
    Report,
    rejected,
)
from schemas.archives_zip import ZipArchive, ZipMember
from schemas.findings import Finding, Severity
from schemas.names import printable

ZIP_MAGIC = b"PK\x03\x04"
_BOMBS = frozenset({"ARCHIVE-OVERLAP", "ARCHIVE-RATIO", "ARCHIVE-TOO-MANY"})


class NestedArchives:
    """Examines zips inside one submission, within one budget of bytes for the looking."""

    def __init__(self, caps: Caps, report: Report, scratch: Path | None) -> None:
        self._caps = caps
        self._report = report
        self._scratch = scratch
        self._budget_bytes = caps.nested_budget_bytes

    def examine(self, staged: str, raw_path: bytes, head: bytes) -> None:
        """What is dangerous inside the file was reported; files that are no zip are left."""
        if head.startswith(ZIP_MAGIC):
            self._look(Path(staged), printable(raw_path), 1)

    def _look(self, source: Path | int, where: str, level: int) -> None:
        if level > self._caps.nested_levels:
            self._report(rejected("ARCHIVE-NESTED-DEEP", where, cap=self._caps.nested_levels))
            return
        bombs: list[Finding] = []

        def note(finding: Finding) -> None:
            if finding.code in _BOMBS:
                bombs.append(finding)

        with ZipArchive(source, self._caps, note, hashing=False) as archive:
            try:
                archive.prepare()
                for member in archive.members():
                    self._look_into(member, f"{where}!/{printable(member.raw_path)}", level)
            except ArchiveStopped:
                pass
        if bombs:
            self._report(rejected("ARCHIVE-NESTED-BOMB", where, reason=bombs[0].code))

    def _look_into(self, member: ZipMember, where: str, level: int) -> None:
        if member.kind is not MemberKind.FILE or member.peek(len(ZIP_MAGIC)) != ZIP_MAGIC:
            return
        if member.size_bytes > self._budget_bytes:
            self._report(Finding("ARCHIVE-NESTED-UNSEEN", Severity.WARNING, where))
            return
        self._budget_bytes -= member.size_bytes
        with tempfile.TemporaryFile(dir=self._scratch) as copy:
            try:
                _copy(member.chunks(), copy)
            except MemberDamaged:
                return
            self._look(copy.fileno(), where, level + 1)


def _copy(chunks: Iterator[bytes], target: BinaryIO) -> None:
    target.writelines(chunks)
    target.flush()
