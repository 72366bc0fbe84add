"""What each channel of notification was told, so that nobody is told twice in a period."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from repository.catalogue.database import AnyRow, Database, upsert
from repository.catalogue.work_tables import notice


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeState:
    """How far one channel knows of one kind of trouble.

    ``state`` is ``raised`` or ``over``; ``held_back`` counts what happened since ``last_sent``
    without being told; ``error`` is the code of the last failure, empty after a success.
    """

    kind: str
    channel: str
    state: str = "over"
    since: str = ""
    last_sent: str = ""
    held_back: int = 0
    error: str = ""
    error_at: str = ""


class Notices:
    """The rows of notifications."""

    _database: Database

    def notice_state(self, kind: str, channel: str) -> NoticeState:
        """What the channel knows of the kind; nothing, when it was never told."""
        query = select(notice).where(notice.c.kind == kind, notice.c.channel == channel)
        rows = self._database.rows(query)
        return _state(rows[0]) if rows else NoticeState(kind=kind, channel=channel)

    def keep_notice_state(self, state: NoticeState) -> None:
        """This is what the channel knows from now on."""
        row = {name: getattr(state, name) for name in NoticeState.__dataclass_fields__}
        with self._database.write() as connection:
            upsert(connection, notice, [row])

    def notice_states(self) -> tuple[NoticeState, ...]:
        """All of them, by kind and channel."""
        query = select(notice).order_by(notice.c.kind, notice.c.channel)
        return tuple(map(_state, self._database.rows(query)))


def _state(row: AnyRow) -> NoticeState:
    return NoticeState(**row._mapping)
