"""``kho holding``: submissions that wait for an officer; ``list`` says which, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_table
from kho.cli.session import Session
from kho.cli.sizes import sized

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.approval import Proposal
    from ingest.holding import Held

COMMANDS = {
    "list": "kho.cli.holding:list_held",
    "show": "kho.cli.holding_show:show_held",
    "release": "kho.cli.holding_rule:release_held",
    "refuse": "kho.cli.holding_rule:refuse_held",
}


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A release that one person proposed and another must approve."""

    person: str
    moment: str
    reason: str
    overridden: tuple[str, ...]


class HeldItem(msgspec.Struct, frozen=True, kw_only=True):
    """One submission in the holding area, with its reception record and its due date.

    ``state`` is ``waiting``, ``proposed``, ``released`` or ``refused``; ``errors`` are the codes
    of what holds it. ``due``, a date, is the last day for a decision; ``days_left`` is negative
    when it is over.
    """

    aip_id: str
    state: str
    dossier_code: str
    title: str
    fonds: str
    profile: str
    registration: str
    submitter: str
    submitter_code: str
    received: str
    received_by: str
    files: int
    bytes: int
    copies: int
    age_days: int
    due: str
    days_left: int
    overdue: bool
    errors: tuple[str, ...]
    proposal: Proposed | None


class HeldList(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho holding list --json`` prints, the most urgent first."""

    waiting: int
    overdue: int
    held: tuple[HeldItem, ...]


@click.group("holding", cls=Group, modules=COMMANDS, help="CLI-HOLDING")
def holding() -> None:
    """Nothing of its own."""


@command("list", code="CLI-HOLDING-LIST", printed=HeldList)
@option("--all", "closed", is_flag=True, help="CLI-HOLDING-LIST-ALL")
@json_option
def list_held(session: Session, closed: bool, as_json: bool) -> int:
    """What waits is printed, the most urgent first."""
    from ingest.holding import held_submissions
    from schemas.moments import utc_now

    now = utc_now()
    with session.repository() as archive:
        found = held_submissions(archive, closed=closed)
        items = [item_of(held, session.settings.ingest.decision_days, now) for held in found]
    items.sort(key=lambda item: (item.state in {"released", "refused"}, item.days_left))
    waiting = [item for item in items if item.state in {"waiting", "proposed"}]
    listing = HeldList(
        waiting=len(waiting),
        overdue=sum(item.overdue for item in waiting),
        held=tuple(items),
    )
    if as_json:
        print_json(listing)
    else:
        _print(session, listing)
    return Exit.DONE


def item_of(held: Held, days: int, now: datetime) -> HeldItem:
    """The submission as it is printed."""
    from ingest.due import due_of

    receipt, summary = held.receipt, held.summary
    due = due_of(receipt.received, days=days, now=now)
    errors = (f.code for f in receipt.findings if f.severity in {"error", "reject"})
    return HeldItem(
        aip_id=summary.aip_id,
        state=state_of(held),
        dossier_code=summary.dossier_code,
        title=summary.title,
        fonds=summary.fonds,
        profile=receipt.profile,
        registration=receipt.registration,
        submitter=receipt.submitter,
        submitter_code=receipt.submitter_code,
        received=receipt.received,
        received_by=receipt.received_by,
        files=summary.data_files,
        bytes=summary.data_bytes,
        copies=summary.copies,
        age_days=due.age_days,
        due=due.day.isoformat(),
        days_left=due.days_left,
        overdue=held.waits and due.overdue,
        errors=tuple(dict.fromkeys(errors)),
        proposal=proposed(held.proposal),
    )


def state_of(held: Held) -> str:
    """``waiting``, ``proposed``, ``released`` or ``refused``."""
    if not held.waits:
        return "released" if held.receipt.outcome == "accepted" else "refused"
    return "proposed" if held.proposal else "waiting"


def proposed(proposal: Proposal | None) -> Proposed | None:
    """The proposal as it is printed."""
    if proposal is None:
        return None
    return Proposed(
        person=proposal.step.person,
        moment=proposal.step.moment,
        reason=proposal.step.reason,
        overridden=proposal.overridden,
    )


def _print(session: Session, listing: HeldList) -> None:
    if not listing.held:
        session.tell("CLI-HOLDING-NOTHING")
        return
    columns = ("AIP", "DOSSIER", "TITLE", "FILES", "SIZE")
    head = [session.say(f"CLI-COLUMN-{name}") for name in columns]
    head += [session.say(f"CLI-HOLDING-HEAD-{name}") for name in ("AGE", "DUE", "WHY", "STATE")]
    rows = (
        (
            item.aip_id,
            item.dossier_code,
            item.title,
            str(item.files),
            sized(item.bytes),
            session.say("CLI-HOLDING-DAYS", days=item.age_days),
            due_text(session, item),
            ", ".join(item.errors),
            state_text(session, item),
        )
        for item in listing.held
    )
    print_table(rows, head=head)
    if listing.overdue:
        session.tell("CLI-HOLDING-OVERDUE-COUNT", count=listing.overdue)


def due_text(session: Session, item: HeldItem) -> str:
    """The date, and that it is over or near."""
    if item.state in {"released", "refused"}:
        return ""
    if item.overdue:
        return session.say("CLI-HOLDING-OVERDUE", due=item.due, days=-item.days_left)
    return session.say("CLI-HOLDING-LEFT", due=item.due, days=item.days_left)


def state_text(session: Session, item: HeldItem) -> str:
    """Where it stands, and who has proposed its release."""
    person = item.proposal.person if item.proposal else ""
    return session.say(f"CLI-HOLDING-STATE-{item.state.upper()}", person=person)
