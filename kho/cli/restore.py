"""``kho restore``: gives back one AIP, one fonds or everything, with a proof.

With URLs in ``--from`` it needs neither kho.toml nor catalogue: an empty machine will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit
from kho.cli.judged import jsonl_option
from kho.cli.named import aip_by_id, aip_named, replicas_named
from kho.cli.output import print_json, print_line
from kho.cli.session import Session
from kho.cli.signing import configured_signer, sign_file
from kho.cli.sizes import counted, sized
from preservation.restore_proof import PROOF, RestoreProof
from schemas.errors import ConfigError
from schemas.moments import utc_now

if TYPE_CHECKING:
    from preservation.restore import RestorePreflight
    from repository.replica import Replica
    from repository.settings import ReplicaSettings
    from schemas.ids import AipId

FORMS = ("folder", "bag", "submission", "tt05")


class ScopeUnclear(ConfigError):
    """Not exactly one of ``--aip``, ``--fonds`` and ``--all``, or both ways to say from where."""

    code = "CLI-RESTORE-SCOPE"


class SourceUnclear(ConfigError):
    """``--from`` and ``--union`` exclude each other."""

    code = "CLI-RESTORE-SOURCE"


class DifferentArchives(ConfigError):
    """The URLs lead to replicas of different archives."""

    code = "CLI-RESTORE-DIFFERENT"


@command("restore", code="CLI-RESTORE", printed=RestoreProof)
@option("--aip", "aips", metavar="ID", multiple=True, help="CLI-RESTORE-AIP")
@option("--fonds", metavar="CODE", default="", help="CLI-RESTORE-FONDS")
@option("--all", "everything", is_flag=True, help="CLI-RESTORE-ALL")
@option(
    "--to",
    "target",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="CLI-RESTORE-TO",
)
@option("--from", "sources", metavar="NAME|URL", multiple=True, help="CLI-RESTORE-FROM")
@option("--union", is_flag=True, help="CLI-RESTORE-UNION")
@option("--as", "form", type=click.Choice(FORMS), default="folder", help="CLI-RESTORE-AS")
@option("--replace", is_flag=True, help="CLI-RESTORE-REPLACE")
@option("--dry-run", is_flag=True, help="CLI-RESTORE-DRY-RUN")
@json_option
@jsonl_option
def restore(
    session: Session,
    aips: tuple[str, ...],
    fonds: str,
    everything: bool,
    target: Path,
    sources: tuple[str, ...],
    union: bool,
    form: str,
    replace: bool,
    dry_run: bool,
    as_json: bool,
    as_lines: bool,
) -> int:
    """What was asked for is in the target, and the proof in it says so file by file."""
    from kho.reports.restored import PROOF_PAGE, proof_page
    from preservation import restore as giving_back

    if [bool(aips), bool(fonds), everything].count(True) != 1:
        raise ScopeUnclear
    if sources and union:
        raise SourceUnclear
    request = giving_back.RestoreRequest(
        target=session.here / target,
        form=form,
        aip_ids=tuple(_aip(session, named, sources) for named in aips),
        fonds=fonds,
        replace=replace,
    )
    if dry_run:
        with replicas_from(session, sources) as replicas, session.progress() as progress:
            taking = giving_back.preflight(replicas, request, progress=progress)
        return tell_preflight(session, taking, as_json=as_json or as_lines)
    signer = configured_signer(session)
    with replicas_from(session, sources) as replicas, session.progress() as progress:
        proof = giving_back.restore(replicas, request, now=utc_now, progress=progress)
    (request.target / PROOF_PAGE).write_text(proof_page(proof, session.language), encoding="utf-8")
    if signer is not None:
        sign_file(session, request.target / PROOF, signer)
    if as_json:
        print_json(proof)
    elif as_lines:
        for aip in proof.aips:
            print_line(aip)
        print_line(proof)
    else:
        tell_restore(session, proof, request.target)
    return Exit.DONE if proof.complete else Exit.DAMAGE_FOUND


def _aip(session: Session, named: str, sources: Sequence[str]) -> AipId:
    """The AIP meant; from a URL there is no catalogue, and only its whole id will do."""
    if any(map(is_place, sources)):
        return aip_by_id(named)
    with session.repository() as archive:
        return aip_named(archive, named)


def is_place(source: str) -> bool:
    """Whether the source is a URL or a folder rather than the name of a replica."""
    return ":" in source or "/" in source


@contextmanager
def replicas_from(session: Session, sources: Sequence[str]) -> Iterator[Sequence[Replica]]:
    """The replicas named, or all of the archive that answer; closed when the block ends."""
    from repository.replica import attach_by_marker, attach_replica
    from schemas.ids import RepositoryId
    from storage_backends.registry import open_backend

    with ExitStack() as stack:
        if not sources:
            archive = stack.enter_context(session.repository())
            replicas = archive.replicas
            for name, error in archive.unreachable.items():
                reason = session.say(error.code, **error.fields)
                session.note("CLI-RESTORE-AWAY", replica=name, reason=reason)
            yield replicas
            return
        found = []
        for source in sources:
            settings = _settings_of(session, source)
            backend = open_backend(settings.name, settings.url, settings.options)
            stack.callback(backend.close)
            if is_place(source):
                found.append(attach_by_marker(settings, backend))
            else:
                archive_id = RepositoryId(session.settings.repository.id)
                found.append(attach_replica(settings, backend, repository=archive_id))
        if len({replica.marker.repository_id for replica in found}) > 1:
            raise DifferentArchives(sources=", ".join(sources))
        yield found


def _settings_of(session: Session, source: str) -> ReplicaSettings:
    from repository.settings import ReplicaSettings
    from storage_backends.places import split_place

    if is_place(source):
        place = source if ":" in source else (session.here / source).resolve().as_uri()
        url, options = split_place(place)
        return ReplicaSettings(name=url, url=url, site="", options=options)
    settings = session.settings.repository
    (name,) = replicas_named(settings, [source])
    return next(replica for replica in settings.replicas if replica.name == name)


def tell_preflight(session: Session, taking: RestorePreflight, *, as_json: bool) -> Exit:
    """What the restore would take; exit 4 when the target is too small for it."""
    if as_json:
        print_json(taking)
    else:
        session.tell(
            "RESTORE-PREFLIGHT",
            aips=counted(taking.aips),
            files=counted(taking.files),
            bytes=sized(taking.bytes),
            free=sized(taking.free_bytes),
            seconds=f"{taking.expected_seconds:.0f}",
            unreadable=taking.unreadable,
        )
        if not taking.enough_space:
            session.tell("RESTORE-PREFLIGHT-FULL", short=sized(taking.bytes - taking.free_bytes))
    if not taking.enough_space:
        return Exit.STORAGE
    return Exit.DAMAGE_FOUND if taking.unreadable else Exit.DONE


def tell_restore(session: Session, proof: RestoreProof, target: Path) -> None:
    """What could not be given back, what was, and where the proof lies."""
    for file in proof.failures:
        session.tell(
            "RESTORE-FAILED",
            aip_id=file.aip_id,
            path=file.path,
            verdict=file.verdict,
            sources=", ".join(f"{name}: {gave}" for name, gave in file.sources),
        )
    for replica, prefix in proof.unreadable:
        session.tell("RESTORE-UNREADABLE", replica=replica, prefix=prefix)
    session.tell(
        "RESTORE-SUMMARY",
        aips=len(proof.aips),
        files=counted(proof.files),
        bytes=sized(proof.bytes),
        failed=proof.failed,
        proof=target / PROOF,
    )
    for source in proof.sources:
        session.tell("RESTORE-LEDGER", replica=source.name, head=source.ledger_head or "-")
    session.tell("RESTORE-COMPLETE" if proof.complete else "RESTORE-INCOMPLETE")
