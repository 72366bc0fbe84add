"""The audit: every byte of every replica read back and compared, longest unverified first.

Results and the cursor are committed every 1,000 files or 2 s; a run that is cut short goes on
where it stopped, because what it has seen is no longer due (design §9).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from preservation.accounted import KeySet
from preservation.audit_items import (
    AuditScope,
    accounted_keys,
    asked_items,
    due_items,
    still_stray,
    stray_prefixes,
)
from preservation.audit_result import AuditResult, DamageLine, Tally
from preservation.audit_telling import journal_body
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
from preservation.forgery import Standing, standing_of
from preservation.second_look import look_again
from preservation.supervise import (
    CANARIES_PER_WINDOW,
    CanaryCount,
    check_permanent,
    examine_window,
    with_one_entry_too_many,
)
from repository.archive import Repository
from repository.catalogue.damage import FileCheck
from repository.ocfl.inventory import INVENTORY
from repository.replica import Replica
from schemas.digests import Algorithm
from schemas.ids import new_uuid
from schemas.moments import format_moment
from schemas.nouns import Verdict
from schemas.progress import NoProgress, Progress

WINDOW_FILES = 1000
TIMED_FILES = 16
TIMED_BYTES = 1 << 30
UNKNOWN_BYTES = 16 << 10
"""What a file of the package is taken for; the catalogue knows sizes of submitted files."""
WINDOW_S = 2.0
MOMENT_S = 0.1


@dataclass(slots=True)
class _Run:
    """One run over one replica, as it goes."""

    run_id: str
    replica: Replica
    scope: AuditScope
    monotonic: Callable[[], float]
    stop: Callable[[], bool]
    tally: Tally = field(default_factory=Tally)
    canaries: CanaryCount = field(default_factory=CanaryCount)


def audit(
    archive: Repository,
    scope: AuditScope,
    *,
    seed: int,
    examiner: Examiner = examine,
    progress: Progress | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    stop: Callable[[], bool] = lambda: False,
) -> AuditResult:
    """The replicas were examined as far as the scope asks; damage is in the catalogue, the
    summary in the journal.

    What is due on a replica that cannot be reached is ``not_looked_at``. ``seed`` chooses the
    canaries and must not be known to the examiner. ``monotonic`` is the clock by which work is
    committed and limits are kept; the calendar clock, which may jump, decides neither. Once
    ``stop`` says so, the run ends after the file in hand, with what it has seen committed.
    """
    progress = progress or NoProgress()
    archive.prepare_to_write()
    started_s = monotonic()
    run_id = new_uuid()
    accounted: list[KeySet] = []
    runs: list[_Run] = []
    for replica in archive.replicas:
        if scope.replicas and replica.name not in scope.replicas:
            continue
        if runs and stop():
            break
        run = _Run(run_id, replica, scope, monotonic, stop)
        runs.append(run)
        rng = canary_rng(seed, replica.name)
        _audit_replica(archive, run, rng, examiner, progress, accounted)
    unreachable = [
        name for name in archive.unreachable if not scope.replicas or name in scope.replicas
    ]
    result = AuditResult.of(
        run_id,
        [(run.replica.name, run.tally, run.canaries) for run in runs],
        unreachable=unreachable,
        due_there=sum(1 for name in unreachable for _item in asked_items(archive, scope, name)),
        seconds=monotonic() - started_s,
    )
    result = msgspec.structs.replace(result, ledger_head=archive.ledger_head())
    archive.record_entries([("audit", journal_body(archive, result))])
    return msgspec.structs.replace(result, ledger_head=archive.ledger_head())


def _audit_replica(
    archive: Repository,
    run: _Run,
    rng: random.Random,
    examiner: Examiner,
    progress: Progress,
    accounted: list[KeySet],
) -> None:
    catalogue, name = archive.catalogue, run.replica.name
    catalogue.start_run(run.run_id, name, format_moment(archive.now()))
    started_s = run.monotonic()
    always = [] if run.scope.is_partial else root_items(run.scope.algorithm)
    due = due_items(archive, run.scope, name)
    progress.phase("PROGRESS-AUDIT", replica=name)
    try:
        check_permanent(run.replica.backend, examiner, run.canaries)
        for window in _windows(run, chain(always, due)):
            _examine_window(archive, run, window, rng, examiner, progress)
            if run.tally.stopped or _is_over(run, started_s):
                run.tally.cut_short = True
                break
        if not run.tally.stopped:
            _look_for_strays(archive, run, rng, accounted)
    except ReplicaGone as error:
        run.tally.gone = str(error)
    catalogue.finish_run(
        run.run_id,
        name,
        finished=format_moment(archive.now()),
        complete=not run.tally.gone and not run.tally.stopped and run.canaries.trustworthy,
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
    committed_s = run.monotonic()
    moment = _moments(archive, run.monotonic)
    for examined in _verdicts(run, window, rng, examiner):
        _count(archive, run, examined)
        progress.advance(files=1, size_bytes=examined.size_bytes)
        checks.append(_check(examined, moment(), run.scope.algorithm))
        if run.monotonic() - committed_s > WINDOW_S:
            archive.catalogue.record_checks(run.run_id, run.replica.name, checks, "")
            checks, committed_s = [], run.monotonic()
        if run.stop():
            run.tally.stopped = True
            break
    archive.catalogue.record_checks(run.run_id, run.replica.name, checks, window[-1].key)


def _moments(archive: Repository, monotonic: Callable[[], float]) -> Callable[[], str]:
    """The present moment as written; one second's looks share one."""
    written, until_s = "", 0.0

    def moment() -> str:
        nonlocal written, until_s
        now_s = monotonic()
        if not written or now_s >= until_s:
            written, until_s = format_moment(archive.now()), now_s + MOMENT_S
        return written

    return moment


def _verdicts(
    run: _Run, window: Sequence[Item], rng: random.Random, examiner: Examiner
) -> Iterator[Examined]:
    """One verdict for each item that was answered; what is not intact was looked at twice."""
    doubtful: list[Examined] = []
    since_s = 0.0
    for examined in examine_window(
        run.replica.backend,
        window,
        examiner,
        rng=rng,
        canaries=run.canaries,
        algorithm=run.scope.algorithm,
    ):
        if examined.verdict is Verdict.INTACT:
            yield examined
        else:
            since_s = since_s if doubtful else run.monotonic()
            doubtful.append(examined)
        if doubtful and run.monotonic() - since_s > WINDOW_S / 2:
            yield from _looked_at_twice(run, doubtful, examiner)
            doubtful = []
    yield from _looked_at_twice(run, doubtful, examiner)


def _looked_at_twice(
    run: _Run, doubtful: Sequence[Examined], examiner: Examiner
) -> Iterator[Examined]:
    backend, algorithm = run.replica.backend, run.scope.algorithm
    for look in look_again(backend, doubtful, examiner, algorithm=algorithm):
        if look.flaky:
            run.tally.flaky.append(look.examined.item.key)
        yield look.examined


def _count(archive: Repository, run: _Run, examined: Examined) -> None:
    run.tally.files += 1
    run.tally.bytes += examined.size_bytes
    run.tally.by_verdict[examined.verdict] += 1
    if examined.verdict is Verdict.INTACT:
        return
    item = examined.item
    if item.content_path == INVENTORY and item.aip_id:
        _weigh_inventory(archive, run, item)
    run.tally.damage.append(
        DamageLine(
            replica=run.replica.name,
            aip_id=item.aip_id,
            path=item.content_path if item.aip_id else item.key,
            verdict=examined.verdict.value,
        )
    )


def _weigh_inventory(archive: Repository, run: _Run, item: Item) -> None:
    """A root inventory that is not what it must be: rolled back, or made to look right?"""
    known = archive.catalogue.inventories(item.aip_id, item.place)
    if not known:
        return
    folder = item.key[: -len(INVENTORY)]
    standing = standing_of(run.replica.backend, folder, known).standing
    if standing is Standing.OLDER:
        run.tally.behind += 1
    elif standing is Standing.FORGED:
        run.tally.forged.append(item.aip_id)


def _look_for_strays(
    archive: Repository, run: _Run, rng: random.Random, accounted: list[KeySet]
) -> None:
    """Keys that nothing accounts for are listed; one that is not there must be found too.

    ``accounted`` holds what is accounted for once it was read: it is the same for all replicas.
    """
    prefixes = stray_prefixes(archive, run.scope)
    if not prefixes:
        return
    if not accounted:
        accounted.append(accounted_keys(archive, run.scope))
    extra = f"{prefixes[0]}{rng.getrandbits(64):016x}"
    store = with_one_entry_too_many(run.replica.backend, extra)
    found_extra = False
    strays = []
    for key in unexpected(store, prefixes, accounted[0]):
        if key == extra:
            found_extra = True
        else:
            strays.append(key)
    run.tally.unexpected += still_stray(archive, strays)
    run.canaries.tell("one listed entry too many", found=found_extra)


def _windows(run: _Run, items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in windows, which end early where the run has a limit: it is kept between two
    windows, and a thousand large files would go far beyond it."""
    window: list[Item] = []
    size_bytes = 0
    for item in items:
        window.append(item)
        size_bytes += _likely_bytes(item)
        if len(window) >= WINDOW_FILES or _is_enough(run, len(window), size_bytes):
            yield window
            window, size_bytes = [], 0
    if window:
        yield window


def _likely_bytes(item: Item) -> int:
    """What reading the item will count for; nothing for a root's own files, which every run
    reads: a window of them alone would use a small limit up, and nothing else ever be read."""
    if not item.aip_id:
        return 0
    return UNKNOWN_BYTES if item.size_bytes is None else item.size_bytes


def _is_enough(run: _Run, files: int, size_bytes: int) -> bool:
    """Whether a window of so many files and bytes ends here for the sake of a limit."""
    scope = run.scope
    if scope.limit_bytes is not None and run.tally.bytes + size_bytes >= scope.limit_bytes:
        return files >= CANARIES_PER_WINDOW and size_bytes > 0
    return scope.limit_s is not None and files >= TIMED_FILES and size_bytes >= TIMED_BYTES


def _is_over(run: _Run, started_s: float) -> bool:
    """Whether a limit of the scope has been reached."""
    scope = run.scope
    if scope.limit_bytes is not None and run.tally.bytes >= scope.limit_bytes:
        return True
    return scope.limit_s is not None and run.monotonic() - started_s >= scope.limit_s


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
