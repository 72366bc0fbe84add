"""Settings of the scheduler: what is done how often, at which hours, how fast.

Presets: docs/how-to/it-staff-fixity.md. Circular 05/2025/TT-BNV asks that everything is checked
within three years; no preset and no setting here goes beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

THREE_YEARS_DAYS = 1095
Days = Annotated[int, msgspec.Meta(ge=0, le=THREE_YEARS_DAYS)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class ScheduleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[schedule]``: what ``kho schedule run`` sees to, and when."""

    preset: Literal["quarterly", "yearly", "three-years"] = "quarterly"
    """`quarterly`: everything is read within 90 days, by SHA-512 within a year, a drill every
    90 days. `yearly`, for cold media: 365 days, three years, 180 days. `three-years`: the
    least that Circular 05/2025 asks for, with a drill every year."""
    cycle_days: Days = 0
    """Every file on every replica is read within so many days; 0 takes the preset's."""
    sha512_cycle_days: Days = 0
    """Every file is read by SHA-512, the slower digest, within so many days; 0 takes the
    preset's. Files that never were are spread over half of it."""
    drill_days: Days = 0
    """A restore drill at least every so many days; 0 takes the preset's."""
    drill_aips: AtLeastOne = 5
    """How many AIPs a drill gives back."""
    sample_files: Natural = 100
    """Files read at random on each replica every day, beside the cycle, so that damage to many
    files shows soon; 0 for none."""
    signatures_days: Days = 7
    """Signatures are judged again every so many days, as far as trust material that came since
    could change a verdict; without any nothing is done. 0 for never."""
    window: str = ""
    """Hours in which audits, drills and fills may run, in the machine's own time:
    `22:00-06:00, 12:00-13:00`. Empty: at any hour."""
    windows: dict[str, str] = {}
    """Hours for the audits of single replicas, by name; the others follow `window`."""
    bytes_per_s: Natural = 0
    """The most that scheduled work reads from a replica whose options do not say
    `bytes_per_s` themselves; 0 for no limit."""
    metrics_file: str = ""
    """Where to write figures for Prometheus every 15 minutes, `kho.prom` in the folder of the
    node exporter's textfile collector; seen from the archive's folder. Empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles in days that preset and single settings come to."""

    audit: int
    sha512: int
    drill: int


PRESETS = {
    "quarterly": Cycles(90, 365, 90),
    "yearly": Cycles(365, THREE_YEARS_DAYS, 180),
    "three-years": Cycles(THREE_YEARS_DAYS, THREE_YEARS_DAYS, 365),
}


def cycles_of(settings: ScheduleSettings) -> Cycles:
    """The cycles in force."""
    preset = PRESETS[settings.preset]
    return Cycles(
        settings.cycle_days or preset.audit,
        settings.sha512_cycle_days or preset.sha512,
        settings.drill_days or preset.drill,
    )
