"""What a PREMIS file says, part by part, as :mod:`schemas.premis_read` gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from schemas.premis import Identifier, PremisFormat

NO_NAMESPACE = "PREMIS-NO-NAMESPACE"
OBJECT_CATEGORY = "PREMIS-OBJECT-CATEGORY"


@dataclass(frozen=True, slots=True)
class PremisRoot:
    """The ``premis`` element; ``namespace`` is empty when the file forgot it."""

    version: str
    namespace: str


@dataclass(frozen=True, slots=True)
class PremisObjectFacts:
    """One object. ``fixity`` is (algorithm, digest as written); ``original_name`` the bytes
    of the name, whatever way it was written; ``size_bytes`` None when absent or no number."""

    category: str
    identifiers: tuple[Identifier, ...]
    xml_id: str
    properties: tuple[tuple[str, str], ...]
    fixity: tuple[tuple[str, str], ...]
    size_bytes: int | None
    formats: tuple[PremisFormat, ...]
    original_name: bytes
    content_location: str


@dataclass(frozen=True, slots=True)
class PremisEventFacts:
    """One event; ``notes`` are its outcome's detail notes."""

    identifier: Identifier
    type: str
    moment: str
    details: tuple[str, ...]
    outcomes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PremisAgentFacts:
    """One agent."""

    identifiers: tuple[Identifier, ...]
    name: str
    type: str
    version: str


@dataclass(frozen=True, slots=True)
class PremisLink:
    """A reference from the object, event or agent ``source`` (its first identifier); comes
    before the item it belongs to. ``kind`` is the element's name; ``role`` a linking role or
    a relationship as ``type/subtype``."""

    source: Identifier
    kind: str
    target: Identifier
    role: str


@dataclass(frozen=True, slots=True)
class PremisRepair:
    """A form PREMIS 3.0 does not allow, read all the same; each code once."""

    code: str


PremisItem: TypeAlias = (
    PremisRoot
    | PremisObjectFacts
    | PremisEventFacts
    | PremisAgentFacts
    | PremisLink
    | PremisRepair
)
