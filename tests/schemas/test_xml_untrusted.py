"""Strangers' XML is read within caps, and refused with a reason beyond them."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import islice
from typing import BinaryIO

import hypothesis
import pytest
from hypothesis import strategies as st

from schemas.xml import (
    SchemaCatalogue,
    XmlBadEncoding,
    XmlCaps,
    XmlHasDoctype,
    XmlMalformed,
    XmlRefused,
    XmlTooBig,
    XmlTooDeep,
    events_untrusted,
    iterate_untrusted,
    parse_untrusted,
)
from schemas.xml_text import is_xml_text
from schemas.xml_writing import xml_writer

SMALL = XmlCaps(
    total_bytes=200_000, depth=5, elements=50, attributes=4, text_chars=1000, unseen_bytes=70_000
)
Reader = Callable[[BinaryIO, XmlCaps], object]
READERS: dict[str, Reader] = {
    "tree": parse_untrusted,
    "events": lambda stream, caps: list(events_untrusted(stream, caps)),
    "elements": lambda stream, caps: list(iterate_untrusted(stream, ["a"], caps)),
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[bytes], object]:
    """Each of the three ways to read a stranger's XML, with small caps."""
    reader = READERS[request.param]
    return lambda content: reader(io.BytesIO(content), SMALL)


class Endless(io.RawIOBase):
    """A stream that goes on for ever with the same bytes; knows how much was taken."""

    def __init__(self, start: bytes, again: bytes) -> None:
        super().__init__()
        self._pending = start
        self._again = again
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "nobody may ask for the whole of a stranger's file"
        while len(self._pending) < size:
            self._pending += self._again * 1000
        chunk, self._pending = self._pending[:size], self._pending[size:]
        self.taken += len(chunk)
        return chunk


class KeptOpen(io.BytesIO):
    """Still tells how far it was read after its reader closed it."""

    def close(self) -> None:
        pass


DOCTYPES = {
    "bare": b"<!DOCTYPE a><a/>",
    "external file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external dtd": b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>',
    "bomb": b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
    "after a comment": b'<?xml version="1.0"?>\n<!-- hello --><!DOCTYPE a><a/>',
    "in another encoding": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode(
        "utf-16"
    ),
}


@pytest.mark.parametrize("content", DOCTYPES.values(), ids=DOCTYPES)
def test_every_doctype_is_refused(read: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(XmlHasDoctype):
        read(content)


MALFORMED = {
    "empty": b"",
    "truncated": b"<a><b></b>",
    "two roots": b"<a/><a/>",
    "undeclared entity": b"<a>&x;</a>",
    "attribute twice": b'<a x="1" x="2"/>',
    "control character": b"<a>&#1;</a>",
    "not xml": b"PK\x03\x04",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_well_formed_is_refused_as_such(
    read: Callable[[bytes], object], content: bytes
) -> None:
    with pytest.raises(XmlMalformed):
        read(content)


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(XmlMalformed) as refused:
        parse_untrusted(io.BytesIO(b"<a>\n<b>\n</a>"))
    assert refused.value.fields["line"] == 3


@pytest.mark.parametrize(
    "content",
    [b'<?xml version="1.0" encoding="no-such"?><a/>', b"<a>\xff</a>", "<a>ệ</a>".encode()[:-5]],
    ids=["unknown encoding", "invalid bytes", "cut inside a character"],
)
def test_bytes_that_are_no_text_are_refused_as_a_matter_of_encoding_or_form(
    read: Callable[[bytes], object], content: bytes
) -> None:
    with pytest.raises((XmlBadEncoding, XmlMalformed)):
        read(content)


def test_an_unknown_encoding_is_named_as_the_reason() -> None:
    with pytest.raises(XmlBadEncoding) as refused:
        parse_untrusted(io.BytesIO(b'<?xml version="1.0" encoding="no-such"?><a/>'))
    assert "no-such" in str(refused.value.fields["reason"])


def test_depth_is_allowed_up_to_the_cap_and_refused_beyond(
    read: Callable[[bytes], object],
) -> None:
    read(b"<a>" * 5 + b"</a>" * 5)
    with pytest.raises(XmlTooDeep):
        read(b"<a>" * 6 + b"</a>" * 6)


BIG = {
    "elements": ("elements", b"<a>" + b"<b/>" * 50 + b"</a>"),
    "attributes": ("attributes", b'<a p="" q="" r="" s="" t=""/>'),
    "namespaces": (
        "attributes",
        b'<a xmlns:p="p" xmlns:q="q" xmlns:r="r" xmlns:s="s" xmlns:t="t"/>',
    ),
    "text": ("text", b"<a>" + b"x" * 1001 + b"</a>"),
    "text in pieces": ("text", b"<a>" + b"&lt;" * 1001 + b"</a>"),
    "text between children": ("text", b"<a>" + (b"x" * 100 + b"<b/>") * 11 + b"</a>"),
    "attribute": ("attribute", b'<a p="' + b"x" * 1001 + b'"/>'),
    "bytes": ("bytes", b"<a/>" + b"<!-- nothing -->\n" * 12_000),
}


@pytest.mark.parametrize(("what", "content"), BIG.values(), ids=BIG)
def test_what_grows_beyond_its_cap_is_refused(
    read: Callable[[bytes], object], what: str, content: bytes
) -> None:
    with pytest.raises(XmlTooBig) as refused:
        read(content)
    assert refused.value.fields["what"] == what


def test_what_stays_at_its_caps_is_read(read: Callable[[bytes], object]) -> None:
    read(b'<a p="" q="" r="" s="">' + b"x" * 1000 + b"<b/>" * 49 + b"</a>")


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"<a ", b'x="1" '),
        (b"<a", b"a"),
        (b'<a x="', b"v"),
        (b"<a><!--", b"c"),
        (b"<a><?p ", b"i"),
        (b"<a>", b"text"),
        (b"<a>", b"<![CDATA[x]]>"),
        (b"<a>", b"<b/>"),
        (b"", b"<a>"),
        (b"", b"\n"),
    ],
)
def test_an_endless_file_is_refused_before_much_of_it_was_taken(
    start: bytes, again: bytes
) -> None:
    stream = Endless(start, again)
    with pytest.raises(XmlRefused):
        list(events_untrusted(stream, SMALL))  # type: ignore[arg-type]  # RawIOBase reads bytes
    assert stream.taken <= SMALL.total_bytes + 64 * 1024


def test_an_endless_start_tag_is_dropped_at_its_own_cap() -> None:
    caps = XmlCaps(unseen_bytes=256 * 1024)
    stream = Endless(b"<a ", b'x="1" ')
    with pytest.raises(XmlTooBig):
        list(events_untrusted(stream, caps))  # type: ignore[arg-type]  # RawIOBase reads bytes
    assert stream.taken < 512 * 1024


def test_elements_are_given_while_the_file_is_still_coming() -> None:
    stream = Endless(b"<root>", b"<file n='1'><x>y</x></file>")
    caps = XmlCaps(total_bytes=10**9)
    elements = iterate_untrusted(stream, ["file"], caps)  # type: ignore[arg-type]  # as above
    first = list(islice(elements, 5000))
    assert [element.findtext("x") for element in first] == ["y"] * 5000
    assert stream.taken < 300_000


def test_a_wanted_element_comes_whole_with_those_inside_it() -> None:
    content = b"<r>a<d n='1'>t<d n='2'/>u</d>b<e/><d n='3'/></r>"
    found = list(iterate_untrusted(io.BytesIO(content), ["d"]))
    assert [element.get("n") for element in found] == ["1", "3"]
    assert [child.get("n") for child in found[0]] == ["2"]
    assert (found[0].text, found[0][0].tail) == ("t", "u")


def test_namespaces_are_known_where_a_wanted_element_needs_them() -> None:
    content = b'<r xmlns="urn:r"><d xmlns:p="urn:p" p:x="1"/></r>'
    (found,) = iterate_untrusted(io.BytesIO(content), ["{urn:r}d"])
    assert found.get("{urn:p}x") == "1"


def test_the_tree_keeps_comments_and_line_numbers() -> None:
    root = parse_untrusted(io.BytesIO(b"<a>\n<!--c-->\n<b/></a>"))
    assert [child.sourceline for child in root] == [2, 3]


def test_an_event_carries_the_elements_own_text() -> None:
    events = list(events_untrusted(io.BytesIO("<a>\n <b>một &amp; hai</b>\n</a>".encode())))
    assert [(e.kind, e.tag, e.text, e.depth) for e in events if e.tag == "b"] == [
        ("start", "b", "", 2),
        ("end", "b", "một & hai", 2),
    ]


@hypothesis.given(st.text(st.characters(codec="utf-8")).filter(is_xml_text))
def test_every_reader_gives_text_and_attributes_alike(text: str) -> None:
    out = io.BytesIO()
    with xml_writer(out) as xml, xml.element("a"):
        xml.leaf("b", text, {"c": text})
    content = out.getvalue()
    tree = parse_untrusted(io.BytesIO(content))[0]
    (element,) = iterate_untrusted(io.BytesIO(content), ["b"])
    start, end = (e for e in events_untrusted(io.BytesIO(content)) if e.tag == "b")
    assert (tree.text or "") == (element.text or "") == end.text == text
    assert tree.get("c") == element.get("c") == start.attributes["c"] == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "windows-1258", "iso-8859-1"])
def test_other_declared_encodings_are_read(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    content = f'<?xml version="1.0" encoding="{name}"?><a>Hà</a>'.encode(encoding)
    assert parse_untrusted(io.BytesIO(content)).text == "Hà"


def test_no_schema_location_is_ever_followed() -> None:
    content = (
        b'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xsi:noNamespaceSchemaLocation="http://example.org/a.xsd"'
        b' xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></a>'
    )
    root = parse_untrusted(io.BytesIO(content))
    assert len(root) == 1
    assert root[0].text is None


FRAGMENTS = st.sampled_from(
    b'<a> </a> <a /> x=" " & ; &#x41; <!-- --> <![CDATA[ ]]> <?p ?> <!DOCTYPE [ ] \xff \x00 t '
    b"xmlns:p='u'".split(b" ")
)


@hypothesis.given(st.lists(FRAGMENTS | st.binary(max_size=5), max_size=40))
def test_any_bytes_are_either_read_or_refused(parts: list[bytes]) -> None:
    content = b"".join(parts)
    for reader in READERS.values():
        try:
            reader(io.BytesIO(content), SMALL)
        except XmlRefused:
            continue


XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="urn:b" schemaLocation="http://example.org/deep/b.xsd"/>
<xs:element name="a"><xs:complexType><xs:sequence>
<xs:element xmlns:b="urn:b" ref="b:n" maxOccurs="9"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
IMPORTED = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:b">
<xs:element name="n" type="xs:integer"/></xs:schema>"""


def test_a_schema_imports_from_its_catalogue_by_file_name() -> None:
    xsd = SchemaCatalogue({"a.xsd": XSD, "b.xsd": IMPORTED}).compile("a.xsd")
    good = parse_untrusted(io.BytesIO(b'<a><n xmlns="urn:b">1</n></a>'))
    bad = parse_untrusted(io.BytesIO(b'<a>\n<n xmlns="urn:b">x</n>\n<n xmlns="urn:b">y</n></a>'))
    assert xsd.faults(good) == []
    assert [fault.line for fault in xsd.faults(bad)] == [2, 3]
    assert len(xsd.faults(bad, limit=1)) == 1


def test_a_schema_that_is_not_in_the_catalogue_is_not_looked_for_elsewhere() -> None:
    with pytest.raises(KeyError, match=r"b\.xsd"):
        SchemaCatalogue({"a.xsd": XSD}).compile("a.xsd")
    with pytest.raises(KeyError):
        SchemaCatalogue({}).compile("a.xsd")


def test_a_document_of_any_size_is_judged_without_being_held() -> None:
    xsd = SchemaCatalogue({"a.xsd": XSD.replace(b'"9"', b'"unbounded"'), "b.xsd": IMPORTED})
    judge = xsd.compile("a.xsd")
    good = b'<a xmlns:b="urn:b">' + b"<b:n>1</b:n>" * 5000 + b"</a>"
    assert judge.faults_in(lambda: io.BytesIO(good)) == []
    bad = good.replace(b"1", b"x")
    assert len(judge.faults_in(lambda: io.BytesIO(bad), limit=7)) == 7
    (fault,) = judge.faults_in(lambda: io.BytesIO(good.replace(b">1<", b">y<", 1)))
    assert "'y'" in fault.message
    with pytest.raises(XmlTooBig):
        judge.faults_in(lambda: io.BytesIO(good), SMALL)
    with pytest.raises(XmlHasDoctype):
        judge.faults_in(lambda: io.BytesIO(b"<!DOCTYPE a><a/>"))


def test_a_document_that_was_read_before_is_read_once_more_when_it_is_small_and_right() -> None:
    judge = SchemaCatalogue({"a.xsd": XSD, "b.xsd": IMPORTED}).compile("a.xsd")
    good = b'<a xmlns:b="urn:b"><b:n>1</b:n></a>'
    reading = iter([io.BytesIO(good)])
    assert judge.faults_in(lambda: next(reading), read_before=len(good)) == []
    bad = good.replace(b"1", b"x")
    (fault,) = judge.faults_in(lambda: io.BytesIO(bad), read_before=len(bad))
    assert "'x'" in fault.message


def test_judging_stops_when_enough_is_wrong() -> None:
    judge = SchemaCatalogue({"a.xsd": XSD, "b.xsd": IMPORTED}).compile("a.xsd")
    content = b'<a xmlns:b="urn:b">' + b"<b:n>x</b:n>" * 50_000 + b"</a>"
    readings = [KeptOpen(content), KeptOpen(content)]
    streams = iter(readings)
    assert len(judge.faults_in(lambda: next(streams), limit=3)) == 3
    counted, judged = (reading.tell() for reading in readings)
    assert counted == len(content)
    assert judged < len(content) / 2
