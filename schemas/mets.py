"""METS 1.12.1 in parts: what every package of ours writes the same way.

A METS file of ours refers and never embeds: metadata by ``mdRef``, files by ``FLocat``, both
with size, moment, SHA-256 and an href relative to the METS file. :mod:`schemas.eark` and
:mod:`schemas.tt05_mets` put the parts together.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, TypeAlias, TypeVar

from schemas.events import Agent
from schemas.xml_text import encode_href, write_name, xml_safe
from schemas.xml_writing import XSI, XmlWriter, xml_writer

METS = "http://www.loc.gov/METS/"
XLINK = "http://www.w3.org/1999/xlink"
CSIP = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
SIP = "https://DILCIS.eu/XML/METS/SIPExtensionMETS"
NAMESPACES: Mapping[str | None, str] = {
    None: METS,
    "xlink": XLINK,
    "csip": CSIP,
    "sip": SIP,
    "xsi": XSI,
}

_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_ROLES = frozenset(
    ("CREATOR", "EDITOR", "ARCHIVIST", "PRESERVATION", "DISSEMINATOR", "CUSTODIAN", "IPOWNER")
)


def q(name: str) -> str:
    """The qualified METS name."""
    return f"{{{METS}}}{name}"


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file named by a METS file.

    ``href`` is the decoded path relative to the METS file's folder, encoded on writing.
    ``id`` is an XML ID; ``created`` an RFC 3339 moment with its zone; ``sha256`` hex in any
    case, written in upper case. ``original_name`` is written as OWNERID.
    """

    id: str
    href: str
    mime: str
    size_bytes: int
    created: str
    sha256: str
    original_name: str | bytes = ""
    admid: str = ""
    dmdid: str = ""


@dataclass(frozen=True, slots=True)
class MetadataRef:
    """One metadata file and the section that refers to it. Types: METS ``MDTYPE``."""

    section_id: str
    ref: FileRef
    mdtype: str
    other_mdtype: str = ""
    mdtype_version: str = ""
    status: str = "CURRENT"


@dataclass(frozen=True, slots=True)
class MetsAgent:
    """Who made or holds the package, as METS says it. ``role`` beyond the list is OTHER."""

    name: str
    role: str = "CREATOR"
    type: str = "OTHER"
    other_type: str = ""
    note: str = ""
    note_type: str = ""


AnyAgent: TypeAlias = Agent | MetsAgent
T = TypeVar("T")
Files: TypeAlias = Callable[[], Iterable[FileRef]]


def software_agent(name: str, version: str) -> MetsAgent:
    """The mandatory agent: the software that made the package (CSIP10–16)."""
    return MetsAgent(name, "CREATOR", "OTHER", "SOFTWARE", version, "SOFTWARE VERSION")


def organization_agent(name: str, code: str = "", role: str = "ARCHIVIST") -> MetsAgent:
    """An organ or an archive, with its identification code when it has one."""
    note_type = "IDENTIFICATIONCODE" if code else ""
    return MetsAgent(name, role, "ORGANIZATION", "", code, note_type)


def stable_id(prefix: str, *parts: str) -> str:
    """``<prefix>-<UUID>``: the same parts give the same XML ID, in upper case as in TT05."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, "\x1f".join(parts))
    return f"{prefix}-{str(name).upper()}"


SCHEMA_FILES: Mapping[str, str] = {
    "mets1_12.xsd": METS,
    "xlink.xsd": XLINK,
    "DILCISExtensionMETS.xsd": CSIP,
    "DILCISExtensionSIPMETS.xsd": SIP,
}
"""The namespace that each official schema file of a package describes."""
_NAMESPACE_BY_FILE = {**SCHEMA_FILES, "METS.xsd": METS, "csip.xsd": CSIP}
"""With Kho's own, which a package carries where there are no official ones."""


@contextmanager
def mets_document(
    out: BinaryIO, attributes: Mapping[str, str], *, schemas: Iterable[str] = ()
) -> Iterator[XmlWriter]:
    """A METS root element to write sections into.

    ``schemas`` are the hrefs of schema files that lie in the package; those that describe
    METS go into ``xsi:schemaLocation``.
    """
    given = {name: value for name, value in attributes.items() if value}
    locations = [
        f"{_NAMESPACE_BY_FILE[name]} {encode_href(href)}"
        for href in schemas
        if (name := href.rsplit("/", 1)[-1]) in _NAMESPACE_BY_FILE
    ]
    if locations:
        given[f"{{{XSI}}}schemaLocation"] = " ".join(locations)
    with xml_writer(out, NAMESPACES) as xml, xml.element(q("mets"), given):
        yield xml


def write_header(
    xml: XmlWriter,
    *,
    created: str,
    modified: str,
    record_status: str,
    oais_type: str,
    agents: Sequence[AnyAgent],
    alt_record_ids: Sequence[tuple[str, str]] = (),
) -> None:
    """``metsHdr``; ``alt_record_ids`` are (type, value)."""
    attributes = {
        "CREATEDATE": created,
        "LASTMODDATE": modified or created,
        "RECORDSTATUS": record_status,
        f"{{{CSIP}}}OAISPACKAGETYPE": oais_type,
    }
    with xml.element(q("metsHdr"), attributes):
        for agent in agents:
            _write_agent(xml, _mets_agent(agent))
        for kind, value in alt_record_ids:
            xml.leaf(q("altRecordID"), xml_safe(value), {"TYPE": kind})


def is_software(agent: AnyAgent) -> bool:
    """Whether this is the agent that CSIP10 asks for."""
    written = _mets_agent(agent)
    return written.role == "CREATOR" and written.other_type == "SOFTWARE"


def _mets_agent(agent: AnyAgent) -> MetsAgent:
    if isinstance(agent, MetsAgent):
        return agent
    if agent.kind == "software":
        return software_agent(agent.name, agent.version or "unknown")
    kind = "INDIVIDUAL" if agent.kind == "person" else "ORGANIZATION"
    return MetsAgent(agent.name, agent.role.upper(), kind)


def _write_agent(xml: XmlWriter, agent: MetsAgent) -> None:
    attributes = {"ROLE": agent.role}
    if agent.role not in _ROLES:
        attributes = {"ROLE": "OTHER", "OTHERROLE": agent.role}
    attributes["TYPE"] = agent.type
    if agent.other_type:
        attributes["OTHERTYPE"] = agent.other_type
    with xml.element(q("agent"), attributes):
        xml.leaf(q("name"), xml_safe(agent.name))
        if agent.note:
            kind = {f"{{{CSIP}}}NOTETYPE": agent.note_type} if agent.note_type else {}
            xml.leaf(q("note"), xml_safe(agent.note), kind)


def write_descriptive(xml: XmlWriter, sections: Iterable[MetadataRef]) -> None:
    """One ``dmdSec`` per descriptive file."""
    for section in sections:
        _write_section(xml, "dmdSec", section)


def write_administrative(
    xml: XmlWriter, section_id: str, sections: Sequence[MetadataRef], *, always: bool = False
) -> None:
    """One ``amdSec`` with a ``digiprovMD`` per file; none at all when there is nothing to
    refer to, unless ``always``."""
    if not sections and not always:
        return
    with xml.element(q("amdSec"), {"ID": xml_id(section_id)}):
        for section in sections:
            _write_section(xml, "digiprovMD", section)


def _write_section(xml: XmlWriter, tag: str, section: MetadataRef) -> None:
    ref = section.ref
    attributes = {
        "ID": xml_id(section.section_id),
        "CREATED": ref.created,
        "STATUS": section.status,
    }
    link = {
        "ID": xml_id(ref.id),
        "LOCTYPE": "URL",
        f"{{{XLINK}}}type": "simple",
        f"{{{XLINK}}}href": encode_href(ref.href),
        "MDTYPE": section.mdtype,
    }
    if section.other_mdtype:
        link["OTHERMDTYPE"] = section.other_mdtype
    if section.mdtype_version:
        link["MDTYPEVERSION"] = section.mdtype_version
    with xml.element(q(tag), attributes):
        xml.leaf(q("mdRef"), attributes=link | _facts(ref))


def write_file_group(
    xml: XmlWriter, attributes: Mapping[str, str], files: Iterable[FileRef]
) -> None:
    """One ``fileGrp``, its files streamed."""
    with xml.element(q("fileGrp"), attributes):
        for ref in files:
            _write_file(xml, ref)


def _write_file(xml: XmlWriter, ref: FileRef) -> None:
    attributes = {"ID": xml_id(ref.id)} | _facts(ref)
    if ref.original_name:
        attributes["OWNERID"] = write_name(ref.original_name).text
    if ref.admid:
        attributes["ADMID"] = ref.admid
    if ref.dmdid:
        attributes["DMDID"] = ref.dmdid
    link = {
        "LOCTYPE": "URL",
        f"{{{XLINK}}}type": "simple",
        f"{{{XLINK}}}href": encode_href(ref.href),
    }
    with xml.element(q("file"), attributes):
        xml.leaf(q("FLocat"), attributes=link)


def _facts(ref: FileRef) -> dict[str, str]:
    return {
        "MIMETYPE": ref.mime or "application/octet-stream",
        "SIZE": str(ref.size_bytes),
        "CREATED": ref.created,
        "CHECKSUM": ref.sha256.upper(),
        "CHECKSUMTYPE": "SHA-256",
    }


def xml_id(identifier: str) -> str:
    """The identifier itself; ValueError when it cannot be an XML ID (it starts with a digit,
    holds a colon…), because a METS file with one is invalid as a whole."""
    if not _NCNAME.fullmatch(identifier):
        raise ValueError(f"not an XML ID: {identifier!r}")
    return identifier


def some(items: Iterable[T]) -> Iterator[T] | None:
    """The items again, or None when there are none: METS has no empty file section."""
    iterator = iter(items)
    for first in iterator:
        return chain((first,), iterator)
    return None
