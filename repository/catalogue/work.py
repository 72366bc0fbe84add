"""The queue of scheduled work: enqueued once for each policy and period, leased, finished.

A row's ``state`` is ``waiting``, ``running`` or ``done``; what failed waits for its next try.
Whoever takes a row
holds it until its lease ends, and renews the lease while it works; a lease that ended, or
ends absurdly far in the future (somebody's clock was wrong), is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update

from repository.catalogue.database import AnyRow, Database
from repository.catalogue.rows import json_text
from repository.catalogue.work_tables import work
from schemas.moments import format_moment

KEPT_ROWS = 200
"""Finished rows kept of each policy; older ones tell nothing that the ledger does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One piece of work. Moments are RFC 3339, empty when they have not come."""

    key: int
    policy: str
    period: str
    state: str
    enqueued: str
    not_before: str
    started: str
    finished: str
    owner: str
    lease_until: str
    attempts: int
    seed: str
    outcome: str
    result: Mapping[str, Any] = field(default_factory=dict)


class Work:
    """The rows of scheduled work."""

    _database: Database

    def enqueue(self, policy: str, period: str, *, now: datetime, seed: str) -> bool:
        """The work of that policy and period is known; whether it was not before."""
        row = {
            "policy": policy,
            "period": period,
            "state": "waiting",
            "enqueued": format_moment(now),
            **dict.fromkeys(("not_before", "started", "finished", "owner", "lease_until"), ""),
            "attempts": 0,
            "seed": seed,
            "outcome": "",
            "result": "{}",
        }
        same = (work.c.policy == policy) & (work.c.period == period)
        with self._database.write() as connection:
            if connection.execute(select(work.c.work_key).where(same)).first() is not None:
                return False
            connection.execute(insert(work), row)
        return True

    def take_work(self, owner: str, *, now: datetime, lease: timedelta) -> WorkItem | None:
        """Work that nobody does is ``owner``'s until the lease ends; None if there is none.

        What was never started comes first, then what was last worked on longest ago.
        """
        taken = {
            "state": "running",
            "owner": owner,
            "lease_until": format_moment(now + lease),
            "started": format_moment(now),
            "attempts": work.c.attempts + 1,
        }
        with self._database.write() as connection:
            free = select(work.c.work_key).where(_free(now, lease))
            free = free.order_by(work.c.started, work.c.work_key)
            key = connection.execute(free.limit(1)).scalar_one_or_none()
            if key is None:
                return None
            connection.execute(update(work).where(work.c.work_key == key).values(**taken))
            row = connection.execute(select(work).where(work.c.work_key == key)).one()
        return _item(row)

    def renew_work(self, item: WorkItem, *, now: datetime, lease: timedelta) -> bool:
        """The lease ends later; False when the work is no longer this owner's."""
        with self._database.write() as connection:
            done = connection.execute(
                update(work).where(_held(item)).values(lease_until=format_moment(now + lease))
            )
        return done.rowcount == 1

    def finish_work(
        self, item: WorkItem, *, now: datetime, outcome: str, result: Mapping[str, Any]
    ) -> bool:
        """The work is done; False when it was no longer this owner's."""
        values = {
            "state": "done",
            "finished": format_moment(now),
            "outcome": outcome,
            "result": json_text(dict(result)),
        }
        with self._database.write() as connection:
            done = connection.execute(update(work).where(_held(item)).values(**values))
            finished = (work.c.policy == item.policy) & (work.c.state == "done")
            newest = select(work.c.work_key).where(finished).order_by(work.c.work_key.desc())
            last = connection.execute(newest.offset(KEPT_ROWS).limit(1)).scalar_one_or_none()
            if last is not None:
                connection.execute(delete(work).where(finished, work.c.work_key <= last))
        return done.rowcount == 1

    def put_back_work(
        self,
        item: WorkItem,
        *,
        not_before: datetime,
        outcome: str,
        result: Mapping[str, Any],
        failed: bool,
    ) -> None:
        """The work waits until ``not_before``; attempts are counted on only when it failed."""
        values = {
            "state": "waiting",
            "not_before": format_moment(not_before),
            "attempts": item.attempts if failed else 0,
            "outcome": outcome,
            "result": json_text(dict(result)),
            "lease_until": "",
        }
        with self._database.write() as connection:
            connection.execute(update(work).where(_held(item)).values(**values))

    def work_items(self, policy: str = "", *, limit: int = 100) -> tuple[WorkItem, ...]:
        """The rows of a policy, or of all, newest first."""
        query = select(work).order_by(work.c.work_key.desc()).limit(limit)
        if policy:
            query = query.where(work.c.policy == policy)
        return tuple(map(_item, self._database.rows(query)))

    def work_of(self, policy: str, period: str) -> WorkItem | None:
        """The work of that policy and period, if it was ever enqueued."""
        query = select(work).where(work.c.policy == policy, work.c.period == period)
        rows = self._database.rows(query)
        return _item(rows[0]) if rows else None

    def backlog(self) -> Mapping[str, int]:
        """How many pieces of work wait or run, by policy."""
        query: Select[Any] = (
            select(work.c.policy, func.count().label("n"))
            .where(work.c.state.in_(("waiting", "running")))
            .group_by(work.c.policy)
        )
        return {row.policy: row.n for row in self._database.rows(query)}


def _free(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Whether a row may be taken. Moments beyond anything we would write are no moments."""
    moment = format_moment(now)
    absurd_lease = format_moment(now + 2 * lease)
    absurd_wait = format_moment(now + timedelta(days=2))
    waiting = and_(
        work.c.state == "waiting",
        or_(work.c.not_before <= moment, work.c.not_before > absurd_wait),
    )
    abandoned = and_(
        work.c.state == "running",
        or_(work.c.lease_until <= moment, work.c.lease_until > absurd_lease),
    )
    return or_(waiting, abandoned)


def _held(item: WorkItem) -> ColumnElement[bool]:
    """Whether the row is still in the hands of whoever took this item."""
    return and_(work.c.work_key == item.key, work.c.state == "running", work.c.owner == item.owner)


def _item(row: AnyRow) -> WorkItem:
    return WorkItem(
        key=row.work_key,
        policy=row.policy,
        period=row.period,
        state=row.state,
        enqueued=row.enqueued,
        not_before=row.not_before,
        started=row.started,
        finished=row.finished,
        owner=row.owner,
        lease_until=row.lease_until,
        attempts=row.attempts,
        seed=row.seed,
        outcome=row.outcome,
        result=msgspec.json.decode(row.result),
    )
