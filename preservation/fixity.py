"""The audit: every byte of every replica read back and compared, longest unverified first.

Results and the cursor are committed every 1,000 files or 2 s; a run that is cut short goes on
where it stopped, because what it has seen is no longer due (design §9).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import msgspec

from preservation.audit_items import AuditScope, accounted_keys, due_items, stray_prefixes
from preservation.audit_result import AuditResult, DamageLine, Tally
from preservation.canaries import canary_rng
from preservation.examine import (
    Examined,
    Examiner,
    Item,
    ReplicaGone,
    examine,
    root_items,
    unexpected,
)
from preservation.supervise import (
    CanaryCount,
    check_permanent,
    examine_window,
    with_one_entry_too_many,
)
from repository.archive import Repository
from repository.catalogue.damage import FileCheck
from repository.replica import Replica
from schemas.digests import Algorithm
from schemas.ids import new_uuid
from schemas.moments import format_moment
from schemas.nouns import Verdict
from schemas.progress import NoProgress, Progress

WINDOW_FILES = 1000
WINDOW_S = 2.0


@dataclass(slots=True)
class _Run:
    """One run over one replica, as it goes."""

    run_id: str
    replica: Replica
    scope: AuditScope
    tally: Tally = field(default_factory=Tally)
    canaries: CanaryCount = field(default_factory=CanaryCount)


def audit(
    archive: Repository,
    scope: AuditScope,
    *,
    seed: int,
    examiner: Examiner = examine,
    progress: Progress | None = None,
) -> AuditResult:
    """The replicas were examined as far as the scope asks; damage is in the catalogue, the
    summary in the journal.

    A replica that cannot be reached is counted in ``not_looked_at``. ``seed`` chooses the
    canaries and must not be known to the examiner.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    started_s = time.monotonic()
    run_id = new_uuid()
    runs: list[_Run] = []
    for replica in archive.replicas:
        if scope.replicas and replica.name not in scope.replicas:
            continue
        run = _Run(run_id, replica, scope)
        runs.append(run)
        _audit_replica(archive, run, canary_rng(seed, replica.name), examiner, progress)
    unreachable = [
        name for name in archive.unreachable if not scope.replicas or name in scope.replicas
    ]
    result = AuditResult.of(
        run_id,
        [(run.replica.name, run.tally, run.canaries) for run in runs],
        unreachable=unreachable,
        seconds=time.monotonic() - started_s,
    )
    archive.record_entries([("audit", msgspec.to_builtins(result))])
    return result


def _audit_replica(
    archive: Repository,
    run: _Run,
    rng: random.Random,
    examiner: Examiner,
    progress: Progress,
) -> None:
    catalogue, name = archive.catalogue, run.replica.name
    catalogue.start_run(run.run_id, name, format_moment(archive.now()))
    started_s = time.monotonic()
    always = [] if run.scope.is_partial else root_items()
    due = due_items(archive, run.scope, name)
    progress.phase("PROGRESS-AUDIT", replica=name)
    try:
        check_permanent(run.replica.backend, examiner, run.canaries)
        for window in _windows(chain(always, due)):
            _examine_window(archive, run, window, rng, examiner, progress)
            if _is_over(run, started_s):
                run.tally.cut_short = True
                break
        _look_for_strays(archive, run, rng)
    except ReplicaGone as error:
        run.tally.gone = str(error)
    catalogue.finish_run(
        run.run_id,
        name,
        finished=format_moment(archive.now()),
        complete=run.tally.gone == "" and run.canaries.trustworthy,
        summary=run.tally.summary(),
    )


def _examine_window(
    archive: Repository,
    run: _Run,
    window: Sequence[Item],
    rng: random.Random,
    examiner: Examiner,
    progress: Progress,
) -> None:
    """The window's files have verdicts, committed in batches of at most ``WINDOW_S``."""
    run.tally.due += len(window)
    checks: list[FileCheck] = []
    committed_s = time.monotonic()
    for examined in examine_window(
        run.replica.backend,
        window,
        examiner,
        rng=rng,
        canaries=run.canaries,
        algorithm=run.scope.algorithm,
    ):
        _count(archive, run, examined)
        progress.advance(files=1, size_bytes=examined.size_bytes)
        checks.append(_check(examined, format_moment(archive.now()), run.scope.algorithm))
        if time.monotonic() - committed_s > WINDOW_S:
            archive.catalogue.record_checks(run.run_id, run.replica.name, checks, "")
            checks, committed_s = [], time.monotonic()
    archive.catalogue.record_checks(run.run_id, run.replica.name, checks, window[-1].key)


def _count(archive: Repository, run: _Run, examined: Examined) -> None:
    run.tally.files += 1
    run.tally.bytes += examined.size_bytes
    run.tally.by_verdict[examined.verdict] += 1
    if examined.verdict is not Verdict.INTACT:
        item = examined.item
        if _is_behind(archive, examined):
            run.tally.behind += 1
        run.tally.damage.append(
            DamageLine(
                replica=run.replica.name,
                aip_id=item.aip_id,
                path=item.content_path,
                verdict=examined.verdict.value,
            )
        )


def _is_behind(archive: Repository, examined: Examined) -> bool:
    """Whether a root inventory is a whole older one: the object was rolled back."""
    if examined.item.content_path != "inventory.json" or not examined.found:
        return False
    facts = archive.catalogue.aip(examined.item.aip_id, examined.item.place)
    return facts is not None and examined.found in {
        version.inventory_sha256 for version in facts.versions[:-1]
    }


def _look_for_strays(archive: Repository, run: _Run, rng: random.Random) -> None:
    """Keys that nothing accounts for are listed; one that is not there must be found too."""
    prefixes = stray_prefixes(archive, run.scope)
    if not prefixes:
        return
    expected = accounted_keys(archive, run.scope)
    extra = f"{prefixes[0]}{rng.getrandbits(64):016x}"
    store = with_one_entry_too_many(run.replica.backend, extra)
    found_extra = False
    for key in unexpected(store, prefixes, expected):
        if key == extra:
            found_extra = True
        else:
            run.tally.unexpected.append(key)
    run.canaries.tell("one listed entry too many", found=found_extra)


def _windows(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while window := list(islice(iterator, WINDOW_FILES)):
        yield window


def _is_over(run: _Run, started_s: float) -> bool:
    """Whether a limit of the scope has been reached."""
    scope = run.scope
    if scope.limit_bytes is not None and run.tally.bytes >= scope.limit_bytes:
        return True
    return scope.limit_s is not None and time.monotonic() - started_s >= scope.limit_s


def _check(examined: Examined, moment: str, algorithm: Algorithm) -> FileCheck:
    item = examined.item
    return FileCheck(
        aip_id=item.aip_id,
        place=item.place,
        content_path=item.content_path,
        verdict=examined.verdict,
        verified_at=moment,
        algorithm=algorithm,
        key=item.content_key,
    )
