"""PREMIS 3.0, written as a stream: objects, then events, then agents.

Digests are upper-case hex, and every object repeats its category as a significant property,
because readers of the circular look for ``objectCategory`` there (tt05-profile §4). A name
that XML cannot hold is percent-encoded and a significant property says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from schemas.events import Agent, Event
from schemas.moments import format_moment
from schemas.xml_text import PERCENT_ENCODED, encode_href, write_name, xml_safe
from schemas.xml_writing import XSI, XmlWriter, xml_writer

PREMIS = "http://www.loc.gov/premis/v3"
NAME_ENCODING = "originalName encoding"
"""Type of the significant property that says how originalName is written."""

Category: TypeAlias = Literal["intellectual entity", "representation", "file"]
_XSI_TYPES: Mapping[Category, str] = {
    "intellectual entity": "intellectualEntity",
    "representation": "representation",
    "file": "file",
}


@dataclass(frozen=True, slots=True)
class Identifier:
    """A PREMIS identifier: type (``UUID``, ``local``, ``File``, ``Doc``…) and value."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class PremisFormat:
    """One format of a file; several when identification could not choose."""

    name: str = ""
    version: str = ""
    puid: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Relationship:
    """What an object has to do with others. ``related`` is a callable where they are many."""

    type: str
    sub_type: str
    related: Sequence[Identifier] | Callable[[], Iterable[Identifier]]


@dataclass(frozen=True, slots=True)
class PreservationLevel:
    """How well an object is to be kept; ``assigned`` is a date, ``YYYY-MM-DD``."""

    type: str
    value: str
    role: str = "intention"
    assigned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PremisObject:
    """One object. Digests and size are for files only; ``original_name`` may be raw bytes.

    ``content_location`` is a decoded path relative to the representation or package.
    """

    category: Category
    identifiers: Sequence[Identifier]
    xml_id: str = ""
    preservation_levels: Sequence[PreservationLevel] = ()
    significant_properties: Sequence[tuple[str, str]] = ()
    sha256: str = ""
    sha512: str = ""
    digest_originator: str = ""
    size_bytes: int | None = None
    formats: Sequence[PremisFormat] = ()
    original_name: str | bytes = ""
    content_location: str = ""
    storage_medium: str = ""
    relationships: Sequence[Relationship] = ()
    linked_events: Sequence[Identifier] = ()


@dataclass(frozen=True, slots=True)
class ObjectLink:
    """An object that took part in an event; ``role`` is ``source`` or ``outcome``."""

    object: Identifier
    role: str = "outcome"


Links: TypeAlias = Callable[[Event], Iterable[ObjectLink]]


def no_links(_event: Event) -> tuple[ObjectLink, ...]:
    """No event names an object."""
    return ()


def write_premis(
    out: BinaryIO,
    *,
    objects: Callable[[], Iterable[PremisObject]],
    events: Iterable[Event],
    agents: Iterable[Agent],
    links: Links = no_links,
) -> None:
    """A PREMIS 3.0 document is written to ``out``; memory does not grow with the objects.

    ``links`` says which objects an event is about. Agents of the events are written too, each
    once, so that no link dangles. ValueError when there is no object: PREMIS demands one.
    """
    namespaces: Mapping[str | None, str] = {None: PREMIS, "xsi": XSI}
    with xml_writer(out, namespaces) as xml, xml.element(_q("premis"), {"version": "3.0"}):
        empty = True
        for item in objects():
            empty = False
            _write_object(xml, item)
        if empty:
            raise ValueError("a PREMIS document names at least one object")
        known = {agent_identifier(agent): agent for agent in agents}
        for event in events:
            _write_event(xml, event, links(event))
            for agent in event.agents:
                known.setdefault(agent_identifier(agent), agent)
        for identifier, agent in known.items():
            _write_agent(xml, identifier, agent)


def agent_identifier(agent: Agent) -> Identifier:
    """How PREMIS names an agent: software with its version, others by name."""
    if agent.kind == "software":
        return Identifier("software", f"{agent.name} {agent.version}".strip())
    return Identifier("local", agent.name)


def event_identifier(event: Event) -> Identifier:
    """How PREMIS names an event."""
    return Identifier("UUID", event.id)


def _write_object(xml: XmlWriter, item: PremisObject) -> None:
    attributes = {f"{{{XSI}}}type": _XSI_TYPES[item.category]}
    if item.xml_id:
        attributes["xmlID"] = item.xml_id
    with xml.element(_q("object"), attributes):
        for identifier in item.identifiers:
            _write_identifier(xml, "objectIdentifier", identifier)
        for level in item.preservation_levels:
            _write_level(xml, level)
        _write_properties(xml, item)
        if item.category == "file":
            _write_characteristics(xml, item)
        if item.original_name:
            xml.leaf(_q("originalName"), write_name(item.original_name).text)
        if item.category != "intellectual entity":
            _write_storage(xml, item)
        for relationship in item.relationships:
            _write_relationship(xml, relationship)
        for identifier in item.linked_events:
            _write_identifier(xml, "linkingEventIdentifier", identifier)


def _write_level(xml: XmlWriter, level: PreservationLevel) -> None:
    with xml.element(_q("preservationLevel")):
        _leaf(xml, "preservationLevelType", level.type)
        _leaf(xml, "preservationLevelValue", level.value)
        _leaf(xml, "preservationLevelRole", level.role)
        _leaf(xml, "preservationLevelDateAssigned", level.assigned)


def _write_properties(xml: XmlWriter, item: PremisObject) -> None:
    properties = [("objectCategory", str(item.category)), *item.significant_properties]
    if item.original_name and write_name(item.original_name).encoded:
        properties.append((NAME_ENCODING, PERCENT_ENCODED))
    for kind, value in properties:
        with xml.element(_q("significantProperties")):
            xml.leaf(_q("significantPropertiesType"), xml_safe(kind))
            xml.leaf(_q("significantPropertiesValue"), xml_safe(value))


def _write_characteristics(xml: XmlWriter, item: PremisObject) -> None:
    with xml.element(_q("objectCharacteristics")):
        xml.leaf(_q("compositionLevel"), "0")
        for algorithm, digest in (("SHA-256", item.sha256), ("SHA-512", item.sha512)):
            if digest:
                with xml.element(_q("fixity")):
                    xml.leaf(_q("messageDigestAlgorithm"), algorithm)
                    xml.leaf(_q("messageDigest"), digest.upper())
                    _leaf(xml, "messageDigestOriginator", item.digest_originator)
        if item.size_bytes is not None:
            xml.leaf(_q("size"), str(item.size_bytes))
        for form in item.formats or (PremisFormat(name="unknown"),):
            _write_format(xml, form)


def _write_format(xml: XmlWriter, form: PremisFormat) -> None:
    with xml.element(_q("format")):
        if form.name or not form.puid:
            with xml.element(_q("formatDesignation")):
                xml.leaf(_q("formatName"), xml_safe(form.name) or "unknown")
                _leaf(xml, "formatVersion", form.version)
        if form.puid:
            with xml.element(_q("formatRegistry")):
                xml.leaf(_q("formatRegistryName"), "PRONOM")
                xml.leaf(_q("formatRegistryKey"), form.puid)
                xml.leaf(_q("formatRegistryRole"), "specification")
        _leaf(xml, "formatNote", form.note)


def _write_storage(xml: XmlWriter, item: PremisObject) -> None:
    if not (item.content_location or item.storage_medium):
        return
    with xml.element(_q("storage")):
        if item.content_location:
            with xml.element(_q("contentLocation")):
                xml.leaf(_q("contentLocationType"), "relative URI")
                xml.leaf(_q("contentLocationValue"), encode_href(item.content_location))
        _leaf(xml, "storageMedium", item.storage_medium)


def _write_relationship(xml: XmlWriter, relationship: Relationship) -> None:
    related = relationship.related
    with xml.element(_q("relationship")):
        xml.leaf(_q("relationshipType"), relationship.type)
        xml.leaf(_q("relationshipSubType"), relationship.sub_type)
        for identifier in related() if callable(related) else related:
            _write_identifier(xml, "relatedObjectIdentifier", identifier)


def _write_event(xml: XmlWriter, event: Event, links: Iterable[ObjectLink]) -> None:
    with xml.element(_q("event")):
        _write_identifier(xml, "eventIdentifier", event_identifier(event))
        xml.leaf(_q("eventType"), event.type.value)
        xml.leaf(_q("eventDateTime"), format_moment(event.moment))
        if event.detail:
            with xml.element(_q("eventDetailInformation")):
                xml.leaf(_q("eventDetail"), xml_safe(event.detail))
        with xml.element(_q("eventOutcomeInformation")):
            xml.leaf(_q("eventOutcome"), event.outcome.value)
            if event.facts:
                facts = json.dumps(dict(event.facts), ensure_ascii=False, sort_keys=True)
                with xml.element(_q("eventOutcomeDetail")):
                    xml.leaf(_q("eventOutcomeDetailNote"), xml_safe(facts))
        for agent in event.agents:
            identifier = agent_identifier(agent)
            _write_identifier(xml, "linkingAgentIdentifier", identifier, ("Agent", agent.role))
        for link in links:
            _write_identifier(xml, "linkingObjectIdentifier", link.object, ("Object", link.role))


def _write_agent(xml: XmlWriter, identifier: Identifier, agent: Agent) -> None:
    with xml.element(_q("agent")):
        _write_identifier(xml, "agentIdentifier", identifier)
        xml.leaf(_q("agentName"), xml_safe(agent.name))
        _leaf(xml, "agentType", agent.kind)
        _leaf(xml, "agentVersion", agent.version)


def _write_identifier(
    xml: XmlWriter, tag: str, identifier: Identifier, role: tuple[str, str] = ("", "")
) -> None:
    with xml.element(_q(tag)):
        xml.leaf(_q(f"{tag}Type"), xml_safe(identifier.type))
        xml.leaf(_q(f"{tag}Value"), xml_safe(identifier.value))
        _leaf(xml, f"linking{role[0]}Role", role[1])


def _leaf(xml: XmlWriter, tag: str, text: str) -> None:
    """An optional element: left out when it has nothing to say."""
    if text:
        xml.leaf(_q(tag), xml_safe(text))


def _q(name: str) -> str:
    return f"{{{PREMIS}}}{name}"
