"""How an AIP stands in a list: one line for people, one object for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from kho.cli.output import print_table
from kho.cli.session import Session
from kho.cli.sizes import sized

if TYPE_CHECKING:
    from repository.catalogue import AipSummary


class ListedAip(msgspec.Struct, frozen=True, kw_only=True):
    """One AIP of a list. ``copies`` were read back and not found broken since."""

    aip_id: str
    place: str
    version: int
    fonds: str
    fonds_name: str
    dossier_code: str
    title: str
    access: str
    outcome: str
    created: str
    files: int
    bytes: int
    warnings: int
    backlog: bool
    copies: int
    broken_copies: int


def listed(summary: AipSummary) -> ListedAip:
    """The summary as it is printed."""
    return ListedAip(
        aip_id=summary.aip_id,
        place=summary.place.value,
        version=summary.version,
        fonds=summary.fonds,
        fonds_name=summary.fonds_name,
        dossier_code=summary.dossier_code,
        title=summary.title,
        access=summary.access.value,
        outcome=summary.outcome,
        created=summary.created,
        files=summary.data_files,
        bytes=summary.data_bytes,
        warnings=summary.warnings,
        backlog=summary.backlog,
        copies=summary.copies,
        broken_copies=summary.broken_copies,
    )


def print_listed(session: Session, aips: Iterable[ListedAip]) -> None:
    """A table: id, fonds, code, title, files, size, copies, and what to look at."""
    head = [
        session.say(f"CLI-COLUMN-{name}")
        for name in ("AIP", "FONDS", "DOSSIER", "TITLE", "FILES", "SIZE", "COPIES", "NOTE")
    ]
    rows = (
        (
            aip.aip_id,
            aip.fonds,
            aip.dossier_code,
            aip.title,
            str(aip.files),
            sized(aip.bytes),
            str(aip.copies),
            ", ".join(session.say(code, copies=aip.broken_copies) for code in _notes(aip)),
        )
        for aip in aips
    )
    print_table(rows, head=head)


def _notes(aip: ListedAip) -> list[str]:
    """Codes of what a person should look at."""
    found = {
        "CLI-NOTE-HELD": aip.place == "holding",
        "CLI-NOTE-BROKEN": aip.broken_copies > 0,
        "CLI-NOTE-BACKLOG": aip.backlog,
        "CLI-NOTE-WARNINGS": aip.warnings > 0,
    }
    return [code for code, so in found.items() if so]
