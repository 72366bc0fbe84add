"""``kho report metrics``: figures for Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from kho.cli.command import command, option
from kho.cli.exits import Exit
from kho.cli.output import print_text
from kho.cli.session import Session


@command("metrics", code="CLI-REPORT-METRICS")
@option(
    "--to",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CLI-REPORT-METRICS-TO",
)
def metrics(session: Session, target: Path | None) -> int:
    """The figures are on standard output, or in the file, replaced in one step."""
    from kho.reports.metrics import collect, text_of, write_metrics

    with session.repository() as archive:
        found = collect(archive, session.settings)
    if target is None:
        print_text(text_of(found).rstrip("\n"))
    else:
        write_metrics(session.here / target, found)
    return Exit.DONE
