"""``kho drill``: gives a random sample back into a scratch folder, compares it, measures."""

from __future__ import annotations

import secrets

import click

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.named import replicas_named
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from kho.cli.sizes import clocked, counted, sized
from preservation.drill_result import DrillResult


@command("drill", code="CLI-DRILL", printed=DrillResult)
@option("--from", "replica", metavar="NAME", default="", help="CLI-DRILL-FROM")
@option("--aips", type=click.IntRange(min=1), default=5, metavar="N", help="CLI-DRILL-AIPS")
@option("--seed", metavar="TEXT", default="", help="CLI-DRILL-SEED")
@json_option
def drill(session: Session, replica: str, aips: int, seed: str, as_json: bool) -> int:
    """A sample came back whole, or every file that did not is named; the journal has it."""
    from preservation import drill as drills

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        if replica:
            (replica,) = replicas_named(archive.settings, [replica])
        result = drills.drill(
            archive,
            replica=replica,
            aips=aips,
            seed=seed or secrets.token_hex(8),
            progress=progress,
        )
    if as_json:
        print_json(result)
    else:
        tell_drill(session, result)
    return exit_of(result)


def exit_of(result: DrillResult) -> Exit:
    """How a command with this result ends."""
    found = {
        Exit.CHECK_UNTRUSTED: not result.is_trustworthy and not result.failed,
        Exit.DAMAGE_FOUND: result.failed > 0,
    }
    return weightiest(code for code, so in found.items() if so)


def tell_drill(session: Session, result: DrillResult) -> None:
    """What did not come back, what did, and how long everything would take."""
    for failure in result.failures:
        session.tell(
            "DRILL-FAILED-FILE",
            verdict=failure.verdict,
            aip_id=failure.aip_id,
            path=failure.path,
        )
    session.tell(
        "DRILL-SUMMARY",
        replica=result.replica,
        aips=len(result.aips),
        files=counted(result.files),
        bytes=sized(result.bytes),
        seconds=f"{result.seconds:.1f}",
        rate=sized(result.bytes_per_s),
    )
    session.tell(
        "DRILL-EVERYTHING",
        bytes=sized(result.whole_bytes),
        duration=clocked(result.whole_seconds),
    )
    session.tell("DRILL-SEED", seed=result.seed)
    session.tell("LEDGER-HEAD", head=result.ledger_head)
    if result.failed:
        session.tell("DRILL-FAILED", failed=result.failed, replica=result.replica)
    elif not result.is_trustworthy:
        session.tell("DRILL-UNTRUSTED")
    else:
        session.tell("DRILL-PASSED")
