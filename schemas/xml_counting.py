"""What a parser's callbacks become: events, counted, and refused beyond the caps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from schemas.xml_caps import XmlCaps, XmlHasDoctype, XmlTooBig, XmlTooDeep

_NOTHING: Mapping[str, str] = MappingProxyType({})


class XmlEvent(NamedTuple):
    """One step of a document.

    ``text`` is set on ``end``: the element's own character data, without its children's.
    ``depth`` is 1 at the root. ``namespaces`` are those declared on the element itself; the
    default namespace has the prefix ``""``.
    """

    kind: Literal["start", "end"]
    tag: str
    attributes: Mapping[str, str]
    text: str
    depth: int
    namespaces: Mapping[str, str]


class _Open:
    """The character data so far of one open element; ``ink`` when some of it is not space."""

    __slots__ = ("chars", "ink", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.chars = 0
        self.ink = False


class Counting:
    """lxml's parser target: turns callbacks into events, and refuses beyond the caps.

    Called three times for each element of a package of 200,000 files: hence so flat.
    """

    def __init__(self, caps: XmlCaps) -> None:
        self._caps = caps
        self._elements = 0
        self._open: list[_Open] = []
        self.steps = 0
        self.events: list[XmlEvent] = []

    def start(self, tag: str, attributes: Any, namespaces: Any) -> None:
        caps, opened = self._caps, self._open
        self.steps += 1
        self._elements += 1
        if len(opened) >= caps.depth:
            raise XmlTooDeep(limit=caps.depth)
        if self._elements > caps.elements:
            raise XmlTooBig(what="elements", limit=caps.elements)
        values = self._held(attributes) if attributes else _NOTHING
        declared = self._held(namespaces) if namespaces else _NOTHING
        if opened:
            above = opened[-1]
            if above.parts and not above.ink:
                # A file group with 200,000 children would keep as many line ends.
                above.parts.clear()
                above.chars = 0
        opened.append(_Open())
        self.events.append(XmlEvent("start", tag, values, "", len(opened), declared))

    def _held(self, said: Any) -> dict[str, str]:
        """The attributes or declarations of an element, within the caps."""
        caps = self._caps
        if len(said) > caps.attributes:
            raise XmlTooBig(what="attributes", limit=caps.attributes)
        values = dict(said)
        for value in values.values():
            if len(value) > caps.text_chars:
                raise XmlTooBig(what="attribute", limit=caps.text_chars)
        return values

    def end(self, tag: str) -> None:
        self.steps += 1
        depth = len(self._open)
        text = "".join(self._open.pop().parts)
        self.events.append(XmlEvent("end", tag, _NOTHING, text, depth, _NOTHING))

    def data(self, text: str) -> None:
        self.steps += 1
        around = self._open[-1]
        around.parts.append(text)
        around.chars += len(text)
        if around.chars > self._caps.text_chars:
            raise XmlTooBig(what="text", limit=self._caps.text_chars)
        if not around.ink and not text.isspace():
            around.ink = True

    def comment(self, _text: str) -> None:
        self.steps += 1

    def pi(self, _target: str, _data: str | None = None) -> None:
        self.steps += 1

    def doctype(self, *_facts: Any) -> None:
        raise XmlHasDoctype()

    def close(self) -> None:
        return None
