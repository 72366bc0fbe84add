"""Replication: one version to every replica, each in its own thread, each read back.

A replica that is down leaves the AIP under-replicated; it never blocks the others and never
counts. *Stored* means: read back and re-hashed on enough replicas in distinct failure
domains (promise 1).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue

from repository.ocfl.claims import Claim, VersionTaken, drop_claim, take_claim
from repository.ocfl.writer import VersionContent, head_number, read_back, write_version
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.moments import Clock
from schemas.nouns import StorageState
from schemas.progress import NoProgress, Progress
from storage_backends.interface import BackendUnavailable, StorageError


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """What became of one version on one replica; ``verified_at`` only after a read-back."""

    replica: Replica
    verified_at: datetime | None = None
    error: KhoError | None = None
    stalled: bool = False
    """It made no progress and was left to itself: its thread may still be writing, under the
    claim, so that nothing is taken back under its hands; recovery decides."""


class _Beating:
    """Passes progress on and remembers when the last of it came."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner
        self.last_s = time.monotonic()

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        self.last_s = time.monotonic()
        self._inner.phase(name, files_total=files_total, bytes_total=bytes_total, replica=replica)

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        self.last_s = time.monotonic()
        self._inner.advance(files=files, size_bytes=size_bytes)


def claim_everywhere(
    version: VersionContent, replicas: Sequence[Replica], claim: Claim
) -> tuple[list[Replica], list[CopyOutcome]]:
    """The version is claimed on every replica that answers: (claimed, failures).

    Claims are taken one replica after the other in one fixed order, so that of two writers
    one loses before it has written anything: :class:`VersionTaken`, and none of our claims
    is left. A version that is committed on one of them is taken too: whoever committed it may
    not have reached the others, and ours beside it would be a second truth.
    """
    claimed: list[Replica] = []
    failures: list[CopyOutcome] = []
    for replica in sorted(replicas, key=lambda replica: replica.name):
        try:
            take_claim(replica.backend, version.ref, claim)
        except VersionTaken:
            _drop_claims(version, claimed)
            raise
        except StorageError as error:
            failures.append(CopyOutcome(replica, error=error))
        else:
            claimed.append(replica)
    for replica in claimed:
        if _is_committed(replica, version):
            _drop_claims(version, claimed)
            raise VersionTaken(
                aip_id=version.ref.aip_id, version=version.ref.number, replica=replica.name
            )
    return claimed, failures


def _drop_claims(version: VersionContent, claimed: Sequence[Replica]) -> None:
    """Our claims are gone; one that cannot be dropped is left for recovery to find."""
    for mine in claimed:
        with suppress(StorageError):
            drop_claim(mine.backend, version.ref)


def _is_committed(replica: Replica, version: VersionContent) -> bool:
    try:
        return head_number(replica.backend, version.ref) >= version.ref.number
    except KhoError:
        return False  # writing there says what is wrong


def replicate(
    version: VersionContent, replicas: Sequence[Replica], *, now: Clock, progress: Progress
) -> list[CopyOutcome]:
    """The version is committed and read back on each claimed replica, or its outcome says why
    not. Returns when every replica has finished or made no progress for its deadline."""

    def write(replica: Replica, beat: _Beating) -> CopyOutcome:
        try:
            write_version(replica.backend, version, progress=beat)
        except KhoError as error:
            return CopyOutcome(replica, error=error)
        return CopyOutcome(replica, verified_at=now())

    return run_per_replica(replicas, write, progress)


def verify_copies(
    version: VersionContent, replicas: Sequence[Replica], *, now: Clock
) -> list[CopyOutcome]:
    """Each committed copy was read back and re-hashed again, or its outcome says why not."""
    outcomes = []
    for replica in replicas:
        try:
            read_back(replica.backend, version, progress=NoProgress())
        except KhoError as error:
            outcomes.append(CopyOutcome(replica, error=error))
        else:
            outcomes.append(CopyOutcome(replica, verified_at=now()))
    return outcomes


def run_per_replica(
    replicas: Sequence[Replica],
    act: Callable[[Replica, _Beating], CopyOutcome],
    progress: Progress,
) -> list[CopyOutcome]:
    """``act`` ran on every replica in a thread of its own; stalled ones are given up."""
    done: SimpleQueue[tuple[str, CopyOutcome | BaseException]] = SimpleQueue()
    beats = {replica.name: _Beating(progress) for replica in replicas}
    waiting = {replica.name: replica for replica in replicas}

    def run(replica: Replica) -> None:
        try:
            done.put((replica.name, act(replica, beats[replica.name])))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread whole
            done.put((replica.name, error))

    for replica in replicas:
        threading.Thread(target=run, args=(replica,), daemon=True, name=replica.name).start()
    outcomes: list[CopyOutcome] = []
    crash: BaseException | None = None
    while waiting:
        try:
            name, result = done.get(timeout=_patience_s(waiting, beats))
        except Empty:
            outcomes += _given_up(waiting, beats)
            continue
        replica = waiting.pop(name)
        if isinstance(result, BaseException):
            crash = crash or result
        else:
            outcomes.append(result)
    if crash is not None:
        raise crash
    return outcomes


def storage_state(
    verified: Sequence[Replica], *, min_copies: int, accept_shared: bool
) -> StorageState:
    """Whether that many read-back copies make a version *stored*."""
    domains = {
        replica.name if accept_shared else replica.backend.failure_domain for replica in verified
    }
    return StorageState.STORED if len(domains) >= min_copies else StorageState.UNDER_REPLICATED


def _patience_s(waiting: dict[str, Replica], beats: dict[str, _Beating]) -> float:
    now_s = time.monotonic()
    return max(
        0.01,
        min(
            beats[name].last_s + replica.settings.deadline_s - now_s
            for name, replica in waiting.items()
        ),
    )


def _given_up(waiting: dict[str, Replica], beats: dict[str, _Beating]) -> list[CopyOutcome]:
    now_s = time.monotonic()
    stalled = [
        replica
        for name, replica in waiting.items()
        if beats[name].last_s + replica.settings.deadline_s <= now_s
    ]
    for replica in stalled:
        del waiting[replica.name]
    return [
        CopyOutcome(
            replica,
            error=BackendUnavailable(
                backend=replica.name,
                key="",
                reason=f"no progress in {replica.settings.deadline_s} s",
            ),
            stalled=True,
        )
        for replica in stalled
    ]
