"""``kho notify``: whether those who must be told can be told."""

from __future__ import annotations

import click
import msgspec

from kho.cli.command import Group, command, json_option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.session import Session

COMMANDS = {"test": "kho.cli.notify:test"}


class ChannelTested(msgspec.Struct, frozen=True, kw_only=True):
    """One channel; ``error`` is empty when the test was taken."""

    channel: str
    sent: bool
    error: str = ""


class NotifyTested(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho notify test --json`` prints."""

    channels: tuple[ChannelTested, ...]


@click.group("notify", cls=Group, modules=COMMANDS, help="CLI-NOTIFY")
def notify() -> None:
    """Nothing of its own."""


@command("test", code="CLI-NOTIFY-TEST", printed=NotifyTested)
@json_option
def test(session: Session, as_json: bool) -> int:
    """Every channel was tried; exit 4 when one did not take the test."""
    from kho.scheduler.composing import notifier_of

    told = notifier_of(session.settings, session.environment, lang=session.language).test()
    if as_json:
        channels = [
            ChannelTested(channel=t.channel, sent=not t.error, error=t.error) for t in told
        ]
        print_json(NotifyTested(channels=tuple(channels)))
    else:
        for one in told:
            code = "NOTIFY-FAILED" if one.error else "NOTIFY-SENT"
            session.tell(code, channel=one.channel, reason=one.error)
        if not told:
            session.tell("NOTIFY-NONE")
    return Exit.STORAGE if any(one.error for one in told) else Exit.DONE
