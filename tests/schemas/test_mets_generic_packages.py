"""Generic packages are valid METS, refer to every file exactly, and cost no memory."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import strategies as st

from kit.mets_data import (
    AGENTS,
    metadata,
    numbered_refs,
    package,
    ref,
    representation,
)
from kit.official import mets_faults
from schemas.eark import (
    AIP_PROFILE,
    PackageMets,
    RepresentationMets,
    no_files,
    write_package_mets,
    write_representation_mets,
)
from schemas.events import Agent
from schemas.mets import MetsAgent, stable_id
from schemas.mets_facts import MetsFacts
from schemas.mets_read import read_mets
from schemas.xml_text import write_name


def written(what: PackageMets | RepresentationMets) -> bytes:
    """The METS file."""
    out = io.BytesIO()
    if isinstance(what, PackageMets):
        write_package_mets(out, what)
    else:
        write_representation_mets(out, what)
    return out.getvalue()


def read_back(what: PackageMets | RepresentationMets) -> MetsFacts:
    """What the METS file says."""
    return read_mets(io.BytesIO(written(what)))


CASES: dict[str, PackageMets | RepresentationMets] = {
    "package": package(),
    "bare package": package(
        descriptive=(),
        preservation=(),
        other=(),
        schemas=(),
        documentation=no_files,
        representations=(),
    ),
    "two representations": package(
        representations=[
            ("rep1", ref("representations/rep1/METS.xml")),
            ("rep 2", ref("representations/rep 2/METS.xml")),
        ]
    ),
    "hostile label": package(label='<&>"\x00\x1f\ud800 Hồ sơ'),
    "other content type": package(
        content_information_type="OTHER", other_content_information_type="dossier"
    ),
    "sip": package(oais_type="SIP", record_status="NEW"),
    "representation": representation(),
    "empty representation": representation(data=no_files, preservation=()),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_is_valid_mets(case: str) -> None:
    assert mets_faults(written(CASES[case])) == []


@pytest.mark.parametrize("case", CASES)
def test_every_id_is_unique_and_every_reference_resolves(case: str) -> None:
    facts = read_back(CASES[case])
    ids = [section.id for section in facts.sections]
    ids += [reference.file.id for s in facts.sections for reference in s.references]
    ids += [group.id for group in facts.groups] + [entry.file.id for entry in facts.files]
    ids += [div.id for div in facts.divs]
    assert len(ids) == len(set(ids))
    for div in facts.divs:
        pointed = {*div.dmdid, *div.admid, *div.file_ids, *(p.title for p in div.pointers)}
        assert pointed <= set(ids)


def test_a_package_says_what_it_is() -> None:
    facts = read_back(package())
    assert (facts.root.objid, facts.root.profile) == (package().objid, AIP_PROFILE)
    assert facts.root.label == "Hồ sơ hội nghị tổng kết"
    assert facts.header is not None
    assert facts.header.oais_type == "AIP"
    assert facts.header.alt_record_ids == (("SUBMISSIONAGREEMENT", "12.NL.UBNDTL.01.2026"),)
    software, archive = facts.header.agents
    assert (software.role, software.other_type, software.names) == (
        "CREATOR",
        "SOFTWARE",
        ("Kho",),
    )
    assert software.notes == (("SOFTWARE VERSION", "0.1"),)
    assert (archive.role, archive.notes) == ("ARCHIVIST", (("IDENTIFICATIONCODE", "LTLS99"),))


def test_a_package_refers_to_every_part() -> None:
    facts = read_back(package())
    kinds = {s.references[0].file.path: (s.kind, s.references[0].mdtype) for s in facts.sections}
    assert kinds == {
        "metadata/descriptive/EAD.xml": ("dmdSec", "OTHER"),
        "metadata/preservation/PREMIS.xml": ("digiprovMD", "PREMIS"),
        "metadata/other/admission.json": ("digiprovMD", "OTHER"),
    }
    assert [(entry.use, entry.file.path) for entry in facts.files] == [
        ("Documentation", "documentation/biên bản.txt"),
        ("Schemas", "schemas/mets1_12.xsd"),
        ("Schemas", "schemas/EAD.xsd"),
        ("Representations/rep1", "representations/rep1/METS.xml"),
    ]
    (pointer,) = (pointer for div in facts.divs for pointer in div.pointers)
    assert pointer.path == "representations/rep1/METS.xml"


def test_the_facts_of_each_file_are_written() -> None:
    facts = read_back(representation())
    for entry, given in zip(facts.files, numbered_refs(3)(), strict=True):
        assert entry.use == "Data"
        assert (entry.file.id, entry.file.path) == (given.id, given.href)
        assert (entry.file.size_bytes, entry.file.mime) == (given.size_bytes, given.mime)
        assert (entry.file.checksum, entry.file.checksum_type) == ("AB" * 32, "SHA-256")
        assert (entry.file.created, entry.locations) == (given.created, 1)


@hypothesis.settings(max_examples=50)
@hypothesis.given(st.text(st.characters(codec="utf-8"), min_size=1), st.binary(min_size=1))
def test_any_path_and_any_original_name_are_kept(path: str, name: bytes) -> None:
    given = replace(ref("x"), href=path, original_name=name)
    (entry,) = read_back(representation(data=lambda: [given])).files
    assert entry.file.path == path
    assert entry.owner_id.strip() == write_name(name).text


def test_descriptive_and_administrative_links_of_a_file_are_kept() -> None:
    given = replace(ref("x"), dmdid="d-1", admid="a-1")
    (entry,) = read_back(representation(data=lambda: [given])).files
    assert (entry.dmdid, entry.admid) == ("d-1", "a-1")


def test_schema_locations_name_only_schemas_that_are_in_the_package() -> None:
    assert b'schemaLocation="http://www.loc.gov/METS/ schemas/mets1_12.xsd"' in written(package())
    assert b"schemaLocation" not in written(package(schemas=()))


def test_a_package_without_its_software_agent_is_not_written() -> None:
    with pytest.raises(ValueError, match="CSIP10"):
        written(package(agents=[Agent("Nguyễn Thị Minh", kind="person", role="creator")]))


@pytest.mark.parametrize("bad", ["1a", "", "a b", "a:b", "ộ"])
def test_an_identifier_that_xml_does_not_allow_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="XML ID"):
        written(representation(data=lambda: [replace(ref("x"), id=bad)]))
    with pytest.raises(ValueError, match="XML ID"):
        written(package(descriptive=[replace(metadata("x", "DC"), section_id=bad)]))


def test_agents_beyond_the_roles_of_mets_are_written_as_other() -> None:
    agents = [
        *AGENTS,
        Agent("Nguyễn Thị Minh", kind="person", role="validator"),
        MetsAgent("Phường Tân Lập", "SUBMITTER", "ORGANIZATION"),
    ]
    content = written(package(agents=agents))
    facts = read_mets(io.BytesIO(content))
    assert facts.header is not None
    assert [(a.role, a.other_role, a.type) for a in facts.header.agents[2:]] == [
        ("OTHER", "VALIDATOR", "INDIVIDUAL"),
        ("OTHER", "SUBMITTER", "ORGANIZATION"),
    ]
    assert mets_faults(content) == []


def test_the_same_package_is_written_with_the_same_bytes() -> None:
    assert written(package()) == written(package())
    assert stable_id("ID", "a", "b") != stable_id("ID", "ab")


def peak_of_writing(count: int) -> int:
    """The most memory, in bytes, that writing so many data files takes."""

    class Nowhere(io.RawIOBase):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]  # bytes

    tracemalloc.start()
    write_representation_mets(
        Nowhere(),  # type: ignore[arg-type]  # takes bytes
        representation(data=numbered_refs(count)),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_writing_takes_no_more_memory_for_more_files() -> None:
    few, many = peak_of_writing(1_000), peak_of_writing(8_000)
    assert many < few * 1.2


def test_the_file_grows_by_the_same_bytes_for_each_file() -> None:
    sizes = [len(written(representation(data=numbered_refs(n)))) for n in (1000, 2000, 4000)]
    first, second = sizes[1] - sizes[0], (sizes[2] - sizes[1]) / 2
    assert abs(first - second) < first * 0.01
