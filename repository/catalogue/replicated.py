"""Which dossiers are not safe yet: too few failure domains hold a copy that was read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from repository.catalogue.database import BATCH_ROWS, AnyRow, Database
from repository.catalogue.tables import aip, copy
from schemas.ids import AipId
from schemas.nouns import Place


@dataclass(frozen=True, slots=True)
class UnderReplicated:
    """An AIP whose newest version is proved in ``domains`` failure domains, which is too few.

    ``replicas`` are those that hold it, by name.
    """

    aip_id: AipId
    place: Place
    version: int
    domains: int
    replicas: tuple[str, ...]


class Replicated:
    """The copies, weighed."""

    _database: Database

    def under_replicated(
        self, min_copies: int, domains: Mapping[str, str]
    ) -> Iterator[UnderReplicated]:
        """Every AIP with fewer than ``min_copies`` domains holding its newest version.

        ``domains`` names the failure domain of each replica that counts; copies on any other
        do not. Page by page.
        """
        for rows in self._newest_with_copies():
            by_aip: dict[int, list[AnyRow]] = {}
            for row in rows:
                by_aip.setdefault(row.aip_key, []).append(row)
            for same in by_aip.values():
                replicas = sorted(row.replica for row in same if row.replica in domains)
                held_in = {domains[replica] for replica in replicas}
                if len(held_in) < min_copies:
                    yield UnderReplicated(
                        aip_id=AipId(same[0].aip_id),
                        place=Place(same[0].place),
                        version=same[0].version,
                        domains=len(held_in),
                        replicas=tuple(replicas),
                    )

    def lagging(self, replica: str) -> dict[tuple[AipId, Place], int]:
        """The AIPs whose newest version never reached the replica, though an older one did:
        the newest that it got, by AIP and place."""
        got = func.max(copy.c.version)
        query = (
            select(aip.c.aip_id, aip.c.place, got.label("got"))
            .join_from(aip, copy, (copy.c.aip_id == aip.c.aip_id) & (copy.c.place == aip.c.place))
            .where(copy.c.replica == replica, aip.c.version > 1)
            .group_by(aip.c.aip_id, aip.c.place, aip.c.version)
            .having(got < aip.c.version)
        )
        rows = self._database.rows(query)
        return {(AipId(row.aip_id), Place(row.place)): int(row.got) for row in rows}

    def copies_by_replica(self) -> Mapping[str, int]:
        """How many AIPs have their newest version on each replica, read back."""
        newest = (
            (copy.c.aip_id == aip.c.aip_id)
            & (copy.c.place == aip.c.place)
            & (copy.c.version == aip.c.version)
            & (copy.c.state == "verified")
        )
        query = (
            select(copy.c.replica, func.count().label("n"))
            .join_from(aip, copy, newest)
            .group_by(copy.c.replica)
        )
        return {row.replica: row.n for row in self._database.rows(query)}

    def _newest_with_copies(self) -> Iterator[list[AnyRow]]:
        """Verified copies of the newest versions, all of an AIP's in one page."""
        after = 0
        while True:
            some = (
                select(aip).where(aip.c.aip_key > after).order_by(aip.c.aip_key).limit(BATCH_ROWS)
            ).subquery()
            holds = (
                (copy.c.aip_id == some.c.aip_id)
                & (copy.c.place == some.c.place)
                & (copy.c.version == some.c.version)
                & (copy.c.state == "verified")
            )
            query = (
                select(some, copy.c.replica)
                .outerjoin_from(some, copy, holds)
                .order_by(some.c.aip_key)
            )
            rows = self._database.rows(query)
            if not rows:
                return
            yield rows
            after = rows[-1].aip_key
