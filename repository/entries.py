"""Bodies of journal lines: what each kind of entry says (design §6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from repository.ocfl.claims import VersionRef
from repository.recovery import Action, RecoveryAction
from repository.replication import CopyOutcome
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.moments import Clock, format_moment


def event_body(event: Event) -> dict[str, Any]:
    """The body of an ``event`` line."""
    return {
        "id": event.id,
        "type": event.type.value,
        "moment": format_moment(event.moment),
        "outcome": event.outcome.value,
        "detail": event.detail,
        "agents": [
            {
                "name": agent.name,
                "kind": agent.kind,
                "version": agent.version,
                "role": agent.role,
            }
            for agent in event.agents
        ],
        "aip_id": event.aip_id,
        "facts": dict(event.facts),
    }


def copy_body(ref: VersionRef, outcome: CopyOutcome) -> dict[str, Any]:
    """The body of a ``copy`` line: a replica holds a version, read back at that moment."""
    if outcome.verified_at is None:
        raise ValueError("only a copy that was read back is recorded")
    return {
        "aip_id": ref.aip_id,
        "place": ref.place.value,
        "version": ref.number,
        "replica": outcome.replica.name,
        "state": "verified",
        "verified_at": format_moment(outcome.verified_at),
    }


_KIND_OF_ACTION = {
    Action.COMPLETED_FROM_BUILD: EventType.REPLICATION,
    Action.COMPLETED_FROM_COPY: EventType.REPLICATION,
    Action.MOVED_ASIDE: EventType.QUARANTINE,
}


def recovery_events(actions: Sequence[RecoveryAction], now: Clock) -> Iterator[Event]:
    """One event for each thing that recovery did after a writer died."""
    for action in actions:
        postponed = action.action is Action.POSTPONED
        detail = f"after a writer died: {action.action.value} on {action.where}"
        yield Event(
            id=new_uuid(),
            type=_KIND_OF_ACTION.get(action.action, EventType.REPAIR),
            moment=now(),
            outcome=EventOutcome.WARNING if postponed else EventOutcome.SUCCESS,
            detail=f"{detail} ({action.detail})" if action.detail else detail,
            agents=(Agent("Kho"),),
            aip_id=AipId(action.aip_id) if action.aip_id else None,
            facts={
                "action": action.action.value,
                "where": action.where,
                "version": action.version,
            },
        )
