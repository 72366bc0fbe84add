"""``kho replica probe``: what a replica's store really does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kho.cli.command import argument, command, json_option
from kho.cli.exits import Exit
from kho.cli.named import replicas_named
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session

if TYPE_CHECKING:
    from repository.archive import Repository
    from schemas.events import Event
    from storage_backends.probing import Finding


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check; ``holds`` is null where it does not apply to this kind of store."""

    check: str
    holds: bool | None
    needed: bool
    detail: str


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho replica probe --json`` prints."""

    replica: str
    url: str
    usable: bool
    checks: tuple[Check, ...]


@command("probe", code="CLI-REPLICA-PROBE", printed=Probed)
@argument("name", metavar="NAME", help="CLI-REPLICA-PROBE-NAME")
@json_option
def probe(session: Session, name: str, as_json: bool) -> int:
    """What the replica's store really does is known, told and in the journal."""
    from storage_backends.probing import probe as probe_store

    replicas_named(session.settings.repository, [name])
    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        if name in archive.unreachable:
            raise archive.unreachable[name]
        backend = archive.replica(name).backend
        findings = probe_store(backend)
        url = backend.url
        archive.record(_probe_event(session, archive, name, findings))
    usable = all(finding.holds is not False for finding in findings if finding.needed)
    if as_json:
        checks = tuple(
            Check(check=f.check, holds=f.holds, needed=f.needed, detail=f.detail) for f in findings
        )
        print_json(Probed(replica=name, url=url, usable=usable, checks=checks))
    else:
        _tell_findings(session, findings)
        session.tell("CLI-REPLICA-USABLE" if usable else "CLI-REPLICA-UNUSABLE", replica=name)
    return Exit.DONE if usable else Exit.STORAGE


def _tell_findings(session: Session, findings: list[Finding]) -> None:
    for finding in findings:
        mark = {True: "HOLDS", False: "FAILS", None: "NOT-CHECKED"}[finding.holds]
        session.tell(f"PROBE-{mark}", what=session.say(f"PROBE-{finding.check.upper()}"))
        if finding.holds is False:
            session.tell(f"PROBE-WITHOUT-{finding.check.upper()}", detail=finding.detail)


def _probe_event(
    session: Session, archive: Repository, name: str, findings: list[Finding]
) -> Event:
    from schemas.events import Event, EventOutcome, EventType
    from schemas.ids import new_uuid

    failed = [f.check for f in findings if f.needed and f.holds is False]
    words = {True: "holds", False: "fails", None: "not checked"}
    return Event(
        id=new_uuid(),
        type=EventType.VALIDATION,
        moment=archive.now(),
        outcome=EventOutcome.FAILURE if failed else EventOutcome.SUCCESS,
        detail="replica probe",
        agents=(session.actor(),),
        facts={"replica": name, **{f.check: words[f.holds] for f in findings}},
    )
