"""Bodies of journal lines: what each kind of entry says (design §6)."""

from __future__ import annotations

from typing import Any

from repository.ocfl.claims import VersionRef
from repository.replication import CopyOutcome
from schemas.events import Event
from schemas.moments import format_moment


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
