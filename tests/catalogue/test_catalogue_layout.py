"""Every table says what becomes of it, and the migrations make exactly these tables."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, create_mock_engine

from kit.catalogues import make_facts, new_catalogue
from repository.catalogue import (
    Catalogue,
    CatalogueNewer,
    CatalogueOutdated,
    CatalogueUnwritable,
    schema,
    sqlite_url,
)
from repository.catalogue.declared import DECLARED, Kept
from repository.catalogue.tables import MAKE_SEARCH_TEXT, SCHEMA, SEARCH_TEXT, metadata

SECOND = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None
def upgrade():
    op.execute("CREATE TABLE later (n INTEGER)")
    {then}
"""


def tables_in(path: Path) -> dict[str, str]:
    """Every object of a database by name, with the statement that makes it."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    connection.close()
    return {name: " ".join(sql.split()) for name, sql in rows if sql}


def is_table(name: str, sql: str) -> bool:
    shadow = name.startswith((f"{SEARCH_TEXT}_", "sqlite_"))
    return sql.startswith("CREATE") and "TABLE" in sql.split("(")[0] and not shadow


def test_every_table_of_a_catalogue_is_declared_and_no_other_is(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    found = tables_in(tmp_path / "catalogue.sqlite")
    assert {name for name, sql in found.items() if is_table(name, sql)} == set(DECLARED)


def test_an_undeclared_table_would_be_noticed(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("CREATE TABLE forgotten (n INTEGER)")
    connection.close()
    found = tables_in(tmp_path / "catalogue.sqlite")
    assert {name for name, sql in found.items() if is_table(name, sql)} - set(DECLARED) == {
        "forgotten"
    }


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    engine = create_engine(sqlite_url(tmp_path / "declared.sqlite"))
    metadata.create_all(engine)
    engine.dispose()
    declared = tables_in(tmp_path / "declared.sqlite")
    migrated = tables_in(tmp_path / "catalogue.sqlite")
    declared[SEARCH_TEXT] = MAKE_SEARCH_TEXT
    # Constraints may come in another order; every word of each statement must be there.
    in_order = {name: sorted(re.split(r"[ ,]+", sql)) for name, sql in declared.items()}
    assert {name: sorted(re.split(r"[ ,]+", migrated[name])) for name in declared} == in_order


def test_the_code_expects_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_dumped_tables_are_ordered_by_columns_that_are_no_keys_of_ours() -> None:
    for name, declared in DECLARED.items():
        assert bool(declared.order) == (declared.kept is not Kept.DISPOSABLE), name
        assert not {"aip_key", "content_key"} & set(declared.order), name


def test_every_table_and_index_can_be_made_on_postgresql() -> None:
    made: list[str] = []

    def note(statement: Any, *_given: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)))

    engine = create_mock_engine("postgresql+psycopg://", note)
    metadata.create_all(engine, checkfirst=False)
    assert len(made) > len(metadata.sorted_tables)
    assert not [each for each in made if "BLOB" in each or "AUTOINCREMENT" in each]
    assert 'dossier_code TEXT COLLATE "C" NOT NULL' in "".join(made)


@pytest.fixture
def later_kho(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes this code a later Kho, with one more migration that ends in ``then``."""

    def upgrade(then: str = "pass") -> None:
        folder = tmp_path / "migrations"
        (folder / "versions").mkdir(parents=True)
        for path in (*schema.MIGRATIONS.glob("*.py"), *schema.MIGRATIONS.glob("versions/*.py")):
            (folder / path.relative_to(schema.MIGRATIONS)).write_bytes(path.read_bytes())
        second = SECOND.format(before=SCHEMA, then=then)
        (folder / "versions" / "9999_second.py").write_text(second)
        monkeypatch.setattr(schema, "MIGRATIONS", folder)
        monkeypatch.setattr(schema, "SCHEMA", "9999")

    return upgrade


def test_a_writer_brings_an_older_layout_up_to_date(
    tmp_path: Path, later_kho: Callable[[], None]
) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
    later_kho()
    with Catalogue.open(sqlite_url(tmp_path / "catalogue.sqlite")) as catalogue:
        assert catalogue.aip(make_facts(1).aip_id) == make_facts(1)
    assert "later" in tables_in(tmp_path / "catalogue.sqlite")


def test_a_reader_says_that_the_layout_is_older(
    tmp_path: Path, later_kho: Callable[[], None]
) -> None:
    new_catalogue(tmp_path).close()
    later_kho()
    with pytest.raises(CatalogueOutdated) as caught:
        Catalogue.open(sqlite_url(tmp_path / "catalogue.sqlite"), read_only=True)
    assert caught.value.fields["found"] == SCHEMA
    assert "later" not in tables_in(tmp_path / "catalogue.sqlite")


def test_a_migration_that_fails_leaves_the_older_layout_whole(
    tmp_path: Path, later_kho: Callable[[str], None]
) -> None:
    new_catalogue(tmp_path).close()
    before = tables_in(tmp_path / "catalogue.sqlite")
    later_kho("raise KeyError('half-way')")
    with pytest.raises(KeyError):
        Catalogue.open(sqlite_url(tmp_path / "catalogue.sqlite"))
    assert tables_in(tmp_path / "catalogue.sqlite") == before


def test_a_layout_of_a_later_kho_is_refused(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("UPDATE schema_version SET version_num = '0917'")
    connection.close()
    with pytest.raises(CatalogueNewer) as caught:
        Catalogue.open(sqlite_url(tmp_path / "catalogue.sqlite"))
    assert caught.value.fields["found"] == "0917"


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    url = sqlite_url(tmp_path / "catalogue.sqlite")
    with Catalogue.open(url, read_only=True) as reader, pytest.raises(CatalogueUnwritable):
        reader.register(make_facts(1))
