"""``kho replica``: the backup repositories; ``list`` says which there are and what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, command, json_option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_table
from kho.cli.session import Session

if TYPE_CHECKING:
    from repository.replica_holdings import ReplicaHolding

COMMANDS = {
    "list": "kho.cli.replica:list_replicas",
    "probe": "kho.cli.replica_probe:probe",
    "add": "kho.cli.replica_add:add",
    "fill": "kho.cli.replica_fill:fill",
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One replica. ``copies`` and ``lacking`` count dossiers at their newest version."""

    name: str
    url: str
    site: str
    medium: str
    max_access: str
    networked: bool
    failure_domain: str
    reachable: bool
    reason: str
    copies: int
    lacking: int
    lacking_bytes: int


class Replicas(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho replica list --json`` prints."""

    shared_failure_domain: bool
    replicas: tuple[Listed, ...]


@click.group("replica", cls=Group, modules=COMMANDS, help="CLI-REPLICA")
def replica() -> None:
    """Nothing of its own."""


@command("list", code="CLI-REPLICA-LIST", printed=Replicas)
@json_option
def list_replicas(session: Session, as_json: bool) -> int:
    """Every replica, whether it answers, and what it lacks."""
    from repository.replica_holdings import holdings

    with session.repository() as archive:
        found = holdings(archive)
        shared = archive.shared_failure_domain
    if as_json:
        rows = tuple(_listed(row) for row in found)
        print_json(Replicas(shared_failure_domain=shared, replicas=rows))
    else:
        head = [session.say(f"CLI-REPLICA-HEAD-{n}") for n in ("NAME", "URL", "SITE", "STATE")]
        print_table(
            (
                (row.settings.name, row.url, row.settings.site, _state(session, row))
                for row in found
            ),
            head=head,
        )
        if shared:
            session.tell("CLI-REPLICA-SHARED")
    return Exit.DONE if all(row.reachable for row in found) else Exit.STORAGE


def _listed(row: ReplicaHolding) -> Listed:
    return Listed(
        name=row.settings.name,
        url=row.url,
        site=row.settings.site,
        medium=row.settings.medium,
        max_access=row.settings.max_access,
        networked=row.networked,
        failure_domain=row.failure_domain,
        reachable=row.reachable,
        reason=str(row.error or ""),
        copies=row.copies,
        lacking=row.lacking,
        lacking_bytes=row.lacking_bytes,
    )


def _state(session: Session, row: ReplicaHolding) -> str:
    code = "CLI-REPLICA-COMPLETE" if not row.lacking else "CLI-REPLICA-INCOMPLETE"
    if not row.reachable:
        code = "CLI-REPLICA-UNREACHABLE"
    return session.say(code, copies=row.copies, lacking=row.lacking, reason=row.error)
