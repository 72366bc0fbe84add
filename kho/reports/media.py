"""The register of media: which there are, and when each must be replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec

from kho.reports.heading import Report, heading_of
from kho.reports.media_settings import MediumSettings, renewal_of
from kho.reports.sheet import Bar, Bars, Sheet
from kho.reports.tabling import table_of
from repository.archive import Repository
from schemas.records import Record
from schemas.text import Language, say

_COLUMNS = (
    "code",
    "kind",
    "replica",
    "place",
    "in_use_since",
    "rated_life_years",
    "life_ends",
    "replace_by",
    "state",
    "damage_ever",
    "replaced_by",
)


class Medium(Record, frozen=True, kw_only=True):
    """One medium. ``state`` is ``good``, ``soon``, ``overdue`` or ``retired``; days are
    ``YYYY-MM-DD``; ``damage_ever`` counts files found damaged on its replica."""

    code: str
    kind: str
    replica: str
    place: str
    in_use_since: str
    rated_life_years: float
    life_ends: str
    replace_by: str
    state: str
    damage_ever: int
    replaced_by: str


class MediaReport(Report, frozen=True, kw_only=True):
    """What ``kho report media --json`` prints. ``unregistered`` names replicas whose medium is
    in no table of the register: nobody knows when to replace it."""

    media: tuple[Medium, ...]
    unregistered: tuple[str, ...]


def media_report(archive: Repository, register: Sequence[MediumSettings]) -> MediaReport:
    """The register as of today, the most urgent first."""
    today = archive.now().date()
    damage = Counter(each.replica for each in archive.catalogue.damage(open_only=False))
    media = [_medium(each, today, damage) for each in register]
    media.sort(key=lambda medium: (medium.state == "retired", medium.replace_by, medium.code))
    known = {each.replica for each in register if each.retired_on is None}
    return MediaReport(
        heading=heading_of(archive),
        media=tuple(media),
        unregistered=tuple(r.name for r in archive.settings.replicas if r.name not in known),
    )


def _medium(stated: MediumSettings, today: date, damage: Counter[str]) -> Medium:
    renewal = renewal_of(stated, today)
    return Medium(
        code=stated.code,
        kind=stated.kind,
        replica=stated.replica,
        place=stated.place,
        in_use_since=stated.in_use_since.isoformat(),
        rated_life_years=stated.rated_life_years,
        life_ends=renewal.life_ends.isoformat(),
        replace_by=renewal.replace_by.isoformat(),
        state=renewal.state,
        damage_ever=damage[stated.replica] if stated.replica else 0,
        replaced_by=stated.replaced_by,
    )


def media_sheet(report: MediaReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-MEDIA-{code}", lang, **fields)

    notes = list(report.heading.notes(lang))
    for medium in report.media:
        if medium.state in ("soon", "overdue"):
            note = f"NOTE-{medium.state.upper()}"
            notes.append(t(note, medium=medium.code, day=medium.replace_by))
    notes += [t("NOTE-UNREGISTERED", replica=name) for name in report.unregistered]
    most = max((medium.damage_ever for medium in report.media), default=0)
    told = (
        msgspec.structs.replace(m, state=say(f"REPORT-MEDIUM-{m.state.upper()}", lang))
        for m in report.media
    )
    table = table_of("media", t("TABLE"), _COLUMNS, told, lang)
    return Sheet(
        title=t("TITLE"),
        facts=((t("COUNT"), str(len(report.media))),),
        notes=tuple(notes),
        charts=(
            Bars(
                t("CHART"),
                tuple(
                    Bar(m.code, m.damage_ever, most, str(m.damage_ever))
                    for m in report.media
                    if m.replica
                ),
            ),
        ),
        tables=(table,),
    )
