"""``kho catalogue``: the cache of what the replicas hold, rebuilt, checked, written out."""

from __future__ import annotations

import sys

import click
import msgspec

from kho.cli.command import Group, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.session import Session

COMMANDS = {
    "rebuild": "kho.cli.catalogue:rebuild",
    "verify": "kho.cli.catalogue:verify",
    "dump": "kho.cli.catalogue:dump",
}


class UnreadableObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that no replica has whole, or that is not ours."""

    replica: str
    object: str
    reason: str


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho catalogue rebuild --json`` prints."""

    aips: int
    files: int
    ledger_lines: int
    unreadable: tuple[UnreadableObject, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first line in which a table differs; null where one side has no more lines."""

    table: str
    catalogue: str | None
    replicas: str | None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho catalogue verify --json`` prints."""

    same: bool
    lines: int
    differences: tuple[Difference, ...]
    unreadable: tuple[UnreadableObject, ...]


@click.group("catalogue", cls=Group, modules=COMMANDS, help="CLI-CATALOGUE")
def catalogue() -> None:
    """Nothing of its own."""


@command("rebuild", code="CLI-CATALOGUE-REBUILD", printed=Rebuilt)
@option("--replica", "only", metavar="NAME", multiple=True, help="CLI-CATALOGUE-REPLICA")
@json_option
def rebuild(session: Session, only: tuple[str, ...], as_json: bool) -> int:
    """The catalogue is new, made from the replicas."""
    from repository.rebuild import rebuild_archive_catalogue
    from repository.rebuild_check import UnknownReplica

    known = {replica.name for replica in session.settings.repository.replicas}
    for name in only:
        if name not in known:
            raise UnknownReplica(replica=name, known=", ".join(sorted(known)))
    with session.progress() as progress:
        report = rebuild_archive_catalogue(
            session.settings.repository, only=only, progress=progress
        )
    if as_json:
        unreadable = _unreadable(report.unreadable)
        print_json(
            Rebuilt(
                aips=report.aips,
                files=report.files,
                ledger_lines=report.ledger_lines,
                unreadable=unreadable,
            )
        )
    else:
        session.tell("CLI-CATALOGUE-REBUILT", aips=report.aips, lines=report.ledger_lines)
        _tell_unreadable(session, report.unreadable)
    return Exit.DAMAGE_FOUND if report.unreadable else Exit.DONE


@command("verify", code="CLI-CATALOGUE-VERIFY", printed=Verified)
@option("--replica", "only", metavar="NAME", multiple=True, help="CLI-CATALOGUE-REPLICA")
@json_option
def verify(session: Session, only: tuple[str, ...], as_json: bool) -> int:
    """Whether a catalogue made anew from the replicas would say the same."""
    from repository.rebuild_check import compare_with_replicas

    with session.repository() as repository, session.progress() as progress:
        found = compare_with_replicas(repository, only=only, progress=progress)
    if as_json:
        differences = tuple(
            Difference(table=d.table, catalogue=d.catalogue, replicas=d.replicas)
            for d in found.differences
        )
        print_json(
            Verified(
                same=not differences,
                lines=found.lines,
                differences=differences,
                unreadable=_unreadable(found.unreadable),
            )
        )
    else:
        same = "CLI-CATALOGUE-SAME" if not found.differences else "CLI-CATALOGUE-DIFFERS"
        session.tell(same, lines=found.lines)
        for difference in found.differences:
            session.tell(
                "CLI-CATALOGUE-DIFFERENCE",
                table=difference.table,
                catalogue=difference.catalogue or "-",
                replicas=difference.replicas or "-",
            )
        _tell_unreadable(session, found.unreadable)
    return Exit.DAMAGE_FOUND if found.differences or found.unreadable else Exit.DONE


@command("dump", code="CLI-CATALOGUE-DUMP")
def dump(session: Session) -> int:
    """The canonical dump is on standard output, one JSON object to a line."""
    with session.repository() as repository:
        repository.catalogue.dump(sys.stdout)
    return Exit.DONE


def _unreadable(rows: list[tuple[str, str, str]]) -> tuple[UnreadableObject, ...]:
    return tuple(
        UnreadableObject(replica=replica, object=prefix, reason=reason)
        for replica, prefix, reason in rows
    )


def _tell_unreadable(session: Session, rows: list[tuple[str, str, str]]) -> None:
    for replica, prefix, reason in rows:
        session.tell("CLI-CATALOGUE-UNREADABLE", replica=replica, prefix=prefix, reason=reason)
