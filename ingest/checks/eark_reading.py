"""One METS file of an E-ARK package, read as a stream: its parts one by one, and an outline.

Sections and files are given out as they are complete and then forgotten; what the rules need
at the end stays in the :class:`Outline`, a few hundred bytes for each of 200,000 files. Only
the METS namespace counts: what another namespace holds is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from schemas.mets import CSIP, METS, XLINK
from schemas.mets_read import METS_CAPS, UNIT_NODES, NotMets
from schemas.xml import XmlCaps, XmlEvent, XmlTooBig, events_untrusted
from schemas.xml_nodes import Node

SECTIONS = frozenset(("dmdSec", "techMD", "rightsMD", "sourceMD", "digiprovMD"))
CSIP_MAP = "CSIP"
POINTERS_KEPT = 100_000
"""How many pointers of one structural map are looked at."""

_UNITS = SECTIONS | {"metsHdr", "file"}
_EMBEDDED = frozenset(("mdWrap", "FContent"))
_IN_MAP = frozenset(("div", "fptr", "mptr"))
_DEEPEST_IN_MAP = 5
_TWICE_KEPT = 200


@dataclass(slots=True)
class Group:
    """A ``fileGrp``; ``files`` counts those in it and in groups inside it."""

    node: Node
    files: int = 0

    @property
    def id(self) -> str:
        """Its ID."""
        return self.node.get("ID")

    @property
    def use(self) -> str:
        """What it is for, by its own word."""
        return self.node.get("USE")


@dataclass(frozen=True, slots=True)
class Section:
    """A metadata section: enough to see whether the map refers to it."""

    kind: str
    id: str
    status: str


@dataclass(frozen=True, slots=True)
class GroupedFile:
    """A ``file`` and the USE of the group it is in."""

    node: Node
    use: str


@dataclass(slots=True)
class Outline:
    """What stays of a METS file when it has gone by. ``maps`` hold two levels of divisions
    with their pointers; only those of the map that CSIP describes are kept."""

    root: Node = field(default_factory=lambda: Node("mets", {}))
    header: Node | None = None
    sections: list[Section] = field(default_factory=list)
    administrative: int = 0
    file_sections: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    maps: list[Node] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)

    @property
    def map(self) -> Node | None:
        """The map labelled CSIP; else the one that is physical; else the first."""
        ranked = sorted(
            self.maps,
            key=lambda m: (m.get("LABEL") != CSIP_MAP, m.get("TYPE") != "PHYSICAL"),
        )
        return ranked[0] if ranked else None

    @property
    def main(self) -> Node:
        """The main division of that map."""
        return self.map.first("div") if self.map is not None else Node("div", {})


Part: TypeAlias = Node | GroupedFile
"""A metadata section, or a file."""


def csip(node: Node, name: str) -> str:
    """The csip attribute, ``""`` when absent."""
    return node.get(f"{{{CSIP}}}{name}")


def xlink(node: Node, name: str) -> str:
    """The xlink attribute, ``""`` when absent."""
    return node.get(f"{{{XLINK}}}{name}")


def mets_parts(stream: BinaryIO, outline: Outline, caps: XmlCaps = METS_CAPS) -> Iterator[Part]:
    """Metadata sections and files in document order; ``outline`` is filled on the way.

    Raises ``XmlRefused``, or ``NotMets`` when the root is not ``mets`` of the METS namespace.
    """
    reader = _Reader(outline)
    for event in events_untrusted(stream, caps):
        part = reader.take(event)
        if part is not None:
            yield part


class _Reader:
    """Turns XML events into parts and the outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._skip_below = 0
        self._unit: list[Node] = []
        self._unit_nodes = 0
        self._groups: list[Group] = []
        self._map: list[Node] = []
        self._pointers = 0

    def take(self, event: XmlEvent) -> Part | None:
        """Takes one event into account; gives the part that it completes."""
        if self._skip_below:
            if event.kind == "end" and event.depth == self._skip_below:
                self._skip_below = 0
            return None
        uri, _, name = event.tag.rpartition("}")
        if event.kind == "end":
            return self._end(name, event.text)
        if event.depth == 1 and (name != "mets" or uri[1:] != METS):
            raise NotMets(root=name)
        if uri[1:] != METS:
            self._skip_below = event.depth
            return None
        node = Node(name, event.attributes)
        self._identify(node)
        self._start(node, event.depth)
        return None

    def _identify(self, node: Node) -> None:
        identifier = node.get("ID")
        if identifier in self._outline.ids and len(self._outline.twice) < _TWICE_KEPT:
            self._outline.twice.append(identifier)
        if identifier:
            self._outline.ids.add(identifier)

    def _start(self, node: Node, depth: int) -> None:
        if self._unit:
            self._unit_nodes += 1
            if self._unit_nodes > UNIT_NODES:
                raise XmlTooBig(what="elements", limit=UNIT_NODES)
            self._unit[-1].children.append(node)
        if node.name in _EMBEDDED:
            self._skip_below = depth
        elif self._unit or node.name in _UNITS:
            self._unit.append(node)
        elif self._map:
            self._start_in_map(node, depth)
        else:
            self._start_around(node, depth)

    def _start_around(self, node: Node, depth: int) -> None:
        match node.name:
            case "mets":
                self._outline.root = node
            case "amdSec":
                self._outline.administrative += 1
            case "fileSec":
                self._outline.file_sections.append(node)
            case "fileGrp":
                self._groups.append(Group(node))
                self._outline.groups.append(self._groups[-1])
            case "structMap":
                self._map.append(node)
                self._outline.maps.append(node)
                self._pointers = 0
            case _:
                self._skip_below = depth

    def _start_in_map(self, node: Node, depth: int) -> None:
        if node.name not in _IN_MAP or depth > _DEEPEST_IN_MAP:
            self._skip_below = depth
            return
        self._pointers += 1
        if self._pointers <= POINTERS_KEPT:
            self._map[-1].children.append(node)
        self._map.append(node)

    def _end(self, name: str, text: str) -> Part | None:
        if self._unit:
            node = self._unit.pop()
            node.text = text.strip()
            self._unit_nodes = self._unit_nodes if self._unit else 0
            return None if self._unit else self._complete(node)
        if self._map:
            closed = self._map.pop()
            if closed.name == "structMap":
                self._let_go(closed)
        elif name == "fileGrp" and self._groups:
            inner = self._groups.pop()
            if self._groups:
                self._groups[-1].files += inner.files
        return None

    def _complete(self, node: Node) -> Part | None:
        if node.name == "metsHdr":
            self._outline.header = self._outline.header or node
            return None
        if node.name == "file":
            group = self._groups[-1] if self._groups else Group(Node("fileGrp", {}))
            group.files += 1
            use = next((each.use for each in reversed(self._groups) if each.use), "")
            return GroupedFile(node, use)
        self._outline.sections.append(Section(node.name, node.get("ID"), node.get("STATUS")))
        return node

    def _let_go(self, closed: Node) -> None:
        """Of maps that CSIP does not describe only the attributes are kept."""
        labelled = [m for m in self._outline.maps if m.get("LABEL") == CSIP_MAP]
        if labelled and closed not in labelled:
            closed.children.clear()
        if labelled and closed is labelled[0]:
            for other in self._outline.maps:
                if other is not closed:
                    other.children.clear()
