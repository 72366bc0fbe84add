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
from kho.cli.output import print_json, print_line, print_text
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.records import Receipt

if TYPE_CHECKING:
    from ingest.desk import Desk


class Receipts(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho ingest --json`` prints."""

    receipts: tuple[Receipt, ...]


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
@option("--jsonl", "as_lines", is_flag=True, help="CLI-JSONL")
@json_option
def ingest(
    session: Session,
    sources: tuple[Path, ...],
    profile: str,
    fonds: str,
    as_lines: bool,
    as_json: bool,
) -> int:
    """Each source is received in turn; what one of them is like does not stop the others."""
    from ingest.receipt import receipt_text, translated

    receipts: list[Receipt] = []
    with opened_desk(session) as desk:
        settings = session.settings.ingest
        for source in _existing(sources):
            receipt = translated(
                receive(source, desk, profile or settings.profile, fonds or settings.fonds),
                session.language,
            )
            receipts.append(receipt)
            if as_lines:
                print_line(receipt)
            elif not as_json:
                print_text(receipt_text(receipt, session.language))
    if as_json:
        print_json(Receipts(receipts=tuple(receipts)))
    elif as_lines:
        print_line(summary_of(receipts))
    elif len(receipts) > 1:
        session.tell("CLI-INGEST-SUMMARY", **msgspec.to_builtins(summary_of(receipts)))
    return exit_of(receipts)


def receive(source: Path, desk: Desk, profile: str, fonds: str) -> Receipt:
    """One submission through the pipeline."""
    from ingest.pipeline import ingest as receive_one

    return receive_one(source, desk, profile=profile, fonds=fonds)


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
