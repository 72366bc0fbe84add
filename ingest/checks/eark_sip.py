"""SIP2–31: what a submission package says besides.

SIP10, SIP22, SIP23 and SIP27 are how an agent is known for what it is (its role, a contact
person's type): an agent without them is another kind of agent, so no package breaks them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.checks.eark_reading import csip
from ingest.checks.eark_rules import MUST, NONE, MetsFile, Version, broken, requirement
from schemas.eark import SIP_PROFILE
from schemas.xml_nodes import Node

_OLD_PROFILES = (
    "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml",
    "http://earksip.dilcis.eu/profile/E-ARK-SIP.xml",
    "https://earksip.dilcis.eu/profile/E-ARK-SIP-v2-0-4.xml",
    "https://earksip.dilcis.eu/profile/E-ARK-SIP-v2-1-0.xml",
)
_PERSONS = frozenset(("ORGANIZATION", "INDIVIDUAL"))


@requirement("SIP2", MUST)
def sip2(mets: MetsFile) -> Iterator[str]:
    """The PROFILE is that of a SIP."""
    said = mets.outline.root.get("PROFILE")
    known = (SIP_PROFILE,) if mets.version is Version.V2_2_0 else _OLD_PROFILES
    return broken(said not in known, said)


@requirement("SIP4", MUST)
def sip4(mets: MetsFile) -> Iterator[str]:
    """The package type is SIP."""
    said = csip(mets.outline.header or Node("metsHdr", {}), "OAISPACKAGETYPE")
    return broken(said != "SIP", said)


@requirement("SIP11", MUST)
def sip11(mets: MetsFile) -> Iterator[str]:
    """The archival creator is an organisation or a person."""
    for agent in _agents(mets, "ARCHIVIST"):
        yield from broken(agent.get("TYPE") not in _PERSONS, agent.get("TYPE"))


@requirement("SIP12", MUST, older=NONE)
def sip12(mets: MetsFile) -> Iterator[str]:
    """The archival creator has a name."""
    for agent in _agents(mets, "ARCHIVIST"):
        yield from broken(not agent.said("name"))


@requirement("SIP14", MUST)
def sip14(mets: MetsFile) -> Iterator[str]:
    """A note on the archival creator is its code."""
    for agent in _agents(mets, "ARCHIVIST"):
        yield from _notes(agent)


@requirement("SIP15", MUST)
def sip15(mets: MetsFile) -> Iterator[str]:
    """Somebody submits the package."""
    return broken(not (_submitters(mets) or _nearly_submitters(mets)))


@requirement("SIP16", MUST)
def sip16(mets: MetsFile) -> Iterator[str]:
    """Who submits has the role CREATOR."""
    nearly = [agent for agent in _nearly_submitters(mets) if agent.get("ROLE") != "CREATOR"]
    return broken(not _submitters(mets) and nearly, nearly[0].get("ROLE") if nearly else "")


@requirement("SIP17", MUST)
def sip17(mets: MetsFile) -> Iterator[str]:
    """Who submits is an organisation or a person."""
    nearly = [agent for agent in _nearly_submitters(mets) if agent.get("ROLE") == "CREATOR"]
    return broken(not _submitters(mets) and nearly, nearly[0].get("TYPE") if nearly else "")


@requirement("SIP18", MUST, older=NONE)
def sip18(mets: MetsFile) -> Iterator[str]:
    """Who submits has a name."""
    for agent in _submitters(mets)[:1]:
        yield from broken(not agent.said("name"))


@requirement("SIP20", MUST)
def sip20(mets: MetsFile) -> Iterator[str]:
    """A note on who submits is its code."""
    for agent in _submitters(mets)[:1]:
        yield from _notes(agent)


@requirement("SIP24", MUST)
def sip24(mets: MetsFile) -> Iterator[str]:
    """A contact person has a name."""
    for agent in _submitters(mets)[1:]:
        if agent.get("TYPE") == "INDIVIDUAL":
            yield from broken(not agent.said("name"))


@requirement("SIP28", MUST)
def sip28(mets: MetsFile) -> Iterator[str]:
    """Who preserves is an organisation."""
    for agent in _agents(mets, "PRESERVATION"):
        yield from broken(agent.get("TYPE") != "ORGANIZATION", agent.get("TYPE"))


@requirement("SIP29", MUST, older=NONE)
def sip29(mets: MetsFile) -> Iterator[str]:
    """Who preserves has a name."""
    for agent in _agents(mets, "PRESERVATION"):
        yield from broken(not agent.said("name"))


@requirement("SIP31", MUST)
def sip31(mets: MetsFile) -> Iterator[str]:
    """A note on who preserves is its code."""
    for agent in _agents(mets, "PRESERVATION"):
        yield from _notes(agent)


def _agents(mets: MetsFile, role: str) -> list[Node]:
    header = mets.outline.header or Node("metsHdr", {})
    return [agent for agent in header.all("agent") if agent.get("ROLE") == role]


def _submitters(mets: MetsFile) -> list[Node]:
    """Organisations and persons with the role CREATOR: the submitting agent first (an
    organisation where there is one), then contact persons."""
    creators = [each for each in _agents(mets, "CREATOR") if each.get("TYPE") in _PERSONS]
    return sorted(creators, key=lambda agent: agent.get("TYPE") != "ORGANIZATION")


def _nearly_submitters(mets: MetsFile) -> list[Node]:
    """Agents that were meant to submit: named, and no software, creator or preserver."""
    header = mets.outline.header or Node("metsHdr", {})
    return [
        agent
        for agent in header.all("agent")
        if agent.get("OTHERTYPE") != "SOFTWARE"
        and agent.get("ROLE") not in ("ARCHIVIST", "PRESERVATION")
        and (agent.get("ROLE") == "CREATOR" or agent.get("TYPE") in _PERSONS)
        and not any(csip(note, "NOTETYPE") == "SOFTWARE VERSION" for note in agent.all("note"))
    ]


def _notes(agent: Node) -> Iterator[str]:
    for note in agent.all("note"):
        yield from broken(csip(note, "NOTETYPE") != "IDENTIFICATIONCODE", note.text)


RULES = (
    sip2, sip4, sip11, sip12, sip14, sip15, sip16, sip17, sip18, sip20, sip24, sip28, sip29,
    sip31,
)  # fmt: skip
