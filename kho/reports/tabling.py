"""Tables made from records: a column for each field named, its head in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kho.reports.sheet import Cell, Table
from schemas.text import Language, say


def table_of(
    name: str,
    title: str,
    columns: Sequence[str],
    records: Iterable[msgspec.Struct],
    lang: Language,
) -> Table:
    """A row for each record. None and empty texts are unknown; truth is said as yes and no."""
    return Table(
        name,
        title,
        tuple(column_head(column, lang) for column in columns),
        tuple(tuple(_cell(getattr(each, column), lang) for column in columns) for each in records),
    )


def column_head(column: str, lang: Language) -> str:
    """What stands over the column of a field."""
    return say(f"REPORT-COLUMN-{column.upper().replace('_', '-')}", lang)


def _cell(value: object, lang: Language) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return say("REPORT-YES" if value else "REPORT-NO", lang)
    if isinstance(value, int | float):
        return value
    return str(value) or None
