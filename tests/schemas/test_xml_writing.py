"""Our own XML is well-formed whatever it holds, and never held in memory."""

from __future__ import annotations

import io

import hypothesis
import pytest
from hypothesis import strategies as st

from schemas.xml import parse_untrusted
from schemas.xml_text import is_xml_text
from schemas.xml_writing import XmlWriter, xml_writer

HOLDABLE = st.text(st.characters(codec="utf-8")).filter(is_xml_text)


@hypothesis.given(HOLDABLE, HOLDABLE)
def test_text_and_attributes_are_read_back_exactly(text: str, value: str) -> None:
    out = io.BytesIO()
    with xml_writer(out, {None: "urn:a", "p": "urn:p"}) as xml, xml.element("{urn:a}r"):
        xml.leaf("{urn:a}x", text, {"plain": value, "{urn:p}own": value})
    root = parse_untrusted(io.BytesIO(out.getvalue()))
    assert root.tag == "{urn:a}r"
    assert (root[0].text or "") == text
    assert dict(root[0].attrib) == {"plain": value, "{urn:p}own": value}


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\ud800", "\ufffe"])
def test_what_xml_cannot_hold_is_refused(bad: str) -> None:
    xml = XmlWriter(io.BytesIO(), {})
    with pytest.raises(ValueError, match="cannot hold"):
        xml.leaf("a", f"x{bad}")
    with pytest.raises(ValueError, match="cannot hold"):
        xml.leaf("a", attributes={"b": bad})


def test_an_undeclared_namespace_is_refused() -> None:
    with pytest.raises(KeyError):
        XmlWriter(io.BytesIO(), {}).leaf("{urn:a}x")


def test_attributes_keep_their_order_and_elements_are_indented() -> None:
    out = io.BytesIO()
    with xml_writer(out) as xml, xml.element("a", {"z": "1", "b": "2"}):
        with xml.element("c"):
            xml.leaf("d", "e")
        xml.leaf("f")
    assert out.getvalue().decode() == (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<a z="1" b="2">\n  <c>\n    <d>e</d>\n  </c>\n  <f/>\n</a>\n'
    )


def test_what_is_written_leaves_memory_at_once() -> None:
    out = io.BytesIO()
    with xml_writer(out) as xml, xml.element("a"):
        for number in range(20_000):
            xml.leaf("b", str(number))
        before = len(out.getvalue())
    assert len(out.getvalue()) - before < 50_000
