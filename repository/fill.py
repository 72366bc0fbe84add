"""Fill: what a replica lacks is copied to it from copies that prove themselves on the way.

Completes under-replicated AIPs after an outage and brings a new replica up to date. It can be
interrupted and run again: what is there and committed is not copied twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from repository.archive import Repository
from repository.catalogue import AipSummary
from repository.copying import CommittedCopy, committed_copy
from repository.entries import copy_body
from repository.ocfl.claims import VersionRef, VersionTaken
from repository.ocfl.writer import head_number, read_back, write_root_sidecar, write_version
from repository.recovery import take_back
from repository.replica import Replica
from repository.replication import CopyOutcome, claim_everywhere
from repository.versions import expected_inventory
from schemas.errors import KhoError, RepositoryError
from schemas.progress import NoProgress, Progress
from storage_backends.interface import AccessDenied, BackendUnavailable, NoSpace

_NO_DAMAGE = (BackendUnavailable, AccessDenied, NoSpace, VersionTaken)


class NoIntactSource(RepositoryError):
    """No reachable replica holds the version as the catalogue knows it."""

    code = "REPO-NO-SOURCE"
    exit_code = 4


class VersionDiffers(RepositoryError):
    """A replica holds another version under this number than the catalogue knows."""

    code = "REPO-VERSION-DIFFERS"


@dataclass(frozen=True, slots=True)
class FillFailure:
    """One AIP that could not be completed on one replica, and why."""

    aip_id: str
    replica: str
    reason: KhoError

    @property
    def is_damage(self) -> bool:
        """Whether it tells of bytes. A store that is away, full or refuses us tells of itself,
        and another writer only came first."""
        return not isinstance(self.reason, _NO_DAMAGE)


@dataclass(slots=True)
class FillReport:
    """What a fill did."""

    aips: int = 0
    copied: int = 0
    already_there: int = 0
    not_allowed: int = 0
    """Copies that the secrecy gates forbid."""
    stopped: bool = False
    failures: list[FillFailure] = field(default_factory=list)


def fill(
    archive: Repository,
    *,
    only: Sequence[str] = (),
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> FillReport:
    """Every AIP is on every reachable replica that may hold it (or on those in ``only``).

    Each copy made was read back and is in the journal; what could not be copied is named. Once
    ``stop`` says so, the fill ends before the next AIP.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    targets = [replica for replica in archive.replicas if not only or replica.name in only]
    report = FillReport()
    progress.phase("PROGRESS-FILL")
    for summary in archive.catalogue.aips():
        if stop():
            report.stopped = True
            break
        report.aips += 1
        held = _held(archive, summary)
        for target in targets:
            if held.get(target.name) == summary.version:
                report.already_there += 1
            elif not target.may_hold(summary.access):
                report.not_allowed += 1
            else:
                missing = range(held.get(target.name, 0) + 1, summary.version + 1)
                _fill_one(archive, summary, target, missing, report, progress)
    return report


def _held(archive: Repository, summary: AipSummary) -> dict[str, int]:
    """The newest version of the AIP that each replica ever held, read back. What became of it
    since is for audit and repair: fill would move a damaged copy aside, with what may be the
    last intact bytes of some file."""
    held: dict[str, int] = {}
    for copy in archive.catalogue.copies(summary.aip_id):
        if copy.place is summary.place and copy.state == "verified":
            held[copy.replica] = max(held.get(copy.replica, 0), copy.version)
    return held


def _fill_one(
    archive: Repository,
    summary: AipSummary,
    target: Replica,
    missing: Iterable[int],
    report: FillReport,
    progress: Progress,
) -> None:
    try:
        for number in missing:
            ref = VersionRef(summary.place, summary.aip_id, number)
            copy_version(archive, ref, target, progress)
    except KhoError as error:
        report.failures.append(FillFailure(summary.aip_id, target.name, error))
        if isinstance(error, BackendUnavailable):
            named = str(error.fields.get("backend", ""))
            known = {replica.name for replica in archive.replicas}
            archive.unreachable.setdefault(named if named in known else target.name, error)
    else:
        report.copied += 1


def copy_version(
    archive: Repository, ref: VersionRef, target: Replica, progress: Progress
) -> None:
    """The version is committed and read back on ``target``, and the journal says so.

    Sources are tried one after the other: a damaged one fails by its digest and leaves
    nothing. The last source's error is raised when none could give it.
    :class:`VersionDiffers` when the target holds another version under this number than the
    catalogue knows: damaged, or of another history; neither is recorded as a copy.
    """
    there = committed_copy(target, ref)
    if there is not None and not _is_expected(archive, there):
        raise VersionDiffers(aip_id=ref.aip_id, version=ref.number, replica=target.name)
    if there is None:
        _check_predecessor(archive, ref, target)
        _copy_from_any(archive, ref, target, progress)
    else:
        read_back(target.backend, there, progress=progress)
        if head_number(target.backend, ref) == ref.number:
            write_root_sidecar(target.backend, ref.object_prefix, there.inventory_text.sidecar)
    outcome = CopyOutcome(target, verified_at=archive.now())
    archive.record_entries([("copy", copy_body(ref, outcome))])


def _check_predecessor(archive: Repository, ref: VersionRef, target: Replica) -> None:
    """The target stands at the version before, whole: on a damaged or rolled-back inventory
    nothing is built; repair comes first."""
    if ref.number == 1:
        return
    before = VersionRef(ref.place, ref.aip_id, ref.number - 1)
    there = committed_copy(target, before)
    if there is None or not _is_expected(archive, there):
        raise VersionDiffers(aip_id=ref.aip_id, version=before.number, replica=target.name)


def _copy_from_any(
    archive: Repository, ref: VersionRef, target: Replica, progress: Progress
) -> None:
    failure: KhoError | None = None
    for source in _sources(archive, ref, target):
        claimed, failures = claim_everywhere(source, [target], archive.claim_for(source))
        if failures and failures[0].error is not None:
            raise failures[0].error
        try:
            write_version(claimed[0].backend, source, progress=progress)
        except KhoError as error:
            with suppress(KhoError):  # a replica that fails keeps its claim, for recovery
                take_back(target, ref)
            failure = error
        else:
            return
    # An intact copy may lie on a replica that could not be asked: then nothing is known.
    away = (error for name, error in archive.unreachable.items() if name != target.name)
    raise (
        failure
        or next(away, None)
        or NoIntactSource(aip_id=ref.aip_id, version=ref.number, replica=target.name)
    )


def _sources(archive: Repository, ref: VersionRef, target: Replica) -> Iterator[CommittedCopy]:
    """The other replicas' copies whose inventory is the one that the catalogue knows: content
    proves itself by the inventory, but the inventory only by somebody who remembers it."""
    for replica in archive.replicas:
        if replica.name == target.name:
            continue
        try:
            copy = committed_copy(replica, ref)
        except (BackendUnavailable, AccessDenied) as error:
            archive.unreachable.setdefault(replica.name, error)
            continue
        except KhoError:
            continue
        if copy is not None and _is_expected(archive, copy):
            yield copy


def _is_expected(archive: Repository, copy: CommittedCopy) -> bool:
    found = hashlib.sha256(copy.inventory_json).hexdigest()
    return expected_inventory(archive, copy.ref) == found
