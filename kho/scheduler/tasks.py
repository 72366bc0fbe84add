"""The tasks themselves: each opens the archive, does what is due, and says what came of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from kho.notify.notices import Kind, Trouble
from kho.scheduler.observing import (
    broken_ledgers,
    damage,
    media_renewal,
    overdue,
    overdue_holding,
    under_replicated,
    unreachable,
    untrusted,
)
from kho.scheduler.outcomes import Ended, Outcome
from kho.scheduler.plan import Task, TaskKind
from kho.scheduler.settings import cycles_of
from kho.settings import Settings
from preservation.audit_items import AuditScope
from preservation.drill import NothingToDrill, drill
from preservation.due import Window
from preservation.fixity import audit
from preservation.signature_audit import SignatureScope, audit_signatures
from preservation.trust_keeping import current_trust
from repository.archive import Repository
from repository.catalogue import WorkItem
from repository.fill import fill
from repository.sealing import seal_ledger
from schemas.digests import Algorithm
from schemas.events import Agent
from schemas.moments import format_moment
from schemas.progress import Progress

SLICE_S = 3600.0
"""An audit gives way to other work after so long; what is left is taken up again."""
GRACE = timedelta(minutes=30)
"""What a run may take beyond the end of its hours before it is stopped between files."""


SHARE_FILES = 1000
"""So many files never read by SHA-512 are read in a day, however few the archive has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One piece of work in hand."""

    settings: Settings
    archive: Repository
    task: Task
    item: WorkItem
    stop: Callable[[], bool]
    progress: Progress
    agent: Agent


def do(doing: Doing) -> Ended:
    """The work was done as far as it could be; errors of ours are the caller's."""
    ended = _TASKS[doing.task.kind](doing)
    return replace(ended, ledger_head=doing.archive.ledger_head())


def _audit(doing: Doing) -> Ended:
    algorithm: Algorithm = "sha512" if doing.task.kind is TaskKind.AUDIT_SHA512 else "sha256"
    cycles = cycles_of(doing.settings.schedule)
    scope = AuditScope(
        replicas=(doing.task.replica,),
        due_after_days=cycles.sha512 if algorithm == "sha512" else cycles.audit,
        never_limit=_share(doing, cycles.sha512) if algorithm == "sha512" else None,
        algorithm=algorithm,
        limit_s=_seconds_left(doing),
    )
    return _run_audit(doing, scope)


def _share(doing: Doing, cycle_days: int) -> int:
    """How many files never read so may be read in a day: half a cycle reads them all. At once,
    the first audit of an archive would read everything, and so would one a cycle later."""
    archive = doing.archive
    seen = archive.catalogue.coverage(doing.task.replica, now=format_moment(archive.now()))
    return max(SHARE_FILES, 2 * seen.files // cycle_days)


def _sample(doing: Doing) -> Ended:
    scope = AuditScope(
        replicas=(doing.task.replica,),
        sample_files=doing.settings.schedule.sample_files,
        sample_seed=doing.item.seed,
        limit_s=_seconds_left(doing),
    )
    return _run_audit(doing, scope)


def _run_audit(doing: Doing, scope: AuditScope) -> Ended:
    archive = doing.archive
    # The engine must not be able to guess which entries are canaries: never the row's seed.
    result = audit(
        archive,
        scope,
        seed=secrets.randbits(64),
        progress=doing.progress,
        stop=_stopping(doing),
    )
    figures = {
        "run_id": result.run_id,
        "files": result.files,
        "bytes": result.bytes,
        "seconds": result.seconds,
        "damaged": len(result.damage),
        "unexpected": result.unexpected,
        "canaries_planted": result.canaries.planted,
        "canaries_found": result.canaries.found,
    }
    outcome = Outcome.DONE
    if result.unreachable:
        outcome = Outcome.UNREACHABLE
    elif not result.is_trustworthy:
        outcome = Outcome.UNTRUSTED
    elif not result.complete:
        outcome = Outcome.STOPPED
    elif result.found_damage:
        outcome = Outcome.DAMAGE
    more = outcome is Outcome.STOPPED or _is_more_due(doing, scope, result.files)
    troubles = (
        *damage(archive),
        *untrusted(archive, doing.task.policy.name, is_untrusted=outcome is Outcome.UNTRUSTED),
        *unreachable(archive),
    )
    return Ended(outcome, figures, troubles, more)


def _is_more_due(doing: Doing, scope: AuditScope, read: int) -> bool:
    """Whether the run ended before it had looked at everything that is due, but for what of
    the files never read is left for other days."""
    if scope.sample_files or not doing.archive.unreachable.keys().isdisjoint(scope.replicas):
        return False
    now = doing.archive.now()
    before = format_moment(now - timedelta(days=scope.due_after_days))
    has_share = scope.never_limit is not None and read >= scope.never_limit
    due = doing.archive.catalogue.due_files(
        doing.task.replica,
        before=before,
        now=format_moment(now),
        limit=1,
        never_limit=0 if has_share else None,
        algorithm=scope.algorithm,
    )
    return any(True for _ in due)


def _fill(doing: Doing) -> Ended:
    report = fill(doing.archive, progress=doing.progress, stop=_stopping(doing))
    figures = {"aips": report.aips, "copied": report.copied, "failures": len(report.failures)}
    away = bool(report.failures) or bool(doing.archive.unreachable)
    outcome = Outcome.UNREACHABLE if away else Outcome.DONE
    troubles = (*under_replicated(doing.archive), *unreachable(doing.archive))
    return Ended(outcome, figures, troubles, more=report.stopped)


def _drill(doing: Doing) -> Ended:
    if not any(True for _ in doing.archive.catalogue.aips()):
        return Ended(Outcome.DONE, {"aips": 0})
    try:
        result = drill(
            doing.archive,
            aips=doing.settings.schedule.drill_aips,
            seed=doing.item.seed,
            progress=doing.progress,
        )
    except NothingToDrill as error:
        name = str(error.fields["replica"])
        trouble = Trouble(Kind.DRILL_FAILED, 1, (name,))
        return Ended(Outcome.UNTRUSTED, {"replica": name}, (trouble,))
    outcome = Outcome.DONE if result.is_trustworthy else Outcome.UNTRUSTED
    if result.failed:
        outcome = Outcome.DAMAGE
    figures = {
        "drill_id": result.drill_id,
        "replica": result.replica,
        "aips": len(result.aips),
        "files": result.files,
        "bytes": result.bytes,
        "seconds": result.seconds,
        "failed": result.failed,
        "whole_seconds": result.whole_seconds,
    }
    bad = outcome is not Outcome.DONE
    trouble = Trouble(Kind.DRILL_FAILED, int(bad), (result.replica,))
    return Ended(outcome, figures, (trouble, *unreachable(doing.archive)))


def _audit_signatures(doing: Doing) -> Ended:
    doing.archive.prepare_to_write()
    if not current_trust(doing.archive).has_anchors:
        return Ended(Outcome.DONE, {"aips": 0})  # no trust can be established: nothing to renew
    result = audit_signatures(
        doing.archive,
        SignatureScope(limit_s=_seconds_left(doing)),
        agents=(doing.agent,),
        workers=doing.settings.ingest.workers,
        progress=doing.progress,
        stop=_stopping(doing),
    )
    figures = {
        "run_id": result.run_id,
        "aips": result.aips,
        "files": result.files,
        "better": result.better,
        "worse": result.worse,
        "not_looked_at": len(result.not_looked_at),
    }
    away = bool(result.not_looked_at) and bool(doing.archive.unreachable)
    outcome = Outcome.UNREACHABLE if away else Outcome.DONE
    troubles = unreachable(doing.archive)
    if result.worse:  # told as it happens; nothing makes it be over
        troubles += (Trouble(Kind.WORSE_SIGNATURES, result.worse),)
    return Ended(outcome, figures, troubles, more=not result.complete)


def _seal(doing: Doing) -> Ended:
    sealed = seal_ledger(doing.archive, agents=(doing.agent,))
    figures = {
        "aips": len(sealed),
        "first": sealed[0].first if sealed else 0,
        "last": sealed[-1].last if sealed else 0,
    }
    return Ended(Outcome.DONE, figures)


def _check_ledger(doing: Doing) -> Ended:
    """Every replica's chain was followed from its first line: new lines go behind a broken one
    unnoticed, and no audit of files looks at them."""
    troubles = broken_ledgers(doing.archive)
    broken = sum(trouble.count for trouble in troubles)
    outcome = Outcome.DAMAGE if broken else Outcome.DONE
    return Ended(outcome, {"broken": broken}, (*troubles, *unreachable(doing.archive)))


def _check(doing: Doing) -> Ended:
    """What must be told although no other task would see it."""
    archive = doing.archive
    troubles = (
        *unreachable(archive),
        *damage(archive),
        *under_replicated(archive),
        *overdue(archive, cycles_of(doing.settings.schedule).audit),
        *overdue_holding(archive, doing.settings.ingest.decision_days),
        *media_renewal(archive, doing.settings.media),
    )
    figures = {str(trouble.kind): trouble.count for trouble in troubles}
    return Ended(Outcome.DONE, figures, troubles)


def _metrics(doing: Doing) -> Ended:
    from kho.reports.metrics import collect, metrics_path, write_metrics

    path = metrics_path(doing.settings)
    write_metrics(path, collect(doing.archive, doing.settings))
    return Ended(Outcome.DONE)


_TASKS: dict[TaskKind, Callable[[Doing], Ended]] = {
    TaskKind.AUDIT: _audit,
    TaskKind.AUDIT_SHA512: _audit,
    TaskKind.SAMPLE: _sample,
    TaskKind.FILL: _fill,
    TaskKind.DRILL: _drill,
    TaskKind.AUDIT_SIGNATURES: _audit_signatures,
    TaskKind.SEAL: _seal,
    TaskKind.CHECK_LEDGER: _check_ledger,
    TaskKind.CHECK: _check,
    TaskKind.METRICS: _metrics,
}


def _seconds_left(doing: Doing) -> float:
    """How long a run may take: a slice, or what is left of the hours."""
    left = doing.task.policy.window.left(doing.archive.now())
    return SLICE_S if left is None else min(SLICE_S, max(left.total_seconds(), 1.0))


def _stopping(doing: Doing) -> Callable[[], bool]:
    """Whether to end between two files: asked to, or far beyond the hours."""
    window: Window = doing.task.policy.window
    look_at_s = 0.0
    beyond = False

    def stop() -> bool:
        nonlocal look_at_s, beyond
        if doing.stop():
            return True
        if time.monotonic() >= look_at_s:  # asked after every file: the hours once a second
            look_at_s = time.monotonic() + 1.0
            now = doing.archive.now()
            beyond = not (window.is_open(now) or window.is_open(now - GRACE))
        return beyond

    return stop
