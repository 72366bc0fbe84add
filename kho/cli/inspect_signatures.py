"""``kho inspect signatures``: what the signatures of files are worth, by the shipped policy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from kho.cli.command import command, json_option
from kho.cli.judged import Judgements, jsonl_option, paths_argument, report
from kho.cli.session import Session
from schemas.names import printable
from schemas.nouns import SignatureReport, SignatureResult


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """One file; ``decision`` is ``accept``, ``warn``, ``hold``, ``reject`` or ``none``.

    ``not_checked`` says why when the file could not be examined. ``findings`` are codes.
    """

    path: str
    decision: str
    not_checked: str
    signatures: tuple[SignatureResult, ...]
    findings: tuple[str, ...]


@command("signatures", code="CLI-INSPECT-SIGNATURES", printed=Judgements[Examined])
@paths_argument
@json_option
@jsonl_option
def inspect_signatures(
    session: Session, paths: tuple[Path, ...], as_json: bool, as_lines: bool
) -> int:
    """Every file is examined in a worker; folders are walked."""
    from preservation.signatures.examiner import SignatureExaminer
    from preservation.workers import WorkerPool

    def show(one: Examined) -> None:
        click.echo(f"{one.path}: {session.say(f'CLI-DECISION-{one.decision.upper()}')}")
        if one.not_checked:
            click.echo(f"  {session.say('CLI-NOT-CHECKED', reason=one.not_checked)}")
        for found in one.signatures:
            parts = (found.field, found.signer, found.signed_at, found.indication)
            click.echo("  " + " · ".join(filter(None, (*parts, found.sub_indication))))
        for code in one.findings:
            click.echo(f"  {code} {session.say(code)}")

    with (
        tempfile.TemporaryDirectory(prefix="kho-") as scratch,
        WorkerPool(scratch=Path(scratch)) as pool,
    ):
        examiner = SignatureExaminer(pool)
        return report(
            (_examined(path, examiner.examine(path)) for path in files_of(paths)),
            outcome_of=lambda one: one.decision,
            show=show,
            bad=frozenset({"hold", "reject"}),
            as_json=as_json,
            as_lines=as_lines,
        )


def _examined(path: Path, found: SignatureReport) -> Examined:
    return Examined(
        path=printable(bytes(path)),
        decision=found.decision,
        not_checked=found.not_checked,
        signatures=found.signatures,
        findings=found.findings,
    )


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and those in the folders named, in the order of their names."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (Path(folder, name) for name in sorted(names))
