"""Reads PREMIS files of strangers: as a stream, within caps, and in the circular's own form.

The circular prints ``premis`` without a namespace and the object's category as an element;
PREMIS 3.0 allows neither. Both are read and reported (tt05-profile §4); the received bytes
are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from schemas.errors import PackageError
from schemas.premis import NAME_ENCODING, PREMIS, Identifier, PremisFormat
from schemas.premis_facts import (
    NO_NAMESPACE,
    OBJECT_CATEGORY,
    PremisAgentFacts,
    PremisEventFacts,
    PremisItem,
    PremisLink,
    PremisObjectFacts,
    PremisRepair,
    PremisRoot,
)
from schemas.xml import XmlCaps, XmlEvent, XmlTooBig, events_untrusted
from schemas.xml_nodes import Node
from schemas.xml_text import PERCENT_ENCODED, read_name
from schemas.xml_writing import XSI

PREMIS_CAPS = XmlCaps(total_bytes=2 * 1024 * 1024 * 1024, elements=30_000_000)
UNIT_NODES = 10_000
"""How many elements one object, event or agent may hold, its links not counted."""

_UNITS = frozenset(("object", "event", "agent", "rights"))
_LINKS = frozenset(
    (
        "relatedObjectIdentifier",
        "relatedEventIdentifier",
        "linkingEventIdentifier",
        "linkingObjectIdentifier",
        "linkingAgentIdentifier",
    )
)
_CATEGORIES = {"intellectualEntity": "intellectual entity"}


class NotPremis(PackageError):
    """The root element is not ``premis``; ``root`` is its name."""

    code = "PREMIS-NOT-PREMIS"


def premis_items(stream: BinaryIO, caps: XmlCaps = PREMIS_CAPS) -> Iterator[PremisItem]:
    """The parts of a PREMIS file in document order; one part at a time is in memory.

    Rights and extensions are passed over. Raises ``XmlRefused`` or :class:`NotPremis`.
    """
    reader = _Reader()
    for event in events_untrusted(stream, caps):
        reader.take(event)
        if reader.ready:
            yield from reader.ready
            reader.ready.clear()


class _Reader:
    """Turns XML events into PREMIS items."""

    def __init__(self) -> None:
        self.ready: list[PremisItem] = []
        self._namespace = ""
        self._repairs: set[str] = set()
        self._skip_below = 0
        self._open: list[Node] = []
        self._nodes = self._nodes_before_link = 0

    def take(self, event: XmlEvent) -> None:
        """Takes one event into account."""
        if self._skip_below:
            if event.kind == "end" and event.depth == self._skip_below:
                self._skip_below = 0
            return
        uri, _, name = event.tag.rpartition("}")
        if event.depth == 1:
            if event.kind == "start":
                self._start_root(uri[1:], name, event.attributes)
        elif event.kind == "end":
            self._end(event.text)
        elif uri[1:] != self._namespace or name.endswith("Extension"):
            self._skip_below = event.depth
        else:
            self._start(Node(name, event.attributes), event.depth)

    def _start_root(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        if name != "premis" or namespace not in ("", PREMIS):
            raise NotPremis(root=name)
        self._namespace = namespace
        if not namespace:
            self._repair(NO_NAMESPACE)
        self.ready.append(PremisRoot(attributes.get("version", ""), namespace))

    def _start(self, node: Node, depth: int) -> None:
        if not self._open:
            if node.name not in _UNITS:
                self._skip_below = depth
                return
            self._nodes = 0
        else:
            self._nodes += 1
            if self._nodes > UNIT_NODES:
                raise XmlTooBig(what="elements", limit=UNIT_NODES)
            self._open[-1].children.append(node)
        if node.name in _LINKS:
            self._nodes_before_link = self._nodes
        self._open.append(node)

    def _end(self, text: str) -> None:
        node = self._open.pop()
        node.text = text
        if node.name in _LINKS and self._open:
            parent = self._open[-1]
            parent.children.pop()
            self._nodes = self._nodes_before_link - 1
            self._give_link(node, parent)
        elif not self._open:
            self._give_unit(node)

    def _give_link(self, node: Node, parent: Node) -> None:
        role = node.said("linkingObjectRole") or node.said("linkingAgentRole")
        if parent.name == "relationship":
            kind = parent.said("relationshipType")
            role = f"{kind}/{parent.said('relationshipSubType')}"
        source = next(iter(_identifiers(self._open[0])), Identifier("", ""))
        target = _identifier(node)
        self.ready.append(PremisLink(source, node.name, target, role))

    def _give_unit(self, node: Node) -> None:
        if node.name == "object":
            self.ready.append(self._object(node))
        elif node.name == "event":
            self.ready.append(_event(node))
        elif node.name == "agent":
            self.ready.append(_agent(node))

    def _object(self, node: Node) -> PremisObjectFacts:
        category = node.get(f"{{{XSI}}}type").rpartition(":")[2]
        if not category and node.all("objectCategory"):
            self._repair(OBJECT_CATEGORY)
            category = node.said("objectCategory")
        return _object(node, _CATEGORIES.get(category, category))

    def _repair(self, code: str) -> None:
        if code not in self._repairs:
            self._repairs.add(code)
            self.ready.append(PremisRepair(code))


def _object(node: Node, category: str) -> PremisObjectFacts:
    characteristics = node.first("objectCharacteristics")
    properties = tuple(
        (
            prop.said("significantPropertiesType"),
            prop.said("significantPropertiesValue"),
        )
        for prop in node.all("significantProperties")
    )
    encoded = (NAME_ENCODING, PERCENT_ENCODED) in properties
    size = characteristics.said("size")
    return PremisObjectFacts(
        category=category,
        identifiers=tuple(_identifiers(node)),
        xml_id=node.get("xmlID"),
        properties=properties,
        fixity=tuple(
            (
                fixity.said("messageDigestAlgorithm"),
                fixity.said("messageDigest"),
            )
            for fixity in characteristics.all("fixity")
        ),
        size_bytes=int(size) if size.isascii() and size.isdigit() and len(size) < 20 else None,
        formats=tuple(_format(form) for form in characteristics.all("format")),
        original_name=read_name(node.said("originalName"), encoded=encoded),
        content_location=node.said("storage", "contentLocation", "contentLocationValue"),
    )


def _format(node: Node) -> PremisFormat:
    return PremisFormat(
        name=node.said("formatDesignation", "formatName"),
        version=node.said("formatDesignation", "formatVersion"),
        puid=node.said("formatRegistry", "formatRegistryKey"),
        note=node.said("formatNote"),
    )


def _event(node: Node) -> PremisEventFacts:
    outcomes = node.all("eventOutcomeInformation")
    return PremisEventFacts(
        identifier=next(iter(_identifiers(node)), Identifier("", "")),
        type=node.said("eventType"),
        moment=node.said("eventDateTime"),
        details=tuple(
            information.said("eventDetail") for information in node.all("eventDetailInformation")
        ),
        outcomes=tuple(outcome.said("eventOutcome") for outcome in outcomes),
        notes=tuple(
            detail.said("eventOutcomeDetailNote")
            for outcome in outcomes
            for detail in outcome.all("eventOutcomeDetail")
        ),
    )


def _agent(node: Node) -> PremisAgentFacts:
    return PremisAgentFacts(
        identifiers=tuple(_identifiers(node)),
        name=node.said("agentName"),
        type=node.said("agentType"),
        version=node.said("agentVersion"),
    )


def _identifiers(node: Node) -> Iterator[Identifier]:
    for child in node.all(f"{node.name}Identifier"):
        yield _identifier(child)


def _identifier(node: Node) -> Identifier:
    kind = node.said(f"{node.name}Type")
    return Identifier(kind, node.said(f"{node.name}Value"))
