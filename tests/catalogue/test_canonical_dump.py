"""The dump says what the catalogue holds and nothing about how it came to hold it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.catalogues import (
    DATA,
    MOMENT,
    aip_id,
    copy_line,
    empty_catalogue,
    make_facts,
    make_file,
    make_line,
    receipt_body,
)
from repository.catalogue import Catalogue, FileCheck
from repository.catalogue.declared import DECLARED, Kept
from repository.catalogue.dump import rows_of
from repository.facts import AipFacts, SignatureFacts
from schemas.nouns import Document, Place, Verdict
from schemas.records import LedgerLine

NFC, NFD = "ủy", "u\u0309y"


def dump_of(catalogue: Catalogue) -> str:
    out = StringIO()
    catalogue.dump(out)
    return out.getvalue()


def some_dossiers() -> list[AipFacts]:
    old = make_file("/v1/content/old", role="superseded", size_bytes=None, puids=())
    return [
        make_facts(1, files=3, fields={"b": "2", "a": NFD}),
        make_facts(2, fonds="A", title=NFC, files=(make_file(NFD), make_file(NFC))),
        make_facts(3, files=(old,), documents=()),
        make_facts(1, place=Place.HOLDING, documents=(Document("x", "y", fields={"z": "1"}),)),
        make_facts(4, signatures=signatures()),
    ]


def verdict_body() -> dict[str, object]:
    verdict = {"format": "kho.signature-verdict/1", "path": "a.pdf", "decision": "warn"}
    return {"aip_id": aip_id(4), "cause": "new CRL", "verdict": verdict}


def signatures() -> tuple[SignatureFacts, ...]:
    return tuple(
        SignatureFacts(logical_path=f"{DATA}/000000.pdf", position=n, signer=NFD) for n in (0, 1)
    )


def some_lines() -> list[LedgerLine]:
    return [
        copy_line(1, 1, "b"),
        make_line(2, "receipt", receipt_body(1)),
        copy_line(3, 1, "a"),
        copy_line(4, 1, "b", state="damaged"),
        make_line(5, "rejection", {"receipt": receipt_body(9), "files": [{"path": NFD}]}),
        make_line(7, "signature-verdict", verdict_body()),
        make_line(6, "audit", {"z": 1, "a": {"d": 1, "c": 2}}),
    ]


def fill(catalogue: Catalogue, facts: Sequence[AipFacts], lines: Sequence[LedgerLine]) -> None:
    for each in facts:
        catalogue.register(each)
    for line in lines:
        catalogue.apply(line)


@settings(max_examples=10)
@given(st.permutations(some_dossiers()), st.permutations(some_lines()), st.integers(0, 3))
def test_the_order_of_arrival_does_not_show(
    tmp_path_factory: pytest.TempPathFactory,
    facts: list[AipFacts],
    lines: list[LedgerLine],
    twice: int,
) -> None:
    with empty_catalogue(tmp_path_factory.mktemp("one")) as catalogue:
        fill(catalogue, some_dossiers(), some_lines())
        expected = dump_of(catalogue)
    with empty_catalogue(tmp_path_factory.mktemp("other")) as catalogue:
        # An earlier life, of which nothing may show: other rows, keys and numbers.
        catalogue.register(make_facts(8, files=4))
        catalogue.register(replace(facts[twice], title="before", fields={}, documents=()))
        catalogue.remove(aip_id(8), Place.ARCHIVE)
        fill(catalogue, facts, lines)
        fill(catalogue, facts[:twice], lines[:twice])
        assert dump_of(catalogue) == expected


def test_every_archival_and_journalled_table_is_in_it_and_no_other(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        event = {"id": "e", "type": "recovery", "moment": MOMENT, "outcome": "success"}
        fill(catalogue, some_dossiers(), [*some_lines(), make_line(8, "event", event)])
        lines = [json.loads(line) for line in dump_of(catalogue).splitlines()]
    assert lines[0] == {"format": "kho.catalogue-dump/1"}
    kept = {name for name, each in DECLARED.items() if each.kept is not Kept.DISPOSABLE}
    assert {line["table"] for line in lines[1:]} == kept


def test_no_key_of_ours_is_in_it(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        fill(catalogue, some_dossiers(), some_lines())
        lines = [json.loads(line) for line in dump_of(catalogue).splitlines()]
    assert not [line for line in lines if {"aip_key", "content_key"} & set(line)]


def test_what_audits_say_is_not_in_it(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        fill(catalogue, some_dossiers(), some_lines())
        before = dump_of(catalogue)
        each = catalogue.all_files()[0]
        check = FileCheck(each.aip_id, each.place, each.content_path, Verdict.ALTERED, MOMENT)
        catalogue.record_checks("run", "a", [check], "")
        catalogue.reindex()
        assert dump_of(catalogue) == before


@pytest.mark.parametrize(
    "changed",
    [
        make_facts(1, title=NFD),
        make_facts(1, title=NFC, fields={"maintenance": "02"}),
        make_facts(1, title=NFC, documents=()),
        make_facts(1, title=NFC, files=(make_file("other"),)),
        make_facts(1, title=NFC, files=(make_file("a", puids=("fmt/1",)),)),
        make_facts(1, title=NFC, files=(make_file("a"),), signatures=signatures()),
    ],
    ids=["form of unicode", "field", "document", "file", "format", "signature"],
)
def test_any_other_fact_shows(tmp_path: Path, changed: AipFacts) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1, title=NFC, files=(make_file("a"),)))
        before = dump_of(catalogue)
        catalogue.register(changed)
        assert dump_of(catalogue) != before


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    with empty_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1, title=f'{NFC} {NFD} "\n\t\\'))
        (title,) = (
            json.loads(line)["title"]
            for line in dump_of(catalogue).splitlines()
            if '"table":"aip"' in line
        )
    assert title == f'{NFC} {NFD} "\n\t\\'


def test_files_are_read_from_the_database_as_they_are_written(tmp_path: Path) -> None:
    class Out(StringIO):
        largest = 0

        def write(self, text: str) -> int:
            self.largest = max(self.largest, len(text))
            return len(text)

    with empty_catalogue(tmp_path) as catalogue:
        catalogue.register(make_facts(1, files=3_000))
        out = Out()
        catalogue.dump(out)
    assert 0 < out.largest < 1_000, "one row at a time"


def test_no_table_is_sorted_in_memory_to_be_dumped(tmp_path: Path) -> None:
    plans: list[str] = []
    with empty_catalogue(tmp_path) as catalogue, catalogue._database.read() as connection:
        for name, declared in DECLARED.items():
            if declared.order:
                asked = rows_of(name, declared.order).compile(connection.engine)
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
                plans += [f"{name}: {row[3]}" for row in plan]
    assert len(plans) > 10
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]
