"""Opening a catalogue: found, made, locked, damaged, full; always said, never half done."""

from __future__ import annotations

import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from kit.catalogues import make_facts, new_catalogue
from repository.catalogue import (
    Catalogue,
    CatalogueDamaged,
    CatalogueLocked,
    CatalogueMissing,
    CatalogueUnsupported,
    CatalogueUnwritable,
    sqlite_url,
)
from repository.facts import AipFacts
from schemas.text import LANGUAGES, say

FILE = "catalogue.sqlite"


@contextmanager
def other_process_writing(path: Path) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def disk_with_room_for(size_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_new_catalogue_is_for_its_owner_only(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 3, "the database, its log and its index"
    assert set(modes.values()) == {0o600}


def test_a_catalogue_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    new_catalogue(tmp_path).close()
    (tmp_path / FILE).chmod(0o644)
    Catalogue.open(sqlite_url(tmp_path / FILE)).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_closed_catalogue_is_one_file(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_making_one_where_one_is_opens_it(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
    with new_catalogue(tmp_path) as catalogue:
        assert catalogue.aip(make_facts(1).aip_id) is not None


def test_a_missing_catalogue_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing):
        Catalogue.open(sqlite_url(tmp_path / FILE))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnwritable) as caught:
        new_catalogue(tmp_path / "absent")
    assert "absent" in str(caught.value)


@pytest.mark.parametrize("name", ["a b.sqlite", "ủy?mode=ro#1%20.sqlite"])
def test_any_file_name_can_hold_a_catalogue(tmp_path: Path, name: str) -> None:
    new_catalogue(tmp_path, name).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_is_no_database_says_to_rebuild(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to be one" * 50)
    with pytest.raises(CatalogueDamaged) as caught:
        Catalogue.open(sqlite_url(tmp_path / FILE))
    for lang in LANGUAGES:
        assert "kho catalogue rebuild" in say(caught.value.code, lang, **caught.value.fields)


def test_an_empty_file_where_the_catalogue_was_is_damage(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(0o600)
    with pytest.raises(CatalogueDamaged):
        Catalogue.open(sqlite_url(tmp_path / FILE))


def test_what_a_crash_left_of_a_catalogue_being_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(0o600)
    with new_catalogue(tmp_path) as catalogue:
        assert list(catalogue.aips()) == []


def test_somebody_elses_database_is_not_taken_over(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE thu_vien (n INTEGER)")
    connection.close()
    with pytest.raises(CatalogueDamaged) as caught:
        new_catalogue(tmp_path)
    assert "thu_vien" in str(caught.value)


def test_a_page_that_rotted_is_said_when_it_is_met(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1, files=3000))
    content = bytearray((tmp_path / FILE).read_bytes())
    start = len(content) // 2
    content[start : start + 40_000] = b"\xa5" * 40_000
    (tmp_path / FILE).write_bytes(content)
    with (
        Catalogue.open(sqlite_url(tmp_path / FILE)) as catalogue,
        pytest.raises(CatalogueDamaged),
    ):
        catalogue.dump(StringIO())


def test_a_sound_catalogue_has_no_faults_and_a_broken_one_has(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
        assert catalogue.faults() == ()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM aip")
    connection.close()
    with Catalogue.open(sqlite_url(tmp_path / FILE)) as catalogue:
        assert any("names no row of aip" in fault for fault in catalogue.faults())


def test_a_second_writer_is_told_to_wait_and_changes_nothing(tmp_path: Path) -> None:
    with new_catalogue(tmp_path, busy_timeout_s=0) as catalogue:
        with other_process_writing(tmp_path / FILE):
            with pytest.raises(CatalogueLocked) as caught:
                catalogue.register(make_facts(1))
            assert list(catalogue.aips()) == [], "readers are not held up"
        assert caught.value.exit_code == 11
        catalogue.register(make_facts(1))
        assert len(list(catalogue.aips())) == 1


def test_a_second_writer_is_told_before_it_begins_its_work(tmp_path: Path) -> None:
    begun: list[int] = []

    def dossiers() -> Iterator[AipFacts]:
        begun.append(1)
        yield make_facts(1)

    with new_catalogue(tmp_path, busy_timeout_s=0) as catalogue:
        with other_process_writing(tmp_path / FILE), pytest.raises(CatalogueLocked):
            catalogue.register_all(dossiers())
        assert begun == []
        catalogue.register_all(dossiers())
        assert begun == [1]


def test_a_full_disk_undoes_what_was_begun(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1))
        room = sum(path.stat().st_size for path in tmp_path.iterdir())
        with disk_with_room_for(room), pytest.raises(CatalogueUnwritable):
            catalogue.register(make_facts(1, files=20_000))
        assert catalogue.aip(make_facts(1).aip_id) == make_facts(1)


def test_an_error_in_a_batch_undoes_the_batch(tmp_path: Path) -> None:
    def facts() -> Iterator[AipFacts]:
        yield make_facts(1)
        raise KeyError("the replica went away")

    with new_catalogue(tmp_path) as catalogue:
        with pytest.raises(KeyError):
            catalogue.register_all(facts())
        assert list(catalogue.aips()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://root@here/kho"])
def test_a_place_that_cannot_keep_a_catalogue_is_refused(url: str) -> None:
    with pytest.raises(CatalogueUnsupported):
        Catalogue.open(url, create=True)


def test_a_setting_that_is_no_address_is_said() -> None:
    with pytest.raises(CatalogueMissing):
        Catalogue.open("catalogue.sqlite")
