"""``kho ledger``: the history of the archive, sealed daily, checked on any one replica."""

from __future__ import annotations

import click
import msgspec

from kho.cli.command import Group, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.restore import replicas_from
from kho.cli.session import Session
from repository.ledger_check import LedgerChecked
from repository.ledger_repair import LedgerHealed
from repository.sealing import LedgerSealed

COMMANDS = {
    "verify": "kho.cli.ledger:verify",
    "seal": "kho.cli.ledger:seal",
    "repair": "kho.cli.ledger:repair",
}


class LedgerVerified(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho ledger verify --json`` prints. ``level``: all replicas tell the same."""

    sound: bool
    level: bool
    replicas: tuple[LedgerChecked, ...]


class LedgerRepaired(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho ledger repair --json`` prints."""

    dry_run: bool
    healed: tuple[LedgerHealed, ...]
    ledger_head: str


@click.group("ledger", cls=Group, modules=COMMANDS, help="CLI-LEDGER")
def ledger() -> None:
    """Nothing of its own."""


@command("verify", code="CLI-LEDGER-VERIFY", printed=LedgerVerified)
@option("--from", "sources", metavar="NAME|URL", multiple=True, help="CLI-LEDGER-VERIFY-FROM")
@option("--head", "heads", metavar="HASH", multiple=True, help="CLI-LEDGER-VERIFY-HEAD")
@option("--every-object", is_flag=True, help="CLI-LEDGER-VERIFY-EVERY-OBJECT")
@json_option
def verify(
    session: Session,
    sources: tuple[str, ...],
    heads: tuple[str, ...],
    every_object: bool,
    as_json: bool,
) -> int:
    """Each ledger is read whole and its chain followed; exit 3 when one does not hold."""
    from repository.journal import readers
    from repository.ledger_check import check_ledger

    with replicas_from(session, sources) as replicas:
        keeping = readers(replicas)
        without = [replica.name for replica in replicas if replica not in keeping]
        checked = tuple(
            check_ledger(replica, heads, every_object=every_object) for replica in keeping
        )
    sound = all(one.is_sound for one in checked)
    level = len({one.lines_sha256 for one in checked}) <= 1
    if as_json:
        print_json(LedgerVerified(sound=sound, level=level, replicas=checked))
    else:
        for one in checked:
            _tell(session, one)
        for name in without:
            session.tell("LEDGER-NOT-KEPT", replica=name)
        if not level:
            session.tell("LEDGER-NOT-LEVEL")
    return Exit.DONE if sound and level else Exit.DAMAGE_FOUND


@command("seal", code="CLI-LEDGER-SEAL", printed=LedgerSealed)
@json_option
def seal(session: Session, as_json: bool) -> int:
    """The lines since the last sealing are in a ledger AIP; exit 4 when it has too few copies."""
    from repository.sealing import seal_ledger

    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        made = seal_ledger(archive, agents=(session.actor(),))
        done = LedgerSealed(sealed=tuple(made), ledger_head=archive.ledger_head())
    if as_json:
        print_json(done)
    else:
        for one in made:
            fields = {"aip_id": one.aip_id, "first": one.first, "last": one.last}
            session.tell("LEDGER-SEALED", head=one.head, **fields)
        if not made:
            session.tell("LEDGER-NOTHING-TO-SEAL")
        session.tell("LEDGER-HEAD", head=done.ledger_head)
    return Exit.DONE if all(one.state == "stored" for one in made) else Exit.STORAGE


@command("repair", code="CLI-LEDGER-REPAIR", printed=LedgerRepaired)
@option("--dry-run", is_flag=True, help="CLI-LEDGER-REPAIR-DRY-RUN")
@json_option
def repair(session: Session, dry_run: bool, as_json: bool) -> int:
    """Broken journals are written anew from lines that are proved; exit 3 when none are."""
    from repository.ledger_repair import repair_ledgers

    with session.repository() as archive:
        # Not prepare_to_write first: that brings journals level, which a broken one stops.
        made = repair_ledgers(archive, agent=session.actor(), dry_run=dry_run)
        done = LedgerRepaired(dry_run=dry_run, healed=made, ledger_head=archive.ledger_head())
        away = bool(archive.unreachable)
    if as_json:
        print_json(done)
    else:
        for one in made:
            code = "LEDGER-WOULD-HEAL" if dry_run else "LEDGER-HEALED"
            session.tell(code, replica=one.replica, lines=one.lines, aside=one.aside)
        if not made:
            session.tell("LEDGER-NOTHING-TO-HEAL")
        session.tell("LEDGER-HEAD", head=done.ledger_head)
    if made and dry_run:
        return Exit.DAMAGE_FOUND
    return Exit.STORAGE if away else Exit.DONE


def _tell(session: Session, one: LedgerChecked) -> None:
    code = "LEDGER-UNSOUND" if one.broken_at else "LEDGER-SOUND"
    if one.read_from != "journal":
        session.tell("LEDGER-JOURNAL-LOST", replica=one.replica, aips=one.sealed_aips)
    session.tell(
        code,
        replica=one.replica,
        lines=one.lines,
        first=one.first,
        last=one.last,
        head=one.head,
        seq=one.broken_at,
    )
    if one.sealed_aips and not one.differs_at:
        session.tell("LEDGER-SEALED-SAME", aips=one.sealed_aips, lines=one.sealed_lines)
    if one.differs_at:
        session.tell("LEDGER-SEALED-DIFFERS", seq=one.differs_at)
    for aip_id in one.sealed_unreadable:
        session.tell("LEDGER-SEALED-UNREADABLE", replica=one.replica, aip_id=aip_id)
    for head, there in one.witnessed.items():
        session.tell("LEDGER-WITNESSED" if there else "LEDGER-NOT-WITNESSED", head=head)
