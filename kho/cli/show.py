"""``kho show``: all that the catalogue knows of one dossier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import argument, command, json_option
from kho.cli.exits import Exit
from kho.cli.listed import ListedAip, listed, print_listed
from kho.cli.named import NoSuchAip, waiting_or_kept
from kho.cli.output import print_json, print_table
from kho.cli.session import Session
from kho.cli.sizes import sized
from schemas.events import Event
from schemas.moments import format_moment
from schemas.nouns import Document
from schemas.records import Receipt

if TYPE_CHECKING:
    from repository.archive import Repository
    from repository.catalogue import AipSummary, LaterVerdict


class ShownCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one replica's copy: ``verified``, ``missing`` or ``damaged``."""

    replica: str
    version: int
    state: str
    verified_at: str


class ShownFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the newest version. ``bytes`` is null for files that Kho wrote."""

    path: str
    role: str
    bytes: int | None
    sha256: str
    puids: tuple[str, ...]
    signature: str


class ShownVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict on one file's signatures after ingest. ``as_of`` is the moment judged;
    ``proven`` says that the archive proves the file existed then."""

    moment: str
    path: str
    decision: str
    indications: tuple[str, ...]
    as_of: str
    proven: bool
    cause: str


class ShownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the AIP's life in the archive."""

    moment: str
    type: str
    outcome: str
    detail: str
    agents: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho show --json`` prints."""

    aip: ListedAip
    profile: str
    date_from: str
    date_to: str
    submission_digest: str
    fields: dict[str, str]
    versions: tuple[str, ...]
    copies: tuple[ShownCopy, ...]
    documents: tuple[Document, ...]
    files: tuple[ShownFile, ...]
    verdicts: tuple[ShownVerdict, ...]
    events: tuple[ShownEvent, ...]
    receipt: Receipt | None


@command("show", code="CLI-SHOW", printed=Shown)
@argument("named", metavar="ID", help="CLI-SHOW-ID")
@json_option
def show(session: Session, named: str, as_json: bool) -> int:
    """The one AIP that is named is printed; several are listed, to choose from."""
    with session.repository() as repository:
        everything = repository.catalogue.find(named)
        found = tuple(waiting_or_kept(repository, everything)) or everything
        if not found:
            raise NoSuchAip(named=named)
        if len(found) > 1:
            session.note("CLI-SHOW-SEVERAL", named=named)
            print_listed(session, map(listed, found))
            return Exit.USAGE
        shown = shown_of(repository, found[0])
    if as_json:
        print_json(shown)
    else:
        _print(session, shown)
    return Exit.DONE


def shown_of(repository: Repository, summary: AipSummary) -> Shown:
    """All that the catalogue knows of the AIP."""
    catalogue = repository.catalogue
    facts = catalogue.aip(summary.aip_id, summary.place)
    if facts is None:
        raise NoSuchAip(named=summary.aip_id)
    verdicts = catalogue.verdicts(summary.aip_id)
    latest = {later.verdict.path: later.verdict.decision for later in verdicts}
    return Shown(
        aip=listed(summary),
        profile=facts.profile,
        date_from=facts.date_from,
        date_to=facts.date_to,
        submission_digest=facts.submission_digest,
        fields=dict(facts.fields),
        versions=tuple(version.created for version in facts.versions),
        copies=tuple(
            ShownCopy(
                replica=copy.replica,
                version=copy.version,
                state=copy.state,
                verified_at=copy.verified_at,
            )
            for copy in catalogue.copies(summary.aip_id)
            if copy.place is summary.place
        ),
        documents=facts.documents,
        files=tuple(
            ShownFile(
                path=file.logical_path,
                role=file.role,
                bytes=file.size_bytes,
                sha256=file.sha256,
                puids=file.puids,
                signature=latest.get(file.logical_path, file.signature_decision),
            )
            for file in facts.files
        ),
        verdicts=tuple(map(_verdict, verdicts)),
        events=tuple(map(_event, catalogue.events(summary.aip_id))),
        receipt=catalogue.receipt_for(summary.aip_id),
    )


def _verdict(later: LaterVerdict) -> ShownVerdict:
    verdict = later.verdict
    told = ("/".join(filter(None, (s.indication, s.sub_indication))) for s in verdict.signatures)
    return ShownVerdict(
        moment=later.moment,
        path=verdict.path,
        decision=verdict.decision,
        indications=tuple(told),
        as_of=verdict.basis.moment if verdict.basis else "",
        proven=bool(verdict.basis and verdict.basis.proven),
        cause=later.cause,
    )


def _event(event: Event) -> ShownEvent:
    return ShownEvent(
        moment=format_moment(event.moment),
        type=event.type.value,
        outcome=event.outcome.value,
        detail=event.detail,
        agents=tuple(agent.name for agent in event.agents),
    )


def _print(session: Session, shown: Shown) -> None:
    aip = shown.aip
    for code, value in _heading(shown):
        if value:
            click.echo(f"{session.say(code)}: {value}")
    for copy in shown.copies:
        session.tell(
            f"CLI-SHOW-COPY-{copy.state.upper()}", replica=copy.replica, moment=copy.verified_at
        )
    if not shown.copies:
        session.tell("CLI-SHOW-NO-COPY")
    click.echo()
    head = [session.say(f"CLI-COLUMN-{name}") for name in ("PATH", "SIZE", "FORMAT", "SIGNATURE")]
    rows = (
        (
            file.path,
            "" if file.bytes is None else sized(file.bytes),
            ", ".join(file.puids),
            file.signature,
        )
        for file in shown.files
        if file.role in {"data", "documentation"}
    )
    print_table(rows, head=head)
    for verdict in shown.verdicts:
        session.tell(
            "CLI-SHOW-VERDICT-PROVEN" if verdict.proven else "CLI-SHOW-VERDICT",
            moment=verdict.moment,
            path=verdict.path,
            decision=session.say(f"CLI-DECISION-{verdict.decision.upper()}"),
            indications=", ".join(verdict.indications),
            as_of=verdict.as_of,
        )
    for event in shown.events:
        click.echo(f"{event.moment}  {event.type}: {event.outcome}  {event.detail}".rstrip())
    if aip.place == "holding":
        session.tell("CLI-SHOW-HELD")


def _heading(shown: Shown) -> Iterator[tuple[str, str]]:
    """(text code, value) of the lines above the files."""
    aip = shown.aip
    yield "CLI-COLUMN-TITLE", aip.title
    yield "CLI-COLUMN-AIP", aip.aip_id
    yield "CLI-COLUMN-FONDS", " – ".join(filter(None, (aip.fonds, aip.fonds_name)))
    yield "CLI-COLUMN-DOSSIER", aip.dossier_code
    yield "CLI-COLUMN-DATES", " – ".join(filter(None, (shown.date_from, shown.date_to)))
    yield "CLI-COLUMN-ACCESS", aip.access
    yield "CLI-COLUMN-OUTCOME", aip.outcome
    yield "CLI-COLUMN-RECEIVED", aip.created
    yield "CLI-COLUMN-FILES", f"{aip.files} ({sized(aip.bytes)})"
