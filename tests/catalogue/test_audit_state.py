"""What is due, what was seen, what is broken: the memory of audits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.catalogues import DATA, aip_id, copy_line, empty_catalogue, make_facts
from repository.catalogue import Catalogue, ContentFacts, Coverage, FileCheck
from schemas.nouns import Place, Verdict

LONG_AGO = "2025-01-01T00:00:00.000Z"
NOW = "2026-03-01T00:00:00.000Z"
LATER = "2031-01-01T00:00:00.000Z"
QUARTER = "2025-12-01T00:00:00.000Z"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with empty_catalogue(tmp_path) as made:
        made.register(make_facts(1, files=6))
        made.apply_all([copy_line(1, 1, "a"), copy_line(2, 1, "b")])
        yield made


def seen(each: ContentFacts, at: str, verdict: Verdict = Verdict.INTACT) -> FileCheck:
    return FileCheck(each.aip_id, each.place, each.content_path, verdict, at, key=each.key)


def record(
    catalogue: Catalogue,
    looks: dict[int, str],
    *,
    replica: str = "a",
    verdict: Verdict = Verdict.INTACT,
    run: str = "run",
) -> None:
    """Files by number were looked at, at these moments."""
    every = catalogue.all_files()
    checks = [seen(every[number], at, verdict) for number, at in looks.items()]
    catalogue.record_checks(run, replica, checks, "cursor")


def due(catalogue: Catalogue, replica: str = "a", *, before: str = QUARTER) -> list[int]:
    """The numbers of the files that are due, in order."""
    files = catalogue.due_files(replica, before=before, now=NOW)
    return [int(each.content_path.removesuffix(".pdf")[-6:]) for each in files]


def broken(catalogue: Catalogue, *, open_only: bool = True) -> list[tuple[str, str, str]]:
    return [
        (each.content_path[-10:], each.verdict.value, each.run_id)
        for each in catalogue.damage(open_only=open_only)
    ]


def test_everything_is_due_at_first(catalogue: Catalogue) -> None:
    assert due(catalogue) == [0, 1, 2, 3, 4, 5]


def test_never_comes_first_then_the_future_then_the_oldest(catalogue: Catalogue) -> None:
    record(
        catalogue,
        {0: "2025-03-01T00:00:00.000Z", 1: LATER, 3: LONG_AGO, 4: "2026-02-01T00:00:00.000Z"},
    )
    assert due(catalogue) == [2, 5, 1, 3, 0]


def test_a_cutoff_beyond_now_does_not_make_the_future_old(catalogue: Catalogue) -> None:
    record(catalogue, {0: LATER, 1: LONG_AGO, 2: LONG_AGO, 3: LONG_AGO, 4: LONG_AGO, 5: NOW})
    assert due(catalogue, before=LATER) == [0, 1, 2, 3, 4]


def test_one_replica_knows_nothing_of_another(catalogue: Catalogue) -> None:
    record(catalogue, dict.fromkeys(range(6), NOW))
    assert due(catalogue, "a") == []
    assert due(catalogue, "b") == [0, 1, 2, 3, 4, 5]


def test_a_dossier_never_copied_to_a_replica_is_not_due_there(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(2))
    catalogue.apply(copy_line(3, 2, "b"))
    assert {each.aip_id for each in catalogue.due_files("a", before=NOW, now=NOW)} == {aip_id(1)}
    assert {each.aip_id for each in catalogue.due_files("b", before=NOW, now=NOW)} == {
        aip_id(1),
        aip_id(2),
    }


def test_a_limit_ends_the_list(catalogue: Catalogue) -> None:
    assert len(list(catalogue.due_files("a", before=NOW, now=NOW, limit=4))) == 4


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    looks=st.dictionaries(
        st.integers(0, 5), st.sampled_from((LONG_AGO, QUARTER, NOW, LATER)), max_size=6
    ),
    page=st.integers(1, 4),
)
def test_a_run_that_records_as_it_goes_sees_each_due_file_once(
    tmp_path_factory: pytest.TempPathFactory, looks: dict[int, str], page: int
) -> None:
    with (
        empty_catalogue(tmp_path_factory.mktemp("due")) as catalogue,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("repository.catalogue.fixity.BATCH_ROWS", page)
        catalogue.register(make_facts(1, files=6))
        catalogue.apply(copy_line(1, 1, "a"))
        record(catalogue, looks)
        looked_at = []
        for each in catalogue.due_files("a", before=NOW, now=NOW):
            looked_at.append(each.key)
            a_little_after_now = "2026-03-01T00:00:07.000Z"
            catalogue.record_checks("run", "a", [seen(each, a_little_after_now)], "")
        not_due = {number for number, at in looks.items() if at == NOW}
        assert len(looked_at) == len(set(looked_at)) == 6 - len(not_due)


def test_coverage_counts_what_was_seen_and_what_never_was(catalogue: Catalogue) -> None:
    record(catalogue, {0: LONG_AGO, 1: NOW, 2: LATER})
    record(catalogue, {3: NOW}, verdict=Verdict.UNREADABLE)
    assert catalogue.coverage("a", now=NOW) == Coverage(
        replica="a",
        files=6,
        never=3,
        oldest=LONG_AGO,
        by_verdict={Verdict.INTACT: 2, Verdict.UNREADABLE: 1},
    )
    assert catalogue.coverage("b", now=NOW) == Coverage(
        replica="b", files=6, never=6, oldest="", by_verdict={}
    )
    assert catalogue.coverage("unknown", now=NOW).files == 0


def test_damage_is_listed_until_the_file_is_seen_whole(catalogue: Catalogue) -> None:
    record(catalogue, {1: LONG_AGO}, verdict=Verdict.ALTERED, run="first")
    record(catalogue, {1: NOW}, verdict=Verdict.ALTERED, run="second")
    assert broken(catalogue) == [("000001.pdf", "altered", "first")]
    assert next(catalogue.damage()).found_at == LONG_AGO
    record(catalogue, {1: NOW}, run="repair")
    assert broken(catalogue) == []
    (closed,) = catalogue.damage(open_only=False)
    assert (closed.closed_at, closed.closed_by) == (NOW, "repair")


def test_damage_that_changes_its_kind_is_a_new_row(catalogue: Catalogue) -> None:
    record(catalogue, {1: LONG_AGO}, verdict=Verdict.ALTERED, run="first")
    record(catalogue, {1: NOW}, verdict=Verdict.ABSENT, run="second")
    assert broken(catalogue) == [("000001.pdf", "absent", "second")]
    assert len(broken(catalogue, open_only=False)) == 2


def test_damage_on_one_replica_is_not_damage_on_another(catalogue: Catalogue) -> None:
    record(catalogue, {1: NOW}, verdict=Verdict.ALTERED, replica="a")
    record(catalogue, {1: NOW}, verdict=Verdict.INTACT, replica="b")
    assert [each.replica for each in catalogue.damage()] == ["a"]
    assert list(catalogue.damage(replica="b")) == []
    assert len(list(catalogue.damage(replica="a"))) == 1


def test_a_file_twice_in_one_batch_ends_as_it_was_seen_last(catalogue: Catalogue) -> None:
    one = catalogue.all_files()[0]
    catalogue.record_checks(
        "run", "a", [seen(one, LONG_AGO, Verdict.ALTERED), seen(one, NOW, Verdict.INTACT)], ""
    )
    assert broken(catalogue) == []
    assert catalogue.coverage("a", now=NOW).by_verdict == {Verdict.INTACT: 1}


def test_what_no_object_lists_leaves_damage_and_no_state(catalogue: Catalogue) -> None:
    checks = [
        FileCheck(aip_id(1), Place.ARCHIVE, "inventory.json", Verdict.ABSENT, NOW),
        FileCheck(aip_id(1), Place.ARCHIVE, "v1/inventory.json", Verdict.INTACT, NOW),
        FileCheck(aip_id(7), Place.HOLDING, "stray", Verdict.ALTERED, NOW, key=10**9),
    ]
    catalogue.record_checks("run", "a", checks, "")
    assert [(each.content_path, each.verdict.value) for each in catalogue.damage()] == [
        ("inventory.json", "absent"),
        ("stray", "altered"),
    ]
    assert catalogue.coverage("a", now=NOW).never == 6


def test_a_look_without_a_key_is_noted_by_its_path(catalogue: Catalogue) -> None:
    path = f"v1/content/{DATA}/000003.pdf"
    check = FileCheck(aip_id(1), Place.ARCHIVE, path, Verdict.INTACT, NOW)
    catalogue.record_checks("run", "a", [check], "")
    assert due(catalogue) == [0, 1, 2, 4, 5]


def test_a_dossier_that_moved_during_an_audit_leaves_no_state(catalogue: Catalogue) -> None:
    every = catalogue.all_files()
    catalogue.remove(aip_id(1), Place.ARCHIVE)
    catalogue.register(make_facts(2, files=6))
    catalogue.record_checks("run", "a", [seen(each, NOW) for each in every], "")
    assert catalogue.coverage("a", now=NOW).by_verdict == {}


def test_damage_can_be_closed_by_somebody_who_answers_for_it(catalogue: Catalogue) -> None:
    record(catalogue, {1: NOW, 2: NOW}, verdict=Verdict.ALTERED)
    target = (aip_id(1), Place.ARCHIVE, f"v1/content/{DATA}/000001.pdf")
    assert catalogue.close_damage("a", *target, closed_at=NOW, closed_by="decision 7")
    assert not catalogue.close_damage("a", *target, closed_at=NOW, closed_by="decision 8")
    assert [path for path, _verdict, _run in broken(catalogue)] == ["000002.pdf"]


def test_a_long_damage_list_is_read_page_by_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.catalogue.damage.BATCH_ROWS", 2)
    record(catalogue, dict.fromkeys(range(5), NOW), verdict=Verdict.ABSENT)
    assert len(list(catalogue.damage())) == 5


def test_a_run_is_resumed_at_its_cursor_and_finished_once(catalogue: Catalogue) -> None:
    catalogue.start_run("r1", "a", LONG_AGO)
    catalogue.start_run("r1", "a", NOW)
    record(catalogue, {0: NOW}, run="r1")
    (run,) = catalogue.audit_runs()
    assert (run.started, run.finished, run.cursor, run.complete) == (LONG_AGO, "", "cursor", False)
    catalogue.finish_run("r1", "a", finished=NOW, complete=True, summary={"files": 1, "b": "ủy"})
    catalogue.start_run("r2", "b", NOW)
    newest, oldest = catalogue.audit_runs()
    assert (newest.run_id, newest.replica) == ("r2", "b")
    assert (oldest.complete, oldest.finished, oldest.summary) == (
        True,
        NOW,
        {"files": 1, "b": "ủy"},
    )
    assert [each.run_id for each in catalogue.audit_runs("a")] == ["r1"]


def test_checks_and_cursor_are_kept_together_or_not_at_all(catalogue: Catalogue) -> None:
    def checks() -> Iterator[FileCheck]:
        yield seen(catalogue.all_files()[0], NOW, Verdict.ALTERED)
        raise KeyError("the reader died")

    catalogue.start_run("run", "a", NOW)
    with pytest.raises(KeyError):
        catalogue.record_checks("run", "a", checks(), "cursor")
    assert due(catalogue) == [0, 1, 2, 3, 4, 5]
    assert broken(catalogue) == []
    assert catalogue.audit_runs()[0].cursor == ""
