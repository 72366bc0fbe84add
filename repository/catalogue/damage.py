"""The list of what is not intact: one open row for each damaged file of a replica.

A row is opened by the look that found the damage and closed by the look that found the file
whole again, or by whoever answers for it; rows are never removed. Kept apart from the audit
state, because files that no object should have, inventories and sidecars are listed here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from repository.catalogue.database import BATCH_ROWS, AnyRow, Database
from repository.catalogue.tables import damage
from schemas.ids import AipId
from schemas.nouns import Place, Verdict


class FileCheck(msgspec.Struct, frozen=True, gc=False):
    """What one look at one file of a replica showed, at an RFC 3339 moment.

    ``key`` is the one from :class:`ContentFacts`, None where there was none at hand.
    """

    aip_id: AipId
    place: Place
    content_path: str
    verdict: Verdict
    verified_at: str
    algorithm: str = "sha256"
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A file found not intact; open until ``closed_at`` is set."""

    replica: str
    aip_id: AipId
    place: Place
    content_path: str
    verdict: Verdict
    found_at: str
    run_id: str
    closed_at: str = ""
    closed_by: str = ""


class DamageList:
    """The damage rows, read and closed."""

    _database: Database

    def damage(self, *, open_only: bool = True, replica: str = "") -> Iterator[Damage]:
        """What was found broken, in the order it was found, page by page."""
        page = select(damage).order_by(damage.c.damage_key).limit(BATCH_ROWS)
        if open_only:
            page = page.where(damage.c.closed_at == "")
        if replica:
            page = page.where(damage.c.replica == replica)
        after = 0
        while rows := self._database.rows(page.where(damage.c.damage_key > after)):
            yield from map(_damage_of, rows)
            after = rows[-1].damage_key

    def close_damage(
        self,
        replica: str,
        aip_id: AipId,
        place: Place,
        content_path: str,
        *,
        closed_at: str,
        closed_by: str,
    ) -> bool:
        """No damage of this file on this replica is open; whether any was."""
        one = update(damage).where(
            damage.c.closed_at == "",
            damage.c.replica == replica,
            damage.c.aip_id == aip_id,
            damage.c.place == place.value,
            damage.c.content_path == content_path,
        )
        with self._database.write() as connection:
            done = connection.execute(one, {"closed_at": closed_at, "closed_by": closed_by})
            return done.rowcount > 0


def judge(connection: Connection, run_id: str, replica: str, checks: Sequence[FileCheck]) -> None:
    """Damage is open for exactly those of ``checks`` that are not intact.

    What stays as it was found keeps its row, with the moment of its discovery.
    """
    if not _any_open(connection, replica) and all(c.verdict is Verdict.INTACT for c in checks):
        return
    known = _open_rows(connection, replica, checks)
    last = {(each.aip_id, each.place.value, each.content_path): each for each in checks}
    closed, opened = [], []
    for place, check in last.items():
        key, verdict = known.get(place, (None, Verdict.INTACT.value))
        if verdict == check.verdict.value:
            continue
        if key is not None:
            closed.append({"key": key, "at": check.verified_at, "by": run_id})
        if check.verdict is not Verdict.INTACT:
            opened.append(_row(run_id, replica, check))
    if closed:
        connection.execute(
            update(damage)
            .where(damage.c.damage_key == bindparam("key"))
            .values(closed_at=bindparam("at"), closed_by=bindparam("by")),
            closed,
        )
    if opened:
        connection.execute(insert(damage), opened)


def _any_open(connection: Connection, replica: str) -> bool:
    query = select(damage.c.damage_key).where(
        damage.c.closed_at == "", damage.c.replica == replica
    )
    return connection.execute(query.limit(1)).first() is not None


def _open_rows(
    connection: Connection, replica: str, checks: Sequence[FileCheck]
) -> dict[tuple[str, str, str], tuple[int, str]]:
    query = select(damage).where(
        damage.c.closed_at == "",
        damage.c.replica == replica,
        damage.c.aip_id.in_({check.aip_id for check in checks}),
        damage.c.content_path.in_({check.content_path for check in checks}),
    )
    return {
        (row.aip_id, row.place, row.content_path): (row.damage_key, row.verdict)
        for row in connection.execute(query)
    }


def _row(run_id: str, replica: str, check: FileCheck) -> dict[str, Any]:
    return {
        "replica": replica,
        "aip_id": check.aip_id,
        "place": check.place.value,
        "content_path": check.content_path,
        "verdict": check.verdict.value,
        "found_at": check.verified_at,
        "run_id": run_id,
        "closed_at": "",
        "closed_by": "",
    }


def _damage_of(row: AnyRow) -> Damage:
    return Damage(
        replica=row.replica,
        aip_id=AipId(row.aip_id),
        place=Place(row.place),
        content_path=row.content_path,
        verdict=Verdict(row.verdict),
        found_at=row.found_at,
        run_id=row.run_id,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
