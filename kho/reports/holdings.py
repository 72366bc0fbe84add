"""What the archive holds: dossiers, files and bytes by fonds, access, year and format."""

from __future__ import annotations

from collections.abc import Sequence

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Bar, Bars, Sheet
from kho.reports.tabling import table_of
from repository.archive import Repository
from schemas.records import Record
from schemas.text import Language, say

FORMATS = 50


class FondsHeld(Record, frozen=True, kw_only=True):
    """The dossiers of one fonds (*phông*) in one place with one access level.

    ``place`` is ``ocfl`` for the archive and ``holding`` for what waits for an officer.
    """

    fonds: str
    fonds_name: str
    place: str
    access: str
    dossiers: int
    backlog: int
    warned: int
    files: int
    bytes: int


class YearHeld(Record, frozen=True, kw_only=True):
    """The dossiers that begin in one year; ``year`` is empty where they do not say."""

    year: str
    dossiers: int


class FormatHeld(Record, frozen=True, kw_only=True):
    """One format of data files; ``puids`` is empty for what nobody could name."""

    puids: str
    files: int
    bytes: int


class HoldingsReport(Report, frozen=True, kw_only=True):
    """What ``kho report holdings --json`` prints; ``formats`` are the 50 most frequent."""

    dossiers: int
    held: int
    files: int
    bytes: int
    fonds: tuple[FondsHeld, ...]
    years: tuple[YearHeld, ...]
    formats: tuple[FormatHeld, ...]


_FONDS = (
    "fonds",
    "fonds_name",
    "place",
    "access",
    "dossiers",
    "backlog",
    "warned",
    "files",
    "bytes",
)


def holdings_report(archive: Repository) -> HoldingsReport:
    """The state now; counted by the catalogue, whatever the number of dossiers."""
    fonds = tuple(
        FondsHeld(
            fonds=each.fonds,
            fonds_name=each.fonds_name,
            place=each.place.value,
            access=each.access.value,
            dossiers=each.aips,
            backlog=each.backlog,
            warned=each.warned,
            files=each.data_files,
            bytes=each.data_bytes,
        )
        for each in archive.catalogue.dossier_counts()
    )
    return HoldingsReport(
        heading=heading_of(archive),
        dossiers=sum(each.dossiers for each in fonds if each.place == "ocfl"),
        held=sum(each.dossiers for each in fonds if each.place != "ocfl"),
        files=sum(each.files for each in fonds),
        bytes=sum(each.bytes for each in fonds),
        fonds=fonds,
        years=tuple(
            YearHeld(year=year, dossiers=count)
            for year, count in archive.catalogue.dossier_years()
        ),
        formats=tuple(
            FormatHeld(puids=" ".join(each.puids), files=each.files, bytes=each.size_bytes)
            for each in archive.catalogue.formats()[:FORMATS]
        ),
    )


def holdings_sheet(report: HoldingsReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-HOLDINGS-{code}", lang, **fields)

    notes = list(report.heading.notes(lang))
    if report.held:
        notes.append(t("NOTE-HELD", held=report.held))
    years = [(each.year or t("NO-YEAR"), each.dossiers) for each in report.years]
    formats = [(each.puids or t("NO-FORMAT"), each.files) for each in report.formats[:12]]
    return Sheet(
        title=t("TITLE"),
        facts=(
            (t("DOSSIERS"), str(report.dossiers)),
            (t("HELD"), str(report.held)),
            (t("FILES"), str(report.files)),
            (t("BYTES"), str(report.bytes)),
        ),
        notes=tuple(notes),
        charts=(
            Bars(t("CHART-YEARS"), _bars(years)),
            Bars(t("CHART-FORMATS"), _bars(formats)),
        ),
        tables=(
            table_of("fonds", t("TABLE-FONDS"), _FONDS, report.fonds, lang),
            table_of("years", t("TABLE-YEARS"), ("year", "dossiers"), report.years, lang),
            table_of(
                "formats", t("TABLE-FORMATS"), ("puids", "files", "bytes"), report.formats, lang
            ),
        ),
    )


def _bars(counted: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    most = max((count for _label, count in counted), default=0)
    return tuple(Bar(label, count, most, str(count)) for label, count in counted)
