"""The catalogue's layout on disk: found, made, or brought up to date; never guessed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

from repository.catalogue.database import Database
from repository.catalogue.errors import CatalogueDamaged, CatalogueNewer, CatalogueOutdated
from repository.catalogue.tables import SCHEMA, VERSION_TABLE

MIGRATIONS = Path(__file__).with_name("migrations")
_NOTED = Table(VERSION_TABLE, MetaData(), Column("version_num", Text, nullable=False))


def ensure_current(database: Database, *, create: bool, read_only: bool) -> None:
    """The layout is the one this code was written for.

    :class:`CatalogueOutdated` when it is older and ``read_only``; :class:`CatalogueNewer`
    when a later Kho wrote it; :class:`CatalogueDamaged` when there is no catalogue inside.
    """
    with database.read() as connection:
        found = current(connection, database.where)
    if found == SCHEMA:
        return
    if found is None and not create:
        raise CatalogueDamaged(where=database.where, reason="there is no catalogue inside")
    if found is not None and found not in _revisions():
        raise CatalogueNewer(where=database.where, found=found, expected=SCHEMA)
    if read_only:
        raise CatalogueOutdated(where=database.where, found=found or "", expected=SCHEMA)
    with database.write() as connection:
        migrate(connection, SCHEMA)


def current(connection: Connection, where: str) -> str | None:
    """The layout's number, or None when there is none.

    :class:`CatalogueDamaged` when somebody else's tables are there.
    """
    names = inspect(connection).get_table_names()
    if VERSION_TABLE not in names:
        if names:
            raise CatalogueDamaged(
                where=where,
                reason=f"it holds other tables: {', '.join(sorted(names)[:3])}",
            )
        return None
    return connection.execute(select(_NOTED.c.version_num)).scalar_one_or_none()


def migrate(connection: Connection, target: str) -> None:
    """The layout is ``target``, inside the caller's transaction: wholly, or not at all."""
    # Imported here: opening a catalogue that is up to date does not pay for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _revisions() -> set[str]:
    return {path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
