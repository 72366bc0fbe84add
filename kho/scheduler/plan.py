"""The plan: which tasks an archive has, made from its settings and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kho.scheduler.settings import cycles_of
from kho.settings import Settings
from preservation.due import ALWAYS, DAY, Policy, window_of


class TaskKind(StrEnum):
    """What a task does. Each is done as far as it is due, however often it is started."""

    AUDIT = "audit"
    AUDIT_SHA512 = "audit-sha512"
    SAMPLE = "sample"
    FILL = "fill"
    DRILL = "drill"
    AUDIT_SIGNATURES = "audit-signatures"
    SEAL = "ledger-seal"
    CHECK_LEDGER = "ledger-check"
    CHECK = "check"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its policy, what it does, and for audits on which replica."""

    policy: Policy
    kind: TaskKind
    replica: str = ""


def plan_of(settings: Settings) -> tuple[Task, ...]:
    """Every task of the archive, the ledger first: what happens next is then sealed tomorrow."""
    schedule = settings.schedule
    window = window_of(schedule.window)
    tasks = [
        Task(Policy(TaskKind.SEAL, DAY, ALWAYS), TaskKind.SEAL),
        Task(Policy(TaskKind.CHECK_LEDGER, 7 * DAY, window), TaskKind.CHECK_LEDGER),
        Task(Policy(TaskKind.CHECK, DAY / 4, ALWAYS), TaskKind.CHECK),
        Task(Policy(TaskKind.FILL, DAY / 4, window), TaskKind.FILL),
    ]
    audits = [TaskKind.SAMPLE, TaskKind.AUDIT, TaskKind.AUDIT_SHA512]
    for kind in audits[0 if schedule.sample_files else 1 :]:
        for replica in settings.repository.replicas:
            own = window_of(schedule.windows.get(replica.name, schedule.window))
            policy = Policy(f"{kind}:{replica.name}", DAY, own)
            tasks.append(Task(policy, kind, replica.name))
    drill_days = timedelta(days=cycles_of(schedule).drill)
    tasks.append(Task(Policy(TaskKind.DRILL, drill_days, window), TaskKind.DRILL))
    if schedule.signatures_days:
        days = timedelta(days=schedule.signatures_days)
        policy = Policy(TaskKind.AUDIT_SIGNATURES, days, window)
        tasks.append(Task(policy, TaskKind.AUDIT_SIGNATURES))
    if schedule.metrics_file:
        tasks.append(
            Task(Policy(TaskKind.METRICS, timedelta(minutes=15), ALWAYS), TaskKind.METRICS)
        )
    return tuple(tasks)
