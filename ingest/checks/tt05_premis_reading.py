"""One PREMIS file of a package, reduced to what the rules ask of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO

from schemas.premis import Identifier
from schemas.premis_facts import (
    PremisAgentFacts,
    PremisEventFacts,
    PremisLink,
    PremisObjectFacts,
    PremisRepair,
    PremisRoot,
)
from schemas.premis_read import premis_items

_OBJECT_LINKS = frozenset({"linkingObjectIdentifier"})
_AGENT_LINKS = frozenset({"linkingAgentIdentifier"})
_SOURCES = frozenset({"derivation/has source"})


@dataclass(slots=True)
class PremisPart:
    """What one PREMIS file says. ``objects`` are its files only; ``identifiers`` count every
    object's, event's and agent's; ``sources`` are packages elsewhere that this one came from."""

    path: str
    namespace: str = ""
    repairs: tuple[str, ...] = ()
    objects: list[PremisObjectFacts] = field(default_factory=list)
    identifiers: Counter[tuple[str, Identifier]] = field(default_factory=Counter)
    sources: set[Identifier] = field(default_factory=set)
    object_links: set[Identifier] = field(default_factory=set)
    agent_links: set[Identifier] = field(default_factory=set)
    event_types: Counter[str] = field(default_factory=Counter)


def read_premis(path: str, stream: BinaryIO) -> PremisPart:
    """The part at ``path``. Raises ``XmlRefused`` or ``NotPremis``."""
    part = PremisPart(path)
    for item in premis_items(stream):
        match item:
            case PremisRoot():
                part.namespace = item.namespace
            case PremisRepair():
                part.repairs += (item.code,)
            case PremisObjectFacts():
                part.identifiers.update(("object", each) for each in item.identifiers)
                if item.category == "file":
                    part.objects.append(item)
            case PremisEventFacts():
                part.identifiers["event", item.identifier] += 1
                part.event_types[item.type] += 1
            case PremisAgentFacts():
                part.identifiers.update(("agent", each) for each in item.identifiers)
            case PremisLink():
                _take_link(part, item)
    return part


def _take_link(part: PremisPart, link: PremisLink) -> None:
    if link.kind in _OBJECT_LINKS:
        part.object_links.add(link.target)
    elif link.kind in _AGENT_LINKS:
        part.agent_links.add(link.target)
    elif link.kind == "relatedObjectIdentifier":
        wanted = part.sources if link.role in _SOURCES else part.object_links
        wanted.add(link.target)
