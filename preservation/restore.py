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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from preservation.restore_find import Candidate, Found, facts_of, find, views_of
from preservation.restore_forms import FORMS, RestoreForm
from preservation.restore_proof import ProofWriter, RestoreProof
from preservation.restore_write import restore_file
from repository.aip.views import CopyView
from repository.replica import Replica
from schemas.errors import ConfigError
from schemas.ids import AipId
from schemas.moments import Clock
from schemas.progress import Progress

_WRITERS = 8


class TargetDiffers(ConfigError):
    """A different file stands in the target; nothing was overwritten."""

    code = "RESTORE-TARGET-DIFFERS"


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


def restore(
    replicas: Sequence[Replica], request: RestoreRequest, *, now: Clock, progress: Progress
) -> RestoreProof:
    """Everything asked for is in the target, or the proof names what is not.

    :class:`NothingToRestore` and :class:`TargetTooSmall` before anything is written;
    :class:`TargetDiffers` as soon as a different file stands in the way.
    """
    started = now()
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
    _require_space(request.target, found)
    request.target.mkdir(parents=True, exist_ok=True)
    progress.phase("PROGRESS-RESTORE", files_total=found.files, bytes_total=found.size_bytes)
    form = FORMS[request.form]
    with ProofWriter(request.target, replicas, request.form, started) as proof:
        for replica_name, prefix in found.unreadable:
            proof.unreadable(replica_name, prefix)
        with ThreadPoolExecutor(_WRITERS) as pool:
            for candidate in found.candidates:
                _restore_one(candidate, form, request, pool, proof, progress)
        return proof.finish(now())


def _restore_one(
    candidate: Candidate,
    form: RestoreForm,
    request: RestoreRequest,
    pool: ThreadPoolExecutor,
    proof: ProofWriter,
    progress: Progress,
) -> None:
    views = views_of(candidate)
    facts = facts_of(views)
    if facts is None:
        proof.unreadable(candidate.replicas[0].name, candidate.prefix)
        return
    plan = form(CopyView(views[0]), facts)
    folder = request.target / (plan.folder or candidate.aip_id)
    for directory in plan.directories:
        (folder / directory).mkdir(parents=True, exist_ok=True)
    write = partial(restore_file, folder, views=views, replace=request.replace)
    proof.begin(facts)
    for file, result in zip(plan.files, pool.map(write, plan.files), strict=True):
        if result.in_the_way:
            raise TargetDiffers(path=str(folder / file.path))
        proof.file(facts.aip_id, file, result)
        progress.advance(files=1, size_bytes=result.size_bytes)
    if plan.finish is not None:
        plan.finish(folder)
    proof.end()


def _require_space(target: Path, found: Found) -> None:
    existing = target
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < found.size_bytes:
        raise TargetTooSmall(where=str(target), free_bytes=free, needed_bytes=found.size_bytes)
