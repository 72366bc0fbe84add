"""``kho inspect package``: what ingest would say of packages, without an archive."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kho.cli.command import command, json_option, option
from kho.cli.judged import Judged, Judgements, jsonl_option, judged, paths_argument, report
from kho.cli.session import Session
from schemas.names import printable

if TYPE_CHECKING:
    from ingest.inspection import Inspection


class PackageJudged(Judged, frozen=True, kw_only=True):
    """One package, by the ``profile`` that took it; ``not_checked`` names what was not."""

    profile: str
    not_checked: tuple[str, ...]


@command("package", code="CLI-INSPECT-PACKAGE", printed=Judgements[PackageJudged])
@paths_argument
@option("--profile", metavar="NAME", default="auto", help="CLI-INGEST-PROFILE")
@json_option
@jsonl_option
def inspect_package(
    session: Session, paths: tuple[Path, ...], profile: str, as_json: bool, as_lines: bool
) -> int:
    """Each path is judged as one submission; nothing is written beside it."""

    def show(one: PackageJudged) -> None:
        outcome = session.say(f"CLI-OUTCOME-{one.outcome.upper()}")
        click.echo(f"{one.path} ({one.profile}): {outcome}")
        for finding in one.findings:
            where = f" {finding.where}:" if finding.where else ""
            click.echo(f"  {finding.severity} {finding.code}{where} {finding.message}")
        for name in one.not_checked:
            click.echo(f"  {session.say('CLI-NOT-CHECKED', reason=name)}")

    return report(
        _judgements(session, paths, profile),
        outcome_of=lambda one: one.outcome,
        show=show,
        bad=frozenset({"invalid"}),
        as_json=as_json,
        as_lines=as_lines,
    )


def _judgements(
    session: Session, paths: tuple[Path, ...], profile: str
) -> Iterator[PackageJudged]:
    """One after the other, in a folder of the system's that is gone in the end."""
    from ingest import inspection
    from ingest.settings import IngestSettings

    with (
        tempfile.TemporaryDirectory(prefix="kho-") as folder,
        session.progress() as progress,
        inspection.open_bench(IngestSettings(), Path(folder), progress=progress) as bench,
    ):
        for path in paths:
            found = inspection.inspect_package(path, bench, Path(folder), profile=profile)
            yield _printed(session, path, found)


def _printed(session: Session, path: Path, found: Inspection) -> PackageJudged:
    one = judged(session, printable(bytes(path)), found.findings)
    return PackageJudged(
        path=one.path,
        outcome=one.outcome,
        findings=one.findings,
        profile=found.profile,
        not_checked=found.not_checked,
    )
