"""The canonical dump: what the catalogue says, without anything that depends on its making.

One JSON object per line, the archival tables first, then the journalled ones; rows in a fixed
order, names instead of keys, text untouched. Two catalogues that hold the same give the same
bytes, which is how a rebuilt one is proved (promise 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TextIO

import msgspec
from sqlalchemy import Column, Connection, FromClause, Select, Table, select

from repository.catalogue.database import BATCH_ROWS, Database
from repository.catalogue.declared import DECLARED, Kept
from repository.catalogue.tables import aip, content, metadata

FORMAT = "kho.catalogue-dump/1"
_KEYS = frozenset({"aip_key", "content_key"})


class Dump:
    """The catalogue, written out."""

    _database: Database

    def dump(self, out: TextIO) -> None:
        """The canonical dump is written to ``out``: one moment's view, in bounded memory."""
        with self._database.read() as connection:
            out.writelines(_lines(connection))


def _lines(connection: Connection) -> Iterator[str]:
    yield _json({"format": FORMAT})
    for kept in (Kept.ARCHIVAL, Kept.JOURNALLED):
        for name, declared in DECLARED.items():
            if declared.kept is kept:
                yield from _table(connection, name, declared.order)


def rows_of(name: str, order: tuple[str, ...]) -> Select[Any]:
    """The question for a table's rows in canonical order, columns by name."""
    columns, source = _columns(metadata.tables[name])
    chosen = (columns[each] for each in sorted(columns))
    return select(*chosen).select_from(source).order_by(*(columns[each] for each in order))


def _table(connection: Connection, name: str, order: tuple[str, ...]) -> Iterator[str]:
    columns, _source = _columns(metadata.tables[name])
    names = sorted(columns)
    writers = [_writer(columns[each]) for each in names]
    # Streamed: a million files are never in memory at once.
    streamed = {"yield_per": BATCH_ROWS}
    for row in connection.execute(rows_of(name, order), execution_options=streamed):
        values = (write(value) for write, value in zip(writers, row, strict=True))
        yield _json({"table": name, **dict(zip(names, values, strict=True))})


def _columns(table: Table) -> tuple[dict[str, Column[Any]], FromClause]:
    """What is written of a table, with names in place of keys, and where it is read from."""
    columns = {column.name: column for column in table.columns if column.name not in _KEYS}
    source: FromClause = table
    if "aip_key" in table.columns and table is not aip:
        columns.update({"aip_id": aip.c.aip_id, "place": aip.c.place})
        source = source.join(aip, table.c.aip_key == aip.c.aip_key)
    if "content_key" in table.columns and table is not content:
        columns["content_path"] = content.c.content_path
        # Outer, though every row has one: SQLite would start from here and sort a million rows.
        source = source.outerjoin(content, table.c.content_key == content.c.content_key)
    return columns, source


def _writer(column: Column[Any]) -> Callable[[Any], object]:
    if column.info.get("json"):
        return lambda text: _sorted(msgspec.json.decode(text))
    return lambda value: value.hex() if isinstance(value, bytes) else value


def _json(line: dict[str, object]) -> str:
    return f"{msgspec.json.encode(line).decode()}\n"


def _sorted(value: Any) -> Any:
    """The value with the names of every object in order."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(each) for each in value]
    return value
