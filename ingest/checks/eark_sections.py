"""CSIP17–57: metadata sections and what they refer to.

Descriptive, provenance and rights sections have the same requirements under numbers of their
own; each number has its function, made once for each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ingest.checks.eark_reading import xlink
from ingest.checks.eark_rules import (
    MUST,
    SHOULD,
    Level,
    MetsFile,
    Requirement,
    broken,
    requirement,
)
from ingest.checks.eark_words import CHECKSUM_TYPES, MDTYPES, STATUSES, is_datetime, is_number
from schemas.xml_nodes import Node

Judge = Callable[[Node], Iterator[str]]


@requirement("CSIP17", SHOULD)
def csip17(mets: MetsFile) -> Iterator[str]:
    """Descriptive metadata that is there has sections."""
    there = next(mets.tree.below(f"{mets.base}metadata/descriptive/"), "")
    return broken(there and not _kinds(mets) & {"dmdSec"}, there)


@requirement("CSIP31", SHOULD)
def csip31(mets: MetsFile) -> Iterator[str]:
    """Administrative metadata that is there has one section for all of it."""
    there = next(mets.tree.below(f"{mets.base}metadata/preservation/"), "")
    count = mets.outline.administrative
    return broken(count > 1 or (there and not count), there if not count else str(count))


@requirement("CSIP32", SHOULD)
def csip32(mets: MetsFile) -> Iterator[str]:
    """Preservation metadata that is there has sections of provenance, one for each file."""
    files = sum(1 for _ in mets.tree.below(f"{mets.base}metadata/preservation/"))
    sections = sum(each.kind == "digiprovMD" for each in mets.outline.sections)
    return broken(sections < files, f"{sections} < {files}")


def _kinds(mets: MetsFile) -> set[str]:
    return {each.kind for each in mets.outline.sections}


def has_id(section: Node) -> Iterator[str]:
    """The section has an ID."""
    return broken(not section.get("ID"))


def has_date(section: Node) -> Iterator[str]:
    """The section says when its metadata was made."""
    return broken(not is_datetime(section.get("CREATED")), section.get("ID"))


def has_status(section: Node) -> Iterator[str]:
    """The section says whether it is current."""
    return broken(section.get("STATUS") not in STATUSES, section.get("STATUS"))


def refers(section: Node) -> Iterator[str]:
    """The metadata lies in a file that the section refers to."""
    return broken(not section.all("mdRef"), section.get("ID"))


def _of_reference(is_broken: Callable[[Node], bool], shown: str) -> Judge:
    """What breaks one requirement of an ``mdRef``; shows the attribute ``shown``."""

    def judge(section: Node) -> Iterator[str]:
        for reference in section.all("mdRef"):
            yield from broken(is_broken(reference), _shown(section, reference, shown))

    return judge


def _shown(section: Node, reference: Node, attribute: str) -> str:
    name = xlink(reference, "href") or section.get("ID")
    value = reference.get(attribute)
    return f"{name} ({value})" if value else name


REFERENCE: tuple[tuple[str, Judge], ...] = (
    ("LOCTYPE", _of_reference(lambda r: r.get("LOCTYPE") != "URL", "LOCTYPE")),
    ("xlink:type", _of_reference(lambda r: xlink(r, "type") != "simple", "")),
    ("xlink:href", _of_reference(lambda r: not xlink(r, "href"), "")),
    ("MDTYPE", _of_reference(lambda r: r.get("MDTYPE") not in MDTYPES, "MDTYPE")),
    ("MIMETYPE", _of_reference(lambda r: "/" not in r.get("MIMETYPE"), "MIMETYPE")),
    ("SIZE", _of_reference(lambda r: not is_number(r.get("SIZE")), "SIZE")),
    ("CREATED", _of_reference(lambda r: not is_datetime(r.get("CREATED")), "CREATED")),
    ("CHECKSUM", _of_reference(lambda r: not r.get("CHECKSUM"), "CHECKSUM")),
    (
        "CHECKSUMTYPE",
        _of_reference(lambda r: r.get("CHECKSUMTYPE") not in CHECKSUM_TYPES, "CHECKSUMTYPE"),
    ),
)
"""The nine attributes of a reference, in the order in which the standard numbers them."""


def _one(identifier: str, level: Level, judge: Judge) -> Requirement[Node]:
    return requirement(identifier, level)(judge)


def _references(identifiers: str) -> tuple[Requirement[Node], ...]:
    pairs = zip(identifiers.split(), REFERENCE, strict=True)
    return tuple(_one(identifier, MUST, judge) for identifier, (_, judge) in pairs)


PARTS: Mapping[str, tuple[Requirement[Node], ...]] = {
    "dmdSec": (
        _one("CSIP18", MUST, has_id),
        _one("CSIP19", MUST, has_date),
        _one("CSIP20", SHOULD, has_status),
        _one("CSIP21", SHOULD, refers),
        *_references("CSIP22 CSIP23 CSIP24 CSIP25 CSIP26 CSIP27 CSIP28 CSIP29 CSIP30"),
    ),
    "digiprovMD": (
        _one("CSIP33", MUST, has_id),
        _one("CSIP34", SHOULD, has_status),
        _one("CSIP35", SHOULD, refers),
        *_references("CSIP36 CSIP37 CSIP38 CSIP39 CSIP40 CSIP41 CSIP42 CSIP43 CSIP44"),
    ),
    "rightsMD": (
        _one("CSIP46", MUST, has_id),
        _one("CSIP47", SHOULD, has_status),
        _one("CSIP48", SHOULD, refers),
        *_references("CSIP49 CSIP50 CSIP51 CSIP52 CSIP53 CSIP54 CSIP55 CSIP56 CSIP57"),
    ),
}
"""By the kind of section."""

RULES = (csip17, csip31, csip32)
