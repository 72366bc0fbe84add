"""``kho audit``: reads copies back and compares; trusted only when it finds its own canaries."""

from __future__ import annotations

import secrets

import click

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.formats import run_format_audit
from kho.cli.judged import jsonl_option
from kho.cli.named import aip_named, check_fonds, replicas_named
from kho.cli.output import print_json, print_line
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from kho.cli.signature_audit import AskedSignatures, run_signature_audit
from kho.cli.sizes import counted, sized
from preservation.audit_result import AuditResult


@command("audit", code="CLI-AUDIT", printed=AuditResult)
@option("--replica", "replicas", metavar="NAME", multiple=True, help="CLI-AUDIT-REPLICA")
@option("--fonds", metavar="CODE", default="", help="CLI-AUDIT-FONDS")
@option("--aip", metavar="ID", default="", help="CLI-AUDIT-AIP")
@option("--all", "everything", is_flag=True, help="CLI-AUDIT-ALL")
@option("--limit-bytes", type=click.IntRange(min=1), metavar="N", help="CLI-AUDIT-LIMIT-BYTES")
@option("--limit-time", type=click.FloatRange(min=1), metavar="S", help="CLI-AUDIT-LIMIT-TIME")
@option("--formats", is_flag=True, help="CLI-AUDIT-FORMATS")
@option("--signatures", is_flag=True, help="CLI-AUDIT-SIGNATURES")
@json_option
@jsonl_option
def audit(
    session: Session,
    formats: bool,
    signatures: bool,
    replicas: tuple[str, ...],
    fonds: str,
    aip: str,
    everything: bool,
    limit_bytes: int | None,
    limit_time: float | None,
    as_json: bool,
    as_lines: bool,
) -> int:
    """What was asked for is read and compared; nothing named means what is due."""
    if formats:
        return run_format_audit(session, fonds, as_json=as_json)
    if signatures:
        asked = AskedSignatures(fonds=fonds, aip=aip, everything=everything, limit_s=limit_time)
        return run_signature_audit(session, asked, as_json=as_json, as_lines=as_lines)
    from preservation import fixity
    from preservation.audit_items import AuditScope

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        scope = AuditScope(
            replicas=replicas_named(archive.settings, replicas),
            fonds=fonds,
            aip_id=aip_named(archive, aip) if aip else None,
            everything=everything,
            limit_bytes=limit_bytes,
            limit_s=limit_time,
        )
        check_fonds(archive, fonds, scope.aip_id)
        # The engine must not be able to guess which entries are canaries.
        result = fixity.audit(archive, scope, seed=secrets.randbits(64), progress=progress)
    if as_json:
        print_json(result)
    elif as_lines:
        for line in result.damage:
            print_line(line)
        print_line(result)
    else:
        tell_audit(session, result)
    return exit_of(result)


def exit_of(result: AuditResult) -> Exit:
    """How a command with this result ends."""
    found = {
        Exit.CHECK_UNTRUSTED: not (result.is_trustworthy and result.complete),
        Exit.DAMAGE_FOUND: result.found_damage,
        Exit.STORAGE: bool(result.unreachable),
    }
    return weightiest(code for code, so in found.items() if so)


def tell_audit(session: Session, result: AuditResult) -> None:
    """What was found, a line for each, and what it comes to."""
    for line in result.damage:
        code = f"AUDIT-{line.verdict.upper()}"
        session.tell(code, replica=line.replica, aip_id=line.aip_id, path=line.path)
    for replica, key in result.strays:
        session.tell("AUDIT-UNEXPECTED", replica=replica, path=key)
    for replica, key in result.flaky:
        session.tell("AUDIT-FLAKY", replica=replica, path=key)
    for replica, aip_id in result.forged:
        session.tell("AUDIT-FORGED", replica=replica, aip_id=aip_id)
    for replica in result.unreachable:
        session.tell("AUDIT-UNREACHABLE", replica=replica)
    for missed in result.canaries.missed:
        session.tell("AUDIT-CANARY-MISSED", what=missed)
    session.tell(
        "AUDIT-SUMMARY",
        files=counted(result.files),
        bytes=sized(result.bytes),
        seconds=f"{result.seconds:.1f}",
        intact=counted(result.intact),
        found=result.canaries.found,
        planted=result.canaries.planted,
    )
    session.tell("LEDGER-HEAD", head=result.ledger_head)
    if not result.is_trustworthy:
        session.tell("AUDIT-UNTRUSTED")
    if result.unexpected and not result.damage:
        session.tell("AUDIT-STRANGERS", unexpected=result.unexpected)
    elif result.found_damage:
        session.tell("AUDIT-DAMAGED", damaged=len(result.damage), unexpected=result.unexpected)
    elif result.is_trustworthy:
        session.tell("AUDIT-CLEAN")
