"""``kho ledger verify``: the history of the archive, checked on any one replica."""

from __future__ import annotations

import click
import msgspec

from kho.cli.command import Group, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.restore import replicas_from
from kho.cli.session import Session
from repository.ledger_check import LedgerChecked

COMMANDS = {"verify": "kho.cli.ledger:verify"}


class LedgerVerified(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho ledger verify --json`` prints. ``level``: all replicas tell the same."""

    sound: bool
    level: bool
    replicas: tuple[LedgerChecked, ...]


@click.group("ledger", cls=Group, modules=COMMANDS, help="CLI-LEDGER")
def ledger() -> None:
    """Nothing of its own."""


@command("verify", code="CLI-LEDGER-VERIFY", printed=LedgerVerified)
@option("--from", "sources", metavar="NAME|URL", multiple=True, help="CLI-LEDGER-VERIFY-FROM")
@option("--head", "heads", metavar="HASH", multiple=True, help="CLI-LEDGER-VERIFY-HEAD")
@json_option
def verify(
    session: Session, sources: tuple[str, ...], heads: tuple[str, ...], as_json: bool
) -> int:
    """Each ledger is read whole and its chain followed; exit 3 when one does not hold."""
    from repository.ledger_check import check_ledger

    with replicas_from(session, sources) as replicas:
        checked = tuple(check_ledger(replica, heads) for replica in replicas)
    sound = all(one.is_sound for one in checked)
    level = len({one.lines_sha256 for one in checked}) <= 1
    if as_json:
        print_json(LedgerVerified(sound=sound, level=level, replicas=checked))
    else:
        for one in checked:
            _tell(session, one)
        if not level:
            session.tell("LEDGER-NOT-LEVEL")
    return Exit.DONE if sound and level else Exit.DAMAGE_FOUND


def _tell(session: Session, one: LedgerChecked) -> None:
    code = "LEDGER-UNSOUND" if one.broken_at else "LEDGER-SOUND"
    session.tell(
        code,
        replica=one.replica,
        lines=one.lines,
        first=one.first,
        last=one.last,
        head=one.head,
        seq=one.broken_at,
    )
    for head, there in one.witnessed.items():
        session.tell("LEDGER-WITNESSED" if there else "LEDGER-NOT-WITNESSED", head=head)
