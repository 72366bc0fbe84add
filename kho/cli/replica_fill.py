"""``kho replica fill``: what replicas lack is copied to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.named import replicas_named
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from kho.cli.sizes import sized

if TYPE_CHECKING:
    from repository.fill import FillReport


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier that could not be copied."""

    aip_id: str
    replica: str
    reason: str


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho replica fill --json`` prints."""

    copied: int
    already_there: int
    not_allowed: int
    failures: tuple[Failure, ...]
    unreachable: tuple[str, ...]


@command("fill", code="CLI-REPLICA-FILL", printed=Filled)
@option("--replica", "only", metavar="NAME", multiple=True, help="CLI-REPLICA-FILL-ONLY")
@option("--dry-run", is_flag=True, help="CLI-REPLICA-FILL-DRY-RUN")
@json_option
def fill(session: Session, only: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Every reachable replica holds what it may hold, or the report names what is missing."""
    from repository.fill import FillReport
    from repository.fill import fill as fill_replicas
    from repository.replica_holdings import holdings

    replicas_named(session.settings.repository, only)
    with session.repository() as archive, session.progress() as progress:
        for row in holdings(archive):
            if (not only or row.settings.name in only) and row.lacking and not as_json:
                session.tell(
                    "CLI-REPLICA-LACKS",
                    replica=row.settings.name,
                    aips=row.lacking,
                    size=sized(row.lacking_bytes),
                )
        report = FillReport()
        if not dry_run:
            tell_recovered(session, archive.prepare_to_write())
            report = fill_replicas(archive, only=only, progress=progress)
        away = tuple(sorted(n for n in archive.unreachable if not only or n in only))
    if as_json:
        print_json(_filled(report, away))
    else:
        for failure in report.failures:
            session.tell(
                "CLI-REPLICA-NOT-COPIED",
                aip_id=failure.aip_id,
                replica=failure.replica,
                reason=failure.reason,
            )
        for name in away:
            session.tell("CLI-REPLICA-AWAY", replica=name)
        if not dry_run:
            session.tell("CLI-REPLICA-FILLED", copied=report.copied, failed=len(report.failures))
    return _exit_of_fill(report, away)


def _exit_of_fill(report: FillReport, away: tuple[str, ...]) -> Exit:
    """What no copy can prove weighs more than a replica that is away, full or refuses us."""
    found = {Exit.STORAGE} if away else set()
    for failure in report.failures:
        damaged = failure.is_damage and failure.replica not in away
        found.add(Exit.DAMAGE_FOUND if damaged else Exit.STORAGE)
    return weightiest(found)


def _filled(report: FillReport, away: tuple[str, ...]) -> Filled:
    return Filled(
        copied=report.copied,
        already_there=report.already_there,
        not_allowed=report.not_allowed,
        failures=tuple(
            Failure(aip_id=f.aip_id, replica=f.replica, reason=str(f.reason))
            for f in report.failures
        ),
        unreachable=away,
    )
