"""Settings of the register of media (*sổ phương tiện lưu trữ*)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec


class MediumSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[medium]]``: one storage medium in the register; a table for each."""

    code: str
    """The number under which the archive's register has it; no two are alike."""
    kind: str
    """What it is: hard disk, tape LTO-8, optical disc …"""
    in_use_since: date
    """The day it was put into use, `2024-05-01`."""
    rated_life_years: Annotated[float, msgspec.Meta(gt=0)]
    """The life its maker states. It is to be replaced at least a year before that ends."""
    replica: str = ""
    """The replica that lies on it; empty for a medium beside them."""
    place: str = ""
    """The room, cabinet or machine it is in."""
    retired_on: date | None = None
    """The day it was taken out of use; a retired medium stays in the register."""
    replaced_by: str = ""
    """The code of the medium that took its place."""
