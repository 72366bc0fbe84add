"""Asks a worker to read a spreadsheet: whoever wrote it, it is nobody's word but its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from preservation.formats.sheets.book import Book, book_of
from preservation.workers import WorkerFailed, WorkerPool
from schemas.findings import Finding, Severity

KIND = "sheet"
ENDINGS = (".xlsx", ".xlsm", ".csv", ".tsv")
"""What a list may be called."""

SheetReader: TypeAlias = Callable[[Path], Book]
"""Reads a spreadsheet; what is wrong with it is in the book's findings."""


def sheet_reader(pool: WorkerPool) -> SheetReader:
    """A reader that lets the pool's workers read."""

    def read(path: Path) -> Book:
        try:
            return book_of(pool.run(KIND, path))
        except WorkerFailed as failed:
            finding = Finding(
                failed.finding_code, Severity.ERROR, fields={"detail": failed.detail}
            )
            return Book(findings=(finding,))

    return read
