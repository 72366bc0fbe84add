"""Moments: aware UTC inside, RFC 3339 with ``Z`` outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment as an aware UTC datetime; every package is given one."""


def utc_now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)


def format_moment(moment: datetime) -> str:
    """``2026-11-22T09:15:00.000Z``: RFC 3339, milliseconds, UTC. Naive moments are refused."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """The aware UTC moment that an RFC 3339 text names; ValueError when it names none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no zone in {text!r}")
    return moment.astimezone(UTC)
