"""``kho holding show``: why a submission is held; of a duplicate, both lists side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import argument, command, json_option
from kho.cli.exits import Exit
from kho.cli.holding import HeldItem, due_text, item_of, state_text
from kho.cli.output import print_json, print_table
from kho.cli.session import Session
from kho.cli.sizes import sized
from schemas.records import FindingRecord, Ruling

if TYPE_CHECKING:
    from ingest.comparing import Compared
    from ingest.holding import Held
    from repository.archive import Repository
    from repository.facts import FileFacts


class ListedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a list: its name, its size in bytes, its sha256."""

    name: str
    bytes: int | None
    sha256: str


class BothSides(msgspec.Struct, frozen=True, kw_only=True):
    """One line of two lists: ``relation`` is ``same``, ``changed``, ``renamed``, ``only here``
    (what was submitted) or ``only there`` (what is in the archive or held already)."""

    relation: str
    here: ListedRecord | None
    there: ListedRecord | None


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """Another AIP that claims to be the same dossier. ``place`` is ``ocfl`` or ``holding``."""

    aip_id: str
    place: str
    title: str
    created: str
    records: tuple[BothSides, ...]


class HeldShown(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho holding show --json`` prints."""

    item: HeldItem
    findings: tuple[FindingRecord, ...]
    records: tuple[ListedRecord, ...]
    rivals: tuple[Rival, ...]
    ruling: Ruling | None


@command("show", code="CLI-HOLDING-SHOW", printed=HeldShown)
@argument("named", metavar="ID", help="CLI-HOLDING-ID")
@json_option
def show_held(session: Session, named: str, as_json: bool) -> int:
    """The one submission that is named is printed with all that an officer must know."""
    from ingest.holding import held_named

    with session.repository() as archive:
        shown = _shown(session, archive, held_named(archive, named))
    if as_json:
        print_json(shown)
    else:
        _print(session, shown)
    return Exit.DONE


def _shown(session: Session, archive: Repository, held: Held) -> HeldShown:
    from ingest.receipt import translated
    from schemas.moments import utc_now
    from schemas.nouns import Place

    facts = archive.catalogue.aip(held.summary.aip_id, Place.HOLDING)
    assert facts is not None  # noqa: S101 - its summary was just read
    receipt = translated(held.receipt, session.language)
    return HeldShown(
        item=item_of(held, session.settings.ingest.decision_days, utc_now()),
        findings=receipt.findings,
        records=tuple(_record(file) for file in facts.files if file.role == "data"),
        rivals=tuple(_rivals(archive, held)),
        ruling=receipt.ruling,
    )


def _rivals(archive: Repository, held: Held) -> Iterator[Rival]:
    from ingest.comparing import compare, rivals
    from schemas.nouns import Place

    summary = held.summary
    here = archive.catalogue.aip(summary.aip_id, Place.HOLDING)
    for other in rivals(archive, summary.aip_id, summary.fonds, summary.dossier_code):
        there = archive.catalogue.aip(other.aip_id, other.place)
        if here is not None and there is not None:
            yield Rival(
                aip_id=other.aip_id,
                place=other.place.value,
                title=other.title,
                created=other.created,
                records=tuple(_both(row) for row in compare(here, there)),
            )


def _both(row: Compared) -> BothSides:
    return BothSides(
        relation=row.relation.value,
        here=_record(row.here) if row.here else None,
        there=_record(row.there) if row.there else None,
    )


def _record(file: FileFacts) -> ListedRecord:
    name = file.logical_path.removeprefix("representations/rep1/data/")
    return ListedRecord(name=name, bytes=file.size_bytes, sha256=file.sha256)


def _print(session: Session, shown: HeldShown) -> None:
    item = shown.item
    for code, value in (
        ("CLI-COLUMN-TITLE", item.title),
        ("CLI-COLUMN-AIP", item.aip_id),
        ("CLI-COLUMN-FONDS", item.fonds),
        ("CLI-COLUMN-DOSSIER", item.dossier_code),
        ("RECEIPT-FIELD-SUBMITTER", " ".join(filter(None, (item.submitter, item.submitter_code)))),
        ("RECEIPT-FIELD-REGISTRATION", item.registration),
        ("RECEIPT-FIELD-RECEIVED", item.received),
        ("RECEIPT-FIELD-RECEIVED_BY", item.received_by),
        ("CLI-HOLDING-HEAD-DUE", due_text(session, item)),
        ("CLI-HOLDING-HEAD-STATE", state_text(session, item)),
    ):
        if value:
            click.echo(f"{session.say(code)}: {value}")
    if item.proposal:
        session.tell("CLI-HOLDING-PROPOSAL", **msgspec.structs.asdict(item.proposal))
    if shown.ruling:
        session.tell("CLI-HOLDING-RULING", reason=shown.ruling.reason)
    click.echo()
    for finding in shown.findings:
        weight = session.say(f"SEVERITY-{finding.severity.upper()}")
        where = f" [{finding.where}]" if finding.where else ""
        click.echo(f"  {weight} {finding.code}{where}: {finding.message}")
    click.echo()
    _print_lists(session, shown)
    if item.state in {"waiting", "proposed"}:
        session.tell("CLI-HOLDING-NEXT", aip_id=item.aip_id)


def _print_lists(session: Session, shown: HeldShown) -> None:
    columns = [session.say(f"CLI-COLUMN-{name}") for name in ("PATH", "SIZE")]
    if not shown.rivals:
        print_table((_cells(record) for record in shown.records), head=[*columns, "sha256"])
        return
    for rival in shown.rivals:
        session.tell(
            f"CLI-HOLDING-RIVAL-{rival.place.upper()}", aip_id=rival.aip_id, title=rival.title
        )
        here, there = (session.say(f"CLI-HOLDING-{side}") for side in ("HERE", "THERE"))
        head = [session.say("CLI-HOLDING-RELATION"), here, *columns[1:], "sha256"]
        print_table(
            (
                (
                    session.say(f"CLI-HOLDING-{row.relation.upper().replace(' ', '-')}"),
                    *_cells(row.here),
                    *_cells(row.there),
                )
                for row in rival.records
            ),
            head=[*head, there, *columns[1:], "sha256"],
        )


def _cells(record: ListedRecord | None) -> tuple[str, str, str]:
    if record is None:
        return "", "", ""
    size = "" if record.bytes is None else sized(record.bytes)
    return record.name, size, record.sha256[:16]
