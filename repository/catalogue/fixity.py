"""What audits have seen: one row for each file on each replica, and each run's cursor.

All of it is disposable: after a rebuild every file reads *never verified*, and is due. Looks by
sha512, of a slower cycle, are noted a second time, so that a later look by sha256 does not
replace them. ``verified_at`` is the moment of the last look, whatever it showed; a moment in
the future (somebody's clock was wrong) counts as never.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    insert,
    select,
    tuple_,
    update,
)

from repository.catalogue.contents import ContentFacts, content_files, content_of
from repository.catalogue.covering import VERDICTS, copied_to, key_of
from repository.catalogue.damage import FileCheck, judge
from repository.catalogue.database import BATCH_ROWS, Database, upsert
from repository.catalogue.registering import in_batches
from repository.catalogue.runs import run_key_of
from repository.catalogue.tables import (
    aip,
    audit_run,
    content,
    file_check,
    replica_name,
)
from repository.catalogue.work_tables import deep_check
from schemas.digests import Algorithm

_NUMBER_OF = {verdict: number for number, verdict in enumerate(VERDICTS)}


class Fixity:
    """The audit state."""

    _database: Database

    def record_checks(
        self, run_id: str, replica: str, checks: Iterable[FileCheck], cursor: str
    ) -> None:
        """What was seen, the damage it means, and how far the run is: all or nothing.

        A file that the catalogue does not list leaves no state, only its damage.
        """
        with self._database.write() as connection:
            replica_key = _named(connection, replica)
            for batch in in_batches(checks):
                run_key = run_key_of(connection, run_id, replica, batch[0].verified_at)
                rows = _rows(connection, replica_key, run_key, batch)
                upsert(connection, file_check, rows)
                upsert(connection, deep_check, _deep(rows))
                judge(connection, run_id, replica, batch)
            connection.execute(
                update(audit_run)
                .where(audit_run.c.run_id == run_id, audit_run.c.replica == replica)
                .values(cursor=cursor)
            )

    def due_files(
        self,
        replica: str,
        *,
        before: str,
        now: str,
        limit: int | None = None,
        never_limit: int | None = None,
        algorithm: Algorithm = "sha256",
    ) -> Iterator[ContentFacts]:
        """The files of a replica last looked at before ``before``, each once.

        With ``sha512`` only looks by that digest count; a look by it counts for both.
        ``never_limit``: of those never looked at, so many at most.

        First those never looked at, then those whose last look lies after ``now``, then the
        one longest ago. Only dossiers that were copied to the replica: what was never there
        is under-replicated, not damaged. Checks recorded meanwhile do not disturb the order.
        """
        looks = file_check if algorithm == "sha256" else deep_check
        return islice(self._due(looks, replica, before, now, never_limit), limit)

    def _due(
        self, looks: Table, replica: str, before: str, now: str, never_limit: int | None
    ) -> Iterator[ContentFacts]:
        with self._database.read() as connection:
            key = key_of(connection, replica)
            # Taken down before anything is yielded: what this run records is never "later".
            later = array("q", connection.execute(_looked_at_after(looks, key, now)).scalars())
        wanted = content_files().where(copied_to(replica))
        yield from islice(self._never(looks, wanted, key), never_limit)
        for batch in in_batches(later):
            page = wanted.where(content.c.content_key.in_(batch)).order_by(content.c.content_key)
            yield from map(content_of, self._database.rows(page))
        yield from self._oldest(looks, wanted, key, min(before, now))

    def _never(self, looks: Table, wanted: Select[Any], key: int) -> Iterator[ContentFacts]:
        seen = select(looks.c.content_key).where(
            looks.c.replica_key == key,
            looks.c.content_key == content.c.content_key,
        )
        page = wanted.where(~seen.exists()).order_by(content.c.content_key).limit(BATCH_ROWS)
        after = 0
        while rows := self._database.rows(page.where(content.c.content_key > after)):
            yield from map(content_of, rows)
            after = rows[-1].content_key

    def _oldest(
        self, looks: Table, wanted: Select[Any], key: int, before: str
    ) -> Iterator[ContentFacts]:
        age = (looks.c.verified_at, looks.c.content_key)
        page = (
            wanted.add_columns(looks.c.verified_at)
            .join(looks, looks.c.content_key == content.c.content_key)
            .where(looks.c.replica_key == key, looks.c.verified_at < before)
            .order_by(*age)
            .limit(BATCH_ROWS)
        )
        rows = self._database.rows(page)
        while rows:
            yield from map(content_of, rows)
            last = (rows[-1].verified_at, rows[-1].content_key)
            rows = self._database.rows(page.where(tuple_(*age) > last))


def _looked_at_after(looks: Table, key: int, now: str) -> Select[Any]:
    return (
        select(looks.c.content_key)
        .where(looks.c.replica_key == key, looks.c.verified_at > now)
        .order_by(looks.c.content_key)
    )


def _rows(
    connection: Connection, replica_key: int, run_key: int, checks: Sequence[FileCheck]
) -> list[dict[str, Any]]:
    """The audit state of those files that the catalogue lists, each once, the last look."""
    keys = _content_keys(connection, checks)
    rows = {}
    for check in checks:
        key = keys.get((check.aip_id, check.place, check.content_path))
        if key is not None:
            rows[key] = {
                "replica_key": replica_key,
                "content_key": key,
                "verdict": _NUMBER_OF[check.verdict],
                "verified_at": check.verified_at,
                "run_key": run_key,
                "algorithm": check.algorithm,
            }
    return list(rows.values())


def _deep(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The looks among ``rows`` that were by sha512."""
    return [
        {name: row[name] for name in ("replica_key", "content_key", "verified_at")}
        for row in rows
        if row["algorithm"] == "sha512"
    ]


def _content_keys(
    connection: Connection, checks: Sequence[FileCheck]
) -> dict[tuple[str, str, str], int]:
    """The keys as they are now: a dossier may have moved since the audit read its list."""
    loose = [check for check in checks if check.key is None]
    # Two questions, not one with "or": each is answered from an index.
    named: list[ColumnElement[bool]] = [_among({c.key for c in checks if c.key is not None})]
    if loose:
        paths = content.c.content_path.in_({check.content_path for check in loose})
        named.append(and_(aip.c.aip_id.in_({check.aip_id for check in loose}), paths))
    query = select(
        content.c.content_key, content.c.content_path, aip.c.aip_id, aip.c.place
    ).join_from(content, aip)
    return {
        (aip_id, place, path): key
        for condition in named
        for key, path, aip_id, place in connection.execute(query.where(condition)).all()
    }


def _among(keys: set[int]) -> ColumnElement[bool]:
    """Whether a content key is one of these; as a range where there are few others in it."""
    column = content.c.content_key
    if keys and max(keys) - min(keys) < 4 * len(keys):
        return column.between(min(keys), max(keys))
    return column.in_(keys)


def _named(connection: Connection, replica: str) -> int:
    known = key_of(connection, replica)
    if known:
        return known
    named = insert(replica_name).returning(replica_name.c.replica_key)
    return int(connection.execute(named, {"name": replica}).scalar_one())
