"""The register of media (*sổ phương tiện lưu trữ*): its settings, and the days they come to.

Source: Circular 05/2025/TT-BNV, articles 26 and 27: media are replaced at least a year before
their rated life ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec

YEAR_DAYS = 365.25
SOON_DAYS = 180
"""A renewal so near is told of: buying and copying take months."""


class MediumSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[medium]]``: one storage medium in the register; a table for each."""

    code: str
    """The number under which the archive's register has it; no two are alike."""
    kind: str
    """What it is: hard disk, tape LTO-8, optical disc …"""
    in_use_since: date
    """The day it was put into use, `2024-05-01`."""
    rated_life_years: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    """The life its maker states, at most 1000. It is to be replaced at least a year before that
    ends."""
    replica: str = ""
    """The replica that lies on it; empty for a medium beside them."""
    place: str = ""
    """The room, cabinet or machine it is in."""
    retired_on: date | None = None
    """The day it was taken out of use; a retired medium stays in the register."""
    replaced_by: str = ""
    """The code of the medium that took its place."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """By when a medium is to be replaced, and how that stands on a day."""

    life_ends: date
    replace_by: date
    state: Literal["good", "soon", "overdue", "retired"]


def renewal_of(stated: MediumSettings, today: date) -> Renewal:
    """How the renewal of a medium stands today."""
    # No day is later than the last that a date can be.
    room = (date.max - stated.in_use_since).days
    life = min(room, round(stated.rated_life_years * YEAR_DAYS))
    ends = stated.in_use_since + timedelta(days=life)
    replace_by = stated.in_use_since + timedelta(days=max(0, life - round(YEAR_DAYS)))
    if stated.retired_on is not None and stated.retired_on <= today:
        return Renewal(ends, replace_by, "retired")
    if today >= replace_by:
        return Renewal(ends, replace_by, "overdue")
    is_soon = replace_by - today <= timedelta(days=SOON_DAYS)
    return Renewal(ends, replace_by, "soon" if is_soon else "good")
