"""The only door to lxml: untrusted XML read within caps, and XSDs that never reach out.

Reading refuses every DOCTYPE, resolves no entity but XML's own five, opens no network and no
file, and counts bytes, depth, elements, attributes and text while the parser runs, so that a
hostile file is dropped before it has grown (design §3). ``huge_tree`` is never set: libxml2's
own limits stand behind ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

from schemas.xml_caps import (
    CAPS,
    PACKAGE_CAPS,
    XmlBadEncoding,
    XmlCaps,
    XmlHasDoctype,
    XmlMalformed,
    XmlRefused,
    XmlTooBig,
    XmlTooDeep,
)
from schemas.xml_counting import Counting, XmlEvent

__all__ = [
    "CAPS",
    "PACKAGE_CAPS",
    "Element",
    "SchemaCatalogue",
    "XmlBadEncoding",
    "XmlCaps",
    "XmlEvent",
    "XmlHasDoctype",
    "XmlMalformed",
    "XmlRefused",
    "XmlTooBig",
    "XmlTooDeep",
    "Xsd",
    "XsdFault",
    "events_untrusted",
    "iterate_untrusted",
    "parse_untrusted",
]

Element: TypeAlias = Any
"""An lxml element; other modules never import lxml for its name."""

CHUNK_BYTES = 64 * 1024
_SMALL_BYTES = 256 * 1024
"""A document that may be held as a tree: some megabytes, however it is made."""
_LIBXML2_LIMIT = 10_000_000
"""What libxml2 itself accepts in one name, value or text without ``huge_tree``."""


class _Collecting(Counting):
    """Builds the outermost wanted elements, whole, and nothing else."""

    def __init__(self, caps: XmlCaps, wanted: frozenset[str]) -> None:
        super().__init__(caps)
        self._wanted = wanted
        self._builder: Any = None
        self._opened = 0
        self.elements: list[Element] = []

    def start(self, tag: str, attributes: Any, namespaces: Any) -> None:
        super().start(tag, attributes, namespaces)
        event = self.events.pop()
        if self._builder is None and tag in self._wanted:
            self._builder, self._opened = etree.TreeBuilder(), event.depth
        if self._builder is not None:
            scope = {prefix or None: uri for prefix, uri in event.namespaces.items()}
            self._builder.start(tag, dict(event.attributes), scope)

    def data(self, text: str) -> None:
        super().data(text)
        if self._builder is not None:
            self._builder.data(text)

    def end(self, tag: str) -> None:
        super().end(tag)
        depth = self.events.pop().depth
        if self._builder is None:
            return
        self._builder.end(tag)
        if depth == self._opened:
            self.elements.append(self._builder.close())
            self._builder = None


def events_untrusted(stream: BinaryIO, caps: XmlCaps = PACKAGE_CAPS) -> Iterator[XmlEvent]:
    """The document's elements as they go by, in memory bounded by the caps.

    Raises an :class:`XmlRefused` at the first fault; events before it were already given.
    """
    target = Counting(caps)
    for _ in _fed(stream, target, caps):
        yield from target.events
        target.events.clear()


def iterate_untrusted(
    stream: BinaryIO, tags: Iterable[str], caps: XmlCaps = PACKAGE_CAPS
) -> Iterator[Element]:
    """Each outermost element named in ``tags``, complete, one at a time, then forgotten.

    One such element may hold as many descendants as ``caps.elements``; give smaller caps
    where that is too much.
    """
    target = _Collecting(caps, frozenset(tags))
    for _ in _fed(stream, target, caps):
        yield from target.elements
        target.elements.clear()


def parse_untrusted(stream: BinaryIO, caps: XmlCaps = CAPS) -> Element:
    """The root element of an untrusted document within the caps, comments and lines kept.

    The document is held in memory and read twice: once to count, once to build the tree.
    """
    content = stream.read(caps.total_bytes + 1)
    target = Counting(caps)
    for _ in _fed(BytesIO(content), target, caps):
        target.events.clear()
    parser = _parser()
    with _translated():
        return etree.fromstring(content, parser)


def _fed(stream: BinaryIO, target: Counting, caps: XmlCaps) -> Iterator[None]:
    """Yields after each chunk that the target has seen, and once more at the end."""
    # "internal", because without it libxml2 hands a target the & of an attribute as "&#38;".
    # There is nothing internal to resolve: entities are declared in a DOCTYPE.
    parser = _parser(target=target, resolve_entities="internal")
    total = unseen = 0
    while chunk := stream.read(CHUNK_BYTES):
        total += len(chunk)
        if total > caps.total_bytes:
            raise XmlTooBig(what="bytes", limit=caps.total_bytes)
        before = target.steps
        with _translated():
            parser.feed(chunk)
        unseen = 0 if target.steps != before else unseen + len(chunk)
        if unseen > caps.unseen_bytes:
            raise XmlTooBig(what="markup", limit=caps.unseen_bytes)
        yield
    with _translated():
        parser.close()
    yield


def _parser(*, resolve_entities: Literal["internal", False] = False, **more: Any) -> Any:
    return etree.XMLParser(
        resolve_entities=resolve_entities, no_network=True, load_dtd=False, **more
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except etree.XMLSyntaxError as fault:
        raise _refusal(fault) from None


def _refusal(fault: Any) -> XmlRefused:
    line = fault.lineno or 0
    reason = str(fault.msg or "").split(", line ")[0].strip()
    kinds = etree.ErrorTypes
    if fault.code in (kinds.ERR_UNSUPPORTED_ENCODING, kinds.ERR_INVALID_ENCODING):
        return XmlBadEncoding(line=line, reason=reason)
    if fault.code == kinds.ERR_UNKNOWN_ENCODING:
        return XmlBadEncoding(line=line, reason=reason)
    if fault.code == getattr(kinds, "ERR_RESOURCE_LIMIT", -1) or "limit exceeded" in reason:
        return XmlTooBig(what="markup", limit=_LIBXML2_LIMIT, line=line)
    return XmlMalformed(line=line, reason=reason)


@dataclass(frozen=True, slots=True)
class XsdFault:
    """One place where a document breaks its schema; ``line`` is 0 when it is not known."""

    line: int
    message: str


class SchemaCatalogue:
    """XSDs by file name; an import of anything else fails, and nothing is fetched.

    Schemas import each other by URL or by relative path: only the last segment counts.
    """

    def __init__(self, documents: Mapping[str, bytes | Path]) -> None:
        self._documents = dict(documents)

    @classmethod
    def of_folder(cls, *folders: Path) -> SchemaCatalogue:
        """Every ``*.xsd`` of the folders; the first folder wins where names are equal."""
        found: dict[str, bytes | Path] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.xsd")):
                found.setdefault(path.name, path)
        return cls(found)

    def names(self) -> frozenset[str]:
        """The file names the catalogue can give."""
        return frozenset(self._documents)

    def compile(self, name: str) -> Xsd:
        """The compiled schema; KeyError when it, or one it imports, is not in the catalogue."""
        missing: list[str] = []
        parser = _parser()
        parser.resolvers.add(_Resolver(self._content, missing))
        root = etree.fromstring(self._content(name), parser, base_url=f"catalogue:///{name}")
        try:
            schema = etree.XMLSchema(etree.ElementTree(root))
        except etree.XMLSchemaParseError as fault:
            if missing:
                raise KeyError(missing[0]) from None
            raise ValueError(f"{name}: {fault}") from None
        if missing:
            raise KeyError(missing[0])
        return Xsd(schema)

    def _content(self, name: str) -> bytes:
        document = self._documents[name]
        return document if isinstance(document, bytes) else document.read_bytes()


class _Resolver(etree.Resolver):  # type: ignore[misc]  # the base class has no types
    def __init__(self, content: Callable[[str], bytes], missing: list[str]) -> None:
        super().__init__()
        self._content = content
        self._missing = missing

    def resolve(self, url: str, _public_id: str, context: Any) -> Any:
        name = url.rsplit("/", 1)[-1]
        try:
            return self.resolve_string(self._content(name), context, base_url=url)
        except KeyError:
            self._missing.append(url)
            return self.resolve_string(b"", context)


class Xsd:
    """A compiled schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def faults(self, element: Element, *, limit: int = 100) -> list[XsdFault]:
        """Where the tree under ``element`` breaks the schema, ``limit`` places at most."""
        if self._schema.validate(etree.ElementTree(element)):
            return []
        log = list(self._schema.error_log)[:limit]
        return [XsdFault(entry.line, entry.message) for entry in log]

    def faults_in(
        self,
        reopen: Callable[[], AbstractContextManager[BinaryIO]],
        caps: XmlCaps = PACKAGE_CAPS,
        *,
        limit: int = 100,
        read_before: int | None = None,
    ) -> list[XsdFault]:
        """As :meth:`faults`, for a document of any size: read twice, never held in memory.

        The first reading counts, the second judges; line numbers are lost. Raises
        ``XmlRefused``. ``read_before`` is the size of a document that the caller has read to
        its end within the caps: it need not be counted again.
        """
        if read_before is None:
            with reopen() as stream:
                target = Counting(caps)
                for _ in _fed(stream, target, caps):
                    target.events.clear()
        elif read_before <= _SMALL_BYTES:
            with reopen() as stream:
                if self._passes(stream.read(_SMALL_BYTES)):
                    return []
        with reopen() as stream:
            log = self._log_of(stream, limit)
        return [XsdFault(entry.line, entry.message) for entry in log[:limit]]

    def _passes(self, content: bytes) -> bool:
        """Whether a small document has no faults: four times as quick as listing them."""
        try:
            return bool(self._schema.validate(etree.fromstring(content, _parser())))
        except etree.XMLSyntaxError:
            return False

    def _log_of(self, stream: BinaryIO, limit: int) -> list[Any]:
        judging = etree.iterparse(
            stream,
            events=("end",),
            schema=self._schema,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )
        try:
            for _, element in judging:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                if len(judging.error_log) >= limit:
                    break
        except etree.XMLSyntaxError:
            # Raised at the end of a well-formed document that has faults.
            pass
        return list(judging.error_log)
