"""Adoption: a copy that another tool made of a replica becomes a replica itself.

Nothing of it is believed: every version of every dossier that it holds is read back and
compared with the archive's own copies, and what the archive does not know, dossier or single
file, is refused: audit would call it damage the next day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from repository.archive import Repository
from repository.canaries import PERMANENT, plant_permanent
from repository.copying import CommittedCopy, committed_copy
from repository.journal_files import LedgerBroken, last_line, read_lines
from repository.ocfl.claims import CLAIMS, VersionRef, put_small
from repository.ocfl.inventory import INVENTORY, SIDECAR
from repository.ocfl.layout import root_files
from repository.ocfl.writer import ReadBackFailed
from repository.replica import MARKER, ForeignReplica, Replica, ReplicaError, read_marker
from repository.replication import verify_copies
from repository.settings import ReplicaSettings
from repository.strangers import strange_in_object, strange_in_root
from schemas.errors import KhoError
from schemas.ids import RepositoryId, new_uuid
from schemas.moments import format_moment
from schemas.nouns import Place
from schemas.progress import Progress
from schemas.records import ReplicaMarker, encode
from storage_backends.aside import STAGING
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    ObjectNotFound,
    StorageBackend,
)
from storage_backends.registry import is_remote


class NotACopy(ReplicaError):
    """What stands there is not a copy of this archive: ``differences`` were found."""

    code = "REPLICA-NOT-A-COPY"
    exit_code = 3


class UnknownThere(ReplicaError):
    """Something stands there that the archive did not put into its replicas."""

    code = "REPLICA-UNKNOWN-THERE"


class OtherBytes(ReplicaError):
    """A file there is not the archive's own."""

    code = "REPLICA-OTHER-BYTES"


class FileMissingThere(ReplicaError):
    """A file of a dossier is not there."""

    code = "REPLICA-FILE-MISSING"


class OtherInventory(ReplicaError):
    """A dossier's inventory there is not the archive's."""

    code = "REPLICA-OTHER-INVENTORY"


class SamePlace(ReplicaError):
    """What stands there is no copy of a replica but that replica itself."""

    code = "REPLICA-SAME-PLACE"
    exit_code = 2


class OtherJournal(ReplicaError):
    """The journal there does not tell the archive's own history."""

    code = "REPLICA-OTHER-JOURNAL"


class NothingToCompare(ReplicaError):
    """No reachable replica of the archive holds the version that stands there."""

    code = "REPLICA-NOTHING-TO-COMPARE"


class TooSecret(ReplicaError):
    """A dossier stands there that the new replica may not hold."""

    code = "REPLICA-TOO-SECRET"


class EmptyCopy(ReplicaError):
    """Not one dossier of the archive stands there."""

    code = "REPLICA-NO-DOSSIER"


@dataclass(slots=True)
class Adoption:
    """What a look at the copy found."""

    verified: list[tuple[VersionRef, str]] = field(default_factory=list)
    missing: int = 0
    """Dossiers that it lacks; fill brings them."""
    differences: list[KhoError] = field(default_factory=list)
    """One for each dossier that is not the archive's own, byte for byte."""


def adopt(
    archive: Repository, settings: ReplicaSettings, backend: StorageBackend, progress: Progress
) -> tuple[Replica, Adoption]:
    """The copy at ``backend`` carries a marker of its own, and its copies are in the journal.

    Its marker is written last, after everything was read back. :class:`NotACopy` when one file
    differs or one object is unknown; the store's own error when it stops answering or refuses
    us, which says nothing about the copy. Nothing was written then. ``archive`` must not have the
    replica in its settings yet.
    """
    archive.prepare_to_write()
    marker = read_marker(backend)
    if marker is not None and marker.repository_id != archive.id:
        raise ForeignReplica(
            replica=settings.name,
            url=backend.url,
            found_repository=marker.repository_id,
            found_name=marker.name,
        )
    if marker is not None:
        _require_another_place(archive, backend, marker)
    candidate = Replica(settings, backend, _marker(archive, settings, backend.url))
    found = _examine(archive, candidate, progress)
    if found.differences or not found.verified:
        raise NotACopy(
            replica=settings.name,
            differences=len(found.differences),
            first=found.differences[0] if found.differences else EmptyCopy(replica=settings.name),
            missing=found.missing,
        )
    backend.sweep(CLAIMS)  # copied with the rest; whose they were cannot finish them here
    for place in Place:
        for name in _root_files_missing(candidate, place):
            put_small(backend, f"{place.value}/{name}", root_files()[name])
        backend.settle(f"{place.value}/")
    plant_permanent(backend)
    _write_marker(backend, candidate.marker)
    return candidate, found


def _require_another_place(
    archive: Repository, backend: StorageBackend, marker: ReplicaMarker
) -> None:
    """What was copied marker and all is not seen to change where it was copied from.

    One place may have many urls (mounts, links, endpoints), so what is written there tells.
    """
    folder = f"{STAGING}place-{new_uuid()}/"
    for replica in archive.replicas:
        if replica.marker.replica_id != marker.replica_id:
            continue
        try:
            put_small(backend, f"{folder}sign", b"the same place?")
            replica.backend.stat(f"{folder}sign")
        except ObjectNotFound:
            continue
        finally:
            backend.sweep(folder)
        raise SamePlace(replica=replica.name, url=backend.url)


def record_adoption(archive: Repository, replica: Replica, found: Adoption) -> None:
    """The journal says which versions the adopted replica holds, and when each was read."""
    bodies: list[dict[str, object]] = [
        {
            "aip_id": ref.aip_id,
            "place": ref.place.value,
            "version": ref.number,
            "replica": replica.name,
            "state": "verified",
            "verified_at": moment,
        }
        for ref, moment in found.verified
    ]
    archive.record_entries([("copy", body) for body in bodies])


def _examine(archive: Repository, candidate: Replica, progress: Progress) -> Adoption:
    found = Adoption()
    known: set[str] = set()
    summaries = list(archive.catalogue.aips())
    progress.phase("PROGRESS-ADOPT", files_total=len(summaries))
    for summary in summaries:
        newest = VersionRef(summary.place, summary.aip_id, summary.version)
        known.add(newest.object_prefix)
        if candidate.may_hold(summary.access):
            _examine_one(archive, candidate, newest, found)
        elif any(candidate.backend.list(newest.object_prefix)):
            found.differences.append(TooSecret(replica=candidate.name, key=newest.object_prefix))
        progress.advance(files=1)
    for place in Place:
        _examine_root(candidate, place, known, found)
    found.differences.extend(_examine_own_files(archive, candidate))
    return found


def _examine_root(
    candidate: Replica, place: Place, known: Collection[str], found: Adoption
) -> None:
    """The root's own files are right or missing, and nothing strange lies beside the dossiers."""
    found.differences.extend(
        UnknownThere(replica=candidate.name, key=key)
        for key in strange_in_root(candidate.backend, place, known)
    )
    try:
        _root_files_missing(candidate, place)
    except OtherBytes as error:
        found.differences.append(error)


def _examine_own_files(archive: Repository, candidate: Replica) -> Iterator[KhoError]:
    """What is wrong with the journal and the canaries there; both may be missing."""
    try:
        _examine_journal(archive, candidate)
    except (LedgerBroken, OtherJournal) as error:
        yield error
    for canary in PERMANENT:
        try:
            _is_there(candidate, canary.key, canary.planted)
        except OtherBytes as error:
            yield error


def _examine_journal(archive: Repository, candidate: Replica) -> None:
    """Every line there is the archive's own; the newest may be missing. The archive would
    believe whatever else stood there, or refuse all work."""
    last_line(candidate.backend)  # told as broken when the newest file is empty
    own = archive.catalogue.ledger_lines(after_seq=0)
    for line in read_lines(candidate.backend):
        known = next(own, None)
        if known is None or known.hash != line.hash:
            raise OtherJournal(replica=candidate.name, seq=line.seq)


def _root_files_missing(candidate: Replica, place: Place) -> list[str]:
    """The names of the root's own files that are not there; :class:`OtherBytes` for others."""
    return [
        name
        for name, content in root_files().items()
        if not _is_there(candidate, f"{place.value}/{name}", content)
    ]


def _is_there(candidate: Replica, key: str, content: bytes | None) -> bool:
    """Whether the file is there; :class:`OtherBytes` when it is not the one expected."""
    try:
        there, _token = candidate.backend.read_head(key)
    except ObjectNotFound:
        return False
    if there != content:
        raise OtherBytes(replica=candidate.name, key=key)
    return True


def _examine_one(
    archive: Repository, candidate: Replica, newest: VersionRef, found: Adoption
) -> None:
    """Every version up to the newest is the archive's own, byte for byte."""
    try:
        if not any(candidate.backend.list(newest.object_prefix)):
            found.missing += 1
            return
        own = _own_copy(archive, newest)
        for key in strange_in_object(candidate.backend, own):
            raise UnknownThere(replica=candidate.name, key=key)
        if committed_copy(candidate, newest) is None:
            found.missing += 1
            return
        _examine_head(candidate, own)
        verified = [
            _examine_version(archive, candidate, VersionRef(newest.place, newest.aip_id, number))
            for number in range(1, newest.number + 1)
        ]
    except (BackendUnavailable, AccessDenied):
        raise  # the store could not be asked; that is no difference
    except KhoError as error:
        found.differences.append(error)
    else:
        found.verified.extend(verified)


def _examine_head(candidate: Replica, own: CommittedCopy) -> None:
    """The root inventory and its sidecar are those of the newest version that there is."""
    prefix = own.ref.object_prefix
    if not _is_there(candidate, f"{prefix}{INVENTORY}", own.inventory_json):
        raise FileMissingThere(replica=candidate.name, key=f"{prefix}{INVENTORY}")
    if not _is_there(candidate, f"{prefix}{SIDECAR}", own.inventory_text.sidecar):
        raise FileMissingThere(replica=candidate.name, key=f"{prefix}{SIDECAR}")


def _examine_version(
    archive: Repository, candidate: Replica, ref: VersionRef
) -> tuple[VersionRef, str]:
    """The version and when it was read back; an error that says how it differs."""
    own = _own_copy(archive, ref)
    there = committed_copy(candidate, ref)
    if there is None or there.inventory_json != own.inventory_json:
        raise OtherInventory(replica=candidate.name, key=ref.version_prefix)
    (outcome,) = verify_copies(own, [candidate], now=archive.now)
    if isinstance(outcome.error, ReadBackFailed):
        raise OtherBytes(replica=candidate.name, key=outcome.error.fields["key"])
    if isinstance(outcome.error, ObjectNotFound):
        raise FileMissingThere(replica=candidate.name, key=outcome.error.fields["key"])
    if outcome.error is not None:
        raise outcome.error
    return ref, format_moment(outcome.verified_at or archive.now())


def _own_copy(archive: Repository, ref: VersionRef) -> CommittedCopy:
    """The archive's own copy of the version: the measure of the one that is looked at."""
    for replica in archive.replicas:
        try:
            own = committed_copy(replica, ref)
        except KhoError:
            continue  # a damaged or absent replica measures nothing
        if own is not None:
            return own
    raise NothingToCompare(replica="", key=ref.version_prefix)


def _marker(archive: Repository, settings: ReplicaSettings, url: str) -> ReplicaMarker:
    return ReplicaMarker(
        repository_id=RepositoryId(archive.id),
        replica_id=new_uuid(),
        name=settings.name,
        site=settings.site,
        medium=settings.medium,
        max_access=settings.max_access,
        networked=settings.networked or is_remote(url),
        created=format_moment(archive.now()),
    )


def _write_marker(backend: StorageBackend, marker: ReplicaMarker) -> None:
    """The marker of a clone is replaced; where there was none it is made."""
    content = encode(marker)
    if read_marker(backend) is None:
        put_small(backend, MARKER, content)
    else:
        backend.put_head(MARKER, content, replaces=backend.read_head(MARKER)[1])
    backend.settle("kho/")
