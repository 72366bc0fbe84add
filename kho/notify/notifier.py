"""The notifier: tells each channel of each kind of trouble, at most once in a period.

What a channel knows is kept for each kind and channel alone, so that one that fails is tried
again while the others are left in peace. A failing channel is noted and stops nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kho.notify.channels import Channel, ChannelFailed, Message
from kho.notify.notices import Notice, Trouble, body_of, subject_of
from repository.catalogue import Catalogue, NoticeState
from schemas.moments import Clock, format_moment, parse_moment
from schemas.text import Language

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one notice on one channel; ``error`` is empty when it was taken."""

    channel: str
    kind: str
    state: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Tells ``channels`` what must be told. ``catalogue`` opens what keeps their states."""

    channels: Sequence[Channel]
    catalogue: Callable[[], AbstractContextManager[Catalogue]]
    every: timedelta
    repository_id: str
    language: Language
    now: Clock

    def tell(self, troubles: Iterable[Trouble], *, ledger_head: str = "") -> list[Told]:
        """Each channel knows how things stand, as far as it answers and its period allows."""
        if not self.channels:
            return []
        told = []
        with self.catalogue() as catalogue:
            for trouble in troubles:
                for channel in self.channels:
                    before = catalogue.notice_state(trouble.kind, channel.name)
                    after, done = self._tell_one(channel, trouble, before, ledger_head)
                    if after != before:
                        catalogue.keep_notice_state(after)
                    if done is not None:
                        told.append(done)
        return told

    def test(self) -> list[Told]:
        """A test went through every channel, or the result says why not. Nothing is kept."""
        notice = self._notice("test", "test")
        return [self._send(channel, notice) for channel in self.channels]

    def _tell_one(
        self, channel: Channel, trouble: Trouble, before: NoticeState, ledger_head: str
    ) -> tuple[NoticeState, Told | None]:
        now = self.now()
        if not trouble.count:
            if before.state != "raised":
                return replace(before, state="over", held_back=0), None
            notice = self._notice(trouble.kind, "recovered", trouble, before, ledger_head)
            return self._after(channel, notice, replace(before, state="over", held_back=0), before)
        since = before.since if before.state != "over" else format_moment(now)
        active = replace(before, since=since)
        if not self._may_tell(before, now):
            untold = "raised" if before.state == "raised" else "held"
            return replace(active, state=untold, held_back=before.held_back + 1), None
        state = "lasting" if before.state == "raised" else "raised"
        notice = self._notice(trouble.kind, state, trouble, active, ledger_head)
        done = replace(active, state="raised", last_sent=format_moment(now), held_back=0)
        missed = replace(active, held_back=before.held_back + 1)
        return self._after(channel, notice, done, missed)

    def _may_tell(self, before: NoticeState, now: datetime) -> bool:
        """Whether the period since the last notice is over; one in the future is none."""
        if not before.last_sent:
            return True
        last = parse_moment(before.last_sent)
        return last > now or now - last >= self.every

    def _after(
        self, channel: Channel, notice: Notice, done: NoticeState, missed: NoticeState
    ) -> tuple[NoticeState, Told]:
        told = self._send(channel, notice)
        if not told.error:
            return replace(done, error="", error_at=""), told
        return replace(missed, error=told.error, error_at=notice.moment), told

    def _send(self, channel: Channel, notice: Notice) -> Told:
        lang = self.language
        message = Message(notice, subject_of(notice, lang), body_of(notice, lang), self.now())
        error = ""
        try:
            channel.send(message)
        except ChannelFailed as failure:
            error = str(failure.fields["reason"])
            _log.warning("channel=%s kind=%s failed=%r", channel.name, notice.kind, error)
        except Exception as failure:  # noqa: BLE001 - no channel may stop the others or the worker
            error = type(failure).__name__
            _log.exception("channel=%s kind=%s", channel.name, notice.kind)
        return Told(channel.name, notice.kind, notice.state, error)

    def _notice(
        self,
        kind: str,
        state: str,
        trouble: Trouble | None = None,
        known: NoticeState | None = None,
        ledger_head: str = "",
    ) -> Notice:
        return Notice(
            repository_id=self.repository_id,
            kind=kind,
            state=state,
            moment=format_moment(self.now()),
            since=known.since if known else "",
            count=trouble.count if trouble else 0,
            replicas=trouble.replicas if trouble else (),
            held_back=known.held_back if known else 0,
            ledger_head=ledger_head,
        )
