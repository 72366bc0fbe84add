"""The door to the database: connections, transactions, and errors said in our words.

A writing transaction takes the write lock when it begins, so that a second writer waits at
the start, for ``busy_timeout_s`` and no longer, and never fails half-way.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Row,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from repository.catalogue.errors import (
    CatalogueDamaged,
    CatalogueLocked,
    CatalogueMissing,
    CatalogueUnsupported,
    CatalogueUnwritable,
)
from schemas.errors import CatalogueError
from schemas.logs import keep_to_themselves

# An insert in form only: it compares the full-text index with its own texts.
_CHECK_SEARCH = text("INSERT INTO search_text(search_text) VALUES ('integrity-check')")

AnyRow = Row[*tuple[Any, ...]]

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
}
BATCH_ROWS = 2_000
"""Rows handed to the database at once: large enough to be fast, small enough to be nothing."""


def sqlite_url(path: Path) -> str:
    """The URL of an embedded catalogue in the file ``path``, whatever its name holds."""
    return URL.create("sqlite", database=str(path)).render_as_string()


class Database:
    """One database, opened; :meth:`close` gives every connection back to the system."""

    def __init__(self, url: str, *, create: bool, read_only: bool, busy_timeout_s: float) -> None:
        self._read_only = read_only
        self._url = _parse(url)
        self.where = self._url.render_as_string(hide_password=True)
        if self._url.get_backend_name() == "sqlite":
            self.where = _sqlite_file(self._url, create=create)
        self._engine = _engine(self._url, busy_timeout_s)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine, which alone can search so far."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; a writer elsewhere is not blocked."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Everything done inside is durable on leaving, or, after an error, undone."""
        if self._read_only:
            raise CatalogueUnwritable(where=self.where, reason="opened for reading only")
        with (
            self._translated(),
            self._engine.connect().execution_options(kho_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def rows(self, query: Select[Any]) -> list[AnyRow]:
        """All rows of one query: a page, so that no reader lingers between pages."""
        with self.read() as connection:
            return list(connection.execute(query).all())

    def faults(self) -> tuple[str, ...]:
        """What the engine finds wrong in its own file, after reading all of it."""
        if not self.is_sqlite:
            return ()
        with self.read() as connection:
            said = list(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            try:
                connection.execute(_CHECK_SEARCH)
            except DatabaseError as error:
                said.append(f"search_text: {error.orig}")
        strays = tuple(f"{row[0]} row {row[1]} names no row of {row[2]}" for row in broken)
        return (*(line for line in said if line != "ok"), *strays)

    def close(self) -> None:
        """No connection is left open."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            said = self._in_our_words(error.orig)
            if said is None:
                raise
            raise said from error
        except sqlite3.Error as error:
            said = self._in_our_words(error)
            if said is None:
                raise
            raise said from error

    def _in_our_words(self, error: BaseException | None) -> CatalogueError | None:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            # PostgreSQL's operational errors: no server, no permission, no space.
            down = not self.is_sqlite and type(error).__name__ == "OperationalError"
            return CatalogueUnwritable(where=self.where, reason=str(error)) if down else None
        primary = code & 0xFF
        if primary in _LOCKED:
            return CatalogueLocked(where=self.where)
        if primary in _DAMAGED:
            return CatalogueDamaged(where=self.where, reason=str(error))
        if primary in _UNWRITABLE:
            return CatalogueUnwritable(where=self.where, reason=str(error))
        return None


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, only_newer: str = ""
) -> None:
    """The rows are in the table, in place of those with the same primary key.

    With ``only_newer`` (a column), a row replaces another only if its value there is larger,
    so that the order of arrival does not matter.
    """
    if not rows:
        return
    insert = (
        sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    )
    keys = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    newer = insert.excluded[only_newer] > table.c[only_newer] if only_newer else None
    _execute_many(
        connection,
        insert.values({name: bindparam(name) for name in rows[0]}).on_conflict_do_update(
            index_elements=keys, set_=changed, where=newer
        ),
        rows,
    )


def _execute_many(
    connection: Connection, statement: Executable, rows: Sequence[dict[str, Any]]
) -> None:
    """The statement ran for each row, whose values the driver takes as they are.

    SQLAlchemy's own way looks at every value of every row, which for the results of an audit
    costs as much as reading a small file.
    """
    compiled = statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]  # any statement can
    if compiled._bind_processors or compiled.positiontup is None:
        connection.execute(statement, rows)
        return
    names = compiled.positiontup
    connection.exec_driver_sql(
        str(compiled), [tuple([row[name] for name in names]) for row in rows]
    )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise CatalogueMissing(where=url) from error
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise CatalogueUnsupported(where=url, reason=parsed.get_backend_name())
    return parsed


def _sqlite_file(url: URL, *, create: bool) -> str:
    """The database file's path; it exists and only its owner may look into it."""
    if url.database in {None, "", ":memory:"}:
        raise CatalogueUnsupported(where=":memory:", reason="not a file")
    path = Path(str(url.database))
    try:
        if create and not path.exists():
            # Before SQLite opens it: the -wal and -shm files take over this mode.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        elif not path.is_file():
            raise CatalogueMissing(where=str(path))
    except OSError as error:
        raise CatalogueUnwritable(where=str(path), reason=error.strerror) from error
    if path.stat().st_mode & 0o077:
        with suppress(PermissionError):
            path.chmod(0o600)
    return str(path)


def _engine(url: URL, busy_timeout_s: float) -> Engine:
    """An engine whose parameters, titles and names among them, are in no log and no error."""
    keep_to_themselves("sqlalchemy")
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise CatalogueUnsupported(
                where=url.render_as_string(), reason=f"{error.name} is not installed"
            ) from error
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s}, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # sqlite3 must not begin transactions by itself: see _begin.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -32000",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("kho_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
