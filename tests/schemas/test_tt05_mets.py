"""The circular's METS files are the reference examples, but for their identifiers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.mets_data import metadata, ref
from kit.official import example, mets_faults
from schemas.mets import FileRef, MetadataRef
from schemas.mets_facts import MetadataSection, MetsFacts, Referred
from schemas.mets_read import read_mets
from schemas.tt05_mets import (
    Organ,
    PackageKind,
    PackageType,
    Tt05Document,
    Tt05PackageMets,
    Tt05RepresentationMets,
    write_tt05_package_mets,
    write_tt05_representation_mets,
)
from schemas.tt05_names import (
    Tt05Objid,
    aip_objid,
    folder_of,
    read_aip_objid,
    vietnam_moment,
)
from schemas.xml import Element, parse_untrusted

PACKAGES: dict[str, tuple[PackageType, PackageKind]] = {
    "SIP_hoso": ("SIP", "hoso"),
    "SIP_tailieu": ("SIP", "tailieu"),
    "AIP_hoso": ("AIP", "hoso"),
    "AIP_tailieu": ("AIP", "tailieu"),
}


def mets_of(package: str) -> tuple[Path, Path]:
    """The root and rep1 METS files of an example."""
    (folder,) = example(package).iterdir()
    return folder / "METS.xml", folder / "representations" / "rep1" / "METS.xml"


def facts_of(path: Path) -> MetsFacts:
    """What the METS file says."""
    with path.open("rb") as stream:
        return read_mets(stream)


def file_ref(said: Referred) -> FileRef:
    """The reference to write for what was read."""
    assert said.size_bytes is not None
    return FileRef(said.id, said.path, said.mime, said.size_bytes, said.created, said.checksum)


def section(said: MetadataSection) -> MetadataRef:
    """The section to write for what was read."""
    (reference,) = said.references
    return MetadataRef(
        said.id,
        file_ref(reference.file),
        reference.mdtype,
        reference.other_mdtype,
        reference.mdtype_version,
    )


def sections(facts: MetsFacts, kind: str) -> list[MetadataRef]:
    """The sections of one kind, to write."""
    return [section(said) for said in facts.sections if said.kind == kind]


def refs(facts: MetsFacts, use: str) -> list[FileRef]:
    """The files of one group, to write."""
    return [file_ref(entry.file) for entry in facts.files if entry.use == use]


def root_again(path: Path, package_type: PackageType, kind: PackageKind) -> Tt05PackageMets:
    """Writer's input that should give the root METS file at ``path`` again."""
    facts = facts_of(path)
    header = facts.header
    assert header is not None
    software, organ, *archives = header.agents
    return Tt05PackageMets(
        objid=facts.root.objid,
        label=facts.root.label,
        kind=kind,
        package_type=package_type,
        created=header.created,
        modified=header.modified,
        software=(software.names[0], software.notes[0][1]),
        organ=Organ(organ.names[0], organ.notes[0][1]),
        archive=Organ(archives[0].names[0], archives[0].notes[0][1]) if archives else None,
        submission_agreement=header.alt_record_ids[0][1],
        ead=sections(facts, "dmdSec")[0],
        preservation=sections(facts, "digiprovMD"),
        schemas=refs(facts, "Schemas"),
        documentation=lambda: refs(facts, "Documentation"),
        representation=refs(facts, "Representations/rep1")[0],
    )


def documents_of(facts: MetsFacts) -> list[Tt05Document]:
    """The documents that the structural map links."""
    files = {entry.file.id: file_ref(entry.file) for entry in facts.files}
    metas = {ref.section_id: ref for ref in sections(facts, "dmdSec")}
    attached: dict[str, list[FileRef]] = {}
    for div in facts.divs:
        if div.labels[1:2] == ("AttachmentFile",) and div.file_ids:
            attached.setdefault(div.dmdid[0], []).append(files[div.file_ids[0]])
    return [
        Tt05Document(
            metas[div.dmdid[0]],
            files[div.file_ids[0]],
            attached.get(div.dmdid[0], []),
            linked=div.label == "MetadataLink/Holey",
        )
        for div in facts.divs
        if div.label.startswith("MetadataLink/")
    ]


def rep1_again(path: Path, package_type: PackageType, kind: PackageKind) -> Tt05RepresentationMets:
    """Writer's input that should give the rep1 METS file at ``path`` again."""
    facts = facts_of(path)
    header = facts.header
    assert header is not None
    (organ,) = header.agents
    return Tt05RepresentationMets(
        objid=facts.root.objid,
        label=facts.root.label,
        kind=kind,
        package_type=package_type,
        created=header.created,
        modified=header.modified,
        organ=Organ(organ.names[0], organ.notes[0][1]),
        preservation=sections(facts, "digiprovMD"),
        documents=lambda: documents_of(facts),
    )


def written_root(package: Tt05PackageMets) -> bytes:
    """The root METS file."""
    out = io.BytesIO()
    write_tt05_package_mets(out, package)
    return out.getvalue()


def written_rep1(rep: Tt05RepresentationMets) -> bytes:
    """The rep1 METS file."""
    out = io.BytesIO()
    write_tt05_representation_mets(out, rep)
    return out.getvalue()


IDENTIFIERS = frozenset(("ID", "DMDID", "ADMID", "FILEID", "{http://www.w3.org/1999/xlink}title"))
Shape = tuple[str, dict[str, str], str, list["Shape"]]


def shape(root: Element) -> Shape:
    """The document with each identifier replaced by the order of its first appearance.

    Files are sorted by href, so that two orders of one group are alike.
    """
    numbers: dict[str, str] = {}

    def value(name: str, text: str) -> str:
        if name not in IDENTIFIERS:
            return text
        return " ".join(numbers.setdefault(part, f"#{len(numbers)}") for part in text.split())

    def walk(element: Element) -> Shape:
        attributes = {n: value(n, t) for n, t in sorted(element.attrib.items())}
        children = list(element)
        if element.tag.endswith("}fileGrp"):
            children.sort(key=lambda f: f[0].get("{http://www.w3.org/1999/xlink}href"))
        text = (element.text or "").strip()
        return (element.tag, attributes, text, [walk(child) for child in children])

    return walk(root)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_root_mets_is_the_reference_example(package: str) -> None:
    path, _ = mets_of(package)
    again = written_root(root_again(path, *PACKAGES[package]))
    assert shape(parse_untrusted(io.BytesIO(again))) == shape(
        parse_untrusted(io.BytesIO(path.read_bytes()))
    )
    assert mets_faults(again) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_rep1_mets_is_the_reference_example(package: str) -> None:
    _, path = mets_of(package)
    again = written_rep1(rep1_again(path, *PACKAGES[package]))
    assert shape(parse_untrusted(io.BytesIO(again))) == shape(
        parse_untrusted(io.BytesIO(path.read_bytes()))
    )
    assert mets_faults(again) == []


def test_two_shapes_differ_when_a_reference_goes_elsewhere() -> None:
    one = parse_untrusted(io.BytesIO(b'<a><b ID="x"/><b ID="y"/><c FILEID="x"/></a>'))
    two = parse_untrusted(io.BytesIO(b'<a><b ID="p"/><b ID="q"/><c FILEID="q"/></a>'))
    assert shape(one) != shape(two)


MOMENT = "2026-03-02T09:15:00.000+07:00"


def dossier() -> Iterator[Tt05Document]:
    """A document with an attachment, and one kept elsewhere."""
    yield Tt05Document(
        metadata("metadata/descriptive/EAD_doc_1.xml", "DC", version="1.0"),
        ref("data/H99.0000001.pdf"),
        [ref("data/H99.0000001.PL01.csv")],
    )
    yield Tt05Document(
        metadata("metadata/descriptive/EAD_doc_2.xml", "DC", version="1.0"),
        ref("data/H99.0000002.pdf.fetch.txt"),
        linked=True,
    )


def representation(**changes: object) -> Tt05RepresentationMets:
    """A small rep1."""
    given: dict[str, object] = {
        "objid": "uuid-CF597F0D-E992-50AF-A921-87F0562041B2",
        "label": "Hồ sơ",
        "kind": "hoso",
        "created": MOMENT,
        "organ": Organ("Uỷ ban nhân dân phường Tân Lập", "TL05"),
        "documents": dossier,
        "unlinked": lambda: [ref("data/ghi chú.txt")],
        "preservation": [metadata("metadata/preservation/PREMIS_rep1.xml", "PREMIS")],
    }
    return Tt05RepresentationMets(**(given | changes))  # type: ignore[arg-type]  # by name


def test_every_data_file_is_linked_and_stubs_are_apart() -> None:
    content = written_rep1(representation())
    facts = read_mets(io.BytesIO(content))
    assert [(entry.use, entry.file.path) for entry in facts.files] == [
        ("Data", "data/H99.0000001.pdf"),
        ("Data", "data/H99.0000001.PL01.csv"),
        ("Data", "data/ghi chú.txt"),
        ("Holeyfile", "data/H99.0000002.pdf.fetch.txt"),
    ]
    ids = {entry.file.id: entry.file.path for entry in facts.files}
    linked = [
        (div.label, ids[div.file_ids[0]], bool(div.dmdid))
        for div in facts.divs[3:]
        if div.file_ids
    ]
    assert linked == [
        ("MetadataLink/File", "data/H99.0000001.pdf", True),
        ("MetadataLink/Holey", "data/H99.0000002.pdf.fetch.txt", True),
        ("H99.0000001.PL01.csv", "data/H99.0000001.PL01.csv", True),
        ("ghi chú.txt", "data/ghi chú.txt", False),
    ]
    assert mets_faults(content) == []


def test_a_representation_without_files_is_still_valid() -> None:
    content = written_rep1(representation(documents=list, unlinked=list))
    assert mets_faults(content) == []
    assert read_mets(io.BytesIO(content)).files == ()


def package(**changes: object) -> Tt05PackageMets:
    """A small dossier."""
    given: dict[str, object] = {
        "objid": aip_objid("TL05", "a132db32-73e5-5c11-a697-d5555175860a"),
        "label": "Hồ sơ",
        "kind": "hoso",
        "created": MOMENT,
        "software": ("Kho", "0.1"),
        "organ": Organ("", "TL05"),
        "ead": metadata("metadata/descriptive/EAD.xml", "OTHER", "EAD", "1.0"),
        "preservation": [metadata("metadata/preservation/PREMIS.xml", "PREMIS")],
        "other": [metadata("metadata/other/admission.json", "OTHER", "ADMISSION")],
        "representation": ref("representations/rep1/METS.xml"),
    }
    return Tt05PackageMets(**(given | changes))  # type: ignore[arg-type]  # fields by name


def test_a_package_with_nothing_optional_is_valid() -> None:
    content = written_root(package(preservation=(), other=()))
    assert mets_faults(content) == []
    facts = read_mets(io.BytesIO(content))
    assert facts.header is not None
    assert facts.header.identification_code == "TL05"
    assert facts.header.alt_record_ids == ()


def test_our_own_reports_are_referred_to_beside_premis() -> None:
    content = written_root(package())
    facts = read_mets(io.BytesIO(content))
    (div,) = (div for div in facts.divs if div.label == "Metadata")
    assert div.admid == tuple(s.id for s in facts.sections if s.kind == "digiprovMD")
    assert len(div.admid) == 2
    assert mets_faults(content) == []


@pytest.mark.parametrize(
    ("objid", "said"),
    [
        ("urn:uuid:A132DB32-73E5-5C11-A697-D5555175860A", ""),
        ("urn:TL05:uuid-A132DB32-73E5-5C11-A697-D5555175860A", "TL05"),
        ("urn:TL05:uuid:A132DB32-73E5-5C11-A697-D5555175860A", "TL05"),
    ],
)
def test_all_three_forms_of_an_aip_objid_are_read(objid: str, said: str) -> None:
    assert read_aip_objid(objid) == Tt05Objid(said, "a132db32-73e5-5c11-a697-d5555175860a")


def test_an_aip_objid_is_written_in_the_form_that_names_the_folder() -> None:
    objid = aip_objid("G09", "a132db32-73e5-5c11-a697-d5555175860a")
    assert folder_of(objid) == "urn_G09_uuid_A132DB32-73E5-5C11-A697-D5555175860A"
    assert read_aip_objid(objid) == Tt05Objid("G09", "a132db32-73e5-5c11-a697-d5555175860a")
    assert read_aip_objid("uuid-A132DB32-73E5-5C11-A697-D5555175860A") is None
    for bad in ("", "a:b"):
        with pytest.raises(ValueError, match="fonds"):
            aip_objid(bad, "x")


def test_moments_are_written_in_the_time_of_viet_nam() -> None:
    moment = datetime(2026, 3, 1, 20, 15, 0, 5000, tzinfo=UTC)
    assert vietnam_moment(moment) == "2026-03-02T03:15:00.005+07:00"
    with pytest.raises(ValueError, match="zone"):
        vietnam_moment(moment.replace(tzinfo=None))
