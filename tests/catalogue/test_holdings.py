"""What is registered is what is read; registering again replaces it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from kit.catalogues import (
    DATA,
    MOMENT,
    aip_id,
    copy_line,
    empty_catalogue,
    make_facts,
    make_file,
    make_version,
)
from repository.catalogue import Catalogue, FileCheck
from repository.facts import AipFacts, FileFacts
from schemas.nouns import Access, Document, Place, Verdict

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
fields = st.dictionaries(words, words, max_size=3)
paths = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
documents = st.builds(
    Document,
    code=words,
    title=words,
    date=words,
    fields=fields,
    kind=st.sampled_from(("doc", "pic", "media")),
    files=st.lists(paths, max_size=3).map(tuple),
)


@st.composite
def file_lists(draw: st.DrawFn) -> tuple[FileFacts, ...]:
    """Files by logical path, some sharing their bytes."""
    contents = draw(st.lists(paths, min_size=1, max_size=3, unique=True))
    logical = draw(st.lists(paths, max_size=5, unique=True))
    made = []
    for path in logical:
        held = make_file(draw(st.sampled_from(contents)))
        made.append(
            replace(
                held,
                logical_path=path,
                role=draw(st.sampled_from(("data", "documentation", "metadata"))),
                size_bytes=draw(st.none() | st.integers(0, 2**62)),
                puids=draw(st.sampled_from(((), ("fmt/18",), ("fmt/18", "x-fmt/111")))),
                signature_decision=draw(st.sampled_from(("", "accept", "hold"))),
            )
        )
    return tuple(sorted(made, key=lambda file: file.logical_path))


@st.composite
def some_facts(draw: st.DrawFn) -> AipFacts:
    return make_facts(
        draw(st.integers(0, 3)),
        place=draw(st.sampled_from(Place)),
        versions=tuple(make_version(n + 1) for n in range(draw(st.integers(1, 3)))),
        fonds=draw(words),
        fonds_name=draw(words),
        dossier_code=draw(words),
        title=draw(words),
        access=draw(st.sampled_from(Access)),
        backlog=draw(st.booleans()),
        fields=draw(fields),
        documents=tuple(draw(st.lists(documents, max_size=3))),
        files=draw(file_lists()),
    )


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with empty_catalogue(tmp_path) as made:
        yield made


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.lists(some_facts(), min_size=1, max_size=4))
def test_facts_come_back_as_they_were_registered(
    catalogue: Catalogue, many: list[AipFacts]
) -> None:
    last = {}
    for facts in many:
        catalogue.register(facts)
        last[facts.aip_id, facts.place] = facts
    for (identity, place), facts in last.items():
        assert catalogue.aip(identity, place) == facts
        assert tuple(catalogue.files(identity, place)) == facts.files


def test_files_come_back_sorted_by_logical_path(catalogue: Catalogue) -> None:
    files = (make_file("b"), make_file("a"), make_file("Đ"), make_file("a/1"))
    catalogue.register(make_facts(1, files=files))
    assert [file.logical_path for file in catalogue.files(aip_id(1))] == ["a", "a/1", "b", "Đ"]


def test_what_is_no_longer_there_is_gone_after_registering_again(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1, files=5, fields={"a": "1"}))
    fewer = make_facts(1, files=2, fields={"b": "2"}, documents=(), title="khác")
    catalogue.register(fewer)
    assert catalogue.aip(aip_id(1)) == fewer
    assert len(catalogue.all_files()) == 2


def test_a_large_dossier_keeps_every_file(catalogue: Catalogue) -> None:
    facts = make_facts(1, files=5_001)
    catalogue.register(facts)
    assert catalogue.aip(aip_id(1)) == facts
    assert tuple(catalogue.files(aip_id(1))) == facts.files


def test_an_unknown_aip_is_none_and_has_no_files(catalogue: Catalogue) -> None:
    assert catalogue.aip(aip_id(9)) is None
    assert list(catalogue.files(aip_id(9))) == []


def test_a_release_moves_a_dossier_from_the_holding_to_the_archive(catalogue: Catalogue) -> None:
    held = make_facts(1, place=Place.HOLDING)
    released = make_facts(1)
    catalogue.register(held)
    catalogue.register(released)
    assert catalogue.aip(aip_id(1)) == released, "the archive's before the holding's"
    assert catalogue.aip(aip_id(1), Place.HOLDING) == held
    catalogue.remove(aip_id(1), Place.HOLDING)
    assert catalogue.aip(aip_id(1), Place.HOLDING) is None
    assert catalogue.aip(aip_id(1)) == released
    assert [row.place for row in catalogue.search("ho so so 1").rows] == [Place.ARCHIVE]


def test_removing_what_is_not_there_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1))
    catalogue.remove(aip_id(2), Place.ARCHIVE)
    assert catalogue.aip(aip_id(1)) == make_facts(1)


def test_removing_a_dossier_keeps_what_the_journal_says(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1))
    catalogue.apply(copy_line(1, 1, "a"))
    catalogue.remove(aip_id(1), Place.ARCHIVE)
    assert [copy.replica for copy in catalogue.copies(aip_id(1))] == ["a"]


def test_a_new_version_is_held_beside_the_bytes_of_the_one_before(catalogue: Catalogue) -> None:
    first = make_facts(1, files=2)
    before = tuple(first.files)
    catalogue.register(first)
    old = replace(before[0], logical_path="/old", role="superseded", size_bytes=None)
    new = make_file("z", content_path="v2/content/new")
    versions = (make_version(1), make_version(2))
    second = make_facts(1, version=2, versions=versions, files=(old, before[1], new))
    catalogue.register(second)
    assert catalogue.aip(aip_id(1)) == second
    assert [each.content_path for each in catalogue.content(aip_id(1), Place.ARCHIVE)] == [
        f"v1/content/{DATA}/000000.pdf",
        f"v1/content/{DATA}/000001.pdf",
        "v2/content/new",
    ]


def test_the_audit_state_of_unchanged_bytes_outlives_a_new_version(catalogue: Catalogue) -> None:
    facts = make_facts(1, files=2)
    catalogue.register(facts)
    catalogue.apply(copy_line(1, 1, "a"))
    catalogue.record_checks("run", "a", _all_intact(catalogue), "")
    catalogue.register(
        replace(facts, files=(*facts.files, make_file("new", content_path="v2/content/new")))
    )
    due = catalogue.due_files("a", before="2026-01-01", now="2027-01-01")
    assert [each.content_path for each in due] == ["v2/content/new"]


def test_other_bytes_under_a_known_path_were_never_verified(catalogue: Catalogue) -> None:
    facts = make_facts(1, files=2)
    first, second = facts.files
    catalogue.register(facts)
    catalogue.apply(copy_line(1, 1, "a"))
    catalogue.record_checks("run", "a", _all_intact(catalogue), "")
    other = replace(first, sha256="ab" * 32)
    catalogue.register(replace(facts, files=(other, second)))
    due = catalogue.due_files("a", before="2026-01-01", now="2027-01-01")
    assert [each.content_path for each in due] == [first.content_path]


def _all_intact(catalogue: Catalogue) -> list[FileCheck]:
    return [
        FileCheck(each.aip_id, each.place, each.content_path, Verdict.INTACT, MOMENT, key=each.key)
        for each in catalogue.all_files()
    ]


def test_the_list_is_by_reference_code_whatever_came_first(catalogue: Catalogue) -> None:
    codes = [("H58", "1"), ("H57", "2"), ("", "9"), ("H57", "10"), ("H57", "2")]
    for number, (fonds, code) in enumerate(codes):
        catalogue.register(make_facts(number, fonds=fonds, dossier_code=code))
    listed = [(row.fonds, row.dossier_code, row.aip_id) for row in catalogue.aips()]
    assert listed == [
        ("", "9", aip_id(2)),
        ("H57", "10", aip_id(3)),
        ("H57", "2", aip_id(1)),
        ("H57", "2", aip_id(4)),
        ("H58", "1", aip_id(0)),
    ]


def test_the_list_reaches_beyond_its_first_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.catalogue.holdings.BATCH_ROWS", 2)
    catalogue.register_all(make_facts(n, dossier_code="x") for n in range(5))
    assert [row.aip_id for row in catalogue.aips()] == [aip_id(n) for n in range(5)]


def test_the_list_can_be_of_one_fonds_or_one_place(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1, fonds="A"))
    catalogue.register(make_facts(2, fonds="B", place=Place.HOLDING))
    assert [row.aip_id for row in catalogue.aips(fonds="A")] == [aip_id(1)]
    assert [row.aip_id for row in catalogue.aips(place=Place.HOLDING)] == [aip_id(2)]
    assert list(catalogue.aips(fonds="A", place=Place.HOLDING)) == []


def test_a_summary_counts_good_and_broken_copies_of_the_newest_version(
    catalogue: Catalogue,
) -> None:
    catalogue.register(make_facts(1, version=2, versions=(make_version(1), make_version(2))))
    catalogue.apply_all(
        [
            copy_line(1, 1, "old", version=1),
            copy_line(2, 1, "a", version=2),
            copy_line(3, 1, "b", version=2),
            copy_line(4, 1, "c", version=2, state="damaged"),
            copy_line(5, 1, "d", version=2, place="holding"),
        ]
    )
    (row,) = catalogue.aips()
    assert (row.copies, row.broken_copies) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "0000000b",
        "0000000B-0000",
        "  0000000b-0000-4000-8000-000000000000 ",
        "urn:uuid:0000000b-0000-4000-8000-000000000000",
        "urn:H57:uuid:0000000B-0000-4000-8000-000000000000",
        "H57.01/Đ",
    ],
)
def test_a_dossier_is_found_by_its_id_or_its_code(catalogue: Catalogue, text: str) -> None:
    catalogue.register(make_facts(10))
    catalogue.register(make_facts(11, dossier_code="H57.01/Đ"))
    assert [row.aip_id for row in catalogue.find(text)] == [aip_id(11)]


def test_a_start_that_several_ids_share_finds_them_all(catalogue: Catalogue) -> None:
    catalogue.register_all(make_facts(n) for n in (0x10, 0x11, 0x20))
    assert [row.aip_id for row in catalogue.find("0000001")] == [aip_id(0x10), aip_id(0x11)]


@pytest.mark.parametrize("text", ["", "  ", "000", "H57", "%", "0000000_", "h57.01.00001x"])
def test_what_names_no_dossier_finds_none(catalogue: Catalogue, text: str) -> None:
    catalogue.register(make_facts(1, dossier_code=""))
    assert catalogue.find(text) == ()


def test_a_fonds_is_summed_up_without_what_is_held(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1, files=2, fonds="B"))
    catalogue.register(make_facts(2, files=3, fonds="B"))
    catalogue.register(make_facts(3, fonds="B", place=Place.HOLDING))
    catalogue.register(make_facts(4, fonds="A"))
    kept = {each.fonds: (each.aips, each.data_files) for each in catalogue.fonds()}
    assert kept == {"A": (1, 1), "B": (2, 5)}


def test_all_files_are_paged_each_once_with_shared_bytes_once(catalogue: Catalogue) -> None:
    twin = make_file("twin", content_path="v1/content/one", size_bytes=7)
    again = replace(twin, logical_path="twin again")
    catalogue.register(make_facts(1, files=(twin, again, make_file("b"))))
    catalogue.register(make_facts(2, files=3))
    seen = []
    after = 0
    while page := catalogue.all_files(after=after, limit=2):
        seen += [(each.aip_id, each.content_path) for each in page]
        after = page[-1].key
    assert len(seen) == len(set(seen)) == 5
    assert catalogue.all_files(limit=1)[0].size_bytes == 7


def test_ten_times_the_files_cost_no_more_than_ten_times_the_statements(
    catalogue: Catalogue,
) -> None:
    def statements(files: int) -> int:
        said: list[str] = []
        engine = catalogue._database._engine

        def note(*given: Any) -> None:
            said.append(given[2])

        event.listen(engine, "before_cursor_execute", note)
        catalogue.register(make_facts(files, files=files))
        event.remove(engine, "before_cursor_execute", note)
        return len(said)

    small, large = statements(500), statements(5_000)
    assert small < 30
    assert large < small + 10, "rows go in batches"
