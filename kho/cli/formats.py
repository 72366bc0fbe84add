"""``kho formats``: what formats there are, what they are called, and a newer signature set."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from kho.cli.command import Group, argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.named import check_fonds
from kho.cli.output import print_json, print_table
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from kho.cli.sizes import sized
from schemas.errors import ConfigError
from schemas.events import Agent
from schemas.nouns import FormatResult

COMMANDS = {
    "import": "kho.cli.formats:import_formats",
    "list": "kho.cli.formats:list_formats",
    "show": "kho.cli.formats:show_format",
    "census": "kho.cli.formats:census",
    "audit": "kho.cli.formats:audit_formats",
}


class NoSuchFormat(ConfigError):
    """The signature set in use has no format of that PUID."""

    code = "FORMATS-NO-SUCH"


class ListedFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One format of the set in use and what the policy makes of it."""

    puid: str
    name: str
    version: str
    mime: str
    extensions: tuple[str, ...]
    decision: str


class FormatList(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho formats list`` and ``show`` print with ``--json``."""

    signature_set: str
    policy: str
    formats: tuple[ListedFormat, ...]


class CountedFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Held files of one format (or of several that could not be told apart)."""

    puids: tuple[str, ...]
    name: str
    files: int
    bytes: int
    decision: str


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho formats census --json`` prints."""

    signature_set: str
    policy: str
    formats: tuple[CountedFormat, ...]


class FormatsImported(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho formats import --json`` prints; ``aip_id`` is empty when it was refused."""

    version: str
    aip_id: str
    compared: int
    differences: int
    added: int
    removed: int
    findings: tuple[str, ...]


class FormatDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A held file that the set in use calls something else."""

    aip_id: str
    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class FormatsAudited(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho formats audit --json`` prints."""

    signature_set: str
    files: int
    unreadable: int
    differences: tuple[FormatDifference, ...]


@click.group("formats", cls=Group, modules=COMMANDS, help="CLI-FORMATS")
def formats() -> None:
    """Nothing of its own."""


@command("import", code="CLI-FORMATS-IMPORT", printed=FormatsImported)
@argument("path", type=click.Path(exists=True, path_type=Path), help="CLI-FORMATS-IMPORT-PATH")
@json_option
def import_formats(session: Session, path: Path, as_json: bool) -> int:
    """The set is compared on held files, stored and in use, or refused with reasons."""
    from preservation.formats_keeping import import_formats as run_import

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        agents = (Agent("Kho", "software", version("kho")), session.actor())
        done = run_import(archive, path, agents=agents, progress=progress)
    told = tuple(session.say(f.code, where=f.where, **f.fields) for f in done.objections)
    if as_json:
        print_json(
            FormatsImported(
                version=done.version,
                aip_id=done.receipt.aip_id if done.receipt else "",
                compared=done.comparison.compared,
                differences=len(done.comparison.differences),
                added=len(done.comparison.added),
                removed=len(done.comparison.removed),
                findings=told,
            )
        )
    else:
        for line in told:
            click.echo(line)
        session.tell(
            "FORMATS-IMPORTED" if done.receipt else "FORMATS-REFUSED",
            version=done.version,
            compared=done.comparison.compared,
            differences=len(done.comparison.differences),
            added=len(done.comparison.added),
            removed=len(done.comparison.removed),
        )
    return Exit.DONE if done.receipt else Exit.DAMAGE_FOUND


@command("list", code="CLI-FORMATS-LIST", printed=FormatList)
@option("--decision", default="", metavar="DECISION", help="CLI-FORMATS-LIST-DECISION")
@json_option
def list_formats(session: Session, decision: str, as_json: bool) -> int:
    """Every format of the set in use with the policy's decision."""
    found = _known(session)
    chosen = tuple(one for one in found.formats if decision in ("", one.decision))
    if as_json:
        print_json(msgspec.structs.replace(found, formats=chosen))
        return Exit.DONE
    head = [session.say(f"FORMATS-COLUMN-{n}") for n in ("PUID", "NAME", "DECISION")]
    rows = ((f.puid, f"{f.name} {f.version}".strip(), f.decision) for f in chosen)
    print_table(rows, head=head)
    return Exit.DONE


@command("show", code="CLI-FORMATS-SHOW", printed=FormatList)
@argument("puid", metavar="PUID", help="CLI-FORMATS-SHOW-PUID")
@json_option
def show_format(session: Session, puid: str, as_json: bool) -> int:
    """One format, and in plain words what the archive makes of it."""
    from ingest.bench import format_policy_of

    found = _known(session)
    chosen = tuple(one for one in found.formats if one.puid == puid)
    if not chosen:
        raise NoSuchFormat(puid=puid, signature_set=found.signature_set)
    if as_json:
        print_json(msgspec.structs.replace(found, formats=chosen))
        return Exit.DONE
    (one,) = chosen
    click.echo(f"{one.puid}  {one.name} {one.version}".rstrip())
    click.echo(f"   {one.mime}  {', '.join(one.extensions)}")
    result = FormatResult((one.puid,), "signature", (one.name,), one.mime)
    click.echo(
        "   " + format_policy_of(session.settings.ingest).judge(result).explain(session.language)
    )
    return Exit.DONE


@command("census", code="CLI-FORMATS-CENSUS", printed=Census)
@option("--fonds", metavar="CODE", default=None, help="CLI-LIST-FONDS")
@json_option
def census(session: Session, fonds: str | None, as_json: bool) -> int:
    """Held files by format, most frequent first, with the policy's decision."""
    from ingest.bench import format_policy_of

    known = {one.puid: one for one in _known(session).formats}
    policy = format_policy_of(session.settings.ingest)
    with session.repository() as archive:
        counted = archive.catalogue.formats(fonds=fonds)
    rows = []
    for count in counted:
        names = [known[puid].name for puid in count.puids if puid in known]
        result = FormatResult(count.puids, "signature" if count.puids else "none", tuple(names))
        rows.append(
            CountedFormat(
                puids=count.puids,
                name=", ".join(dict.fromkeys(names)),
                files=count.files,
                bytes=count.size_bytes,
                decision=policy.judge(result, size_bytes=1).decision.value,
            )
        )
    if as_json:
        print_json(Census(signature_set=_set_id(session), policy=policy.id, formats=tuple(rows)))
        return Exit.DONE
    names_ = ("FILES", "SIZE", "PUID", "NAME", "DECISION")
    head = [session.say(f"FORMATS-COLUMN-{name}") for name in names_]
    table = (
        (str(r.files), sized(r.bytes), " ".join(r.puids) or "-", r.name, r.decision) for r in rows
    )
    print_table(table, head=head)
    return Exit.DONE


@command("audit", code="CLI-FORMATS-AUDIT", printed=FormatsAudited)
@option("--fonds", metavar="CODE", default="", help="CLI-LIST-FONDS")
@json_option
def audit_formats(session: Session, fonds: str, as_json: bool) -> int:
    """Held files are identified anew; differences are reported, nothing is changed."""
    return run_format_audit(session, fonds, as_json=as_json)


def run_format_audit(session: Session, fonds: str, *, as_json: bool) -> int:
    """The audit of formats, told or printed; also behind ``kho audit --formats``."""
    from preservation.formats_keeping import audit_formats as run_audit

    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        check_fonds(archive, fonds)
        done = run_audit(archive, fonds=fonds, agent=session.actor(), progress=progress)
    if as_json:
        print_json(
            FormatsAudited(
                signature_set=done.signature_set,
                files=done.files,
                unreadable=done.unreadable,
                differences=tuple(
                    FormatDifference(aip_id=d.aip_id, path=d.path, before=d.before, after=d.after)
                    for d in done.differences
                ),
            )
        )
    else:
        for one in done.differences:
            session.tell(
                "FORMATS-DIFFERS",
                aip_id=one.aip_id,
                path=one.path,
                before=", ".join(one.before) or "-",
                after=", ".join(one.after) or "-",
            )
        session.tell(
            "FORMATS-AUDITED",
            files=done.files,
            differences=len(done.differences),
            unreadable=done.unreadable,
        )
    return Exit.DAMAGE_FOUND if done.differences else Exit.DONE


def _set_id(session: Session) -> str:
    from preservation.formats_keeping import current_identifier

    with session.repository() as archive:
        return current_identifier(archive).signature_set.id


def _known(session: Session) -> FormatList:
    from ingest.bench import format_policy_of
    from preservation.formats_keeping import current_identifier

    policy = format_policy_of(session.settings.ingest)
    with session.repository() as archive:
        signature_set = current_identifier(archive).signature_set
    return FormatList(
        signature_set=signature_set.id,
        policy=policy.id,
        formats=tuple(
            ListedFormat(
                puid=known.puid,
                name=known.name,
                version=known.version,
                mime=known.mime,
                extensions=tuple(known.extensions),
                decision=policy.judge(
                    FormatResult((known.puid,), "signature", (known.name,)), size_bytes=1
                ).decision.value,
            )
            for known in signature_set.formats
        ),
    )
