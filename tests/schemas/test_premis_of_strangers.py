"""Strangers' PREMIS files are read as a stream, also in the form the circular prints."""

from __future__ import annotations

import hashlib
import io

import pytest

from kit.official import example, premis_faults
from schemas.premis import Identifier, PremisFormat
from schemas.premis_facts import (
    PremisAgentFacts,
    PremisEventFacts,
    PremisItem,
    PremisLink,
    PremisObjectFacts,
    PremisRepair,
    PremisRoot,
)
from schemas.premis_read import UNIT_NODES, NotPremis, premis_items
from schemas.text import LANGUAGES, catalogue
from schemas.xml import XmlHasDoctype, XmlTooBig, parse_untrusted
from schemas.xml_repairs import mend_premis

V3 = 'xmlns="http://www.loc.gov/premis/v3"'

CIRCULAR = """<premis xmlns:premis="http://www.loc.gov/premis/v3">
 <object>
  <objectIdentifier><objectIdentifierType>File</objectIdentifierType>
   <objectIdentifierValue>ID-1</objectIdentifierValue></objectIdentifier>
  <objectCategory>file</objectCategory>
  <objectCharacteristics><compositionLevel>0</compositionLevel>
   <fixity><messageDigestAlgorithm>SHA-256</messageDigestAlgorithm>
    <messageDigest>AB</messageDigest></fixity><size>12</size>
   <format><formatDesignation><formatName>PDF</formatName></formatDesignation></format>
  </objectCharacteristics>
  <originalName> Tờ trình.pdf
  </originalName>
 </object>
 <event><eventIdentifier><eventIdentifierType>UUID</eventIdentifierType>
  <eventIdentifierValue>e</eventIdentifierValue></eventIdentifier><eventType>transfer</eventType>
  <eventDateTime>2026-03-02T09:12:00+07:00</eventDateTime></event>
</premis>"""


def items_of(content: str | bytes) -> list[PremisItem]:
    """What the PREMIS file says."""
    raw = content.encode() if isinstance(content, str) else content
    return list(premis_items(io.BytesIO(raw)))


def test_the_circulars_own_form_is_read_and_reported() -> None:
    items = items_of(CIRCULAR)
    assert [item.code for item in items if isinstance(item, PremisRepair)] == [
        "PREMIS-NO-NAMESPACE",
        "PREMIS-OBJECT-CATEGORY",
    ]
    (root,) = (item for item in items if isinstance(item, PremisRoot))
    assert (root.version, root.namespace) == ("", "")
    (said,) = (item for item in items if isinstance(item, PremisObjectFacts))
    assert (said.category, said.identifiers) == ("file", (Identifier("File", "ID-1"),))
    assert (said.fixity, said.size_bytes) == ((("SHA-256", "AB"),), 12)
    assert said.original_name.decode() == "Tờ trình.pdf"
    (event,) = (item for item in items if isinstance(item, PremisEventFacts))
    assert (event.type, event.outcomes) == ("transfer", ())


@pytest.mark.parametrize("category", ["file", "intellectual entity"])
def test_the_circulars_form_is_valid_once_mended(category: str) -> None:
    content = CIRCULAR.replace(">file<", f">{category}<")
    if category != "file":
        start, end = content.index("<objectChar"), content.index("<originalName>")
        content = content[:start] + content[end:]
    assert premis_faults(content.encode()) != []
    root = parse_untrusted(io.BytesIO(content.encode()))
    assert mend_premis(root) == ("PREMIS-NO-NAMESPACE", "PREMIS-OBJECT-CATEGORY")
    mended = io.BytesIO()
    root.getroottree().write(mended, encoding="utf-8")
    assert premis_faults(mended.getvalue()) == []
    (said,) = (i for i in items_of(mended.getvalue()) if isinstance(i, PremisObjectFacts))
    assert said.category == category


def test_a_category_under_the_default_namespace_is_mended_without_a_prefix() -> None:
    content = CIRCULAR.replace("xmlns:premis=", 'version="3.0" xmlns=')
    root = parse_untrusted(io.BytesIO(content.encode()))
    assert mend_premis(root) == ("PREMIS-OBJECT-CATEGORY",)
    mended = io.BytesIO()
    root.getroottree().write(mended, encoding="utf-8")
    assert premis_faults(mended.getvalue()) == []


def example_files() -> list[tuple[str, str]]:
    """The example PREMIS files."""
    root = ("metadata", "preservation", "PREMIS.xml")
    rep = ("representations", "rep1", "metadata", "preservation", "PREMIS_rep1.xml")
    packages = ("AIP_hoso", "AIP_tailieu")
    found = [(p, "/".join(parts)) for p in packages for parts in (root, rep)]
    return [*found, ("DIP", "/".join(root))]


@pytest.mark.parametrize(("package", "path"), example_files())
def test_an_example_is_read_without_repairs_and_its_links_resolve(package: str, path: str) -> None:
    (folder,) = example(package).iterdir()
    items = items_of((folder / path).read_bytes())
    assert not [item for item in items if isinstance(item, PremisRepair)]
    named = {i for x in items if isinstance(x, PremisObjectFacts) for i in x.identifiers}
    agents = {i for x in items if isinstance(x, PremisAgentFacts) for i in x.identifiers}
    links = [item for item in items if isinstance(item, PremisLink)]
    assert links
    assert {k.target for k in links if k.kind == "linkingAgentIdentifier"} <= agents
    assert {k.target for k in links if k.target.type == "File"} <= named


@pytest.mark.parametrize("package", ["AIP_hoso", "AIP_tailieu"])
def test_the_files_of_an_example_have_the_fixity_that_premis_says(package: str) -> None:
    (folder,) = example(package).iterdir()
    rep = folder / "representations" / "rep1"
    premis = rep / "metadata" / "preservation" / "PREMIS_rep1.xml"
    files = [
        item
        for item in items_of(premis.read_bytes())
        if isinstance(item, PremisObjectFacts) and item.category == "file"
    ]
    assert {f.original_name.decode() for f in files} == {p.name for p in (rep / "data").iterdir()}
    for item in files:
        content = (rep / item.content_location).read_bytes()
        assert item.size_bytes == len(content)
        assert dict(item.fixity)["SHA-256"].lower() == hashlib.sha256(content).hexdigest()
        assert item.formats
        assert all(isinstance(form, PremisFormat) and form.puid for form in item.formats)


def test_rights_extensions_and_foreign_elements_are_passed_over() -> None:
    inner = "<object><objectIdentifier/></object>"
    content = (
        f"<premis {V3}><rights>{inner}</rights><x xmlns='urn:x'>{inner}</x>"
        "<object><objectIdentifier><objectIdentifierType>a</objectIdentifierType>"
        "<objectIdentifierValue>b</objectIdentifierValue></objectIdentifier>"
        f"<objectCharacteristics><objectCharacteristicsExtension>{inner}"
        "</objectCharacteristicsExtension><size>x</size></objectCharacteristics></object></premis>"
    )
    (said,) = (item for item in items_of(content) if isinstance(item, PremisObjectFacts))
    assert (said.identifiers, said.size_bytes) == ((Identifier("a", "b"),), None)


def test_an_extension_may_be_larger_than_an_object() -> None:
    extension = "<agentExtension>" + "<x/>" * (UNIT_NODES + 1) + "</agentExtension>"
    items = items_of(f"<premis {V3}><agent><agentName>a</agentName>{extension}</agent></premis>")
    assert [item.name for item in items if isinstance(item, PremisAgentFacts)] == ["a"]


@pytest.mark.parametrize("content", ["<mets/>", '<premis xmlns="info:lc/xmlns/premis-v2"/>'])
def test_what_is_no_premis_3_file_is_refused(content: str) -> None:
    with pytest.raises(NotPremis):
        items_of(content)


def test_a_hostile_premis_file_is_refused() -> None:
    with pytest.raises(XmlHasDoctype):
        items_of("<!DOCTYPE premis><premis/>")
    swollen = f"<premis {V3}><agent>" + "<agentNote/>" * (UNIT_NODES + 1) + "</agent></premis>"
    with pytest.raises(XmlTooBig):
        items_of(swollen)
    link = "<linkingEventIdentifier>" + "<x/>" * (UNIT_NODES + 1) + "</linkingEventIdentifier>"
    with pytest.raises(XmlTooBig):
        items_of(f"<premis {V3}><agent>{link}</agent></premis>")


def test_links_do_not_count_towards_the_size_of_their_object() -> None:
    link = (
        "<relatedObjectIdentifier><relatedObjectIdentifierType>File</relatedObjectIdentifierType>"
        "<relatedObjectIdentifierValue>x</relatedObjectIdentifierValue></relatedObjectIdentifier>"
    )
    content = (
        f"<premis {V3}><object><relationship><relationshipType>structural</relationshipType>"
        f"<relationshipSubType>has part</relationshipSubType>{link * UNIT_NODES}</relationship>"
        "</object></premis>"
    )
    links = [item for item in items_of(content) if isinstance(item, PremisLink)]
    assert len(links) == UNIT_NODES
    assert {link.role for link in links} == {"structural/has part"}


def test_every_refusal_and_repair_of_premis_has_its_text_in_both_languages() -> None:
    codes = {NotPremis.code, "PREMIS-NO-NAMESPACE", "PREMIS-OBJECT-CATEGORY"}
    for lang in LANGUAGES:
        assert codes <= set(catalogue(lang))
