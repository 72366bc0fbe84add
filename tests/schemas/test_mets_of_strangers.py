"""Strangers' METS files are read as a stream, through their known mistakes and no further."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections import deque
from itertools import islice
from pathlib import Path

import pytest

from kit.mets_data import numbered_refs, package, representation
from kit.official import example, mets_faults
from kit.oracles import PROJECT
from schemas.eark import write_package_mets, write_representation_mets
from schemas.mets_facts import UNREADABLE_SIZE, MetsFacts, MetsFileEntry, MetsRoot, Repair
from schemas.mets_read import METS_CAPS, UNIT_NODES, NotMets, mets_items, read_mets
from schemas.text import LANGUAGES, catalogue
from schemas.xml import XmlCaps, XmlHasDoctype, XmlMalformed, XmlTooBig, parse_untrusted
from schemas.xml_repairs import mend_mets

NS = 'xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink"'
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
EXAMPLES = ("SIP_hoso", "SIP_tailieu", "AIP_hoso", "AIP_tailieu", "DIP")


def facts_of(content: str | bytes) -> MetsFacts:
    """What the METS file says."""
    return read_mets(io.BytesIO(content.encode() if isinstance(content, str) else content))


def generic() -> str:
    """A package's root METS file, ours."""
    out = io.BytesIO()
    write_package_mets(out, package())
    return out.getvalue().decode()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_file_of_an_example_package_is_named_with_its_digest(name: str) -> None:
    (folder,) = example(name).iterdir()
    named = {folder / "METS.xml"}
    for mets in (folder / "METS.xml", folder / "representations" / "rep1" / "METS.xml"):
        facts = facts_of(mets.read_bytes())
        assert facts.repairs == ()
        refs = [entry.file for entry in facts.files]
        refs += [reference.file for section in facts.sections for reference in section.references]
        for file in refs:
            content = (mets.parent / file.path).read_bytes()
            assert file.size_bytes == len(content)
            assert file.checksum.lower() == hashlib.sha256(content).hexdigest()
            named.add(mets.parent / file.path)
    assert named == {path for path in folder.rglob("*") if path.is_file()}


def test_the_header_of_an_example_is_read() -> None:
    (folder,) = example("AIP_hoso").iterdir()
    facts = facts_of((folder / "METS.xml").read_bytes())
    assert (facts.root.type, facts.root.content_information_type) == ("Mixed", "MIXED")
    assert facts.header is not None
    assert (facts.header.oais_type, facts.header.record_status) == ("AIP", "NEW")
    assert facts.header.created == "2026-03-02T09:15:00.000+07:00"
    assert facts.header.identification_code == "TL05"
    assert facts.header.alt_record_ids == (("SUBMISSIONAGREEMENT", "12.NL.UBNDTL.01.2026"),)


def test_divisions_come_with_their_place_and_pointers() -> None:
    (folder,) = example("AIP_hoso").iterdir()
    facts = facts_of((folder / "representations" / "rep1" / "METS.xml").read_bytes())
    links = [div for div in facts.divs if div.labels[-2:] == ("MetadataLink", "MetadataLink/File")]
    assert len(links) == 3
    for div in links:
        section = facts.section(div.dmdid[0])
        assert section is not None
        assert section.references[0].mdtype == "DC"
        assert len(div.file_ids) == len(div.admid) == 1
        assert (div.map_label, div.map_type) == ("CSIP", "PHYSICAL")
    assert facts.section("nowhere") is None


MISTAKES = {
    "METS-NO-NAMESPACE": (
        'xmlns="http://www.loc.gov/METS/"',
        'xmlns:mets="http://www.loc.gov/METS/"',
    ),
    "METS-CSIP-CASE": (CSIP, "https://dilcis.eu/XML/METS/CSIPExtensionMETS"),
    "METS-FILEGRP-USER": (' USE="', ' USER="'),
    "METS-DIV-AMDID": (' ADMID="', ' AMDID="'),
}


def mistaken(code: str) -> str:
    """Our METS file with one of the known mistakes."""
    text = generic()
    before, after = MISTAKES[code]
    assert before in text
    return text.replace(before, after)


@pytest.mark.parametrize("code", MISTAKES)
def test_a_known_mistake_is_read_through_and_reported_once(code: str) -> None:
    clean, read = facts_of(generic()), facts_of(mistaken(code))
    assert read.repairs == (code,)
    assert read.header == clean.header
    assert read.root.content_information_type == clean.root.content_information_type
    assert (read.sections, read.files, read.divs) == (clean.sections, clean.files, clean.divs)
    assert read.groups == clean.groups


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mended_tree_is_valid_and_says_what_was_mended(code: str) -> None:
    root = parse_untrusted(io.BytesIO(mistaken(code).encode()))
    assert mend_mets(root) == (code,)
    mended = io.BytesIO()
    root.getroottree().write(mended)
    assert mets_faults(mended.getvalue()) == []
    assert facts_of(mended.getvalue()).files == facts_of(generic()).files


def test_a_correct_tree_is_not_touched() -> None:
    root = parse_untrusted(io.BytesIO(generic().encode()))
    assert mend_mets(root) == ()


def test_the_first_item_of_a_file_is_its_root_or_its_repair() -> None:
    assert isinstance(next(mets_items(io.BytesIO(generic().encode()))), MetsRoot)
    items = mets_items(io.BytesIO(mistaken("METS-NO-NAMESPACE").encode()))
    assert isinstance(next(items), Repair)
    assert isinstance(next(items), MetsRoot)


def test_embedded_metadata_is_noted_and_passed_over() -> None:
    inner = '<file ID="x"/><div LABEL="y"/><fileGrp USE="z"/>'
    content = (
        f'<mets {NS}><dmdSec ID="d"><mdWrap MDTYPE="DC"><xmlData>{inner}<f xmlns="urn:x">{inner}'
        f'</f></xmlData></mdWrap></dmdSec><fileSec><fileGrp USE="Data"><file ID="f"/></fileGrp>'
        "</fileSec></mets>"
    )
    for text in (content, content.replace(NS, 'xmlns:mets="http://www.loc.gov/METS/"')):
        facts = facts_of(text)
        assert [(s.id, s.embedded, s.references) for s in facts.sections] == [("d", True, ())]
        assert [entry.file.id for entry in facts.files] == ["f"]
        assert facts.divs == ()


def test_embedded_metadata_may_be_larger_than_a_section_of_references() -> None:
    wrapped = "<mdWrap><xmlData>" + "<x/>" * (UNIT_NODES + 1) + "</xmlData></mdWrap>"
    (section,) = facts_of(f'<mets {NS}><dmdSec ID="d">{wrapped}</dmdSec></mets>').sections
    assert section.embedded


def test_mending_leaves_embedded_metadata_alone() -> None:
    content = (
        b"<mets><dmdSec><mdWrap><xmlData><simpledc><title/></simpledc></xmlData></mdWrap>"
        b"</dmdSec></mets>"
    )
    root = parse_untrusted(io.BytesIO(content))
    assert mend_mets(root) == ("METS-NO-NAMESPACE",)
    tags = [element.tag for element in root.iter()]
    assert tags[-2:] == ["simpledc", "title"]
    assert all(tag.startswith("{http://www.loc.gov/METS/}") for tag in tags[:-2])


def test_the_fonds_code_is_that_of_a_creator() -> None:
    note = f'<note xmlns:csip="{CSIP}" csip:NOTETYPE="IDENTIFICATIONCODE">'
    archive = f'<agent ROLE="ARCHIVIST"><name>a</name>{note}LTLS99</note></agent>'
    creator = f'<agent ROLE="CREATOR"><name>b</name>{note} TL05 </note></agent>'
    for agents, code in ((archive, ""), (archive + creator, "TL05")):
        header = facts_of(f"<mets {NS}><metsHdr>{agents}</metsHdr></mets>").header
        assert header is not None
        assert header.identification_code == code


def test_elements_of_other_namespaces_are_passed_over() -> None:
    content = (
        f'<mets {NS}><x xmlns="urn:x"><file/><mets:file xmlns:mets="http://www.loc.gov/METS/"/>'
        '</x><fileSec><fileGrp USE="Data"><file ID="f"/></fileGrp></fileSec></mets>'
    )
    assert [entry.file.id for entry in facts_of(content).files] == ["f"]


def test_files_in_nested_groups_and_files_keep_their_use() -> None:
    content = (
        f'<mets {NS}><fileSec><fileGrp ID="g" USE="Data"><fileGrp ID="h"><file ID="a"/></fileGrp>'
        '<file ID="b"><file ID="c"/></file></fileGrp><fileGrp ID="i" USE="Schemas">'
        '<file ID="d"/></fileGrp></fileSec></mets>'
    )
    facts = facts_of(content)
    assert [(e.file.id, e.use, e.group_id) for e in facts.files] == [
        ("a", "Data", "h"),
        ("b", "Data", "g"),
        ("c", "Data", "g"),
        ("d", "Schemas", "i"),
    ]


def test_what_a_file_entry_says_badly_is_told_apart_from_what_it_does_not_say() -> None:
    content = (
        f'<mets {NS}><fileSec><fileGrp><file SIZE="12"/><file SIZE="1e3"/><file SIZE="-1"/>'
        '<file SIZE="99999999999999999999999"/><file/><file><FLocat xlink:href="a%20b"/>'
        '<FLocat xlink:href="c"/></file></fileGrp></fileSec></mets>'
    )
    files = facts_of(content).files
    sizes = [entry.file.size_bytes for entry in files]
    assert sizes == [12, UNREADABLE_SIZE, UNREADABLE_SIZE, UNREADABLE_SIZE, None, None]
    assert [entry.locations for entry in files[-2:]] == [0, 2]
    assert (files[-1].file.href, files[-1].file.path) == ("a%20b", "a b")


@pytest.mark.parametrize("content", ["<simpledc/>", '<mets xmlns="urn:x"/>', "<METS/>"])
def test_what_is_no_mets_file_is_refused(content: str) -> None:
    with pytest.raises(NotMets):
        facts_of(content)


def test_a_hostile_mets_file_is_refused() -> None:
    with pytest.raises(XmlHasDoctype):
        facts_of("<!DOCTYPE mets><mets/>")
    swollen = f"<mets {NS}><metsHdr>" + "<agent/>" * (UNIT_NODES + 1) + "</metsHdr></mets>"
    with pytest.raises(XmlTooBig):
        facts_of(swollen)
    with pytest.raises(XmlTooBig):
        read_mets(io.BytesIO(generic().encode()), XmlCaps(elements=20))


def test_a_cut_mets_file_is_refused_after_what_could_be_read() -> None:
    out = io.BytesIO()
    write_representation_mets(out, representation(data=numbered_refs(2000)))
    items = mets_items(io.BytesIO(out.getvalue()[: len(out.getvalue()) // 2]))
    first = list(islice(items, 1000))
    assert sum(isinstance(item, MetsFileEntry) for item in first) > 900
    with pytest.raises(XmlMalformed):
        deque(items)


def test_every_refusal_and_repair_has_its_text_in_both_languages() -> None:
    codes = {NotMets.code, XmlTooBig.code, XmlHasDoctype.code, *MISTAKES}
    for lang in LANGUAGES:
        assert codes <= set(catalogue(lang))


LARGE = """
import sys
from pathlib import Path
from kit.memory import peak_mebibytes
from kit.mets_data import numbered_refs, representation
from schemas.eark import write_representation_mets
from schemas.mets_facts import MetsFileEntry
from schemas.mets_read import mets_items
path, count = Path(sys.argv[1]), int(sys.argv[2])
with path.open("wb") as out:
    write_representation_mets(out, representation(data=numbered_refs(count)))
with path.open("rb") as stream:
    read = sum(isinstance(item, MetsFileEntry) for item in mets_items(stream))
print(read, peak_mebibytes())
"""


def test_two_hundred_thousand_files_are_written_and_read_in_little_memory(
    tmp_path: Path,
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path / "METS.xml"), "200000"],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": str(PROJECT / "tests")},
    )
    read, mebibytes = map(int, run.stdout.split())
    assert read == 200_000
    assert mebibytes < 100
    assert METS_CAPS.elements > 6 * 200_000
