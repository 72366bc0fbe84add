"""How far audits have come: what was looked at on a replica, what is late, what to sample."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from repository.catalogue.contents import ContentFacts, content_files, content_of
from repository.catalogue.database import Database
from repository.catalogue.tables import aip, content, copy, file_check, replica_name
from schemas.nouns import Verdict

VERDICTS = tuple(Verdict)
"""By the number that stands for each in the audit state."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a replica has been read: ``files`` in all, those never, the rest by verdict.

    ``oldest`` is the moment of the look longest ago, empty when there was none.
    """

    replica: str
    files: int
    never: int
    oldest: str
    by_verdict: Mapping[Verdict, int] = field(default_factory=dict)


class Covering:
    """The audit state, summed up."""

    _database: Database

    def coverage(self, replica: str, *, now: str) -> Coverage:
        """How much of the replica has been looked at, as of ``now``."""
        with self._database.read() as connection:
            key = key_of(connection, replica)
            every = select(func.count()).select_from(content).join(aip).where(copied_to(replica))
            files = connection.execute(every).scalar_one()
            seen = (
                select(
                    file_check.c.verdict,
                    func.count().label("n"),
                    func.min(file_check.c.verified_at).label("oldest"),
                )
                .join_from(file_check, content, file_check.c.content_key == content.c.content_key)
                .join(aip, aip.c.aip_key == content.c.aip_key)
                .where(
                    file_check.c.replica_key == key,
                    file_check.c.verified_at <= now,
                    copied_to(replica),
                )
                .group_by(file_check.c.verdict)
            )
            rows = connection.execute(seen).all()
        return Coverage(
            replica=replica,
            files=files,
            never=files - sum(row.n for row in rows),
            oldest=min((row.oldest for row in rows), default=""),
            by_verdict={VERDICTS[row.verdict]: row.n for row in rows},
        )

    def overdue_files(self, replica: str, *, before: str, now: str) -> int:
        """How many files of the replica were last proved before ``before``.

        A copy is read back when it is made: that counts until the first audit, so that a
        catalogue made anew does not cry wolf. A look after ``now`` is none.
        """
        read_back = (
            select(func.max(copy.c.verified_at))
            .where(
                copy.c.aip_id == aip.c.aip_id,
                copy.c.place == aip.c.place,
                copy.c.replica == replica,
                copy.c.verified_at <= now,
            )
            .scalar_subquery()
        )
        with self._database.read() as connection:
            key = key_of(connection, replica)
            looked = (
                (file_check.c.content_key == content.c.content_key)
                & (file_check.c.replica_key == key)
                & (file_check.c.verified_at <= now)
            )
            query = (
                select(func.count())
                .select_from(content)
                .join(aip, aip.c.aip_key == content.c.aip_key)
                .outerjoin(file_check, looked)
                .where(
                    copied_to(replica),
                    func.coalesce(file_check.c.verified_at, read_back, "") < before,
                )
            )
            return int(connection.execute(query).scalar_one())

    def sample_files(
        self, replica: str, count: int, rng: random.Random
    ) -> tuple[ContentFacts, ...]:
        """Up to so many files of a replica, drawn without putting back.

        Drawn by key, so that millions need not be listed: a file after a gap in the keys is
        a little likelier.
        """
        bounds = select(func.min(content.c.content_key), func.max(content.c.content_key))
        wanted = content_files().where(copied_to(replica)).order_by(content.c.content_key)
        with self._database.read() as connection:
            low, high = connection.execute(bounds).one()
        drawn: dict[int, ContentFacts] = {}
        for _attempt in range(3 * count if low is not None else 0):
            page = wanted.where(content.c.content_key >= rng.randint(low, high)).limit(1)
            drawn |= {facts.key: facts for facts in map(content_of, self._database.rows(page))}
            if len(drawn) == count:
                break
        return tuple(drawn.values())


def copied_to(replica: str) -> Any:
    """Whether the dossier ever reached the replica, in any version."""
    return (
        select(copy.c.replica)
        .where(
            copy.c.aip_id == aip.c.aip_id, copy.c.place == aip.c.place, copy.c.replica == replica
        )
        .exists()
    )


def key_of(connection: Connection, replica: str) -> int:
    """The replica's key, or 0, which no replica has."""
    query = select(replica_name.c.replica_key).where(replica_name.c.name == replica)
    return connection.execute(query).scalar_one_or_none() or 0
