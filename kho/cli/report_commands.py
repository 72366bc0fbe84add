"""``kho report fixity|replicas|media|holdings|incidents|receptions|signatures|form``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from kho.cli.command import Command, argument, command
from kho.cli.named import NoSuchAip, aip_named
from kho.cli.report_out import page_options, period_options, present, report_options
from kho.cli.session import Session
from kho.reports.fixity import FixityReport, fixity_report, fixity_sheet
from kho.reports.forms import FormKind, form_sheet
from kho.reports.heading import Report
from kho.reports.holdings import HoldingsReport, holdings_report, holdings_sheet
from kho.reports.incidents import IncidentsReport, Period, incidents_report, incidents_sheet
from kho.reports.media import MediaReport, media_report, media_sheet
from kho.reports.receptions import ReceptionsReport, receptions_report, receptions_sheet
from kho.reports.replicas import ReplicasReport, replicas_report, replicas_sheet
from kho.reports.sheet import Sheet
from kho.reports.signatures import SignaturesReport, signatures_report, signatures_sheet
from kho.settings import Settings
from repository.archive import Repository
from schemas.text import Language

R = TypeVar("R", bound=Report)


def _report(
    name: str,
    printed: type[R],
    make: Callable[[Repository, Settings], R],
    draw: Callable[[R, Language], Sheet],
) -> Command:
    """The command of a report on how things stand now."""

    @command(name, code=f"CLI-REPORT-{name.upper()}", printed=printed)
    @report_options
    def run(session: Session, *, as_json: bool, as_csv: bool, html: Path | None) -> int:
        with session.repository() as archive:
            report = make(archive, session.settings)
        sheet = draw(report, session.language)
        record = report if as_json else None
        return present(session, sheet, report.heading, record=record, as_csv=as_csv, html=html)

    return run


def _of_period(
    name: str,
    printed: type[R],
    make: Callable[[Repository, Period], R],
    draw: Callable[[R, Language], Sheet],
) -> Command:
    """The command of a report on what happened from one day to another."""

    @command(name, code=f"CLI-REPORT-{name.upper()}", printed=printed)
    @period_options
    @report_options
    def run(
        session: Session,
        *,
        first: datetime | None,
        last: datetime | None,
        as_json: bool,
        as_csv: bool,
        html: Path | None,
    ) -> int:
        with session.repository() as archive:
            report = make(archive, _period(first, last))
        sheet = draw(report, session.language)
        record = report if as_json else None
        return present(session, sheet, report.heading, record=record, as_csv=as_csv, html=html)

    return run


fixity = _report("fixity", FixityReport, lambda a, s: fixity_report(a, s.schedule), fixity_sheet)
replicas = _report("replicas", ReplicasReport, lambda a, _s: replicas_report(a), replicas_sheet)
media = _report("media", MediaReport, lambda a, s: media_report(a, s.media), media_sheet)
holdings = _report("holdings", HoldingsReport, lambda a, _s: holdings_report(a), holdings_sheet)
incidents = _of_period("incidents", IncidentsReport, incidents_report, incidents_sheet)
receptions = _of_period("receptions", ReceptionsReport, receptions_report, receptions_sheet)


@command("signatures", code="CLI-REPORT-SIGNATURES", printed=SignaturesReport)
@argument("named", metavar="ID", help="CLI-SHOW-ID")
@report_options
def signatures(
    session: Session, *, named: str, as_json: bool, as_csv: bool, html: Path | None
) -> int:
    """What the signatures of one dossier prove."""
    with session.repository() as archive:
        facts = archive.catalogue.aip(aip_named(archive, named))
        if facts is None:
            raise NoSuchAip(named=named)
        report = signatures_report(archive, facts)
    sheet = signatures_sheet(report, session.language)
    record = report if as_json else None
    return present(session, sheet, report.heading, record=record, as_csv=as_csv, html=html)


@command("form", code="CLI-REPORT-FORM")
@argument(
    "kind",
    metavar="KIND",
    type=click.Choice([kind.value for kind in FormKind]),
    help="CLI-REPORT-FORM-KIND",
)
@period_options
@page_options
def form(
    session: Session,
    *,
    kind: str,
    first: datetime | None,
    last: datetime | None,
    as_csv: bool,
    html: Path | None,
) -> int:
    """A form of annex VII, filled in and ready to print."""
    with session.repository() as archive:
        sheet, heading = form_sheet(
            FormKind(kind),
            archive,
            session.settings.media,
            _period(first, last),
            session.actor().name,
            session.language,
        )
    return present(session, sheet, heading, as_csv=as_csv, html=html)


def _period(first: datetime | None, last: datetime | None) -> Period:
    return Period(first.date() if first else None, last.date() if last else None)
