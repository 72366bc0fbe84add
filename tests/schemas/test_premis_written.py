"""PREMIS files of ours are valid, complete, and read back as they were meant."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis
import pytest
from hypothesis import strategies as st

from kit.official import premis_faults
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.premis import (
    Identifier,
    ObjectLink,
    PremisFormat,
    PremisObject,
    PreservationLevel,
    Relationship,
    write_premis,
)
from schemas.premis_facts import (
    PremisAgentFacts,
    PremisEventFacts,
    PremisItem,
    PremisLink,
    PremisObjectFacts,
)
from schemas.premis_read import premis_items

MOMENT = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
PACKAGE = Identifier("UUID", "urn:TL05:uuid:A132DB32-73E5-5C11-A697-D5555175860A")
REP1 = Identifier("local", "urn:TL05:uuid:A132DB32-73E5-5C11-A697-D5555175860A/rep1")
SOFTWARE = Agent("Kho", version="0.1")
OFFICER = Agent("Nguyễn Thị Minh", kind="person", role="validator")


def file_object(number: int, **changes: object) -> PremisObject:
    """A file with everything a file can have."""
    given: dict[str, object] = {
        "category": "file",
        "identifiers": [
            Identifier("File", f"ID-{number}"),
            Identifier("Doc", f"H99.{number:07d}"),
        ],
        "sha256": "ab" * 32,
        "sha512": "cd" * 64,
        "digest_originator": "Kho 0.1",
        "size_bytes": 23993,
        "formats": [PremisFormat("Acrobat PDF 1.3", "1.3", "fmt/17", "signature; v116")],
        "original_name": f"Tờ trình số {number}.pdf",
        "content_location": f"data/Tờ trình số {number}.pdf",
        "storage_medium": "Hard disk",
        "relationships": [Relationship("structural", "is part of", [REP1])],
        "linked_events": [Identifier("UUID", "e-1")],
    }
    return PremisObject(**(given | changes))  # type: ignore[arg-type]  # fields by name


def objects(count: int = 2) -> Iterator[PremisObject]:
    """An intellectual entity, a representation, so many files."""
    yield PremisObject(
        category="intellectual entity",
        identifiers=[PACKAGE],
        xml_id="ip",
        preservation_levels=[PreservationLevel("Bit preservation", "High", assigned="2026-03-02")],
        original_name="1uuid-3BBCCEBC-B379-5392-9063-1C0942CF587D.zip",
        relationships=[Relationship("structural", "has part", [REP1])],
    )
    yield PremisObject(
        category="representation",
        identifiers=[REP1],
        xml_id="rep1",
        significant_properties=[("nhận xét", "đủ")],
        relationships=[
            Relationship(
                "structural",
                "has part",
                lambda: (Identifier("File", f"ID-{n}") for n in range(count)),
            )
        ],
    )
    for number in range(count):
        yield file_object(number)


def event(**changes: object) -> Event:
    """An event with everything an event can have."""
    given: dict[str, object] = {
        "id": "E73C46A8-987A-5D7B-8F28-3F59B4C2C0AE",
        "type": EventType.SIGNATURE_VALIDATION,
        "moment": MOMENT,
        "outcome": EventOutcome.WARNING,
        "detail": "Một chữ ký <hết hạn>",
        "agents": (SOFTWARE, OFFICER),
        "facts": {"signatures": 1, "policy": "mặc định", "trusted": False},
    }
    return Event(**(given | changes))  # type: ignore[arg-type]  # fields by name


def written(items: list[PremisObject] | None = None, *events: Event) -> bytes:
    """The PREMIS file."""
    out = io.BytesIO()
    write_premis(
        out,
        objects=objects if items is None else lambda: items,
        events=events,
        agents=[SOFTWARE],
        links=lambda _: [ObjectLink(PACKAGE), ObjectLink(REP1, "source")],
    )
    return out.getvalue()


def items_of(content: bytes) -> list[PremisItem]:
    """What the PREMIS file says."""
    return list(premis_items(io.BytesIO(content)))


CASES = {
    "all": written(None, event()),
    "bare file": written([PremisObject(category="file", identifiers=[PACKAGE])]),
    "bare entity": written([PremisObject(category="intellectual entity", identifiers=[PACKAGE])]),
    "unknown format": written([file_object(1, formats=[PremisFormat(note="no signature")])]),
    "two formats": written(
        [file_object(1, formats=[PremisFormat(puid="fmt/17"), PremisFormat(puid="fmt/18")])]
    ),
    "hostile text": written(
        [file_object(1, digest_originator="a\x00b", original_name=b"\xff\x00\n")],
        event(detail="\ud800\x01", agents=(Agent("a\x02b", kind="person"),)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_is_valid_premis(case: str) -> None:
    assert premis_faults(CASES[case]) == []


@pytest.mark.parametrize("kind", EventType)
def test_every_event_type_is_written_as_the_vocabulary_spells_it(kind: EventType) -> None:
    content = written(None, event(type=kind))
    assert f"<eventType>{kind.value}</eventType>".encode() in content
    assert premis_faults(content) == []


def test_objects_are_read_back() -> None:
    package, rep, first, second = (
        item for item in items_of(CASES["all"]) if isinstance(item, PremisObjectFacts)
    )
    assert (package.category, package.xml_id) == ("intellectual entity", "ip")
    assert package.original_name == b"1uuid-3BBCCEBC-B379-5392-9063-1C0942CF587D.zip"
    assert rep.properties == (("objectCategory", "representation"), ("nhận xét", "đủ"))
    assert first.identifiers == (Identifier("File", "ID-0"), Identifier("Doc", "H99.0000000"))
    assert first.fixity == (("SHA-256", "AB" * 32), ("SHA-512", "CD" * 64))
    assert (first.size_bytes, first.formats) == (
        23993,
        (PremisFormat("Acrobat PDF 1.3", "1.3", "fmt/17", "signature; v116"),),
    )
    assert second.original_name.decode() == "Tờ trình số 1.pdf"
    assert second.content_location == "data/T%E1%BB%9D%20tr%C3%ACnh%20s%E1%BB%91%201.pdf"


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.binary(min_size=1, max_size=30))
def test_every_original_name_comes_back_byte_for_byte(name: bytes) -> None:
    content = written([file_object(1, original_name=name)])
    (item,) = (item for item in items_of(content) if isinstance(item, PremisObjectFacts))
    assert item.original_name == name


def test_an_encoded_name_says_that_it_is_encoded_and_a_plain_one_does_not() -> None:
    encoded = written([file_object(1, original_name=b"T\xb5 tr\xd7nh.doc")])
    assert b"<originalName>T%B5%20tr%D7nh.doc</originalName>" in encoded
    assert b"percent-encoded" in encoded
    plain = written([file_object(1, original_name="100%25.doc")])
    assert b"<originalName>100%25.doc</originalName>" in plain
    assert b"percent-encoded" not in plain


def test_an_event_is_read_back_with_its_facts() -> None:
    (said,) = (item for item in items_of(CASES["all"]) if isinstance(item, PremisEventFacts))
    assert said.identifier == Identifier("UUID", event().id)
    assert (said.type, said.moment) == ("digital signature validation", "2026-03-02T02:15:00.000Z")
    assert (said.details, said.outcomes) == (("Một chữ ký <hết hạn>",), ("warning",))
    assert [json.loads(note) for note in said.notes] == [dict(event().facts)]


def test_a_check_that_did_not_run_is_not_a_success() -> None:
    content = written(None, event(outcome=EventOutcome.NOT_CHECKED))
    assert b"<eventOutcome>not checked</eventOutcome>" in content


def test_every_link_of_an_event_resolves_and_each_agent_is_written_once() -> None:
    content = written(None, event(id="a"), event(id="b"), event(id="c", agents=(OFFICER,)))
    items = items_of(content)
    agents = [item for item in items if isinstance(item, PremisAgentFacts)]
    assert [agent.name for agent in agents] == ["Kho", "Nguyễn Thị Minh"]
    known = {identifier for agent in agents for identifier in agent.identifiers}
    known |= {i for item in items if isinstance(item, PremisObjectFacts) for i in item.identifiers}
    links = [item for item in items if isinstance(item, PremisLink)]
    linked = {link.target for link in links if link.source.value in "abc"}
    assert len(linked) == 4
    assert linked <= known
    assert {(k.kind, k.role) for k in links if k.source.value == "a"} == {
        ("linkingAgentIdentifier", "executing program"),
        ("linkingAgentIdentifier", "validator"),
        ("linkingObjectIdentifier", "outcome"),
        ("linkingObjectIdentifier", "source"),
    }


def test_relationships_are_read_back() -> None:
    links = [item for item in items_of(CASES["all"]) if isinstance(item, PremisLink)]
    parts = {link.target.value for link in links if link.source == REP1}
    assert parts == {"ID-0", "ID-1"}
    assert {link.role for link in links if link.source == REP1} == {"structural/has part"}


def test_a_document_without_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one object"):
        written([])


def peak_of_writing(count: int) -> int:
    """The most memory, in bytes, that writing so many file objects takes."""

    class Nowhere(io.RawIOBase):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]  # bytes

    tracemalloc.start()
    write_premis(Nowhere(), objects=lambda: objects(count), events=[], agents=[])  # type: ignore[arg-type]  # takes bytes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_writing_takes_no_more_memory_for_more_objects() -> None:
    few, many = peak_of_writing(300), peak_of_writing(2_000)
    assert many < few * 1.2


def peak_of_reading(count: int) -> int:
    """The most Python memory, in bytes, that reading so many file objects takes."""
    out = io.BytesIO()
    write_premis(out, objects=lambda: objects(count), events=[], agents=[])
    out.seek(0)
    tracemalloc.start()
    assert sum(isinstance(i, PremisObjectFacts) for i in premis_items(out)) == count + 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_reading_takes_no_more_memory_for_more_objects() -> None:
    few, many = peak_of_reading(100), peak_of_reading(600)
    assert many < few * 1.2
