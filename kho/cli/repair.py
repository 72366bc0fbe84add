"""``kho repair``: heals what audits found, from copies that were re-hashed just before."""

from __future__ import annotations

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from preservation.repair_result import Healing, RepairedFile, RepairResult


@command("repair", code="CLI-REPAIR", printed=RepairResult)
@option("--dry-run", is_flag=True, help="CLI-REPAIR-DRY-RUN")
@option("--beyond-breaker", is_flag=True, help="CLI-REPAIR-BEYOND")
@option("--forged", is_flag=True, help="CLI-REPAIR-FORGED")
@json_option
def repair(
    session: Session, dry_run: bool, beyond_breaker: bool, forged: bool, as_json: bool
) -> int:
    """Every open damage is healed, or the result says why not."""
    from preservation import repair as healing

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        result = healing.repair(
            archive,
            agent=session.actor(),
            dry_run=dry_run,
            beyond_breaker=beyond_breaker,
            forged_too=forged,
            progress=progress,
        )
    if as_json:
        print_json(result)
    else:
        tell_repair(session, result)
    return exit_of(result)


def exit_of(result: RepairResult) -> Exit:
    """What stays damaged weighs more than a replica that is away; a dry run leaves all of it."""
    found = set()
    for file in result.files:
        if file.healing is Healing.REPLICA_AWAY:
            found.add(Exit.STORAGE)
        elif not file.is_good:
            found.add(Exit.DAMAGE_FOUND)
    return weightiest(found)


def tell_repair(session: Session, result: RepairResult) -> None:
    """What became of each file, and how many were healed."""
    for file in result.files:
        code = f"REPAIR-{file.healing.name.replace('_', '-')}"
        if file.healing is Healing.HEALED and not file.aside:
            code = "REPAIR-HEALED-ABSENT"
        session.tell(
            code,
            replica=file.replica,
            aip_id=file.aip_id,
            path=file.path,
            source=file.source,
            aside=file.aside,
            reason=_reason(session, file),
        )
    if result.files:
        session.tell("REPAIR-SUMMARY", healed=result.healed, not_healed=result.not_healed)
    else:
        session.tell("REPAIR-NOTHING")


def _reason(session: Session, file: RepairedFile) -> str:
    if not file.reason_code:
        return file.reason
    return session.say(file.reason_code, **file.reason_fields)
