"""Kho's own METS and PREMIS schemas agree with the official ones on what packages may hold."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.official import mets_faults, premis_faults
from kit.oracles import shared
from kit.tt05_packages import PREMIS, REP, REP_PREMIS, aip, linked_sip, sip
from schemas.tt05_schemas import (
    SchemasIncomplete,
    Tt05Schemas,
    operators_schemas,
    own_schemas,
)
from schemas.xml import Xsd, XsdFault, parse_untrusted
from schemas.xml_caps import XmlRefused

METS_FILES = tuple(
    spec.files()[name]
    for spec in (sip(), linked_sip(), aip())
    for name in ("METS.xml", f"{REP}METS.xml")
)
PREMIS_FILES = (aip().files()[PREMIS], aip().files()[REP_PREMIS])
VALUES = ("", "x", "1a", "-1", "SIP", "URL", "SHA-256", "2026-03-02T09:15:00", "a b", "OTHER")


def ours(xsd: Xsd, content: bytes) -> list[XsdFault]:
    return xsd.faults(parse_untrusted(io.BytesIO(content)))


@st.composite
def mutated(draw: st.DrawFn, contents: tuple[bytes, ...]) -> bytes:
    """One of the documents with an element or an attribute taken out, doubled or changed."""
    content = draw(st.sampled_from(contents))
    elements = list(re.finditer(rb"<(\w+)([^<>]*?)/>|<(\w+)([^<>/]*)>([^<>]*)</\3>", content))
    attributes = list(re.finditer(rb' ([\w:]+)="([^"]*)"', content))
    kind = draw(st.sampled_from(("drop", "double", "unset", "set", "rename", "text")))
    if kind in {"drop", "double", "text"}:
        found = draw(st.sampled_from(elements))
        new = {"drop": b"", "double": found[0] * 2, "text": found[0] + b"text"}[kind]
        return content[: found.start()] + new + content[found.end() :]
    found = draw(st.sampled_from(attributes))
    if found[1].startswith((b"xmlns", b"xlink", b"xsi:schema")):
        return content  # what links say is left open in ours
    value = draw(st.sampled_from(VALUES)).encode()
    changed = {"unset": b"", "set": b' %s="%s"' % (found[1], value),
               "rename": b' KHAC="%s"' % found[2]}[kind]  # fmt: skip
    return content[: found.start()] + changed + content[found.end() :]


def agree(
    content: bytes, xsd: Xsd, official: Callable[[bytes], list[XsdFault]], left_open: bytes
) -> None:
    try:
        parse_untrusted(io.BytesIO(content))
    except XmlRefused:
        return
    mine, theirs = ours(xsd, content), official(content)
    assert bool(mine) == bool(theirs), (mine, theirs, left_open)


@settings(max_examples=150)
@given(mutated(METS_FILES))
def test_our_mets_schema_agrees_with_the_official_one(content: bytes) -> None:
    agree(content, own_schemas().mets, mets_faults, b"xlink")


@settings(max_examples=150)
@given(mutated(PREMIS_FILES))
def test_our_premis_schema_agrees_with_the_official_one(content: bytes) -> None:
    agree(content, own_schemas().premis, premis_faults, b"rights")


def test_sound_documents_are_accepted_by_ours() -> None:
    assert [ours(own_schemas().mets, content) for content in METS_FILES] == [[]] * 6
    assert [ours(own_schemas().premis, content) for content in PREMIS_FILES] == [[]] * 2


def test_the_operators_schemas_are_known_by_their_namespaces() -> None:
    found = operators_schemas(shared("official-xsd"))
    assert set(found.official) == {
        "mets1_12.xsd",
        "xlink.xsd",
        "DILCISExtensionMETS.xsd",
        "DILCISExtensionSIPMETS.xsd",
        "premis.xsd",
    }
    assert all(
        b"http://www.loc.gov/standards/xlink" not in each for each in found.official.values()
    )
    assert [ours(found.mets, content) for content in METS_FILES] == [[]] * 6
    assert "csip.xsd" not in found.of_package("hoso")


def test_half_a_set_of_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemasIncomplete):
        operators_schemas(tmp_path)
    mets = (
        b'<s xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.loc.gov/METS/"/>'
    )
    (tmp_path / "a.xsd").write_bytes(mets)
    (tmp_path / "b.xsd").write_bytes(b"<not xml")
    with pytest.raises(SchemasIncomplete, match=r"xlink\.xsd"):
        operators_schemas(tmp_path)


def test_premis_alone_may_be_the_operators(tmp_path: Path) -> None:
    premis = own_schemas().of_package("hoso")["premis.xsd"] + b"<!-- theirs -->"
    (tmp_path / "p.xsd").write_bytes(premis)
    found = operators_schemas(tmp_path)
    assert found == Tt05Schemas({"premis.xsd": premis})
    assert found.of_package("tailieu")["premis.xsd"] == premis
    assert "METS.xsd" in found.of_package("tailieu")
