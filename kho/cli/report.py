"""``kho report``: how the archive fares, for people and for other programs."""

from __future__ import annotations

import click

from kho.cli.command import Group

_PAGES = "kho.cli.report_commands"
COMMANDS = {
    "fixity": f"{_PAGES}:fixity",
    "replicas": f"{_PAGES}:replicas",
    "media": f"{_PAGES}:media",
    "holdings": f"{_PAGES}:holdings",
    "incidents": f"{_PAGES}:incidents",
    "signatures": f"{_PAGES}:signatures",
    "receptions": f"{_PAGES}:receptions",
    "form": f"{_PAGES}:form",
    "metrics": "kho.cli.report_metrics:metrics",
}


@click.group("report", cls=Group, modules=COMMANDS, help="CLI-REPORT")
def report() -> None:
    """Nothing of its own."""
