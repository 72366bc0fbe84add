"""How every report comes out: a table, JSON, CSV, or one HTML page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kho.cli.command import json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_table, print_text
from kho.cli.session import Session

if TYPE_CHECKING:
    from kho.reports.heading import Heading, Report
    from kho.reports.sheet import Sheet

F = TypeVar("F", bound=Callable[..., Any])


def page_options(function: F) -> F:
    """``--csv`` and ``--html FILE``."""
    page = option(
        "--html",
        "html",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="CLI-REPORT-HTML",
    )
    comma = option("--csv", "as_csv", is_flag=True, help="CLI-REPORT-CSV")
    made: F = comma(page(function))
    return made


def report_options(function: F) -> F:
    """``--json``, ``--csv`` and ``--html FILE``."""
    return json_option(page_options(function))


def period_options(function: F) -> F:
    """``--from`` and ``--to``: the first and the last day."""
    day = click.DateTime(formats=["%Y-%m-%d"])
    first = option("--from", "first", metavar="DAY", type=day, help="CLI-REPORT-FROM")
    last = option("--to", "last", metavar="DAY", type=day, help="CLI-REPORT-TO")
    made: F = first(last(function))
    return made


def present(
    session: Session,
    sheet: Sheet,
    heading: Heading,
    *,
    record: Report | None = None,
    as_csv: bool = False,
    html: Path | None = None,
) -> int:
    """The report is printed as JSON when ``record`` is given, as CSV when asked, else as tables;
    ``html`` is written besides, and is enough by itself."""
    if html is not None:
        from kho.reports.page import page_of

        target = session.here / html
        partial = target.with_name(f".{target.name}.partial")
        partial.write_text(page_of(sheet, heading, session.language), encoding="utf-8")
        partial.replace(target)
    if record is not None:
        print_json(record)
    elif as_csv:
        from kho.reports.page import csv_of

        print_text(csv_of(sheet.tables[0]).rstrip("\n"))
    elif html is None:
        _on_terminal(session, sheet, heading)
    return Exit.DONE


def _on_terminal(session: Session, sheet: Sheet, heading: Heading) -> None:
    from kho.reports.page import shown

    print_text(sheet.title)
    for label, value in sheet.facts:
        print_text(f"  {label}: {value}")
    for note in sheet.notes:
        print_text(f"! {note}")
    for table in sheet.tables:
        print_text(f"\n{table.title}")
        rows = [[shown(cell, session.language) for cell in row] for row in table.rows]
        print_table(rows, head=table.head)
    print_text(f"\n{heading.told(session.language)}")
