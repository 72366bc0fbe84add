"""``kho ingest``: the main job: submissions become stored dossiers, each with a receipt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.findings_told import tell_findings, tell_reconciliation
from kho.cli.output import print_json, print_line, print_text
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.records import Receipt, Record

if TYPE_CHECKING:
    from ingest.desk import Desk
    from ingest.lists.reconcile import Reconciliation


class Receipts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``kho ingest --json`` prints; ``reconciliation`` (a ``kho.reconciliation/1``) only
    with ``--list``."""

    receipts: tuple[Receipt, ...]
    reconciliation: Record | None = None


class IngestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``kho ingest --jsonl``."""

    format: str = "kho.ingest-summary/1"
    accepted: int = 0
    held: int = 0
    rejected: int = 0
    duplicate: int = 0


@command("ingest", code="CLI-INGEST", printed=Receipts)
@argument(
    "sources",
    metavar="PATH",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="CLI-INGEST-PATH",
)
@option("--profile", metavar="NAME", default="", help="CLI-INGEST-PROFILE")
@option("--fonds", metavar="CODE", default="", help="CLI-INGEST-FONDS")
@option(
    "--list",
    "submitted",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CLI-INGEST-LIST",
)
@option("--jsonl", "as_lines", is_flag=True, help="CLI-JSONL")
@json_option
def ingest(
    session: Session,
    sources: tuple[Path, ...],
    profile: str,
    fonds: str,
    submitted: Path | None,
    as_lines: bool,
    as_json: bool,
) -> int:
    """Each source is received in turn; what one of them is like does not stop the others."""
    from ingest.delivery import Delivery, ListUnusable
    from ingest.receipt import receipt_text, translated

    receipts: list[Receipt] = []
    with opened_desk(session) as desk:
        settings = session.settings.ingest
        try:
            delivery = Delivery(desk, submitted=submitted)
            existing = _existing(sources)
            try:
                for one in delivery.consignments(existing, profile or settings.profile):
                    receipt = delivery.receive(one, fonds or settings.fonds)
                    receipts.append(translated(receipt, session.language))
                    if as_lines:
                        print_line(receipts[-1])
                    elif not as_json:
                        print_text(receipt_text(receipts[-1], session.language))
            finally:
                delivery.record(receipts)
        except ListUnusable as error:
            tell_findings(session, error.findings, err=True)
            raise
        found = delivery.reconciled(receipts)
    _tell_all(session, receipts, found, as_lines=as_lines, as_json=as_json)
    differs = found is not None and found.differences
    return weightiest({exit_of(receipts), Exit.DAMAGE_FOUND if differs else Exit.DONE})


def _tell_all(
    session: Session,
    receipts: list[Receipt],
    found: Reconciliation | None,
    *,
    as_lines: bool,
    as_json: bool,
) -> None:
    if as_json:
        print_json(Receipts(receipts=tuple(receipts), reconciliation=found))
        return
    if as_lines:
        if found is not None:
            print_line(found)
        print_line(summary_of(receipts))
        return
    if found is not None:
        tell_reconciliation(session, found)
    if len(receipts) > 1:
        session.tell("CLI-INGEST-SUMMARY", **msgspec.to_builtins(summary_of(receipts)))


def summary_of(receipts: list[Receipt]) -> IngestSummary:
    """How many submissions had each outcome."""
    outcomes = [receipt.outcome for receipt in receipts]
    return IngestSummary(
        accepted=outcomes.count("accepted"),
        held=outcomes.count("held"),
        rejected=outcomes.count("rejected"),
        duplicate=outcomes.count("duplicate"),
    )


def exit_of(receipts: list[Receipt]) -> Exit:
    """Held or rejected weighs more than under-replicated."""
    found = set()
    for receipt in receipts:
        if receipt.outcome in {"held", "rejected"}:
            found.add(Exit.DAMAGE_FOUND)
        if receipt.state == "under_replicated":
            found.add(Exit.STORAGE)
    return weightiest(found)


def _existing(sources: tuple[Path, ...]) -> tuple[Path, ...]:
    """The sources, when there is something at each: looked at before any is received."""
    from ingest.submission import SourceMissing

    for source in sources:
        if not source.exists():
            raise SourceMissing(where=str(source))
    return sources


@contextmanager
def opened_desk(session: Session) -> Iterator[Desk]:
    """The session's archive, recovered, with a desk that shows its progress."""
    from ingest.desk import open_desk
    from preservation.formats_keeping import current_identifier
    from preservation.trust_keeping import current_trust
    from schemas.events import Agent

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        with open_desk(
            archive,
            session.settings.ingest,
            operator=session.actor(),
            software=Agent("Kho", "software", version("kho")),
            trust=current_trust(archive),
            identifier=current_identifier(archive),
            progress=progress,
        ) as desk:
            yield desk
