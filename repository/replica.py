"""Replicas: independent backup repositories (*bản sao lưu*), each recognised by its marker.

A wrong, empty or foreign mount is recognised by ``kho/replica.json`` and stops everything; it
is never "repaired" (design §4).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from repository.canaries import plant_permanent
from repository.ocfl.claims import put_small
from repository.ocfl.layout import root_files
from repository.settings import ReplicaSettings
from schemas.errors import ConfigError
from schemas.ids import RepositoryId, new_uuid
from schemas.moments import Clock, format_moment
from schemas.nouns import Access, Place
from schemas.records import ReplicaMarker, decode, encode
from storage_backends.interface import ObjectExists, ObjectNotFound, StorageBackend
from storage_backends.registry import is_remote

MARKER = "kho/replica.json"
RECOVERY_SHEET = "kho/RECOVERY.txt"


class ReplicaError(ConfigError):
    """A replica is not what the settings say; nothing was read or written on it."""

    code = "REPLICA"
    exit_code = 4


class EmptyReplica(ReplicaError):
    """There is no marker: an unmounted disk, a wrong folder, or a replica not yet added."""

    code = "REPLICA-EMPTY"


class ForeignReplica(ReplicaError):
    """The marker names another archive, or another replica of ours."""

    code = "REPLICA-FOREIGN"


class ClonedReplica(ReplicaError):
    """Two replicas carry one UUID: somebody copied one, marker and all."""

    code = "REPLICA-CLONED"


class ReplicaExists(ReplicaError):
    """A new replica was to be made where one already is."""

    code = "REPLICA-EXISTS"
    exit_code = 2


class SharedFailureDomain(ReplicaError):
    """Replicas that one accident can take together were not accepted as such."""

    code = "REPLICA-SHARED-DOMAIN"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Replica:
    """One open replica: its settings, its store and what its marker says."""

    settings: ReplicaSettings
    backend: StorageBackend
    marker: ReplicaMarker

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.settings.name

    @property
    def networked(self) -> bool:
        """Whether other machines reach it: as stated, and always for S3 and SFTP."""
        stated = self.settings.networked or self.marker.networked
        return stated or is_remote(self.backend.url)

    def may_hold(self, access: Access) -> bool:
        """Whether a dossier of this access level may be stored here (secrecy gates)."""
        if access is Access.SECRET and self.networked:
            return False
        lowest = min(Access(self.settings.max_access).rank, Access(self.marker.max_access).rank)
        return access.rank <= lowest


def create_replica(
    settings: ReplicaSettings, backend: StorageBackend, *, repository: RepositoryId, now: Clock
) -> Replica:
    """An empty store is a replica of the archive: two OCFL roots and a marker.

    The permanent canaries are planted; the marker is written last. :class:`ReplicaExists` when
    a marker is there already.
    """
    if read_marker(backend) is not None:
        raise ReplicaExists(replica=settings.name, url=backend.url)
    for place in Place:
        for name, content in root_files().items():
            try:
                put_small(backend, f"{place.value}/{name}", content)
            except ObjectExists:
                continue
        backend.settle(f"{place.value}/")
    plant_permanent(backend)
    marker = ReplicaMarker(
        repository_id=repository,
        replica_id=new_uuid(),
        name=settings.name,
        site=settings.site,
        medium=settings.medium,
        max_access=settings.max_access,
        networked=settings.networked or is_remote(backend.url),
        created=format_moment(now()),
    )
    put_small(backend, MARKER, encode(marker))
    backend.settle("kho/")
    return Replica(settings, backend, marker)


def attach_replica(
    settings: ReplicaSettings, backend: StorageBackend, *, repository: RepositoryId
) -> Replica:
    """The replica that the settings promise is really there."""
    marker = read_marker(backend)
    if marker is None:
        raise EmptyReplica(replica=settings.name, url=backend.url)
    if marker.repository_id != repository or marker.name != settings.name:
        raise ForeignReplica(
            replica=settings.name,
            url=backend.url,
            found_repository=marker.repository_id,
            found_name=marker.name,
        )
    return Replica(settings, backend, marker)


def attach_by_marker(settings: ReplicaSettings, backend: StorageBackend) -> Replica:
    """Whatever replica is there, for restoring onto an empty machine."""
    marker = read_marker(backend)
    if marker is None:
        raise EmptyReplica(replica=settings.name, url=backend.url)
    return Replica(settings, backend, marker)


def read_marker(backend: StorageBackend) -> ReplicaMarker | None:
    """What the replica says of itself; None where there is no marker."""
    try:
        content, _token = backend.read_head(MARKER)
    except ObjectNotFound:
        return None
    try:
        return decode(content, ReplicaMarker)
    except msgspec.MsgspecError as error:
        raise ForeignReplica(
            replica=backend.name, url=backend.url, found_repository="?", found_name=str(error)
        ) from error


def failure_domains(replicas: list[Replica]) -> dict[str, list[str]]:
    """Replica names by what can fail together: device, endpoint and account, or host."""
    domains: dict[str, list[str]] = {}
    for replica in replicas:
        domains.setdefault(replica.backend.failure_domain, []).append(replica.name)
    return domains


def require_distinct(replicas: list[Replica], *, accept_shared: bool) -> None:
    """No two replicas are one (cloned); none share a failure domain unless accepted."""
    seen: dict[str, str] = {}
    for replica in replicas:
        other = seen.setdefault(replica.marker.replica_id, replica.name)
        if other != replica.name:
            raise ClonedReplica(replica=replica.name, other=other)
    if accept_shared:
        return
    for domain, names in failure_domains(replicas).items():
        if len(names) > 1:
            raise SharedFailureDomain(replicas=", ".join(names), domain=domain)
