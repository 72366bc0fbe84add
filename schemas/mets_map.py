"""The structural map of a METS file, and the identifiers its parts refer to each other by.

Identifiers follow from the package's OBJID and the part's role: the same package is written
with the same identifiers, and the map knows a group's without having seen it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from schemas.mets import XLINK, FileRef, MetadataRef, q, stable_id
from schemas.xml_text import encode_href, xml_safe
from schemas.xml_writing import XmlWriter


def section_id(objid: str, *parts: str) -> str:
    """The XML ID of one part of the METS file of ``objid``."""
    return stable_id("uuid", objid, *parts)


def group_id(objid: str, use: str) -> str:
    """The XML ID of the file group with that USE."""
    return section_id(objid, "fileGrp", use)


@contextmanager
def struct_map(xml: XmlWriter, objid: str, label: str, kind: str = "") -> Iterator[None]:
    """The CSIP map with its main division open; ``kind`` is the division's TYPE."""
    attributes = {"ID": section_id(objid, "structMap"), "TYPE": "PHYSICAL", "LABEL": "CSIP"}
    top = {"ID": section_id(objid, "div"), "LABEL": xml_safe(label)}
    if kind:
        top["TYPE"] = kind
    with xml.element(q("structMap"), attributes), xml.element(q("div"), top):
        yield


def division(xml: XmlWriter, objid: str, label: str) -> AbstractContextManager[None]:
    """A division to write into, named by its label."""
    return xml.element(q("div"), {"ID": section_id(objid, "div", label), "LABEL": label})


def write_metadata_division(
    xml: XmlWriter,
    objid: str,
    descriptive: Sequence[MetadataRef],
    administrative: Sequence[MetadataRef],
) -> None:
    """The ``Metadata`` division, which names every section by its ID (CSIP88–92)."""
    attributes = {"ID": section_id(objid, "div", "Metadata"), "LABEL": "Metadata"}
    attributes |= references("DMDID", descriptive) | references("ADMID", administrative)
    xml.leaf(q("div"), attributes=attributes)


def write_group_division(xml: XmlWriter, objid: str, label: str, uses: Sequence[str]) -> None:
    """A division that stands for whole file groups, one ``fptr`` each (CSIP96, 100, 104)."""
    with division(xml, objid, label):
        for use in uses:
            xml.leaf(q("fptr"), attributes={"FILEID": group_id(objid, use)})


def write_pointer_division(xml: XmlWriter, objid: str, label: str, ref: FileRef) -> None:
    """A division that points to a representation's METS file (CSIP105–112)."""
    pointer = {
        "LOCTYPE": "URL",
        f"{{{XLINK}}}type": "simple",
        f"{{{XLINK}}}href": encode_href(ref.href),
        f"{{{XLINK}}}title": group_id(objid, label),
    }
    with division(xml, objid, label):
        xml.leaf(q("mptr"), attributes=pointer)


def references(name: str, sections: Sequence[MetadataRef]) -> dict[str, str]:
    """The attribute ``name`` with the sections' IDs; nothing when there is no section."""
    return {name: " ".join(s.section_id for s in sections)} if sections else {}
