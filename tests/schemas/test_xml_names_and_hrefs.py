"""Names and paths come back from XML exactly as they went in."""

from __future__ import annotations

import io
import re

import hypothesis
import pytest
from hypothesis import strategies as st

from schemas.xml import parse_untrusted
from schemas.xml_text import (
    decode_href,
    encode_href,
    is_xml_text,
    read_name,
    write_name,
    xml_safe,
)
from schemas.xml_writing import xml_writer

RFC3986 = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})*")


def through_xml(text: str) -> str:
    """The text after being written and read as the content of an element."""
    out = io.BytesIO()
    with xml_writer(out) as xml, xml.element("a"):
        xml.leaf("b", text)
    return parse_untrusted(io.BytesIO(out.getvalue())).findtext("b") or ""


@hypothesis.given(st.text(st.characters(codec="utf-8")))
def test_every_path_survives_its_href(path: str) -> None:
    href = encode_href(path)
    assert RFC3986.fullmatch(href)
    assert decode_href(href) == path


@pytest.mark.parametrize(
    ("path", "href"),
    [
        ("data/Tờ trình.pdf", "data/T%E1%BB%9D%20tr%C3%ACnh.pdf"),
        ("data/100%.txt", "data/100%25.txt"),
        ("data/a%20b.txt", "data/a%2520b.txt"),
        ('data/"x"\n.txt', "data/%22x%22%0A.txt"),
        ("data/a#b?c.txt", "data/a%23b%3Fc.txt"),
        ("c:x/y", "c%3Ax/y"),
    ],
)
def test_an_href_is_written_as_rfc_3986_wants_it(path: str, href: str) -> None:
    assert encode_href(path) == href


def test_an_href_that_forgot_to_encode_its_percent_sign_is_read_as_it_stands() -> None:
    assert decode_href("data/100%.txt") == "data/100%.txt"
    assert decode_href("data/a b.txt") == "data/a b.txt"


@hypothesis.given(st.binary(max_size=40))
def test_every_name_survives_being_written_in_xml(name: bytes) -> None:
    written = write_name(name)
    assert is_xml_text(written.text)
    assert read_name(through_xml(written.text).strip(), encoded=written.encoded) == name


@hypothesis.given(st.text(max_size=40))
def test_every_name_given_as_text_survives_too(name: str) -> None:
    hypothesis.assume(not any("\ud800" <= char <= "\udfff" for char in name))
    written = write_name(name)
    assert read_name(through_xml(written.text).strip(), encoded=written.encoded) == name.encode()


@pytest.mark.parametrize(
    ("name", "text", "encoded"),
    [
        ("Tờ trình 100%.pdf", "Tờ trình 100%.pdf", False),
        ("a\nb", "a%0Ab", True),
        (" a", "%20a", True),
        (b"T\xb5.doc", "T%B5.doc", True),
        ("a\x01", "a%01", True),
        ("a\udcff", "a%FF", True),
    ],
)
def test_only_a_name_that_is_not_plain_text_is_encoded(
    name: str | bytes, text: str, encoded: bool
) -> None:
    written = write_name(name)
    assert (written.text, written.encoded) == (text, encoded)


@hypothesis.given(st.text(st.characters()))
def test_prose_is_made_holdable_and_otherwise_left_alone(text: str) -> None:
    safe = xml_safe(text)
    assert is_xml_text(safe)
    assert len(safe) == len(text)
    assert through_xml(safe) == safe
    assert (safe == text) == is_xml_text(text)
