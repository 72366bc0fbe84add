"""``kho inspect formats``: what files are, by their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from kho.cli.command import command, json_option
from kho.cli.judged import Judgements, jsonl_option, paths_argument, report
from kho.cli.session import Session
from schemas.names import printable


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """One file; ``method`` is ``signature``, ``container``, ``extension`` or ``none``."""

    path: str
    puids: tuple[str, ...]
    method: str
    warnings: tuple[str, ...]


@command("formats", code="CLI-INSPECT-FORMATS", printed=Judgements[Identified])
@paths_argument
@json_option
@jsonl_option
def inspect_formats(
    session: Session, paths: tuple[Path, ...], as_json: bool, as_lines: bool
) -> int:
    """Every file is identified; folders are walked."""
    from preservation.formats.engine import Identifier
    from preservation.formats.inspect import inspect_paths
    from preservation.formats.signature_set import SignatureSet

    def judgements() -> Iterator[Identified]:
        for found in inspect_paths(paths, Identifier(SignatureSet.load_default())):
            yield Identified(
                path=printable(found.raw_path),
                puids=found.result.puids,
                method=found.result.method,
                warnings=found.result.warnings,
            )

    def show(one: Identified) -> None:
        click.echo("\t".join((one.path, ", ".join(one.puids) or "-", one.method)))
        for code in one.warnings:
            click.echo(f"  {code} {session.say(code)}")

    return report(
        judgements(),
        outcome_of=lambda one: one.method,
        show=show,
        bad=frozenset(),
        as_json=as_json,
        as_lines=as_lines,
    )
