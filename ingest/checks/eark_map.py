"""CSIP80–104, CSIP116, CSIP118–119: the structural map.

A division is known by its label; where the label is wrong, by what it refers to, so that a
wrong label is said once and everything else is still looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ingest.checks.eark_files import DOCUMENTATION, REPRESENTATIONS, SCHEMAS, groups_for
from ingest.checks.eark_pointers import representation_mets
from ingest.checks.eark_reading import CSIP_MAP
from ingest.checks.eark_rules import (
    MUST,
    NONE,
    SHOULD,
    Level,
    MetsFile,
    Requirement,
    Version,
    broken,
    requirement,
)
from schemas.xml_nodes import Node

METADATA = "Metadata"
_NOWHERE = Node("div", {})
_ADMINISTRATIVE = frozenset(("techMD", "rightsMD", "sourceMD", "digiprovMD"))
Judge = Callable[[MetsFile], Iterator[str]]


@requirement("CSIP80", MUST)
def csip80(mets: MetsFile) -> Iterator[str]:
    """There is a map, and one only that CSIP describes."""
    labelled = sum(each.get("LABEL") == CSIP_MAP for each in mets.outline.maps)
    return broken(not mets.outline.maps or labelled > 1, str(labelled))


@requirement("CSIP81", MUST)
def csip81(mets: MetsFile) -> Iterator[str]:
    """The map is a physical one."""
    said = _map(mets).get("TYPE")
    return broken(mets.outline.maps and said != "PHYSICAL", said)


@requirement("CSIP82", MUST)
def csip82(mets: MetsFile) -> Iterator[str]:
    """The map is labelled CSIP."""
    said = _map(mets).get("LABEL")
    return broken(mets.outline.maps and said != CSIP_MAP, said)


@requirement("CSIP83", MUST)
def csip83(mets: MetsFile) -> Iterator[str]:
    """The map has an ID."""
    return broken(mets.outline.maps and not _map(mets).get("ID"))


@requirement("CSIP84", MUST)
def csip84(mets: MetsFile) -> Iterator[str]:
    """The map has one main division."""
    count = len(_map(mets).all("div"))
    return broken(mets.outline.maps and count != 1, str(count))


@requirement("CSIP85", MUST)
def csip85(mets: MetsFile) -> Iterator[str]:
    """The main division has an ID."""
    return broken(_map(mets).all("div") and not mets.outline.main.get("ID"))


@requirement("CSIP86", NONE, older=MUST)
def csip86(mets: MetsFile) -> Iterator[str]:
    """The main division is labelled with the OBJID; 2.1.0 gave this up."""
    if mets.version is not Version.V2_0_4:
        return broken(False)
    said, objid = mets.outline.main.get("LABEL"), mets.outline.root.get("OBJID")
    return broken(_map(mets).all("div") and said != objid, said)


@requirement("CSIP88", MUST)
def csip88(mets: MetsFile) -> Iterator[str]:
    """Metadata sections have a division."""
    return broken(mets.outline.sections and _metadata(mets) is _NOWHERE)


@requirement("CSIP89", MUST)
def csip89(mets: MetsFile) -> Iterator[str]:
    """That division has an ID."""
    div = _metadata(mets)
    return broken(div is not _NOWHERE and not div.get("ID"))


@requirement("CSIP90", MUST)
def csip90(mets: MetsFile) -> Iterator[str]:
    """That division is labelled Metadata."""
    div = _metadata(mets)
    return broken(div is not _NOWHERE and div.get("LABEL") != METADATA, div.get("LABEL"))


@requirement("CSIP91", SHOULD)
def csip91(mets: MetsFile) -> Iterator[str]:
    """It refers to all current administrative metadata."""
    return _unreferred(mets, "ADMID", _ADMINISTRATIVE)


@requirement("CSIP92", SHOULD)
def csip92(mets: MetsFile) -> Iterator[str]:
    """It refers to all current descriptive metadata."""
    return _unreferred(mets, "DMDID", frozenset(("dmdSec",)))


def _has_division(use: str) -> Judge:
    def judge(mets: MetsFile) -> Iterator[str]:
        """A group's kind of content has a division."""
        return broken(_wanted(mets, use) and _division(mets, use) is _NOWHERE, use)

    return judge


def _has_id(use: str) -> Judge:
    def judge(mets: MetsFile) -> Iterator[str]:
        """The division has an ID."""
        div = _division(mets, use)
        return broken(div is not _NOWHERE and not div.get("ID"), use)

    return judge


def _has_label(use: str) -> Judge:
    def judge(mets: MetsFile) -> Iterator[str]:
        """The division has the label of the vocabulary."""
        div = _division(mets, use)
        return broken(div is not _NOWHERE and div.get("LABEL") != use, div.get("LABEL"))

    return judge


def _refers_to_groups(use: str) -> Judge:
    def judge(mets: MetsFile) -> Iterator[str]:
        """The division refers to every group of its kind."""
        div = _division(mets, use)
        named = {each.get("FILEID") for each in div.all("fptr")}
        missing = [g.use for g in groups_for(mets, use) if g.id and g.id not in named]
        return broken(div is not _NOWHERE and missing, ", ".join(missing))

    return judge


def _refers_rightly(use: str) -> Judge:
    def judge(mets: MetsFile) -> Iterator[str]:
        """What the division refers to are groups of its kind."""
        known = {group.id for group in groups_for(mets, use)}
        for pointer in _division(mets, use).all("fptr"):
            said = pointer.get("FILEID")
            yield from broken(not said or (known and said not in known), said)

    return judge


def _five(use: str, identifiers: str) -> tuple[Requirement[MetsFile], ...]:
    judges: tuple[tuple[Level, Level | None, Judge], ...] = (
        (SHOULD, None, _has_division(use)),
        (MUST, None, _has_id(use)),
        (MUST, None, _has_label(use)),
        (SHOULD, MUST, _refers_to_groups(use)),
        (MUST, None, _refers_rightly(use)),
    )
    return tuple(
        requirement(identifier, level, older=older)(judge)
        for identifier, (level, older, judge) in zip(identifiers.split(), judges, strict=True)
    )


def _map(mets: MetsFile) -> Node:
    return mets.outline.map or Node("structMap", {})


def _metadata(mets: MetsFile) -> Node:
    """The division of metadata: by its label, else by what it refers to."""
    divs = mets.outline.main.all("div")
    named = [div for div in divs if div.get("LABEL") == METADATA]
    referring = [div for div in divs if div.get("DMDID") or div.get("ADMID")]
    return next(iter((*named, *referring)), _NOWHERE)


def _unreferred(mets: MetsFile, attribute: str, kinds: frozenset[str]) -> Iterator[str]:
    div = _metadata(mets)
    named = set(div.get(attribute).split())
    for section in mets.outline.sections:
        current = section.kind in kinds and section.status in ("", "CURRENT")
        yield from broken(div is not _NOWHERE and current and section.id not in named, section.id)


def _wanted(mets: MetsFile, use: str) -> bool:
    """Whether there is something for a division of this kind to refer to."""
    if use == REPRESENTATIONS and (not mets.is_root or representation_mets(mets.tree)):
        return False
    return bool(groups_for(mets, use))


def _division(mets: MetsFile, use: str) -> Node:
    """The division for a kind of content: by its label, else by the groups it refers to."""
    divs = [div for div in mets.outline.main.all("div") if not div.all("mptr")]
    known = {group.id for group in groups_for(mets, use) if group.id}
    named = [div for div in divs if div.get("LABEL") == use]
    others = (METADATA, DOCUMENTATION, SCHEMAS, REPRESENTATIONS)
    referring = [
        div
        for div in divs
        if div.get("LABEL") not in others
        and known & {each.get("FILEID") for each in div.all("fptr")}
    ]
    return next(iter((*named, *referring)), _NOWHERE)


RULES: tuple[Requirement[MetsFile], ...] = (
    csip80, csip81, csip82, csip83, csip84, csip85, csip86, csip88, csip89, csip90, csip91,
    csip92,
    *_five(DOCUMENTATION, "CSIP93 CSIP94 CSIP95 CSIP96 CSIP116"),
    *_five(SCHEMAS, "CSIP97 CSIP98 CSIP99 CSIP100 CSIP118"),
    *_five(REPRESENTATIONS, "CSIP101 CSIP102 CSIP103 CSIP104 CSIP119"),
)  # fmt: skip
