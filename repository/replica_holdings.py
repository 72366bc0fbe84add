"""What each replica holds and lacks, by the catalogue: nothing is read from the stores."""

from __future__ import annotations

from dataclasses import dataclass

from repository.archive import Repository
from repository.replica import Replica
from repository.settings import ReplicaSettings
from schemas.errors import KhoError
from storage_backends.registry import is_remote


@dataclass(slots=True)
class ReplicaHolding:
    """One replica. ``copies`` and ``lacking`` count dossiers at their newest version."""

    settings: ReplicaSettings
    url: str
    failure_domain: str
    networked: bool
    """Whether other machines reach it, by its kind or as stated."""
    error: KhoError | None
    """Why it cannot be reached; None when it can."""
    copies: int = 0
    lacking: int = 0
    lacking_bytes: int = 0

    @property
    def reachable(self) -> bool:
        """Whether it answered when the archive was opened."""
        return self.error is None


def holdings(archive: Repository) -> list[ReplicaHolding]:
    """Every replica of the settings. What a replica may not hold is not lacking there."""
    attached = {replica.name: replica for replica in archive.replicas}
    rows = [
        _row(archive, stated, attached.get(stated.name)) for stated in archive.settings.replicas
    ]
    for summary in archive.catalogue.aips():
        there = {
            copy.replica
            for copy in archive.catalogue.copies(summary.aip_id)
            if (copy.place, copy.version) == (summary.place, summary.version)
            and copy.state == "verified"
        }
        for row in rows:
            replica = attached.get(row.settings.name)
            if row.settings.name in there:
                row.copies += 1
            elif replica is None or replica.may_hold(summary.access):
                row.lacking += 1
                row.lacking_bytes += summary.data_bytes
    return rows


def _row(
    archive: Repository, settings: ReplicaSettings, replica: Replica | None
) -> ReplicaHolding:
    if replica is None:
        networked = settings.networked or is_remote(settings.url)
        error = archive.unreachable[settings.name]
        return ReplicaHolding(settings, settings.url, "", networked, error)
    backend = replica.backend
    return ReplicaHolding(settings, backend.url, backend.failure_domain, replica.networked, None)
