"""CSIP1–16, CSIP117: the ``mets`` element, the header, and the software that made the package."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ingest.checks.eark_reading import csip
from ingest.checks.eark_rules import MUST, SHOULD, MetsFile, broken, requirement
from ingest.checks.eark_words import (
    CONTENT_INFORMATION,
    OAIS_TYPES,
    is_content_category,
    is_datetime,
)
from schemas.xml_nodes import Node

_CHANGED = frozenset(("SUPPLEMENT", "REPLACEMENT", "REVISED"))
_NO_AGENT = Node("agent", {})


@requirement("CSIP1", MUST)
def csip1(mets: MetsFile) -> Iterator[str]:
    """``mets/@OBJID`` names the package or representation."""
    return broken(not mets.outline.root.get("OBJID"))


@requirement("CSIP2", MUST)
def csip2(mets: MetsFile) -> Iterator[str]:
    """``mets/@TYPE`` says what kind of content it is, by the vocabulary."""
    said = mets.outline.root.get("TYPE")
    return broken(not is_content_category(said), said)


@requirement("CSIP3", SHOULD)
def csip3(mets: MetsFile) -> Iterator[str]:
    """A TYPE of OTHER is explained by ``csip:OTHERTYPE``."""
    root = mets.outline.root
    return broken(root.get("TYPE").upper() == "OTHER" and not csip(root, "OTHERTYPE"))


@requirement("CSIP4", SHOULD)
def csip4(mets: MetsFile) -> Iterator[str]:
    """``csip:CONTENTINFORMATIONTYPE`` is given, by the vocabulary."""
    said = csip(mets.outline.root, "CONTENTINFORMATIONTYPE")
    return broken(said not in CONTENT_INFORMATION, said)


@requirement("CSIP6", MUST)
def csip6(mets: MetsFile) -> Iterator[str]:
    """``mets/@PROFILE`` names the profile."""
    return broken(not mets.outline.root.get("PROFILE"))


@requirement("CSIP117", MUST)
def csip117(mets: MetsFile) -> Iterator[str]:
    """There is a header."""
    return broken(mets.outline.header is None)


@requirement("CSIP7", MUST)
def csip7(mets: MetsFile) -> Iterator[str]:
    """The header says when the package was made."""
    said = _header(mets).get("CREATEDATE")
    return broken(mets.outline.header is not None and not is_datetime(said), said)


@requirement("CSIP8", SHOULD)
def csip8(mets: MetsFile) -> Iterator[str]:
    """Where the package was changed, the header says when; and not before it was made."""
    header = _header(mets)
    said, made = header.get("LASTMODDATE"), header.get("CREATEDATE")
    if not said:
        return broken(header.get("RECORDSTATUS").upper() in _CHANGED)
    return broken(not is_datetime(said) or _before(said, made), said)


@requirement("CSIP9", MUST)
def csip9(mets: MetsFile) -> Iterator[str]:
    """The header says what kind of package it is, by the vocabulary of OAIS."""
    said = csip(_header(mets), "OAISPACKAGETYPE")
    return broken(mets.outline.header is not None and said not in OAIS_TYPES, said)


@requirement("CSIP10", MUST)
def csip10(mets: MetsFile) -> Iterator[str]:
    """There is an agent."""
    return broken(mets.outline.header is not None and not _header(mets).all("agent"))


@requirement("CSIP11", MUST)
def csip11(mets: MetsFile) -> Iterator[str]:
    """The software has the role CREATOR."""
    return _software_lacks(mets, "ROLE", "CREATOR")


@requirement("CSIP12", MUST)
def csip12(mets: MetsFile) -> Iterator[str]:
    """The software has the type OTHER."""
    return _software_lacks(mets, "TYPE", "OTHER")


@requirement("CSIP13", MUST)
def csip13(mets: MetsFile) -> Iterator[str]:
    """The software has the other type SOFTWARE."""
    return _software_lacks(mets, "OTHERTYPE", "SOFTWARE")


@requirement("CSIP14", MUST)
def csip14(mets: MetsFile) -> Iterator[str]:
    """The software has a name."""
    agent = software(mets)
    return broken(agent is not _NO_AGENT and not agent.said("name"))


@requirement("CSIP15", MUST)
def csip15(mets: MetsFile) -> Iterator[str]:
    """The software's version is noted."""
    agent = software(mets)
    noted = any(note.text for note in agent.all("note"))
    return broken(agent is not _NO_AGENT and not noted, agent.said("name"))


@requirement("CSIP16", MUST)
def csip16(mets: MetsFile) -> Iterator[str]:
    """That note says that it is the software's version."""
    notes = software(mets).all("note")
    kinds = [csip(note, "NOTETYPE") for note in notes]
    return broken(notes and "SOFTWARE VERSION" not in kinds, ", ".join(kinds))


def software(mets: MetsFile) -> Node:
    """The agent that comes nearest to being the software; an empty node when there is none."""
    agents = _header(mets).all("agent")
    return max(agents, key=_likeness, default=_NO_AGENT)


def _likeness(agent: Node) -> tuple[bool, int]:
    said = (agent.get("ROLE"), agent.get("TYPE"), agent.get("OTHERTYPE"))
    alike = sum(a == b for a, b in zip(said, ("CREATOR", "OTHER", "SOFTWARE"), strict=True))
    noted = any(csip(note, "NOTETYPE") == "SOFTWARE VERSION" for note in agent.all("note"))
    return said[2] == "SOFTWARE" or noted, alike


def _software_lacks(mets: MetsFile, attribute: str, value: str) -> Iterator[str]:
    agent = software(mets)
    return broken(agent is not _NO_AGENT and agent.get(attribute) != value, agent.get(attribute))


def _header(mets: MetsFile) -> Node:
    return mets.outline.header or Node("metsHdr", {})


def _before(later: str, earlier: str) -> bool:
    """Whether the moments are the wrong way round; False where that cannot be told."""
    try:
        return datetime.fromisoformat(later) < datetime.fromisoformat(earlier)
    except (ValueError, TypeError):
        return False


RULES = (
    csip1, csip2, csip3, csip4, csip6, csip117, csip7, csip8, csip9, csip10, csip11, csip12,
    csip13, csip14, csip15, csip16,
)  # fmt: skip
