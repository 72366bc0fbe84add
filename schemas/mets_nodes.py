"""The small parts of a METS file, from elements to items: header, section, file."""

from __future__ import annotations

from schemas.mets import CSIP, XLINK
from schemas.mets_facts import (
    UNREADABLE_SIZE,
    AgentFacts,
    MetadataReference,
    MetadataSection,
    MetsFileEntry,
    MetsGroup,
    MetsHeader,
    Referred,
)
from schemas.xml_nodes import Node
from schemas.xml_text import decode_href

HREF = f"{{{XLINK}}}href"


def csip(node: Node, name: str) -> str:
    """The csip attribute, ``""`` when absent."""
    return node.get(f"{{{CSIP}}}{name}")


def header_of(node: Node) -> MetsHeader:
    """The item of a ``metsHdr``."""
    return MetsHeader(
        created=node.get("CREATEDATE"),
        modified=node.get("LASTMODDATE"),
        record_status=node.get("RECORDSTATUS"),
        oais_type=csip(node, "OAISPACKAGETYPE"),
        agents=tuple(
            AgentFacts(
                role=agent.get("ROLE"),
                other_role=agent.get("OTHERROLE"),
                type=agent.get("TYPE"),
                other_type=agent.get("OTHERTYPE"),
                names=tuple(name.text for name in agent.all("name")),
                notes=tuple((csip(note, "NOTETYPE"), note.text) for note in agent.all("note")),
            )
            for agent in node.all("agent")
        ),
        alt_record_ids=tuple((n.get("TYPE"), n.text) for n in node.all("altRecordID")),
    )


def section_of(node: Node) -> MetadataSection:
    """The item of a ``dmdSec`` or of a part of the ``amdSec``."""
    return MetadataSection(
        kind=node.name,
        id=node.get("ID"),
        created=node.get("CREATED"),
        status=node.get("STATUS"),
        references=tuple(
            MetadataReference(
                file=_referred(ref, ref.get(HREF)),
                mdtype=ref.get("MDTYPE"),
                other_mdtype=ref.get("OTHERMDTYPE"),
                mdtype_version=ref.get("MDTYPEVERSION"),
            )
            for ref in node.all("mdRef")
        ),
        embedded=bool(node.all("mdWrap")),
    )


def file_of(node: Node, group: MetsGroup) -> MetsFileEntry:
    """The item of a ``file`` in its group."""
    locations = node.all("FLocat")
    return MetsFileEntry(
        group_id=group.id,
        use=group.use,
        file=_referred(node, locations[0].get(HREF) if locations else ""),
        owner_id=node.get("OWNERID"),
        admid=node.get("ADMID"),
        dmdid=node.get("DMDID"),
        locations=len(locations),
    )


def _referred(node: Node, href: str) -> Referred:
    return Referred(
        id=node.get("ID"),
        href=href,
        path=decode_href(href),
        mime=node.get("MIMETYPE"),
        size_bytes=_size(node.get("SIZE")),
        created=node.get("CREATED"),
        checksum=node.get("CHECKSUM"),
        checksum_type=node.get("CHECKSUMTYPE"),
    )


def _size(text: str) -> int | None:
    if not text:
        return None
    plain = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if plain else UNREADABLE_SIZE
