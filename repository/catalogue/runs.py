"""Audit runs since the catalogue was made. Disposable: the journal keeps their summaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from repository.catalogue.database import AnyRow, Database
from repository.catalogue.rows import json_text
from repository.catalogue.tables import audit_run


@dataclass(frozen=True, slots=True)
class AuditRun:
    """One run over one replica. ``finished`` is empty while it is under way or cut short."""

    run_id: str
    replica: str
    started: str
    finished: str
    cursor: str
    complete: bool
    summary: Mapping[str, Any]


class AuditRuns:
    """The rows of runs."""

    _database: Database

    def start_run(self, run_id: str, replica: str, started: str) -> None:
        """The run is known; starting it again changes nothing."""
        with self._database.write() as connection:
            run_key_of(connection, run_id, replica, started)

    def finish_run(
        self,
        run_id: str,
        replica: str,
        *,
        finished: str,
        complete: bool,
        summary: Mapping[str, Any],
    ) -> None:
        """The run is over; ``complete`` when it looked at all it set out to look at."""
        with self._database.write() as connection:
            connection.execute(
                update(audit_run)
                .where(audit_run.c.run_id == run_id, audit_run.c.replica == replica)
                .values(finished=finished, complete=complete, summary=json_text(dict(summary)))
            )

    def audit_runs(self, replica: str = "", *, limit: int = 100) -> tuple[AuditRun, ...]:
        """The runs since the catalogue was made, newest first."""
        query = select(audit_run).order_by(audit_run.c.run_key.desc()).limit(limit)
        if replica:
            query = query.where(audit_run.c.replica == replica)
        return tuple(map(_run_of, self._database.rows(query)))


def run_key_of(connection: Connection, run_id: str, replica: str, started: str) -> int:
    """The key of a run over a replica, which is noted if it was not."""
    query = select(audit_run.c.run_key).where(
        audit_run.c.run_id == run_id, audit_run.c.replica == replica
    )
    known = connection.execute(query).scalar_one_or_none()
    if known is not None:
        return int(known)
    row = {
        "run_id": run_id,
        "replica": replica,
        "started": started,
        "finished": "",
        "cursor": "",
        "complete": False,
        "summary": "{}",
    }
    noted = insert(audit_run).returning(audit_run.c.run_key)
    return int(connection.execute(noted, row).scalar_one())


def _run_of(row: AnyRow) -> AuditRun:
    return AuditRun(
        run_id=row.run_id,
        replica=row.replica,
        started=row.started,
        finished=row.finished,
        cursor=row.cursor,
        complete=row.complete,
        summary=msgspec.json.decode(row.summary),
    )
