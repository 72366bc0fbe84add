"""Reads METS files of strangers: as a stream, within caps, and through known mistakes.

Four mistakes of the circular's own examples and of its implementers are repaired and
reported: elements without a prefix under ``xmlns:mets``, csip attributes whose namespace has
the wrong case (XSD wildcards let it pass, so they would silently be invisible),
``fileGrp/@USER`` and ``div/@AMDID`` (tt05-profile §2). The received bytes are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from schemas.errors import PackageError
from schemas.mets import CSIP, METS, XLINK
from schemas.mets_facts import (
    CSIP_CASE,
    DIV_AMDID,
    FILEGRP_USER,
    NO_NAMESPACE,
    MetadataSection,
    MetsDiv,
    MetsFacts,
    MetsFileEntry,
    MetsGroup,
    MetsHeader,
    MetsItem,
    MetsPointer,
    MetsRoot,
    Repair,
)
from schemas.mets_nodes import HREF, csip, file_of, header_of, section_of
from schemas.xml import XmlCaps, XmlEvent, XmlTooBig, events_untrusted
from schemas.xml_nodes import Node
from schemas.xml_text import decode_href

METS_CAPS = XmlCaps(total_bytes=1024 * 1024 * 1024, elements=4_000_000)
UNIT_NODES = 10_000
"""How many elements one header, section or file may hold."""
FILE_POINTERS = 1_000_000
"""How many files one division may point to."""

_UNITS = frozenset(("metsHdr", "dmdSec", "techMD", "rightsMD", "sourceMD", "digiprovMD", "file"))
_EMBEDDED = frozenset(("mdWrap", "FContent"))
_CSIP_FOLDED = f"{{{CSIP}}}".casefold()


class NotMets(PackageError):
    """The root element is not ``mets``; ``root`` is its name."""

    code = "METS-NOT-METS"


def mets_items(stream: BinaryIO, caps: XmlCaps = METS_CAPS) -> Iterator[MetsItem]:
    """The parts of a METS file in document order; only open elements are in memory.

    The first item is the :class:`MetsRoot`, or the repair that made it readable. Embedded
    metadata is passed over. Raises ``XmlRefused`` or :class:`NotMets`.
    """
    reader = _Reader()
    for event in events_untrusted(stream, caps):
        reader.take(event)
        if reader.ready:
            yield from reader.ready
            reader.ready.clear()


def read_mets(stream: BinaryIO, caps: XmlCaps = METS_CAPS) -> MetsFacts:
    """The whole METS file, about 1 KB of memory for each of its files."""
    root: MetsRoot | None = None
    header: MetsHeader | None = None
    sections: list[MetadataSection] = []
    groups: list[MetsGroup] = []
    files: list[MetsFileEntry] = []
    divs: list[MetsDiv] = []
    repairs: list[str] = []
    for item in mets_items(stream, caps):
        match item:
            case MetsFileEntry():
                files.append(item)
            case MetsDiv():
                divs.append(item)
            case MetadataSection():
                sections.append(item)
            case MetsGroup():
                groups.append(item)
            case MetsRoot():
                root = item
            case MetsHeader():
                header = item
            case Repair():
                repairs.append(item.code)
    if root is None:
        raise NotMets(root="")
    return MetsFacts(
        root, header, tuple(sections), tuple(groups), tuple(files), tuple(divs), tuple(repairs)
    )


@dataclass(slots=True)
class _OpenDiv:
    """A division whose pointers are still coming; given out before its first child."""

    node: Node
    file_ids: list[str] = field(default_factory=list)
    pointers: list[MetsPointer] = field(default_factory=list)
    given: bool = False


class _Reader:
    """Turns XML events into METS items. ``ready`` are those completed by the last event."""

    def __init__(self) -> None:
        self.ready: list[MetsItem] = []
        self._namespace = ""
        self._repairs: set[str] = set()
        self._skip_below = 0
        self._open: list[Node] = []
        self._unit_nodes = 0
        self._groups: list[MetsGroup] = []
        self._map = Node("structMap", {})
        self._divs: list[_OpenDiv] = []

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
        elif uri[1:] != self._namespace:
            # Not METS, and what it holds is not either, even where it has no namespace.
            if event.kind == "start":
                self._skip_below = event.depth
        elif event.kind == "start":
            self._start(Node(name, self._mended(event.attributes)), event.depth)
        else:
            self._end(name, event.text.strip())

    def _start(self, node: Node, depth: int) -> None:
        if node.name in _EMBEDDED:
            self._skip_below = depth
        if self._open:
            self._unit_nodes += 1
            if self._unit_nodes > UNIT_NODES:
                raise XmlTooBig(what="elements", limit=UNIT_NODES)
            self._open[-1].children.append(node)
            if not self._skip_below:
                self._open.append(node)
        elif node.name in _UNITS:
            self._unit_nodes = 0
            self._open.append(node)
        elif node.name == "fileGrp":
            self._start_group(node)
        elif node.name == "structMap":
            self._map = node
        elif node.name in ("div", "fptr", "mptr"):
            self._start_in_map(node)

    def _end(self, name: str, text: str) -> None:
        if self._open:
            node = self._open.pop()
            node.text = text
            if not self._open:
                self._give_unit(node)
        elif name == "fileGrp":
            self._groups.pop()
        elif name == "div":
            self._give_div()
            self._divs.pop()

    def _give_unit(self, node: Node) -> None:
        if node.name == "metsHdr":
            self.ready.append(header_of(node))
        elif node.name == "file":
            self._give_file(node)
        else:
            self.ready.append(section_of(node))

    def _give_file(self, node: Node) -> None:
        group = self._groups[-1] if self._groups else MetsGroup("", "", "")
        self.ready.append(file_of(node, group))
        for inner in node.all("file"):
            self._give_file(inner)

    def _start_group(self, node: Node) -> None:
        use = node.get("USE")
        if not use and node.get("USER"):
            self._repair(FILEGRP_USER)
            use = node.get("USER")
        if not use and self._groups:
            use = self._groups[-1].use
        group = MetsGroup(node.get("ID"), use, csip(node, "CONTENTINFORMATIONTYPE"))
        self._groups.append(group)
        self.ready.append(group)

    def _start_in_map(self, node: Node) -> None:
        if node.name == "div":
            if self._divs:
                self._give_div()
            self._divs.append(_OpenDiv(node))
        elif self._divs and node.name == "fptr":
            if len(self._divs[-1].file_ids) >= FILE_POINTERS:
                raise XmlTooBig(what="elements", limit=FILE_POINTERS)
            self._divs[-1].file_ids.append(node.get("FILEID"))
        elif self._divs:
            href = node.get(HREF)
            pointer = MetsPointer(href, decode_href(href), node.get(f"{{{XLINK}}}title"))
            self._divs[-1].pointers.append(pointer)

    def _give_div(self) -> None:
        """Gives out the innermost division, once."""
        opened = self._divs[-1]
        if opened.given:
            return
        opened.given = True
        admid = opened.node.get("ADMID")
        if not admid and opened.node.get("AMDID"):
            self._repair(DIV_AMDID)
            admid = opened.node.get("AMDID")
        self.ready.append(
            MetsDiv(
                id=opened.node.get("ID"),
                labels=tuple(div.node.get("LABEL") for div in self._divs),
                type=opened.node.get("TYPE"),
                dmdid=tuple(opened.node.get("DMDID").split()),
                admid=tuple(admid.split()),
                file_ids=tuple(opened.file_ids),
                pointers=tuple(opened.pointers),
                map_label=self._map.get("LABEL"),
                map_type=self._map.get("TYPE"),
            )
        )
        opened.file_ids.clear()

    def _start_root(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        if name != "mets" or namespace not in ("", METS):
            raise NotMets(root=name)
        self._namespace = namespace
        if not namespace:
            self._repair(NO_NAMESPACE)
        root = Node(name, self._mended(attributes))
        self.ready.append(
            MetsRoot(
                objid=root.get("OBJID"),
                label=root.get("LABEL"),
                type=root.get("TYPE"),
                profile=root.get("PROFILE"),
                content_information_type=csip(root, "CONTENTINFORMATIONTYPE"),
                other_content_information_type=csip(root, "OTHERCONTENTINFORMATIONTYPE"),
                namespace=namespace,
            )
        )

    def _repair(self, code: str) -> None:
        if code not in self._repairs:
            self._repairs.add(code)
            self.ready.append(Repair(code))

    def _mended(self, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """The attributes, with csip names in their proper case."""
        if not any(name.casefold().startswith(_CSIP_FOLDED) for name in attributes):
            return attributes
        mended = {}
        for name, value in attributes.items():
            uri, brace, local = name.rpartition("}")
            if brace and uri[1:] != CSIP and f"{uri}}}".casefold() == _CSIP_FOLDED:
                self._repair(CSIP_CASE)
                mended[f"{{{CSIP}}}{local}"] = value
            else:
                mended[name] = value
        return mended
