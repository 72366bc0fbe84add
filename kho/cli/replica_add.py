"""``kho replica add``: another replica, new or copied by another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from repository.archive import Repository
    from repository.settings import ReplicaSettings
    from schemas.events import Event


class ReplicaNamed(ConfigError):
    """The archive has a replica of that name already; nothing was done."""

    code = "CLI-REPLICA-NAMED"


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho replica add --json`` prints."""

    replica: str
    url: str
    replica_id: str
    adopted: bool
    verified: int
    missing: int


@command("add", code="CLI-REPLICA-ADD", printed=Added)
@argument("stated", metavar="NAME=URL,site=…", help="CLI-REPLICA-ADD-STATED")
@option("--adopt", is_flag=True, help="CLI-REPLICA-ADD-ADOPT")
@json_option
def add(session: Session, stated: str, adopt: bool, as_json: bool) -> int:
    """The replica is marked, in kho.toml and on every recovery sheet."""
    from kho import config
    from kho.cli.init import replica_table
    from kho.settings import replica_located
    from repository.creation import write_recovery_sheets
    from repository.joining import join
    from repository.locks import held

    before = session.settings
    path = config.find(session.named, session.environment, session.here)
    table = replica_table(stated, session.here)
    _text, asked = config.with_replica(path, table)
    if asked.name in {known.name for known in before.repository.replicas}:
        raise ReplicaNamed(replica=asked.name)
    asked = replica_located(asked, before.repository.root)
    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        made, found = join(archive, asked, adopted=adopt, progress=progress)
        made.backend.close()
    with held(Path(before.repository.root) / "locks" / "settings.lock"):
        # As it reads now: reading a copy back takes hours, and others change settings too.
        config.replace(path, config.with_replica(path, table)[0])
    after = Session(environment=session.environment, here=session.here, named=path.parent)
    with after.repository() as archive:
        archive.prepare_to_write()
        if found is not None:
            from repository.adoption import record_adoption

            record_adoption(archive, archive.replica(asked.name), found)
        archive.record(_add_event(session, archive, asked, adopted=adopt))
        write_recovery_sheets(archive.settings, archive.replicas, lang=before.language)
        url = archive.replica(asked.name).backend.url
    missing = found.missing if found else _count(after)
    verified = len(found.verified) if found else 0
    if as_json:
        print_json(
            Added(
                replica=asked.name,
                url=url,
                replica_id=made.marker.replica_id,
                adopted=adopt,
                verified=verified,
                missing=missing,
            )
        )
    else:
        code = "CLI-REPLICA-ADOPTED" if adopt else "CLI-REPLICA-ADDED"
        session.tell(code, replica=asked.name, url=url, verified=verified, missing=missing)
    return Exit.DONE


def _add_event(
    session: Session, archive: Repository, asked: ReplicaSettings, *, adopted: bool
) -> Event:
    from schemas.events import Event, EventOutcome, EventType
    from schemas.ids import new_uuid

    return Event(
        id=new_uuid(),
        type=EventType.POLICY_ASSIGNMENT,
        moment=archive.now(),
        outcome=EventOutcome.SUCCESS,
        detail="replica adopted" if adopted else "replica added",
        agents=(session.actor(),),
        facts={"replica": asked.name, "site": asked.site, "medium": asked.medium},
    )


def _count(session: Session) -> int:
    with session.repository() as archive:
        return sum(1 for _ in archive.catalogue.aips())
