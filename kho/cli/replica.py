"""``kho replica``: the backup repositories: which there are, what they can do, what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, argument, command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.named import replicas_named
from kho.cli.output import print_json, print_table
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from kho.cli.sizes import sized
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from repository.adoption import Adoption
    from repository.archive import Repository
    from repository.fill import FillReport
    from repository.replica import Replica
    from repository.settings import ReplicaSettings
    from storage_backends.probing import Finding

COMMANDS = {
    "list": "kho.cli.replica:list_replicas",
    "probe": "kho.cli.replica:probe",
    "add": "kho.cli.replica:add",
    "fill": "kho.cli.replica:fill",
}


class ReplicaNamed(ConfigError):
    """The archive has a replica of that name already; nothing was done."""

    code = "CLI-REPLICA-NAMED"


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


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho replica add --json`` prints."""

    replica: str
    url: str
    replica_id: str
    adopted: bool
    verified: int
    missing: int


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


@click.group("replica", cls=Group, modules=COMMANDS, help="CLI-REPLICA")
def replica() -> None:
    """Nothing of its own."""


@command("list", code="CLI-REPLICA-LIST", printed=Replicas)
@json_option
def list_replicas(session: Session, as_json: bool) -> int:
    """Every replica, whether it answers, and what it lacks."""
    with session.repository() as archive:
        rows = _rows(archive)
        shared = archive.shared_failure_domain
    if as_json:
        print_json(Replicas(shared_failure_domain=shared, replicas=rows))
    else:
        head = [session.say(f"CLI-REPLICA-HEAD-{n}") for n in ("NAME", "URL", "SITE", "STATE")]
        print_table(((r.name, r.url, r.site, _state(session, r)) for r in rows), head=head)
        if shared:
            session.tell("CLI-REPLICA-SHARED")
    return Exit.DONE if all(row.reachable for row in rows) else Exit.STORAGE


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


@command("add", code="CLI-REPLICA-ADD", printed=Added)
@argument("stated", metavar="NAME=URL,site=…", help="CLI-REPLICA-ADD-STATED")
@option("--adopt", is_flag=True, help="CLI-REPLICA-ADD-ADOPT")
@json_option
def add(session: Session, stated: str, adopt: bool, as_json: bool) -> int:
    """The replica is marked, in kho.toml and on every recovery sheet."""
    from kho import config
    from kho.cli.init import replica_table
    from kho.settings import located
    from repository.creation import write_recovery_sheets

    before = session.settings
    path = config.find(session.named, session.environment, session.here)
    text, asked = config.with_replica(path, replica_table(stated, session.here))
    if asked.name in {known.name for known in before.repository.replicas}:
        raise ReplicaNamed(replica=asked.name)
    asked = msgspec.structs.replace(asked, url=located(asked.url, before.repository.root))
    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        made, found = _made(archive, asked, adopt=adopt, progress=progress)
        made.backend.close()
    config.replace(path, text)
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


@command("fill", code="CLI-REPLICA-FILL", printed=Filled)
@option("--replica", "only", metavar="NAME", multiple=True, help="CLI-REPLICA-FILL-ONLY")
@option("--dry-run", is_flag=True, help="CLI-REPLICA-FILL-DRY-RUN")
@json_option
def fill(session: Session, only: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Every reachable replica holds what it may hold, or the report names what is missing."""
    from repository.fill import FillReport
    from repository.fill import fill as fill_replicas

    replicas_named(session.settings.repository, only)
    with session.repository() as archive, session.progress() as progress:
        for row in _rows(archive):
            if (not only or row.name in only) and row.lacking and not as_json:
                session.tell(
                    "CLI-REPLICA-LACKS",
                    replica=row.name,
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
    """What no copy can prove weighs more than a replica that is away."""
    found = {Exit.STORAGE} if away else set()
    if any(failure.replica not in away for failure in report.failures):
        found.add(Exit.DAMAGE_FOUND)
    return weightiest(found)


def _filled(report: FillReport, away: tuple[str, ...]) -> Filled:
    return Filled(
        copied=report.copied,
        already_there=report.already_there,
        not_allowed=report.not_allowed,
        failures=tuple(
            Failure(aip_id=f.aip_id, replica=f.replica, reason=f.reason) for f in report.failures
        ),
        unreachable=away,
    )


def _made(
    archive: Repository, asked: ReplicaSettings, *, adopt: bool, progress: object
) -> tuple[Replica, Adoption | None]:
    """The store at the place asked for is a replica of the archive; its settings are not yet."""
    from repository.adoption import adopt as adopt_copy
    from repository.replica import attach_replica, create_replica, read_marker, require_distinct
    from storage_backends.registry import open_backend

    backend = open_backend(asked.name, asked.url, asked.options, create=not adopt)
    accept = archive.settings.accept_shared_failure_domain
    if not accept:
        _require_own_domain(archive, asked.name, backend.failure_domain)
    if adopt:
        return adopt_copy(archive, asked, backend, progress)  # type: ignore[arg-type]  # Progress
    marker = read_marker(backend)
    if marker is not None and marker.repository_id == archive.id and marker.name == asked.name:
        made = attach_replica(asked, backend, repository=archive.id)  # begun before, and died
    else:
        made = create_replica(asked, backend, repository=archive.id, now=archive.now)
    require_distinct([*archive.replicas, made], accept_shared=accept)
    return made, None


def _require_own_domain(archive: Repository, name: str, domain: str) -> None:
    from repository.replica import SharedFailureDomain

    for other in archive.replicas:
        if other.backend.failure_domain == domain:
            raise SharedFailureDomain(replicas=f"{other.name}, {name}", domain=domain)


def _rows(archive: Repository) -> tuple[Listed, ...]:
    attached = {replica.name: replica for replica in archive.replicas}
    have: dict[str, int] = dict.fromkeys((r.name for r in archive.settings.replicas), 0)
    lacking = dict.fromkeys(have, 0)
    lacking_bytes = dict.fromkeys(have, 0)
    for summary in archive.catalogue.aips():
        there = {
            copy.replica
            for copy in archive.catalogue.copies(summary.aip_id)
            if (copy.place, copy.version) == (summary.place, summary.version)
            and copy.state == "verified"
        }
        for name in have:
            if name in there:
                have[name] += 1
            elif name not in attached or attached[name].may_hold(summary.access):
                lacking[name] += 1
                lacking_bytes[name] += summary.data_bytes
    return tuple(
        Listed(
            name=stated.name,
            url=attached[stated.name].backend.url if stated.name in attached else stated.url,
            site=stated.site,
            medium=stated.medium,
            max_access=stated.max_access,
            networked=stated.networked,
            failure_domain=(
                attached[stated.name].backend.failure_domain if stated.name in attached else ""
            ),
            reachable=stated.name in attached,
            reason=str(archive.unreachable.get(stated.name, "")),
            copies=have[stated.name],
            lacking=lacking[stated.name],
            lacking_bytes=lacking_bytes[stated.name],
        )
        for stated in archive.settings.replicas
    )


def _state(session: Session, row: Listed) -> str:
    code = "CLI-REPLICA-COMPLETE" if not row.lacking else "CLI-REPLICA-INCOMPLETE"
    if not row.reachable:
        code = "CLI-REPLICA-UNREACHABLE"
    return session.say(code, copies=row.copies, lacking=row.lacking, reason=row.reason)


def _tell_findings(session: Session, findings: list[Finding]) -> None:
    for finding in findings:
        mark = {True: "HOLDS", False: "FAILS", None: "NOT-CHECKED"}[finding.holds]
        session.tell(f"PROBE-{mark}", what=session.say(f"PROBE-{finding.check.upper()}"))
        if finding.holds is False:
            session.tell(f"PROBE-WITHOUT-{finding.check.upper()}", detail=finding.detail)


def _probe_event(session: Session, archive: Repository, name: str, findings: list[Finding]):  # type: ignore[no-untyped-def]  # Event is imported when needed
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


def _add_event(session: Session, archive: Repository, asked: ReplicaSettings, *, adopted: bool):  # type: ignore[no-untyped-def]  # Event is imported when needed
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
