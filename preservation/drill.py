"""Restore drills: a random sample is really given back from one replica, and compared.

An audit proves that bytes are there; a drill proves that the way back works and measures how
long it takes. What came back is compared with the catalogue's digests, not with the replica's
own inventories, so that a replica that was rolled back or forged does not pass.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from preservation.drill_result import DrillFailure, DrillResult
from preservation.restore import NothingToRestore, RestoreRequest, restore
from repository.archive import Repository
from repository.catalogue import AipSummary
from repository.discretion import WITHHELD
from repository.facts import FileFacts
from repository.locks import held
from repository.replica import Replica
from schemas.digests import CHUNK_BYTES
from schemas.errors import RepositoryError
from schemas.ids import AipId, new_uuid
from schemas.moments import format_moment
from schemas.nouns import Access, Place, Verdict
from schemas.progress import NoProgress, Progress

MOST_FAILURES = 100
"""Failures named in the result; all are counted."""


class ReplicaAway(RepositoryError):
    """The replica to be drilled cannot be reached; nothing was tried."""

    code = "DRILL-REPLICA-AWAY"
    exit_code = 4


class NothingToDrill(RepositoryError):
    """No AIP has a copy on the replica that was ever read back."""

    code = "DRILL-NOTHING"
    exit_code = 5


@dataclass(slots=True)
class _Compared:
    files: int = 0
    size_bytes: int = 0
    data_bytes: int = 0
    failed: int = 0
    failures: list[DrillFailure] = field(default_factory=list)
    intact: list[tuple[Path, FileFacts]] = field(default_factory=list)
    """Two files that came back whole, to alter on purpose."""


def drill(
    archive: Repository,
    *,
    replica: str = "",
    aips: int = 5,
    seed: str,
    progress: Progress | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> DrillResult:
    """A sample that ``seed`` chooses came back from the replica, or the result says what did
    not; it is in the journal, and the scratch folder is empty again.

    Without a name the replica that was drilled longest ago is taken. One drill at a time.
    :class:`ReplicaAway`, :class:`NothingToDrill`.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    source = _source(archive, replica)
    sample = draw(archive, source.name, aips, seed)
    if not sample:
        raise NothingToDrill(replica=source.name)
    started = archive.now()
    with held(archive.root / "locks" / "drill.lock"):
        scratch = archive.root / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed drill left
        scratch.mkdir(mode=0o700)
        try:
            seconds = _give_back(source, sample, scratch, archive, progress, monotonic)
            compared = _compare(archive, sample, scratch)
            planted, found = _canaries(compared.intact)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    result = _result(archive, source.name, seed, started, sample, seconds, compared)
    result = msgspec.structs.replace(result, canaries_planted=planted, canaries_found=found)
    archive.record_entries([("drill", msgspec.to_builtins(_discreet(archive, result)))])
    return msgspec.structs.replace(result, ledger_head=archive.ledger_head())


def _result(
    archive: Repository,
    replica: str,
    seed: str,
    started: datetime,
    sample: Sequence[AipId],
    seconds: float,
    compared: _Compared,
) -> DrillResult:
    whole = sum(fonds.data_bytes for fonds in archive.catalogue.fonds())
    share = whole / compared.data_bytes if compared.data_bytes else 0.0
    return DrillResult(
        drill_id=new_uuid(),
        replica=replica,
        seed=seed,
        started=format_moment(started),
        aips=tuple(sample),
        files=compared.files,
        bytes=compared.size_bytes,
        seconds=round(seconds, 3),
        bytes_per_s=int(compared.size_bytes / seconds) if seconds > 0 else 0,
        whole_bytes=whole,
        whole_seconds=round(seconds * share, 1),
        failed=compared.failed,
        failures=tuple(compared.failures),
        ledger_head=archive.ledger_head(),
    )


def _discreet(archive: Repository, result: DrillResult) -> DrillResult:
    """The result as every replica may keep it: files of secret dossiers are not named."""
    failures = tuple(
        msgspec.structs.replace(failure, path=WITHHELD)
        if any(s.access is Access.SECRET for s in archive.catalogue.find(failure.aip_id))
        else failure
        for failure in result.failures
    )
    return msgspec.structs.replace(result, failures=failures)


def draw(archive: Repository, replica: str, count: int, seed: str) -> list[AipId]:
    """So many AIPs whose newest version was read back on the replica, chosen by ``seed``."""
    rng = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    drawn: list[AipSummary] = []
    pool = 8 * count
    for number, summary in enumerate(archive.catalogue.aips(place=Place.ARCHIVE)):
        if number < pool:
            drawn.append(summary)
        elif (place := rng.randint(0, number)) < pool:
            drawn[place] = summary
    rng.shuffle(drawn)
    there = (s for s in drawn if _has_copy(archive, s, replica))
    return [summary.aip_id for summary, _ in zip(there, range(count), strict=False)]


def _has_copy(archive: Repository, summary: AipSummary, replica: str) -> bool:
    return any(
        copy.replica == replica
        and copy.place is summary.place
        and copy.version == summary.version
        and copy.state == "verified"
        for copy in archive.catalogue.copies(summary.aip_id)
    )


def _source(archive: Repository, name: str) -> Replica:
    """The replica of that name, else the one drilled longest ago among those that answer."""
    reached = {replica.name: replica for replica in archive.replicas}
    if name:
        if name not in reached:
            raise ReplicaAway(replica=name)
        return reached[name]
    if not reached:
        raise ReplicaAway(replica=", ".join(archive.unreachable))
    last = dict.fromkeys(sorted(reached), 0)
    for line in archive.catalogue.ledger_lines(kind="drill"):
        if line.body.get("replica") in last:
            last[str(line.body["replica"])] = line.seq
    return reached[min(last, key=lambda each: last[each])]


def _give_back(
    source: Replica,
    sample: Sequence[AipId],
    scratch: Path,
    archive: Repository,
    progress: Progress,
    monotonic: Callable[[], float],
) -> float:
    """The sample was given back as far as the replica could; how many seconds it took."""
    started_s = monotonic()
    request = RestoreRequest(target=scratch, aip_ids=tuple(sample))
    with suppress(NothingToRestore):  # every file of the sample is found absent
        restore([source], request, now=archive.now, progress=progress)
    return monotonic() - started_s


def _compare(archive: Repository, sample: Sequence[AipId], scratch: Path) -> _Compared:
    """Every file of the sample, as it lies in the scratch folder, against the catalogue."""
    compared = _Compared()
    for aip_id in sample:
        for file in _logical_files(archive, aip_id):
            path = scratch / aip_id / file.logical_path
            verdict, size_bytes = _look(path, file)
            compared.files += 1
            compared.size_bytes += size_bytes
            compared.data_bytes += size_bytes if file.role == "data" else 0
            if verdict is Verdict.INTACT:
                if size_bytes and len(compared.intact) < 2:
                    compared.intact.append((path, file))
                continue
            compared.failed += 1
            if len(compared.failures) < MOST_FAILURES:
                failure = DrillFailure(
                    aip_id=aip_id, path=file.logical_path, verdict=verdict.value
                )
                compared.failures.append(failure)
    return compared


def _logical_files(archive: Repository, aip_id: AipId) -> Iterator[FileFacts]:
    for file in archive.catalogue.files(aip_id, Place.ARCHIVE):
        if not file.logical_path.startswith("/"):
            yield file


def _look(path: Path, file: FileFacts) -> tuple[Verdict, int]:
    found = hashlib.sha512()
    size_bytes = 0
    try:
        with path.open("rb", buffering=0) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                found.update(chunk)
                size_bytes += len(chunk)
    except FileNotFoundError:
        return Verdict.ABSENT, 0
    except OSError:
        return Verdict.UNREADABLE, 0
    intact = found.hexdigest() == file.sha512
    return (Verdict.INTACT if intact else Verdict.ALTERED), size_bytes


def _canaries(intact: Sequence[tuple[Path, FileFacts]]) -> tuple[int, int]:
    """How many files were spoilt on purpose, and how many of them the comparison found."""
    found = 0
    for number, (path, file) in enumerate(intact):
        if number:
            path.unlink()
            found += _look(path, file)[0] is Verdict.ABSENT
        else:
            path.chmod(0o600)
            with path.open("r+b") as stream:
                first = stream.read(1)
                stream.seek(0)
                stream.write(bytes([first[0] ^ 1]))
            found += _look(path, file)[0] is Verdict.ALTERED
    return len(intact), found
