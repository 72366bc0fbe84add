"""``kho holding release`` and ``refuse``: what officers decide, each under their own account."""

from __future__ import annotations

import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.holding import Proposed, proposed
from kho.cli.ingest import exit_of, opened_desk
from kho.cli.output import print_json, print_text
from kho.cli.session import Session
from schemas.records import Receipt


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho holding release --json`` and ``refuse --json`` print: the receipt, or the
    proposal that another person must approve. ``renewed``: the errors are not those of the
    proposal that stood before."""

    aip_id: str
    receipt: Receipt | None
    proposal: Proposed | None
    renewed: bool = False


@command("release", code="CLI-HOLDING-RELEASE", printed=Ruled)
@argument("named", metavar="ID", help="CLI-HOLDING-ID")
@option("--reason", metavar="TEXT", default="", help="CLI-HOLDING-REASON")
@json_option
def release_held(session: Session, named: str, reason: str, as_json: bool) -> int:
    """The submission is in the archive, or its release waits for another person."""
    from ingest.holding import held_named
    from ingest.ruling import release

    session.officer().must_be_known()
    with opened_desk(session) as desk:
        aip_id = held_named(desk.archive, named).summary.aip_id
        answer = release(aip_id, desk, session.officer(), reason)
    ruled = _ruled(session, aip_id, answer.receipt)
    if answer.proposal is not None:
        ruled = msgspec.structs.replace(
            ruled, proposal=proposed(answer.proposal), renewed=answer.renewed
        )
    return _told(session, ruled, as_json=as_json)


@command("refuse", code="CLI-HOLDING-REFUSE", printed=Ruled)
@argument("named", metavar="ID", help="CLI-HOLDING-ID")
@option("--reason", metavar="TEXT", default="", help="CLI-HOLDING-REASON")
@json_option
def refuse_held(session: Session, named: str, reason: str, as_json: bool) -> int:
    """The submission is closed with a receipt that says why; its bytes stay."""
    from ingest.holding import held_named
    from ingest.ruling import refuse
    from kho.cli.recovered import tell_recovered

    session.officer().must_approve()
    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        aip_id = held_named(archive, named).summary.aip_id
        receipt = refuse(aip_id, archive, session.officer(), reason)
    _told(session, _ruled(session, aip_id, receipt), as_json=as_json)
    return Exit.DONE


def _ruled(session: Session, aip_id: str, receipt: Receipt | None) -> Ruled:
    from ingest.receipt import translated

    told = translated(receipt, session.language) if receipt else None
    return Ruled(aip_id=aip_id, receipt=told, proposal=None)


def _told(session: Session, ruled: Ruled, *, as_json: bool) -> int:
    """What was decided is printed; the exit code."""
    from ingest.receipt import receipt_text

    if as_json:
        print_json(ruled)
    elif ruled.receipt is not None:
        print_text(receipt_text(ruled.receipt, session.language))
    elif ruled.proposal is not None:
        if ruled.renewed:
            session.tell("CLI-HOLDING-RENEWED")
        session.tell(
            "CLI-HOLDING-PROPOSED",
            aip_id=ruled.aip_id,
            person=ruled.proposal.person,
            errors=", ".join(ruled.proposal.overridden),
        )
    return exit_of([ruled.receipt]) if ruled.receipt else Exit.DAMAGE_FOUND
