"""Generic E-ARK packages: CSIP 2.2.0 and AIP 2.2.0 METS files, written as streams.

Where the specification and its public validator (rules of 2.1.0) differ, both are served
when they can be: the package's ``Representations`` division refers to the file groups
(CSIP103–104) and one division per representation points to its METS file (CSIP105–112).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from schemas.mets import (
    CSIP,
    AnyAgent,
    FileRef,
    Files,
    MetadataRef,
    is_software,
    mets_document,
    q,
    some,
    write_administrative,
    write_descriptive,
    write_file_group,
    write_header,
)
from schemas.mets_map import (
    group_id,
    section_id,
    struct_map,
    write_group_division,
    write_metadata_division,
    write_pointer_division,
)
from schemas.xml_text import xml_safe
from schemas.xml_writing import XmlWriter

CSIP_PROFILE = "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP-v2-2-0.xml"
AIP_PROFILE = "https://earkdip.dilcis.eu/profile/E-ARK-AIP-v2-2-0.xml"
"""AIPM2 names this host, the one of the DIP profile; taken literally."""
SIP_PROFILE = "https://earksip.dilcis.eu/profile/E-ARK-SIP-v2-2-0.xml"
_CONTENT = f"{{{CSIP}}}CONTENTINFORMATIONTYPE"
_OTHER_CONTENT = f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE"


def no_files() -> tuple[FileRef, ...]:
    """No file at all."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageMets:
    """The root METS file of a package. Moments are RFC 3339; ``objid`` never changes (AIPM1).

    ``agents`` must hold a software agent (CSIP10). ``other`` is what lies in
    ``metadata/other``: written as provenance, because that is what admission and validation
    reports are. ``representations`` are (folder name, its METS file). ``alt_record_ids`` are
    (type, value).
    """

    objid: str
    label: str
    created: str
    agents: Sequence[AnyAgent]
    modified: str = ""
    content_category: str = "Mixed"
    content_information_type: str = "MIXED"
    other_content_information_type: str = ""
    oais_type: str = "AIP"
    profile: str = AIP_PROFILE
    record_status: str = "NEW"
    alt_record_ids: Sequence[tuple[str, str]] = ()
    descriptive: Sequence[MetadataRef] = ()
    preservation: Sequence[MetadataRef] = ()
    other: Sequence[MetadataRef] = ()
    schemas: Sequence[FileRef] = ()
    documentation: Files = no_files
    representations: Sequence[tuple[str, FileRef]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentationMets:
    """The METS file of one representation; ``name`` is its folder. ``data`` is asked for its
    files once and may give hundreds of thousands; their hrefs start with ``data/``."""

    objid: str
    name: str
    label: str
    created: str
    agents: Sequence[AnyAgent]
    modified: str = ""
    content_category: str = "Mixed"
    content_information_type: str = "MIXED"
    other_content_information_type: str = ""
    oais_type: str = "AIP"
    profile: str = CSIP_PROFILE
    record_status: str = "NEW"
    descriptive: Sequence[MetadataRef] = ()
    preservation: Sequence[MetadataRef] = ()
    data: Files = no_files


def write_package_mets(out: BinaryIO, package: PackageMets) -> None:
    """The package's ``METS.xml`` is written to ``out``; memory does not grow with the files.

    Source: E-ARK CSIP 2.2.0, AIP 2.2.0. ValueError: no software agent, or an invalid XML ID.
    """
    administrative = (*package.preservation, *package.other)
    schemas = [ref.href for ref in package.schemas]
    with mets_document(out, _root_attributes(package), schemas=schemas) as xml:
        _write_header(xml, package, package.alt_record_ids)
        write_descriptive(xml, package.descriptive)
        write_administrative(xml, section_id(package.objid, "amdSec"), administrative)
        groups = _write_package_files(xml, package)
        with struct_map(xml, package.objid, package.objid):
            write_metadata_division(xml, package.objid, package.descriptive, administrative)
            for use in ("Schemas", "Documentation"):
                if use in groups:
                    write_group_division(xml, package.objid, use, [use])
            uses = [f"Representations/{name}" for name, _ in package.representations]
            if uses:
                write_group_division(xml, package.objid, "Representations", uses)
            for name, ref in package.representations:
                write_pointer_division(xml, package.objid, f"Representations/{name}", ref)


def write_representation_mets(out: BinaryIO, rep: RepresentationMets) -> None:
    """The representation's ``METS.xml`` is written to ``out``; memory does not grow with the
    files. Source: E-ARK CSIP 2.2.0. ValueError: no software agent, or an invalid XML ID."""
    with mets_document(out, _root_attributes(rep)) as xml:
        _write_header(xml, rep)
        write_descriptive(xml, rep.descriptive)
        write_administrative(xml, section_id(rep.objid, "amdSec"), rep.preservation)
        data = some(rep.data())
        if data is not None:
            with xml.element(q("fileSec"), {"ID": section_id(rep.objid, "fileSec")}):
                write_file_group(xml, _group(rep, "Data"), data)
        with struct_map(xml, rep.objid, rep.name):
            write_metadata_division(xml, rep.objid, rep.descriptive, rep.preservation)
            write_group_division(xml, rep.objid, "Data", ["Data"] if data is not None else [])


def _root_attributes(of: PackageMets | RepresentationMets) -> dict[str, str]:
    return {
        "OBJID": of.objid,
        "LABEL": xml_safe(of.label),
        "TYPE": of.content_category,
        "PROFILE": of.profile,
        _CONTENT: of.content_information_type,
        _OTHER_CONTENT: of.other_content_information_type,
    }


def _write_header(
    xml: XmlWriter,
    of: PackageMets | RepresentationMets,
    alt_record_ids: Sequence[tuple[str, str]] = (),
) -> None:
    if not any(is_software(agent) for agent in of.agents):
        raise ValueError("a package names the software that made it (CSIP10)")
    write_header(
        xml,
        created=of.created,
        modified=of.modified,
        record_status=of.record_status,
        oais_type=of.oais_type,
        agents=of.agents,
        alt_record_ids=alt_record_ids,
    )


def _write_package_files(xml: XmlWriter, package: PackageMets) -> set[str]:
    """Writes the file section and returns which of Schemas and Documentation it holds."""
    documentation = some(package.documentation())
    if not (package.schemas or documentation or package.representations):
        return set()
    groups = set()
    with xml.element(q("fileSec"), {"ID": section_id(package.objid, "fileSec")}):
        if documentation is not None:
            groups.add("Documentation")
            write_file_group(xml, _group(package, "Documentation"), documentation)
        if package.schemas:
            groups.add("Schemas")
            write_file_group(xml, _group(package, "Schemas"), package.schemas)
        for name, ref in package.representations:
            write_file_group(xml, _group(package, f"Representations/{name}"), [ref])
    return groups


def _group(of: PackageMets | RepresentationMets, use: str) -> dict[str, str]:
    attributes = {"ID": group_id(of.objid, use), "USE": use}
    if use.startswith("Representations") or use == "Data":
        attributes[_CONTENT] = of.content_information_type
        if of.other_content_information_type:
            attributes[_OTHER_CONTENT] = of.other_content_information_type
    return attributes
