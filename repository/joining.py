"""Joining: another place becomes a replica of the archive, new or copied by another tool."""

from __future__ import annotations

from repository.adoption import Adoption, adopt
from repository.archive import Repository
from repository.replica import (
    Replica,
    SharedFailureDomain,
    attach_replica,
    create_replica,
    read_marker,
    require_distinct,
)
from repository.settings import ReplicaSettings
from schemas.progress import Progress
from storage_backends.registry import open_backend


def join(
    archive: Repository, asked: ReplicaSettings, *, adopted: bool, progress: Progress
) -> tuple[Replica, Adoption | None]:
    """The store at the place asked for is a replica of the archive; its settings are not yet.

    With ``adopted`` what stands there was read back and compared first; what was found is told.
    """
    backend = open_backend(asked.name, asked.url, asked.options, create=not adopted)
    accept = archive.settings.accept_shared_failure_domain
    if not accept:
        _require_own_domain(archive, asked.name, backend.failure_domain)
    if adopted:
        return adopt(archive, asked, backend, progress)
    marker = read_marker(backend)
    if marker is not None and marker.repository_id == archive.id and marker.name == asked.name:
        made = attach_replica(asked, backend, repository=archive.id)  # begun before, and died
    else:
        made = create_replica(asked, backend, repository=archive.id, now=archive.now)
    require_distinct([*archive.replicas, made], accept_shared=accept)
    return made, None


def _require_own_domain(archive: Repository, name: str, domain: str) -> None:
    for other in archive.replicas:
        if other.backend.failure_domain == domain:
            raise SharedFailureDomain(replicas=f"{other.name}, {name}", domain=domain)
