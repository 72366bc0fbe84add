"""Journal lines are applied once, in any order, and say what is known of copies and receipts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.catalogues import (
    MOMENT,
    aip_id,
    copy_line,
    empty_catalogue,
    make_facts,
    make_line,
    receipt_body,
)
from repository.catalogue import Catalogue, LedgerHead, LedgerLineRefused
from repository.entries import event_body
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.moments import parse_moment
from schemas.nouns import Place
from schemas.records import LedgerLine, encode_line
from schemas.text import LANGUAGES, say


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with empty_catalogue(tmp_path) as made:
        yield made


def make_event(number: int, **other: Any) -> Event:
    given: dict[str, Any] = {
        "id": f"event {number}",
        "type": EventType.REPLICATION,
        "moment": parse_moment(MOMENT),
        "outcome": EventOutcome.SUCCESS,
        "detail": "đã chép",
        "agents": (Agent("kho", version="1"), Agent("Bà Đỗ", kind="person", role="officer")),
        "aip_id": aip_id(1),
        "facts": {"files": 3, "rate": 1.5, "whole": True, "none": None, "text": "ủy"},
    }
    return Event(**{**given, **other})


def copies(catalogue: Catalogue, number: int = 1) -> dict[str, str]:
    return {copy.replica: copy.state for copy in catalogue.copies(aip_id(number))}


def test_the_head_of_an_empty_ledger_is_before_the_first_line(catalogue: Catalogue) -> None:
    assert catalogue.ledger_head() == LedgerHead(0, "")
    assert list(catalogue.ledger_lines()) == []


def test_lines_come_back_byte_for_byte_and_in_order(catalogue: Catalogue) -> None:
    lines = [
        make_line(1, "seal", {"z": 1, "a": {"ủy": [1.5, None, "\u0000", "\ud7ff"]}}),
        make_line(2, "event", event_body(make_event(1))),
        make_line(3, "of a later kho", {"b": 2}),
    ]
    catalogue.apply_all(reversed(lines))
    read = list(catalogue.ledger_lines())
    assert [encode_line(line) for line in read] == [encode_line(line) for line in lines]
    assert catalogue.ledger_head() == LedgerHead(3, "hash of 3")
    assert list(catalogue.ledger_lines(after_seq=1)) == lines[1:]
    assert list(catalogue.ledger_lines(kind="event")) == [lines[1]]


def test_lines_are_read_beyond_one_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.catalogue.ledger.BATCH_ROWS", 2)
    monkeypatch.setattr("repository.catalogue.registering.BATCH_ROWS", 2)
    catalogue.apply_all(make_line(n, "receipt", receipt_body(n)) for n in range(1, 6))
    assert [line.seq for line in catalogue.ledger_lines()] == [1, 2, 3, 4, 5]
    assert [receipt.aip_id for receipt in catalogue.receipts()] == [aip_id(n) for n in range(1, 6)]


def test_a_line_applied_again_changes_nothing(catalogue: Catalogue) -> None:
    lines = [copy_line(1, 1, "a"), copy_line(2, 1, "a", state="damaged")]
    catalogue.apply_all(lines)
    catalogue.apply(lines[0])
    catalogue.apply_all([*lines, *lines])
    assert copies(catalogue) == {"a": "damaged"}
    assert len(list(catalogue.ledger_lines())) == 2


def test_another_line_under_a_known_number_is_refused(catalogue: Catalogue) -> None:
    catalogue.apply(copy_line(1, 1, "a"))
    with pytest.raises(LedgerLineRefused) as caught:
        catalogue.apply_all([copy_line(2, 1, "b"), make_line(1, "seal", {}, hash="other")])
    assert caught.value.fields["seq"] == 1
    assert catalogue.ledger_head().seq == 1, "nothing of the batch was kept"
    for lang in LANGUAGES:
        assert "kho ledger verify" in say(caught.value.code, lang, **caught.value.fields)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("copy", {"aip_id": aip_id(1), "place": "cellar", "version": 1}),
        ("event", {"id": "x"}),
        ("receipt", {"format": "kho.receipt/1", "colour": "red"}),
        ("rejection", {"files": []}),
    ],
)
def test_a_line_that_does_not_say_what_its_kind_must_is_refused(
    catalogue: Catalogue, kind: str, body: dict[str, Any]
) -> None:
    with pytest.raises(LedgerLineRefused) as caught:
        catalogue.apply(make_line(1, kind, body))
    assert caught.value.fields["kind"] == kind
    assert catalogue.ledger_head().seq == 0


def test_a_line_that_says_more_than_is_understood_is_applied(catalogue: Catalogue) -> None:
    line = copy_line(1, 1, "a", weather="rain")
    catalogue.apply(line)
    assert copies(catalogue) == {"a": "verified"}
    assert list(catalogue.ledger_lines()) == [line]


def test_events_come_back_as_they_were_recorded(catalogue: Catalogue) -> None:
    events = [make_event(1), make_event(2, outcome=EventOutcome.NOT_CHECKED, agents=())]
    other = make_event(3, aip_id=None)
    bodies = [event_body(event) for event in (*events, other)]
    catalogue.apply_all(make_line(n + 1, "event", body) for n, body in enumerate(bodies))
    assert list(catalogue.events(aip_id(1))) == events


def test_the_newest_answer_counts_and_a_duplicate_is_none(catalogue: Catalogue) -> None:
    held = receipt_body(1, outcome="held")
    accepted = receipt_body(1, receipt_id="second")
    duplicate = receipt_body(1, outcome="duplicate", receipt_id="third")
    bodies = (held, accepted, duplicate)
    catalogue.apply_all(make_line(n + 1, "receipt", body) for n, body in enumerate(bodies))
    found = catalogue.receipt_for(aip_id(1))
    assert found is not None
    assert found.receipt_id == "second"
    assert found.copies[0].replica == "a"
    assert [each.outcome for each in catalogue.receipts()] == ["held", "accepted", "duplicate"]
    assert catalogue.receipt_for(aip_id(2)) is None


def test_a_rejection_keeps_its_receipt_and_the_list_of_files(catalogue: Catalogue) -> None:
    body = {
        "receipt": receipt_body(1, outcome="rejected"),
        "files": [{"path": "ủy.pdf", "size": 3, "sha256": "ab"}],
    }
    catalogue.apply(make_line(1, "rejection", body))
    (receipt,) = catalogue.receipts()
    assert receipt.outcome == "rejected"
    (line,) = catalogue.ledger_lines(kind="rejection")
    assert line.body["files"] == body["files"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_known_of_copies_does_not_depend_on_the_order_of_lines(
    catalogue: Catalogue, data: st.DataObject
) -> None:
    head = catalogue.ledger_head().seq
    number = head + 1
    states = data.draw(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from(("verified", "damaged", "missing"))),
            min_size=1,
            max_size=6,
        )
    )
    lines = [
        copy_line(head + n + 1, number, replica, state=state)
        for n, (replica, state) in enumerate(states)
    ]
    for line in data.draw(st.permutations(lines)):
        catalogue.apply(line)
    assert copies(catalogue, number) == dict(states)


DOMAINS = {"a": "disk 1", "b": "disk 2", "c": "disk 2"}


@pytest.mark.parametrize(
    ("lines", "domains"),
    [
        ([], 0),
        ([("a", "verified")], 1),
        ([("b", "verified"), ("c", "verified")], 1),
        ([("a", "verified"), ("b", "damaged")], 1),
        ([("a", "verified"), ("gone", "verified")], 1),
        ([("a", "verified"), ("b", "verified"), ("b", "missing")], 1),
        ([("a", "verified"), ("b", "verified")], None),
        ([("a", "verified"), ("b", "verified"), ("c", "damaged")], None),
    ],
)
def test_a_dossier_is_safe_only_in_enough_failure_domains(
    catalogue: Catalogue, lines: list[tuple[str, str]], domains: int | None
) -> None:
    catalogue.register(make_facts(1))
    catalogue.apply_all(
        copy_line(n + 1, 1, replica, state=state) for n, (replica, state) in enumerate(lines)
    )
    unsafe = list(catalogue.under_replicated(2, DOMAINS))
    assert [each.domains for each in unsafe] == ([] if domains is None else [domains])


def test_copies_of_an_older_version_or_another_place_do_not_count(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1, version=2))
    catalogue.register(make_facts(2, place=Place.HOLDING))
    catalogue.apply_all(
        [
            *(copy_line(n, 1, replica, version=1) for n, replica in ((1, "a"), (2, "b"))),
            *(copy_line(n, 2, replica) for n, replica in ((3, "a"), (4, "b"))),
            copy_line(5, 1, "b", version=2),
        ]
    )
    unsafe = {each.aip_id: each.replicas for each in catalogue.under_replicated(2, DOMAINS)}
    assert unsafe == {aip_id(1): ("b",), aip_id(2): ()}


def test_every_unsafe_dossier_is_named_beyond_one_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.catalogue.replicated.BATCH_ROWS", 2)
    catalogue.register_all(make_facts(n) for n in range(1, 8))
    lines: list[LedgerLine] = []
    for n in range(1, 8):
        for replica in ("a", "b") if n % 2 else ("a",):
            lines.append(copy_line(len(lines) + 1, n, replica))
    catalogue.apply_all(lines)
    unsafe = [each.aip_id for each in catalogue.under_replicated(2, DOMAINS)]
    assert unsafe == [aip_id(n) for n in (2, 4, 6)]
