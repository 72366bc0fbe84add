"""Names and moments as Circular 05/2025/TT-BNV writes them (tt05-profile §1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
_OBJID = re.compile(r"urn:(?:(?P<fonds>[^:]+):)?uuid[:-](?P<uuid>[0-9A-Fa-f-]{36})")


@dataclass(frozen=True, slots=True)
class Tt05Objid:
    """What an AIP's OBJID says; ``fonds`` is empty in its shortest form."""

    fonds: str
    uuid: str


def aip_objid(fonds: str, uuid: str) -> str:
    """``urn:{fonds}:uuid:{UUID}``, the one form of three that gives the circular's folder
    name. ValueError for a fonds code that would make it ambiguous."""
    if not fonds or ":" in fonds:
        raise ValueError(f"not a fonds code for an OBJID: {fonds!r}")
    return f"urn:{fonds}:uuid:{uuid.upper()}"


def read_aip_objid(objid: str) -> Tt05Objid | None:
    """What any of the circular's three forms says, UUID in lower case; None for another."""
    match = _OBJID.fullmatch(objid)
    if match is None:
        return None
    return Tt05Objid(match["fonds"] or "", match["uuid"].lower())


def folder_of(objid: str) -> str:
    """The package folder's name. Never parsed back: fonds codes may hold ``_``."""
    return objid.replace(":", "_")


def vietnam_moment(moment: datetime) -> str:
    """``2026-03-02T09:15:00.000+07:00``, as the circular writes moments."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(VIETNAM).isoformat(timespec="milliseconds")
