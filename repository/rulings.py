"""What officers rule about held submissions, as events and journal lines (design §8).

A ruling stands in the receipt that answers the submission; the event is made from it, so that
AIP, ledger and receipt tell one story whoever writes the line, a command or recovery.
"""

from __future__ import annotations

from typing import Any

import msgspec

from repository.entries import event_body
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId
from schemas.moments import parse_moment
from schemas.records import Receipt, Ruling

_ROLES = {"proposer": "implementer", "approver": "authorizer"}
"""PREMIS linking roles of those who decide together."""


def receipt_entries(receipt: Receipt) -> list[tuple[str, dict[str, Any]]]:
    """A receipt's line, after the event of the ruling that it tells of: the two are one append,
    so that neither is ever there without the other."""
    told: list[tuple[str, dict[str, Any]]] = []
    if receipt.ruling is not None:
        told.append(("event", event_body(ruling_event(receipt.ruling, AipId(receipt.aip_id)))))
    return [*told, ("receipt", msgspec.to_builtins(receipt))]


def ruling_event(ruling: Ruling, aip_id: AipId) -> Event:
    """The ruling as the event that stands in the AIP and in the ledger."""
    named = "; ".join(f"{step.role} {step.person} ({step.user})" for step in ruling.steps)
    over = f"; overriding {', '.join(ruling.overridden)}" if ruling.overridden else ""
    return Event(
        id=ruling.id,
        type=EventType.UNQUARANTINE if ruling.act == "released" else EventType.DECISION,
        moment=parse_moment(ruling.steps[-1].moment),
        outcome=EventOutcome.WARNING if ruling.overridden else EventOutcome.SUCCESS,
        detail=f"{ruling.act} by {named}{over}; reason: {ruling.reason}",
        agents=ruling_agents(ruling),
        aip_id=aip_id,
    )


def ruling_agents(ruling: Ruling) -> tuple[Agent, ...]:
    """The people who took part, in the order in which they did."""
    return tuple(
        Agent(step.person, "person", role=_ROLES.get(step.role, step.role))
        for step in ruling.steps
    )
