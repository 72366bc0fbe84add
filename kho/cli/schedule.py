"""``kho schedule``: sees to what is due, by itself; shows how things stand."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, command, json_option, option
from kho.cli.exits import Exit, weightiest
from kho.cli.output import print_json, print_table
from kho.cli.session import Session

if TYPE_CHECKING:
    from kho.scheduler.planner import Standing
    from kho.scheduler.worker import Worked

COMMANDS = {"run": "kho.cli.schedule:run", "show": "kho.cli.schedule:show"}


class WorkDone(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work that ``kho schedule run --once`` did."""

    policy: str
    period: str
    outcome: str
    result: dict[str, str | int | float | bool]


class ScheduleRan(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho schedule run --once --json`` prints."""

    work: tuple[WorkDone, ...]


class PolicyShown(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. ``state`` is ``due``, ``waiting``, ``running`` or ``later``; moments are
    empty when there are none."""

    policy: str
    state: str
    next: str
    last_finished: str = ""
    last_outcome: str = ""
    last_result: dict[str, str | int | float | bool] = {}
    open_since: str = ""
    open_outcome: str = ""
    attempts: int = 0


class ChannelShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel of notification knows of one kind of trouble."""

    kind: str
    channel: str
    state: str
    last_sent: str
    held_back: int
    error: str


class ScheduleShown(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho schedule show --json`` prints. ``running``: a scheduler holds the lock."""

    running: bool
    backlog: int
    policies: tuple[PolicyShown, ...]
    notices: tuple[ChannelShown, ...]


@click.group("schedule", cls=Group, modules=COMMANDS, help="CLI-SCHEDULE")
def schedule() -> None:
    """Nothing of its own."""


@command("run", code="CLI-SCHEDULE-RUN", printed=ScheduleRan)
@option("--once", is_flag=True, help="CLI-SCHEDULE-RUN-ONCE")
@json_option
def run(session: Session, once: bool, as_json: bool) -> int:
    """What is due is seen to, now (``--once``) or until the process is told to end."""
    from kho.scheduler.composing import planner_of, worker_of
    from kho.scheduler.service import Service, run_once, scheduler_lock
    from schemas.moments import utc_now

    settings, environment = session.settings, session.environment
    root = Path(settings.repository.root)
    stopping = threading.Event()
    planner = planner_of(settings)
    worker = worker_of(settings, environment, stop=stopping.is_set)
    with _ended_by_signals(stopping):
        if once:
            with scheduler_lock(root), session.progress() as progress:
                worker.progress = progress
                done = run_once(planner, worker)
            return _tell_done(session, done, as_json=as_json)
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s %(message)s")
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        Service(
            root=root,
            planner=planner,
            worker=worker,
            environment=environment,
            now=utc_now,
            stopping=stopping,
        ).run()
    return Exit.DONE


@contextmanager
def _ended_by_signals(stopping: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set the event instead of ending the process."""
    before = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_of(done: list[Worked]) -> Exit:
    """How a run with these results ends."""
    codes: Mapping[str, Exit] = {
        "damage": Exit.DAMAGE_FOUND,
        "untrusted": Exit.CHECK_UNTRUSTED,
        "stopped": Exit.CHECK_UNTRUSTED,
        "unreachable": Exit.STORAGE,
        "failed": Exit.STORAGE,
    }
    return weightiest(codes[w.ended.outcome] for w in done if w.ended.outcome in codes)


def _tell_done(session: Session, done: list[Worked], *, as_json: bool) -> int:
    if as_json:
        work = [
            WorkDone(
                policy=w.item.policy,
                period=w.item.period,
                outcome=w.ended.outcome,
                result=dict(w.ended.result),
            )
            for w in done
        ]
        print_json(ScheduleRan(work=tuple(work)))
        return exit_of(done)
    for worked in done:
        session.tell(
            "SCHEDULE-DID",
            policy=worked.item.policy,
            outcome=session.say(f"OUTCOME-{worked.ended.outcome.upper()}"),
            figures=_figures(worked.ended.result),
        )
    if not done:
        session.tell("SCHEDULE-NOTHING-DUE")
    return exit_of(done)


@command("show", code="CLI-SCHEDULE-SHOW", printed=ScheduleShown)
@json_option
def show(session: Session, as_json: bool) -> int:
    """How every policy stands, what waits, and what notifications know."""
    from kho.notify.channels import channel_names
    from kho.scheduler.composing import opener_of, planner_of
    from repository.locks import RepositoryLocked

    settings = session.settings
    channels = channel_names(settings.notify)
    standings = planner_of(settings).standings()
    with opener_of(settings)() as catalogue:
        backlog = sum(catalogue.backlog().values())
        notices = catalogue.notice_states()
    from kho.scheduler.service import scheduler_lock

    try:
        with scheduler_lock(Path(settings.repository.root)):
            running = False
    except RepositoryLocked:
        running = True
    shown = ScheduleShown(
        running=running,
        backlog=backlog,
        policies=tuple(map(_policy, standings)),
        notices=tuple(
            ChannelShown(
                kind=n.kind,
                channel=n.channel,
                state=n.state,
                last_sent=n.last_sent,
                held_back=n.held_back,
                error=n.error,
            )
            for n in notices
            if n.channel in channels
        ),
    )
    if as_json:
        print_json(shown)
    else:
        _tell_shown(session, shown)
    return Exit.DONE


def _policy(standing: Standing) -> PolicyShown:
    from schemas.moments import format_moment, utc_now

    opened, last = standing.open, standing.last
    due = "due" if standing.next <= utc_now() else "later"
    return PolicyShown(
        policy=standing.task.policy.name,
        state=opened.state if opened else due,
        next=(opened.not_before or opened.enqueued) if opened else format_moment(standing.next),
        last_finished=last.finished if last else "",
        last_outcome=last.outcome if last else "",
        last_result=dict(last.result) if last else {},
        open_since=opened.enqueued if opened else "",
        open_outcome=opened.outcome if opened else "",
        attempts=opened.attempts if opened else 0,
    )


def _tell_shown(session: Session, shown: ScheduleShown) -> None:
    head = [session.say(f"SCHEDULE-HEAD-{name}") for name in ("POLICY", "STATE", "NEXT", "LAST")]
    rows = []
    for one in shown.policies:
        state = session.say(f"SCHEDULE-STATE-{one.state.upper()}")
        if one.open_outcome:
            state += f" ({session.say(f'OUTCOME-{one.open_outcome.upper()}')}, {one.attempts})"
        last = one.last_finished or "-"
        if one.last_outcome:
            last += f" {session.say(f'OUTCOME-{one.last_outcome.upper()}')}"
        rows.append((one.policy, state, one.next, last))
    print_table(rows, head=head)
    session.tell("SCHEDULE-BACKLOG", backlog=shown.backlog)
    # Once a channel and reason, however many kinds of trouble it did not take.
    failing = dict.fromkeys((n.channel, n.error) for n in shown.notices if n.error)
    for channel, reason in failing:
        session.tell("SCHEDULE-CHANNEL-FAILED", channel=channel, reason=reason)
    session.tell("SCHEDULE-RUNNING" if shown.running else "SCHEDULE-NOT-RUNNING")


def _figures(result: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in result.items())
