"""Alembic's entry: migrates the connection it is handed, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from repository.catalogue.tables import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=False,
)
context.run_migrations()
