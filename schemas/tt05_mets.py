"""The METS files of Circular 05/2025/TT-BNV packages, root and ``rep1``, as streams.

They follow the circular where it differs from E-ARK CSIP: upper-case UUIDs, divisions that
link each descriptive file to its document, one representation named ``rep1``. Source:
tt05-profile §1, §2; what is a choice of ours there ([P]) is a choice of ours here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from schemas.eark import no_files
from schemas.mets import (
    CSIP,
    SCHEMA_FILES,
    FileRef,
    Files,
    MetadataRef,
    MetsAgent,
    mets_document,
    organization_agent,
    q,
    software_agent,
    some,
    write_administrative,
    write_descriptive,
    write_file_group,
    write_header,
)
from schemas.mets_map import (
    division,
    group_id,
    references,
    section_id,
    struct_map,
    write_group_division,
    write_metadata_division,
    write_pointer_division,
)
from schemas.xml_text import xml_safe
from schemas.xml_writing import XmlWriter

PackageType: TypeAlias = Literal["SIP", "AIP", "DIP"]
PackageKind: TypeAlias = Literal["hoso", "tailieu"]

_PROFILES: dict[PackageType, str] = {
    "SIP": "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml",
    "AIP": "http://www.ra.ee/METS/v01/IP.xml",
    "DIP": "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml",
}
_DIVISION_TYPES: dict[PackageType, str] = {
    "SIP": "ORIGINAL",
    "AIP": "NORMALIZED",
    "DIP": "ORIGINAL",
}
_REP1 = "Representations/rep1"
_CONTENT = {f"{{{CSIP}}}CONTENTINFORMATIONTYPE": "MIXED"}


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ or archive and its identification code (fonds code, archive code)."""

    name: str
    code: str

    def agent(self, role: str) -> MetsAgent:
        """The organ in a METS header; one without a name is named by its code."""
        return organization_agent(self.name or self.code, self.code, role)


@dataclass(frozen=True, slots=True)
class Tt05Document:
    """One document: its descriptive file, its main file, its attachments.

    ``linked`` says that the main file is a ``.fetch.txt`` stub of a record kept elsewhere;
    ``shared`` that an earlier document has the same main file (a dossier scanned as one).
    """

    metadata: MetadataRef
    main: FileRef
    attachments: Sequence[FileRef] = ()
    linked: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tt05PackageMets:
    """The root METS file. Moments are written as given (``tt05_names.vietnam_moment``).

    ``preservation`` is empty in a SIP. ``other`` is our own ``metadata/other``.
    ``schema_files`` are those in ``schemas/`` that describe METS, for ``xsi:schemaLocation``.
    """

    objid: str
    label: str
    kind: PackageKind
    created: str
    software: tuple[str, str]
    organ: Organ
    ead: MetadataRef
    representation: FileRef
    archive: Organ | None = None
    package_type: PackageType = "AIP"
    modified: str = ""
    record_status: str = "NEW"
    submission_agreement: str = ""
    preservation: Sequence[MetadataRef] = ()
    other: Sequence[MetadataRef] = ()
    schemas: Sequence[FileRef] = ()
    schema_files: Sequence[str] = tuple(SCHEMA_FILES)
    documentation: Files = no_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Tt05RepresentationMets:
    """The METS file of ``rep1``. ``documents`` is asked for its documents five times and
    ``unlinked`` (data files of no document) twice; both may give hundreds of thousands."""

    objid: str
    label: str
    kind: PackageKind
    created: str
    organ: Organ
    documents: Callable[[], Iterable[Tt05Document]]
    unlinked: Files = no_files
    package_type: PackageType = "AIP"
    modified: str = ""
    record_status: str = "NEW"
    preservation: Sequence[MetadataRef] = ()
    schema_files: Sequence[str] = tuple(SCHEMA_FILES)


def write_tt05_package_mets(out: BinaryIO, package: Tt05PackageMets) -> None:
    """The package's ``METS.xml`` is written to ``out``; memory does not grow with the files."""
    administrative = (*package.preservation, *package.other)
    objid = package.objid
    agents = [software_agent(*package.software), package.organ.agent("CREATOR")]
    if package.archive is not None:
        agents.append(package.archive.agent("ARCHIVIST"))
    agreement = package.submission_agreement
    schemas = [f"schemas/{name}" for name in package.schema_files]
    with mets_document(out, _root_attributes(package), schemas=schemas) as xml:
        write_header(
            xml,
            created=package.created,
            modified=package.modified,
            record_status=package.record_status,
            oais_type=package.package_type,
            agents=agents,
            alt_record_ids=[("SUBMISSIONAGREEMENT", agreement)] if agreement else [],
        )
        write_descriptive(xml, [package.ead])
        write_administrative(xml, section_id(objid, "amdSec"), administrative, always=True)
        uses = _write_package_files(xml, package)
        with struct_map(xml, objid, objid, _DIVISION_TYPES[package.package_type]):
            write_metadata_division(xml, objid, [package.ead], administrative)
            for use in uses:
                write_group_division(xml, objid, use, [use])
            write_pointer_division(xml, objid, _REP1, package.representation)


def write_tt05_representation_mets(out: BinaryIO, rep: Tt05RepresentationMets) -> None:
    """The ``METS.xml`` of ``rep1`` is written to ``out``; memory does not grow with the files.

    Every document's descriptive file is linked to its main file (TT05-060), every other data
    file is an attachment (TT05-061).
    """
    schemas = [f"../../schemas/{name}" for name in rep.schema_files]
    with mets_document(out, _root_attributes(rep), schemas=schemas) as xml:
        write_header(
            xml,
            created=rep.created,
            modified=rep.modified,
            record_status=rep.record_status,
            oais_type=rep.package_type,
            agents=[rep.organ.agent("CREATOR")],
        )
        write_descriptive(xml, (document.metadata for document in rep.documents()))
        write_administrative(xml, section_id(rep.objid, "amdSec"), rep.preservation, always=True)
        uses = _write_representation_files(xml, rep)
        with struct_map(xml, rep.objid, "rep1", _DIVISION_TYPES[rep.package_type]):
            if "Data" in uses:
                write_group_division(xml, rep.objid, "Data", ["Data"])
            _write_links(xml, rep)
            _write_attachments(xml, rep)


def _root_attributes(of: Tt05PackageMets | Tt05RepresentationMets) -> dict[str, str]:
    kind = "Mixed" if of.kind == "hoso" else "Collection"
    root = isinstance(of, Tt05PackageMets)
    return {
        "OBJID": of.objid,
        "LABEL": xml_safe(of.label),
        "TYPE": "MIXED" if of.package_type == "DIP" else kind,
        "PROFILE": _PROFILES[of.package_type] if root else _PROFILES["SIP"],
        **_CONTENT,
    }


def _write_package_files(xml: XmlWriter, package: Tt05PackageMets) -> list[str]:
    """Writes the file section; returns the groups besides that of the representation."""
    objid = package.objid
    uses = []
    with xml.element(q("fileSec"), {"ID": section_id(objid, "fileSec")}):
        groups: list[tuple[str, Iterable[FileRef]]] = [
            ("Schemas", package.schemas),
            ("Documentation", package.documentation()),
        ]
        for use, given in groups:
            files = some(given)
            if files is not None:
                uses.append(use)
                write_file_group(xml, {"ID": group_id(objid, use), "USE": use}, files)
        attributes = {"ID": group_id(objid, _REP1), "USE": _REP1} | _CONTENT
        write_file_group(xml, attributes, [package.representation])
    return uses


def _write_representation_files(xml: XmlWriter, rep: Tt05RepresentationMets) -> list[str]:
    groups = [
        (use, files)
        for use, given in (("Data", _data_files(rep)), ("Holeyfile", _stubs(rep)))
        if (files := some(given)) is not None
    ]
    if groups:
        with xml.element(q("fileSec"), {"ID": section_id(rep.objid, "fileSec")}):
            for use, files in groups:
                attributes = {"ID": group_id(rep.objid, use), "USE": use}
                write_file_group(xml, attributes, files)
    return [use for use, _ in groups]


def _data_files(rep: Tt05RepresentationMets) -> Iterator[FileRef]:
    for document in rep.documents():
        if not document.linked and not document.shared:
            yield document.main
        yield from document.attachments
    yield from rep.unlinked()


def _stubs(rep: Tt05RepresentationMets) -> Iterator[FileRef]:
    return (each.main for each in rep.documents() if each.linked and not each.shared)


def _write_links(xml: XmlWriter, rep: Tt05RepresentationMets) -> None:
    admid = references("ADMID", rep.preservation)
    with division(xml, rep.objid, "MetadataLink"):
        for document in rep.documents():
            attributes = {
                "ID": section_id(rep.objid, "link", document.metadata.section_id),
                "LABEL": "MetadataLink/Holey" if document.linked else "MetadataLink/File",
                "DMDID": document.metadata.section_id,
            }
            with xml.element(q("div"), attributes | admid):
                xml.leaf(q("fptr"), attributes={"FILEID": document.main.id})


def _write_attachments(xml: XmlWriter, rep: Tt05RepresentationMets) -> None:
    attached = some(_attached(rep))
    if attached is None:
        return
    with division(xml, rep.objid, "AttachmentFile"):
        for file, link in attached:
            attributes = {
                "ID": section_id(rep.objid, "attachment", file.id),
                "LABEL": xml_safe(file.href.rsplit("/", 1)[-1]),
            }
            with xml.element(q("div"), attributes | link):
                xml.leaf(q("fptr"), attributes={"FILEID": file.id})


def _attached(rep: Tt05RepresentationMets) -> Iterator[tuple[FileRef, dict[str, str]]]:
    for document in rep.documents():
        link = {"DMDID": document.metadata.section_id}
        for file in document.attachments:
            yield file, link
    for file in rep.unlinked():
        yield file, {}
