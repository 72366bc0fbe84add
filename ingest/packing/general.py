"""What a list says of the submission as a whole: a sheet of names and values."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.lists.mapping import heading_key
from preservation.formats.sheets.book import Book, Cell

LABELS: Mapping[str, tuple[str, str]] = {
    "fonds": ("Mã phông", "Fonds code"),
    "organ": ("Tên cơ quan nộp", "Submitting organ"),
    "agreement": ("Mã đăng ký nộp lưu", "Transfer registration code"),
}
"""What the values are called in the list, in both languages."""

_KEYS = {heading_key(label): key for key, labels in LABELS.items() for label in labels}


@dataclass(frozen=True, slots=True)
class General:
    """Fonds code, the submitting organ's name, the registration code of the transfer."""

    fonds: str = ""
    organ: str = ""
    agreement: str = ""

    def over(self, other: General) -> General:
        """This, and where it says nothing what ``other`` says."""
        mine = {key: value for key in LABELS if (value := getattr(self, key))}
        return replace(other, **mine)


def read_general(book: Book) -> General:
    """The values that stand right of their names, on any sheet."""
    found: dict[str, str] = {}
    for _sheet, row in book.rows():
        cells = sorted(row.cells.items())
        for (_, label), (_, value) in pairwise(cells):
            key = _KEYS.get(heading_key(label.text))
            if key is not None and len(cells) <= 3:
                found.setdefault(key, _text(value))
    return General(**found)


def _text(cell: Cell) -> str:
    return unicodedata.normalize("NFC", cell.text).strip()
