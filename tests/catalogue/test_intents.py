"""What was about to be stored is remembered until somebody says that it is settled."""

from __future__ import annotations

from pathlib import Path

from kit.catalogues import MOMENT, aip_id, empty_catalogue, new_catalogue
from repository.catalogue import Catalogue, Intent, sqlite_url
from schemas.nouns import Place

EARLIER = "2026-02-01T08:00:00.000Z"


def test_an_intent_outlives_its_process(tmp_path: Path) -> None:
    with new_catalogue(tmp_path) as catalogue:
        catalogue.open_intent(aip_id(1), Place.HOLDING, 2, "/staging/1", MOMENT)
    with Catalogue.open(sqlite_url(tmp_path / "catalogue.sqlite")) as catalogue:
        assert catalogue.intents() == (Intent(aip_id(1), Place.HOLDING, 2, "/staging/1", MOMENT),)


def test_pending_work_is_listed_oldest_first(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.open_intent(aip_id(1), Place.ARCHIVE, 1, "/staging/1", MOMENT)
        catalogue.open_intent(aip_id(2), Place.ARCHIVE, 1, "/staging/2", EARLIER)
        assert [each.aip_id for each in catalogue.intents()] == [aip_id(2), aip_id(1)]


def test_an_intent_said_twice_is_one_with_the_newest_build(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.open_intent(aip_id(1), Place.ARCHIVE, 1, "/staging/old", EARLIER)
        catalogue.open_intent(aip_id(1), Place.ARCHIVE, 1, "/staging/new", MOMENT)
        assert [each.build_path for each in catalogue.intents()] == ["/staging/new"]


def test_closing_settles_one_version_in_one_place_and_no_other(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        for place in Place:
            for version in (1, 2):
                catalogue.open_intent(aip_id(1), place, version, "/staging", MOMENT)
        catalogue.close_intent(aip_id(1), Place.ARCHIVE, 2)
        catalogue.close_intent(aip_id(1), Place.ARCHIVE, 2)
        left = {(each.place, each.version) for each in catalogue.intents()}
    assert left == {(Place.ARCHIVE, 1), (Place.HOLDING, 1), (Place.HOLDING, 2)}
