"""Restore: one AIP, one fonds or everything, from any one replica or the union of several.

Works without catalogue and settings. Every file is written to a ``.partial`` name, hashed
while it is written, made durable and renamed; a file that is already there and whole is
skipped, so an interrupted restore is simply run again. Nothing in the target is deleted, and
nothing different is overwritten. It ends with a proof that names every file and digest
(design §9).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preservation.restore_find import Found, find
from preservation.restore_flow import Flow
from preservation.restore_proof import ProofWriter, RestoreProof
from repository.replica import Replica
from schemas.errors import ConfigError
from schemas.ids import AipId
from schemas.moments import Clock
from schemas.progress import NoProgress, Progress
from schemas.records import Record


class TargetTooSmall(ConfigError):
    """The target has less free space than the restore needs; nothing was written."""

    code = "RESTORE-NO-SPACE"
    exit_code = 4


class NothingToRestore(ConfigError):
    """The replicas hold nothing that was asked for."""

    code = "RESTORE-NOTHING"
    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """What to give back, in which form, to where. Neither AIPs nor fonds means everything."""

    target: Path
    form: str = "folder"
    aip_ids: tuple[AipId, ...] = ()
    fonds: str = ""
    replace: bool = False
    include_held: bool = False


class RestorePreflight(Record, frozen=True, kw_only=True):
    """What a restore would take. ``expected_seconds`` is the least, judged by how fast the
    replicas answered so far; ``unreadable`` counts objects that cannot be given back."""

    format: str = "kho.restore-preflight/1"
    aips: int
    files: int
    bytes: int
    unreadable: int
    free_bytes: int
    enough_space: bool
    expected_seconds: float


def preflight(
    replicas: Sequence[Replica], request: RestoreRequest, *, progress: Progress | None = None
) -> RestorePreflight:
    """What the restore would take; nothing is written."""
    found = _find(replicas, request, progress or NoProgress())
    free_bytes = _free_bytes(request.target)
    return RestorePreflight(
        aips=len(found.candidates),
        files=found.files,
        bytes=found.size_bytes,
        unreadable=len(found.unreadable),
        free_bytes=free_bytes,
        enough_space=free_bytes >= found.size_bytes,
        expected_seconds=round(found.expected_s, 1),
    )


def restore(
    replicas: Sequence[Replica], request: RestoreRequest, *, now: Clock, progress: Progress
) -> RestoreProof:
    """Everything asked for is in the target, or the proof names what is not.

    :class:`NothingToRestore` and :class:`TargetTooSmall` before anything is written;
    :class:`TargetDiffers` as soon as a different file stands in the way.
    """
    started = now()
    found = _find(replicas, request, progress)
    free_bytes = _free_bytes(request.target)
    if free_bytes < found.size_bytes:
        raise TargetTooSmall(
            where=str(request.target), free_bytes=free_bytes, needed_bytes=found.size_bytes
        )
    request.target.mkdir(parents=True, exist_ok=True)
    progress.phase("PROGRESS-RESTORE", files_total=found.files, bytes_total=found.size_bytes)
    with ProofWriter(request.target, replicas, request.form, started) as proof:
        for replica_name, prefix in found.unreadable:
            proof.unreadable(replica_name, prefix)
        with Flow(
            request.target,
            request.form,
            replicas=replicas,
            replace=request.replace,
            proof=proof,
            progress=progress,
        ) as flow:
            flow.give_back(found.candidates)
        return proof.finish(now())


def _find(replicas: Sequence[Replica], request: RestoreRequest, progress: Progress) -> Found:
    progress.phase("PROGRESS-FIND")
    found = find(
        replicas,
        aip_ids=request.aip_ids,
        fonds=request.fonds,
        include_held=request.include_held,
        progress=progress,
    )
    if not found.candidates and not found.unreadable:
        raise NothingToRestore(
            fonds=request.fonds,
            aips=", ".join(request.aip_ids),
            replicas=", ".join(replica.name for replica in replicas),
        )
    return found


def _free_bytes(target: Path) -> int:
    existing = target
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free
