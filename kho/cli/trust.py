"""``kho trust``: whose signatures count, as data: imported, listed, shown, retired."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_table
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from schemas.events import Agent

if TYPE_CHECKING:
    from preservation.trust_keeping import KeptTrust

COMMANDS = {
    "import": "kho.cli.trust:import_trust",
    "list": "kho.cli.trust:list_trust",
    "show": "kho.cli.trust:show_trust",
    "retire": "kho.cli.trust:retire",
    "fetch": "kho.cli.trust_fetch:fetch",
    "census": "kho.cli.trust_census:census",
}


class ListedTrust(msgspec.Struct, frozen=True, kw_only=True):
    """One file of trust material. ``retired`` is why it is no longer used, or empty."""

    sha256: str
    role: str
    anchor_set: str
    generation: str
    imported: str
    aip_id: str
    retired: str
    holds: tuple[dict[str, str], ...]


class TrustList(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho trust list --json`` prints. ``snapshot`` names what is in use by content."""

    snapshot: str
    anchors: int
    material: tuple[ListedTrust, ...]


class TrustImported(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho trust import --json`` prints."""

    aip_id: str
    state: str
    files: int
    snapshot: str


class TrustRetired(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho trust retire --json`` prints."""

    retired: tuple[str, ...]
    snapshot: str


@click.group("trust", cls=Group, modules=COMMANDS, help="CLI-TRUST")
def trust() -> None:
    """Nothing of its own."""


@command("import", code="CLI-TRUST-IMPORT", printed=TrustImported)
@argument(
    "paths",
    metavar="PATH",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="CLI-TRUST-IMPORT-PATH",
)
@option("--anchors", "anchor_set", metavar="SET", default="", help="CLI-TRUST-IMPORT-ANCHORS")
@json_option
def import_trust(session: Session, paths: tuple[Path, ...], anchor_set: str, as_json: bool) -> int:
    """The files are stored on every replica, then in use."""
    from preservation.trust_keeping import current_trust
    from preservation.trust_keeping import import_trust as run_import

    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        receipt = run_import(archive, paths, anchor_set=anchor_set, agents=_agents(session))
        snapshot = current_trust(archive)
    if as_json:
        print_json(
            TrustImported(
                aip_id=receipt.aip_id,
                state=receipt.state,
                files=receipt.files,
                snapshot=snapshot.sha256,
            )
        )
    else:
        session.tell("TRUST-IMPORTED", files=receipt.files, aip_id=receipt.aip_id)
        if not snapshot.has_anchors:
            session.tell("TRUST-NO-ANCHORS")
    return Exit.STORAGE if receipt.state == "under_replicated" else Exit.DONE


@command("list", code="CLI-TRUST-LIST", printed=TrustList)
@json_option
def list_trust(session: Session, as_json: bool) -> int:
    """Everything ever imported, with what it holds."""
    from preservation.trust_keeping import current_trust, kept_trust

    with session.repository() as archive:
        kept = kept_trust(archive)
        snapshot = current_trust(archive)
    if as_json:
        anchors = sum(one.file.role == "anchor" and not one.retired for one in kept)
        print_json(
            TrustList(
                snapshot=snapshot.sha256, anchors=anchors, material=tuple(map(_listed, kept))
            )
        )
        return Exit.DONE
    names = ("DIGEST", "ROLE", "SET", "HOLDS", "UNTIL", "USE")
    head = [session.say(f"TRUST-COLUMN-{name}") for name in names]
    print_table((_row(session, one) for one in kept), head=head)
    if not snapshot.has_anchors:
        session.tell("TRUST-NO-ANCHORS")
    return Exit.DONE


@command("show", code="CLI-TRUST-SHOW", printed=TrustList)
@argument("digest", metavar="SHA256", help="CLI-TRUST-DIGEST")
@json_option
def show_trust(session: Session, digest: str, as_json: bool) -> int:
    """The files whose digest starts like this, with all they hold."""
    from preservation.trust_keeping import NothingToRetire, current_trust, kept_trust

    with session.repository() as archive:
        kept = [one for one in kept_trust(archive) if one.file.sha256.startswith(digest)]
        snapshot = current_trust(archive)
    if not kept:
        raise NothingToRetire(named=digest)
    if as_json:
        material = tuple(map(_listed, kept))
        print_json(TrustList(snapshot=snapshot.sha256, anchors=0, material=material))
        return Exit.DONE
    for one in kept:
        click.echo("\t".join(_row(session, one)))
        for fact in one.facts:
            session.tell(
                "TRUST-FACT",
                subject=fact.subject or fact.serial,
                issuer=fact.issuer,
                valid=" – ".join(filter(None, (fact.from_, fact.until))),
                serial=fact.serial,
            )
    return Exit.DONE


@command("retire", code="CLI-TRUST-RETIRE", printed=TrustRetired)
@argument("digests", metavar="SHA256", nargs=-1, required=True, help="CLI-TRUST-DIGEST")
@option("--reason", required=True, help="CLI-TRUST-RETIRE-REASON")
@json_option
def retire(session: Session, digests: tuple[str, ...], reason: str, as_json: bool) -> int:
    """The files are kept and no longer used."""
    from preservation.trust_keeping import current_trust, retire_trust

    with session.repository() as archive:
        tell_recovered(session, archive.prepare_to_write())
        retired = retire_trust(archive, digests, reason=reason, agents=_agents(session))
        snapshot = current_trust(archive)
    if as_json:
        names = tuple(one.file.sha256 for one in retired)
        print_json(TrustRetired(retired=names, snapshot=snapshot.sha256))
    else:
        for one in retired:
            session.tell("TRUST-RETIRED", digest=one.file.sha256, reason=reason)
    return Exit.DONE


def _agents(session: Session) -> tuple[Agent, Agent]:
    return Agent("Kho", "software", version("kho")), session.actor()


def _listed(kept: KeptTrust) -> ListedTrust:
    return ListedTrust(
        sha256=kept.file.sha256,
        role=kept.file.role.value,
        anchor_set=kept.file.anchor_set,
        generation=kept.file.generation,
        imported=kept.imported,
        aip_id=kept.aip_id,
        retired=kept.retired,
        holds=tuple(
            {
                "subject": fact.subject,
                "issuer": fact.issuer,
                "from": fact.from_,
                "until": fact.until,
                "serial": fact.serial,
            }
            for fact in kept.facts
        ),
    )


def _row(session: Session, kept: KeptTrust) -> tuple[str, ...]:
    first = kept.facts[0] if kept.facts else None
    more = f" (+{len(kept.facts) - 1})" if len(kept.facts) > 1 else ""
    return (
        kept.file.sha256[:16],
        session.say(f"TRUST-ROLE-{kept.file.role.value.upper()}"),
        kept.file.anchor_set,
        (first.subject or first.serial) + more if first else "",
        first.until if first else "",
        kept.retired or session.say("TRUST-IN-USE"),
    )
