"""Events and agents: the PREMIS pair. Every state change names its cause and its actor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.ids import AipId


class EventType(StrEnum):
    """Library of Congress event types that Kho uses, spelt as in the vocabulary."""

    ACCESSION = "accession"
    VIRUS_CHECK = "virus check"
    UNPACKING = "unpacking"
    VALIDATION = "validation"
    FORMAT_IDENTIFICATION = "format identification"
    SIGNATURE_VALIDATION = "digital signature validation"
    DIGEST_CALCULATION = "message digest calculation"
    PACKAGE_CREATION = "information package creation"
    TRANSFER = "transfer"
    REPLICATION = "replication"
    FIXITY_CHECK = "fixity check"
    REPAIR = "recovery"
    DECISION = "appraisal"
    DISSEMINATION = "dissemination"
    POLICY_ASSIGNMENT = "policy assignment"
    QUARANTINE = "quarantine"
    UNQUARANTINE = "unquarantine"


class EventOutcome(StrEnum):
    """What came of an event. ``not checked`` is said when a check could not run."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acted: ``kind`` is ``software``, ``organization`` or ``person``."""

    name: str
    kind: str = "software"
    version: str = ""
    role: str = "executing program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. ``facts`` are for machines, ``detail`` is for people."""

    id: str
    type: EventType
    moment: datetime
    outcome: EventOutcome
    detail: str = ""
    agents: tuple[Agent, ...] = ()
    aip_id: AipId | None = None
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
