"""``kho reconcile``: a submitted list against what the archive keeps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.findings_told import tell_findings, tell_reconciliation
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.records import Record


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho reconcile --json`` prints: a ``kho.reconciliation/1``."""

    reconciliation: Record


@command("reconcile", code="CLI-RECONCILE", printed=Reconciled)
@argument(
    "listing",
    metavar="LIST",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CLI-RECONCILE-LIST",
)
@option("--fonds", metavar="CODE", default="", help="CLI-RECONCILE-FONDS")
@json_option
def reconcile(session: Session, listing: Path, fonds: str, as_json: bool) -> int:
    """The comparison is printed and kept in the journal."""
    from ingest.delivery import ListUnusable, received_of, recorded, usable
    from ingest.lists.mapping import shipped_columns
    from ingest.lists.reading import read_list
    from preservation.formats.sheets.reading import sheet_reader
    from preservation.workers import WorkerPool

    with (
        tempfile.TemporaryDirectory(prefix="kho-list-") as scratch,
        WorkerPool(workers=1, scratch=Path(scratch)) as pool,
    ):
        listed = read_list(sheet_reader(pool)(listing), shipped_columns("tt05"), strict=False)
    try:
        usable(listing, listed)
    except ListUnusable as error:
        tell_findings(session, error.findings, err=True)
        raise
    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        received = list(received_of(archive, listed, fonds))
        found = recorded(archive, listing, listed, received, session.actor().name)
    if as_json:
        print_json(Reconciled(reconciliation=found))
    else:
        tell_reconciliation(session, found)
    return Exit.DAMAGE_FOUND if found.differences else Exit.DONE
