"""``kho inspect signatures``: what the signatures of files are worth, by the shipped policy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import command, json_option
from kho.cli.judged import Judgements, jsonl_option, paths_argument, report
from kho.cli.output import one_line
from kho.cli.session import Session
from kho.config import NoRepository
from schemas.names import printable
from schemas.nouns import SignatureReport, SignatureResult

if TYPE_CHECKING:
    from preservation.signatures.trust import TrustSnapshot
    from preservation.signatures.verdict import SignaturePolicy


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """One file; ``decision`` is ``accept``, ``warn``, ``hold``, ``reject`` or ``none``.

    ``not_checked`` says why when the file could not be examined. ``findings`` are codes,
    ``messages`` what they say of each signature, in the session's language.
    """

    path: str
    decision: str
    not_checked: str
    signatures: tuple[SignatureResult, ...]
    findings: tuple[str, ...]
    messages: tuple[str, ...] = ()


@command("signatures", code="CLI-INSPECT-SIGNATURES", printed=Judgements[Examined])
@paths_argument
@json_option
@jsonl_option
def inspect_signatures(
    session: Session, paths: tuple[Path, ...], as_json: bool, as_lines: bool
) -> int:
    """Every file is examined in a worker; folders are walked.

    A detached signature covers what lies beside it. Where there is an archive, its trust counts.
    """
    from preservation.signatures.examiner import Item, SignatureExaminer
    from preservation.workers import WorkerPool

    def show(one: Examined) -> None:
        click.echo(f"{one.path}: {session.say(f'CLI-DECISION-{one.decision.upper()}')}")
        if one.not_checked:
            click.echo(f"  {session.say('CLI-NOT-CHECKED', reason=one.not_checked)}")
        for found in one.signatures:
            parts = (found.field, found.signer, found.signed_at, found.indication)
            line = " · ".join(filter(None, (*parts, found.sub_indication)))
            click.echo(f"  {one_line(line)}")
        for message in one.messages:
            click.echo(f"  {message}")

    with (
        tempfile.TemporaryDirectory(prefix="kho-") as scratch,
        WorkerPool(scratch=Path(scratch)) as pool,
    ):
        examiner = SignatureExaminer(pool, _trust(session))
        files = list(files_of(paths))
        items = (Item(number, path, _package_name(path)) for number, path in enumerate(files))
        return report(
            (
                _examined(session, files[number], found, examiner.policy)
                for number, found in _in_order(examiner.examine_many(items))
            ),
            outcome_of=lambda one: one.decision,
            show=show,
            bad=frozenset({"hold", "reject"}),
            as_json=as_json,
            as_lines=as_lines,
        )


def _trust(session: Session) -> TrustSnapshot:
    """What the archive here has imported; nothing where there is no archive."""
    from preservation.signatures.trust import TrustSnapshot
    from preservation.trust_keeping import current_trust

    try:
        _ = session.settings
    except NoRepository as error:
        if error.code != NoRepository.code:
            raise  # one was named
        return TrustSnapshot()
    with session.repository() as archive:
        return current_trust(archive)


def _package_name(path: Path) -> str:
    """The path as one within a package that holds everything, so that files find each other."""
    return str(path.parent.resolve() / path.name).lstrip("/")


def _in_order(
    reports: Iterable[tuple[int, SignatureReport]],
) -> Iterator[tuple[int, SignatureReport]]:
    """The reports by their numbers, each as soon as all before it are there."""
    waiting: dict[int, SignatureReport] = {}
    due = 0
    for number, found in reports:
        waiting[number] = found
        while due in waiting:
            yield due, waiting.pop(due)
            due += 1


def _examined(
    session: Session, path: Path, found: SignatureReport, policy: SignaturePolicy
) -> Examined:
    from preservation.signatures.verdict import findings

    where = printable(bytes(path))
    told = findings(found, where, policy)
    said = (f"{one.code} {one_line(session.say(one.code, **one.fields))}" for one in told)
    return Examined(
        path=where,
        decision=found.decision,
        not_checked=found.not_checked,
        signatures=found.signatures,
        findings=found.findings,
        messages=tuple(dict.fromkeys(said)),
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
