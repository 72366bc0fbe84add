"""Figures for Prometheus: a text file for the node exporter's textfile collector.

Names of replicas and tasks are labels; nothing that a dossier says is in it.

Source: Prometheus text exposition format 0.0.4; node_exporter reads ``*.prom`` files and
wants them replaced in one rename.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kho.notify.channels import channel_names
from kho.scheduler.observing import under_replicated
from kho.scheduler.settings import cycles_of
from kho.settings import Settings
from repository.archive import Repository
from repository.catalogue import Catalogue
from schemas.moments import format_moment, parse_moment
from schemas.nouns import Verdict

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Metric:
    """One metric: its samples by labels."""

    name: str
    meaning: str
    kind: str = "gauge"
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> None:
        """One more sample."""
        self.samples.append((tuple(labels.items()), value))


def collect(archive: Repository, settings: Settings) -> list[Metric]:
    """How the archive fares now."""
    now = archive.now()
    metrics = [*_holdings(archive), *_fixity(archive, settings, now), *_replicas(archive)]
    metrics += _tasks(archive.catalogue, channel_names(settings.notify))
    ledger = Metric("kho_ledger_height", "Lines of the ledger.", "counter")
    ledger.add(archive.catalogue.ledger_head().seq)
    made = Metric("kho_metrics_timestamp_seconds", "When these figures were made.")
    made.add(now.timestamp())
    return [*metrics, ledger, made]


def _holdings(archive: Repository) -> list[Metric]:
    aips = Metric("kho_aips", "AIPs of the archive.")
    files = Metric("kho_data_files", "Submitted files kept.")
    size = Metric("kho_data_bytes", "Submitted bytes kept.")
    fonds = archive.catalogue.fonds()
    aips.add(sum(one.aips for one in fonds))
    files.add(sum(one.data_files for one in fonds))
    size.add(sum(one.data_bytes for one in fonds))
    few = Metric("kho_under_replicated_aips", "AIPs with copies in too few failure domains.")
    few.add(under_replicated(archive)[0].count)
    return [aips, files, size, few]


def _fixity(archive: Repository, settings: Settings, now: datetime) -> list[Metric]:
    files = Metric("kho_files", "Files on a replica by the verdict of the last look.")
    age = Metric("kho_oldest_verified_age_seconds", "Age of the look that is longest ago.")
    covered = Metric("kho_coverage_ratio", "Share of a replica's files ever looked at.")
    late = Metric("kho_overdue_files", "Files not proved within their cycle.")
    open_damage = Metric("kho_damaged_files", "Files found not intact and not healed since.")
    cycle_s = cycles_of(settings.schedule).audit * 86_400
    before = datetime.fromtimestamp(now.timestamp() - cycle_s, tz=now.tzinfo)
    for replica in settings.repository.replicas:
        name = replica.name
        seen = archive.catalogue.coverage(name, now=format_moment(now))
        for verdict in Verdict:
            files.add(seen.by_verdict.get(verdict, 0), replica=name, verdict=verdict.value)
        files.add(seen.never, replica=name, verdict="never-verified")
        covered.add(1 - seen.never / seen.files if seen.files else 1, replica=name)
        if seen.oldest:
            age.add((now - parse_moment(seen.oldest)).total_seconds(), replica=name)
        overdue = archive.catalogue.overdue_files(
            name, before=format_moment(before), now=format_moment(now)
        )
        late.add(overdue, replica=name)
        damaged = sum(1 for _ in archive.catalogue.damage(replica=name))
        open_damage.add(damaged, replica=name)
    return [files, age, covered, late, open_damage]


def _replicas(archive: Repository) -> list[Metric]:
    copies = Metric("kho_copies", "AIPs whose newest version was read back on a replica.")
    reached = Metric("kho_replica_reachable", "Whether a replica answered just now.")
    answering = {replica.name for replica in archive.replicas} - archive.unreachable.keys()
    by_replica = archive.catalogue.copies_by_replica()
    for replica in archive.settings.replicas:
        copies.add(by_replica.get(replica.name, 0), replica=replica.name)
        reached.add(replica.name in answering, replica=replica.name)
    return [copies, reached]


def _tasks(catalogue: Catalogue, configured: Collection[str]) -> list[Metric]:
    last = Metric("kho_task_last_finished_timestamp_seconds", "When a task last ended.")
    good = Metric("kho_task_last_outcome", "1 for the outcome with which a task last ended.")
    backlog = Metric("kho_backlog", "Pieces of scheduled work that wait or run.")
    deaf = Metric("kho_notify_channel_failing", "Whether the last notice on a channel failed.")
    seen = set()
    for item in catalogue.work_items(limit=1000):
        if item.state == "done" and item.policy not in seen:
            seen.add(item.policy)
            last.add(parse_moment(item.finished).timestamp(), task=item.policy)
            good.add(1, task=item.policy, outcome=item.outcome)
    backlog.add(sum(catalogue.backlog().values()))
    channels: dict[str, bool] = {}
    for state in catalogue.notice_states():
        if state.channel not in configured:
            continue
        channels[state.channel] = channels.get(state.channel, False) or bool(state.error)
    for channel, failing in channels.items():
        deaf.add(failing, channel=channel)
    return [last, good, backlog, deaf]


def text_of(metrics: Iterable[Metric]) -> str:
    """The figures in Prometheus' text format; a metric without samples is left out."""
    lines = []
    for metric in metrics:
        if not metric.samples:
            continue
        lines.append(f"# HELP {metric.name} {metric.meaning}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in sorted(metric.samples):
            lines.append(f"{metric.name}{_labels(dict(labels))} {_number(value)}")
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, metrics: Iterable[Metric]) -> None:
    """The file holds the figures, whole; readers saw the old ones until this instant."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text_of(metrics), encoding="utf-8")
    os.chmod(partial, 0o644)  # noqa: PTH101 - the exporter is another user, and only reads
    partial.replace(path)


def metrics_path(settings: Settings) -> Path:
    """Where the settings want the figures."""
    return Path(settings.repository.root) / settings.schedule.metrics_file


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
