"""``kho audit --signatures``: judges signatures again when new trust data has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from kho.cli.exits import Exit, weightiest
from kho.cli.named import aip_named, check_fonds
from kho.cli.output import print_json, print_line
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.events import Agent

if TYPE_CHECKING:
    from preservation.signature_result import SignatureAudit


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSignatures:
    """What the command line asks for, before the archive is open."""

    fonds: str
    aip: str
    everything: bool
    limit_s: float | None


def run_signature_audit(
    session: Session, asked: AskedSignatures, *, as_json: bool, as_lines: bool
) -> int:
    """The audit of signatures, told or printed."""
    from preservation.signature_audit import SignatureScope, audit_signatures

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        scope = SignatureScope(
            fonds=asked.fonds,
            aip_id=aip_named(archive, asked.aip) if asked.aip else None,
            everything=asked.everything,
            limit_s=asked.limit_s,
        )
        check_fonds(archive, scope.fonds, scope.aip_id)
        result = audit_signatures(
            archive,
            scope,
            agents=(Agent("Kho", "software", version("kho")), session.actor()),
            workers=session.settings.ingest.workers,
            progress=progress,
        )
        unreachable = bool(archive.unreachable)
    if as_json:
        print_json(result)
    elif as_lines:
        for line in result.changes:
            print_line(line)
        print_line(result)
    else:
        _tell(session, result)
    return _exit_of(result, unreachable=unreachable)


def _exit_of(result: SignatureAudit, *, unreachable: bool) -> Exit:
    found = {
        Exit.CHECK_UNTRUSTED: not result.complete or bool(result.not_looked_at),
        Exit.DAMAGE_FOUND: bool(result.worse),
        Exit.STORAGE: unreachable,
    }
    return weightiest(code for code, so in found.items() if so)


def _tell(session: Session, result: SignatureAudit) -> None:
    for change in result.changes:
        session.tell(
            f"SIG-AUDIT-{change.direction.upper()}",
            aip_id=change.aip_id,
            path=change.path,
            before=session.say(f"CLI-DECISION-{change.before.upper()}"),
            after=session.say(f"CLI-DECISION-{change.after.upper()}"),
            moment=change.as_of,
        )
    for lost in result.not_looked_at:
        session.tell(
            "SIG-AUDIT-NOT-LOOKED-AT", aip_id=lost.aip_id, path=lost.path, reason=lost.reason
        )
    session.tell(
        "SIG-AUDIT-SUMMARY",
        files=result.files,
        aips=result.aips,
        up_to_date=result.up_to_date,
        better=result.better,
        worse=result.worse,
        renewed=result.renewed,
        unchanged=result.unchanged,
    )
    if not result.complete:
        session.tell("SIG-AUDIT-INCOMPLETE")
