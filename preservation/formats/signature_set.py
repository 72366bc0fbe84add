"""One signature set: PRONOM's formats in fido's translation, and the container signatures.

A set is immutable, known by version and by the hash of its files, and says once what in it
could not be used. Formats keep the order of the file: fido's priority rules depend on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from preservation.formats.container_signatures import ContainerSignature, read_containers
from preservation.formats.pronom_reading import reread, with_offsets_added
from preservation.formats.regex_tree import Tree, parse
from preservation.formats.shipped import SignatureFiles, shipped_files
from schemas.findings import Finding, Severity
from schemas.xml import Element, XmlCaps, iterate_untrusted

CAPS = XmlCaps(total_bytes=64 * 1024 * 1024, elements=2_000_000)


@dataclass(frozen=True, slots=True)
class Format:
    """One format of the registry; ``over`` are the PUIDs it has priority over."""

    order: int
    puid: str
    name: str
    version: str
    mime: str
    extensions: tuple[str, ...]
    over: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One byte pattern: ``position`` is BOF, EOF, VAR or IFB; ``tree`` may be unknown."""

    position: str
    regex: bytes
    tree: Tree | None
    repair: Literal["", "misread", "invalid"] = ""
    """What was wrong with fido's translation (``pronom_reading``), now put right."""


@dataclass(frozen=True, slots=True)
class Signature:
    """All ``patterns`` together tell that a file is of the format with that ``order``."""

    format: int
    name: str
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class SignatureSet:
    """Everything identification knows; build it with :meth:`load` or :meth:`load_default`."""

    version: str
    sha256: str
    formats: tuple[Format, ...]
    signatures: tuple[Signature, ...]
    containers: tuple[ContainerSignature, ...]
    findings: tuple[Finding, ...] = ()
    by_puid: Mapping[str, Format] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What results and receipts write: version and the first half of the hash."""
        return f"{self.version}, sha256 {self.sha256[:32]}"

    @classmethod
    def load_default(cls) -> SignatureSet:
        """The set that comes with opf-fido, fido's own additions included; read once."""
        return _default()

    @classmethod
    def load_files(cls, files: SignatureFiles) -> SignatureSet:
        """The set in ``files``."""
        more = (files.extensions,) if files.extensions else ()
        return cls.load(files.formats, files.container, more, version=files.label)

    @classmethod
    def load(
        cls,
        formats_xml: Path | bytes,
        container_xml: Path | bytes,
        more_formats: Sequence[Path | bytes] = (),
        *,
        version: str = "",
    ) -> SignatureSet:
        """The set of these files; a later format file replaces formats by PUID.

        Raises ``schemas.xml.XmlRefused`` for files that are not what they should be. What is
        invalid inside is left out and named in ``findings``.
        """
        documents = [_content(part) for part in (formats_xml, *more_formats)]
        containers = _content(container_xml)
        formats, signatures, problems = _read_formats(documents)
        found, container_problems = read_containers(containers)
        formats += _only_in_containers(len(formats), {f.puid for f in formats}, found)
        by_puid = {known.puid: known for known in formats}
        digest = hashlib.sha256()
        for document in (*documents, containers):
            digest.update(hashlib.sha256(document).digest())
        return cls(
            version=version or _version_of(formats_xml, container_xml),
            sha256=digest.hexdigest(),
            formats=tuple(formats),
            signatures=tuple(signatures),
            containers=found,
            findings=(*problems, *container_problems),
            by_puid=by_puid,
        )


@cache
def _default() -> SignatureSet:
    return SignatureSet.load_files(shipped_files())


def _content(part: Path | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.read_bytes()


def _version_of(*parts: Path | bytes) -> str:
    return ", ".join(part.stem for part in parts if isinstance(part, Path)) or "unnamed"


def _read_formats(
    documents: Sequence[bytes],
) -> tuple[list[Format], list[Signature], list[Finding]]:
    elements: dict[str, Element] = {}
    for document in documents:
        for element in iterate_untrusted(BytesIO(_without_details(document)), ["format"], CAPS):
            elements[_text(element, "puid")] = element
    formats: list[Format] = []
    signatures: list[Signature] = []
    problems: list[Finding] = []
    for order, (puid, element) in enumerate(elements.items()):
        formats.append(_format(order, puid, element))
        for number, signature in enumerate(element.iterfind("signature"), start=1):
            try:
                read = _signature(order, signature)
            except (re.error, ValueError, OverflowError) as problem:
                problems.append(_problem("FORMAT-PATTERN-INVALID", puid, number, str(problem)))
                continue
            signatures.append(read)
            if any(pattern.repair == "invalid" for pattern in read.patterns):
                problems.append(_problem("FORMAT-PATTERN-REPAIRED", puid, number, "offset"))
    return formats, signatures, problems


def _only_in_containers(
    order: int, known: set[str], containers: Sequence[ContainerSignature]
) -> list[Format]:
    """Formats that container signatures name and the format file does not."""
    named = {c.puid: c.description for c in containers if c.puid not in known}
    return [
        Format(number, puid, name, "", "", (), frozenset())
        for number, (puid, name) in enumerate(named.items(), start=order)
    ]


def _without_details(document: bytes) -> bytes:
    """The document without its long descriptions: four fifths of it, and never looked at."""
    return re.sub(rb"(?s)<details>.*?</details>", b"", document)


def _format(order: int, puid: str, element: Element) -> Format:
    return Format(
        order=order,
        puid=puid,
        name=_text(element, "name"),
        version=_text(element, "version"),
        mime=_text(element, "mime").split(",")[0].strip(),
        extensions=tuple(_texts(element, "extension")),
        over=frozenset(_texts(element, "has_priority_over")),
    )


def _signature(order: int, element: Element) -> Signature:
    patterns = tuple(_pattern(part) for part in element.iterfind("pattern"))
    if not patterns:
        raise ValueError("no pattern")
    return Signature(order, _text(element, "name"), patterns)


def _pattern(element: Element) -> Pattern:
    position = _text(element, "position")
    if position not in ("BOF", "EOF", "VAR", "IFB"):
        raise ValueError(f"position {position!r}")
    written = (element.findtext("regex") or "").encode()
    if not written:
        raise ValueError("empty regex")
    regex = reread(written, _text(element, "pronom_pattern"), position)
    repair: Literal["", "misread", "invalid"] = ""
    if regex != written:
        repair = "invalid" if with_offsets_added(written) != written else "misread"
    return Pattern(position, regex, parse(regex), repair)


def _problem(code: str, puid: str, number: int, reason: str) -> Finding:
    fields: dict[str, str | int] = {"puid": puid, "number": number, "reason": reason}
    return Finding(code, Severity.WARNING, puid, fields)


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _texts(element: Element, tag: str) -> Iterator[str]:
    for part in element.iterfind(tag):
        if part.text:
            yield part.text.strip()
