"""``kho report``: how the archive fares, for people and for other programs."""

from __future__ import annotations

import click

from kho.cli.command import Group

COMMANDS = {
    "metrics": "kho.cli.report_metrics:metrics",
}


@click.group("report", cls=Group, modules=COMMANDS, help="CLI-REPORT")
def report() -> None:
    """Nothing of its own."""
