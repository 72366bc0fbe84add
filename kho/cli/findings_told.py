"""Findings about lists, told with sheet, row and cell; and a list held against a reception."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from kho.cli.judged import recorded
from kho.cli.output import print_table
from kho.cli.session import Session
from schemas.findings import Finding

if TYPE_CHECKING:
    from ingest.lists.reconcile import Reconciliation

_CELL = re.compile(r"(?:(.+)!)?([A-Z]{1,3})(\d+)")


def tell_findings(session: Session, findings: Iterable[Finding], *, err: bool = False) -> None:
    """A line for each: weight, place, what is so and what to do, code."""
    for finding in recorded(session, findings):
        weight = session.say(f"SEVERITY-{finding.severity.upper()}")
        place = f" {spoken_place(session, finding.where)}:" if finding.where else ""
        click.echo(f"{weight}{place} {finding.message} ({finding.code})", err=err)


def spoken_place(session: Session, where: str) -> str:
    """``sheet “Hồ sơ”, row 5, cell C5`` for a cell; anything else as it is."""
    match = _CELL.fullmatch(where)
    if match is None:
        return where
    sheet, column, row = match.groups()
    cell = f"{column}{row}"
    if sheet:
        return session.say("CLI-PACK-PLACE", sheet=sheet, row=row, cell=cell)
    return session.say("CLI-PACK-PLACE-ALONE", row=row, cell=cell)


def tell_reconciliation(session: Session, found: Reconciliation) -> None:
    """The differences as a table, what was listed beside what was received, then a sentence."""
    head = ("CODE", "KIND", "LISTED", "RECEIVED", "WHERE")
    rows = [
        (
            each.dossier_code,
            session.say(f"RECONCILE-{each.kind.upper()}"),
            each.listed,
            each.received,
            each.where or each.aip_id,
        )
        for each in found.differences
    ]
    if rows:
        print_table(rows, head=[session.say(f"RECONCILE-HEAD-{name}") for name in head])
    session.tell(
        "CLI-RECONCILED",
        list=found.list_name,
        listed=found.listed,
        received=found.received,
        agreed=found.agreed,
        differences=len(found.differences),
    )
