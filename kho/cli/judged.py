"""What ``kho inspect`` prints: one judgement for each path, then how many of each there were."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
import msgspec

from kho.cli.command import argument, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_line
from kho.cli.session import Session
from schemas.findings import Finding, Severity, worst
from schemas.records import FindingRecord

F = TypeVar("F", bound=Callable[..., Any])
J = TypeVar("J", bound=msgspec.Struct)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One package: ``outcome`` is ``valid``, ``warning`` or ``invalid``."""

    path: str
    outcome: str
    findings: tuple[FindingRecord, ...]


class Judgements(msgspec.Struct, Generic[J], frozen=True, kw_only=True):
    """What ``--json`` prints; ``--jsonl`` prints each judgement on a line, then the counts."""

    inspected: tuple[J, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``--jsonl``."""

    inspected: int
    outcomes: dict[str, int]


def paths_argument(function: F) -> F:
    """The paths to look at, at least one, all there."""
    kind = click.Path(exists=True, path_type=Path)
    decorate: Callable[[F], F] = argument(
        "paths", metavar="PATH…", nargs=-1, required=True, type=kind, help="CLI-INSPECT-PATH"
    )
    return decorate(function)


def jsonl_option(function: F) -> F:
    """``--jsonl``: one JSON object on a line for each path, then one that counts."""
    flag: Callable[[F], F] = option("--jsonl", "as_lines", is_flag=True, help="CLI-JSONL")
    return flag(function)


def judged(session: Session, path: str, findings: Iterable[Finding]) -> Judged:
    """The judgement that the findings amount to, their messages in the session's language."""
    found = tuple(findings)
    heaviest = worst(found)
    outcome = "valid"
    if heaviest is not None and heaviest.rank >= Severity.ERROR.rank:
        outcome = "invalid"
    elif heaviest is Severity.WARNING:
        outcome = "warning"
    return Judged(path=path, outcome=outcome, findings=tuple(recorded(session, found)))


def recorded(session: Session, findings: Iterable[Finding]) -> Iterable[FindingRecord]:
    """The findings as they are printed."""
    for finding in findings:
        yield FindingRecord(
            code=finding.code,
            severity=finding.severity.value,
            where=finding.where,
            message=session.say(finding.code, **finding.fields),
            fields=dict(finding.fields),
        )


def report(
    judgements: Iterable[J],
    *,
    outcome_of: Callable[[J], str],
    show: Callable[[J], None],
    bad: frozenset[str],
    as_json: bool,
    as_lines: bool,
) -> Exit:
    """Each judgement is printed as it comes (with ``--json``: all at once, at the end).

    DAMAGE_FOUND when the outcome of any is in ``bad``.
    """
    kept: list[J] = []
    outcomes: dict[str, int] = {}
    for one in judgements:
        outcome = outcome_of(one)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if as_json:
            kept.append(one)
        elif as_lines:
            print_line(one)
        else:
            show(one)
    if as_json:
        print_json(Judgements(inspected=tuple(kept)))
    elif as_lines:
        summary = Summary(inspected=sum(outcomes.values()), outcomes=outcomes)
        print_line(summary)
    return Exit.DAMAGE_FOUND if bad & outcomes.keys() else Exit.DONE


def report_judged(
    session: Session, judgements: Iterable[Judged], *, as_json: bool, as_lines: bool
) -> Exit:
    """Judgements of packages, printed; DAMAGE_FOUND when one is invalid."""

    def show(one: Judged) -> None:
        click.echo(f"{one.path}: {session.say(f'CLI-OUTCOME-{one.outcome.upper()}')}")
        for finding in one.findings:
            where = f" {finding.where}:" if finding.where else ""
            click.echo(f"  {finding.severity} {finding.code}{where} {finding.message}")

    return report(
        judgements,
        outcome_of=lambda one: one.outcome,
        show=show,
        bad=frozenset({"invalid"}),
        as_json=as_json,
        as_lines=as_lines,
    )
