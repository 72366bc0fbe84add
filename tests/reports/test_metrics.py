"""Figures for Prometheus: valid text, true figures, replaced in one step."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from kho.notify.settings import CommandSettings, NotifySettings
from kho.reports.metrics import Metric, collect, text_of, write_metrics
from kho.scheduler.settings import ScheduleSettings
from kit.archives import store
from kit.schedule import DAY, ScheduleBed, make_schedule_bed
from repository.catalogue import NoticeState
from storage_backends.faulty import flipped

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.e+]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    """The samples of a text; every rule of the format that node_exporter insists on is kept."""
    assert text.endswith("\n")
    helped: set[str] = set()
    typed: dict[str, str] = {}
    samples: Samples = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in helped
            helped.add(name)
        elif line.startswith("# TYPE "):
            _hash, _type, name, kind = line.split()
            assert name in helped
            assert name not in typed
            assert kind in ("gauge", "counter")
            typed[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == list(typed)[-1], "samples follow their own TYPE"
            labels = tuple(LABEL.findall(found[2] or ""))
            assert (found[1], labels) not in samples
            samples[found[1], labels] = float(found[3])
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(labels.items())]


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    schedule = ScheduleSettings(sample_files=3, metrics_file="kho.prom")
    made = make_schedule_bed(tmp_path / "archive", schedule=schedule)
    with made.open() as archive:
        for number in range(3):
            store(archive, {b"a.txt": f"dossier {number}".encode()})
    return made


def samples_of(bed: ScheduleBed) -> Samples:
    with bed.open() as archive:
        return parsed(text_of(collect(archive, bed.settings)))


def test_before_any_audit_everything_was_never_verified(bed: ScheduleBed) -> None:
    samples = samples_of(bed)
    assert value(samples, "kho_files", replica="alpha", verdict="never-verified") > 20
    assert value(samples, "kho_coverage_ratio", replica="alpha") == 0
    assert value(samples, "kho_aips") == 3
    assert value(samples, "kho_copies", replica="beta") == 3
    assert value(samples, "kho_overdue_files", replica="alpha") == 0


def test_the_schedule_writes_what_it_found(bed: ScheduleBed) -> None:
    bed.work_off()
    beta = bed.faulty("beta")
    key = next(i.key for i in beta.list("ocfl/") if i.key.endswith("/a.txt"))
    beta.alter(key, flipped)
    bed.clock.move(91 * DAY)
    bed.work_off()
    bed.clock.move(timedelta(hours=1))
    bed.work_off()
    path = Path(bed.settings.repository.root) / "kho.prom"
    samples = parsed(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o644
    assert value(samples, "kho_files", replica="beta", verdict="altered") == 1
    assert value(samples, "kho_damaged_files", replica="beta") == 1
    assert value(samples, "kho_damaged_files", replica="alpha") == 0
    assert value(samples, "kho_coverage_ratio", replica="alpha") == 1
    age = value(samples, "kho_oldest_verified_age_seconds", replica="alpha")
    assert 3500 < age < 2 * 86_400
    assert value(samples, "kho_task_last_outcome", task="audit:beta", outcome="damage") == 1
    assert value(samples, "kho_task_last_finished_timestamp_seconds", task="drill") > 1.79e9
    with bed.open() as archive:
        assert value(samples, "kho_ledger_height") == archive.catalogue.ledger_head().seq
    assert "Hồ sơ" not in path.read_text()


def test_a_replica_that_is_away_is_a_figure(bed: ScheduleBed) -> None:
    bed.faulty("beta").outage = True
    samples = samples_of(bed)
    assert value(samples, "kho_replica_reachable", replica="alpha") == 1
    assert value(samples, "kho_replica_reachable", replica="beta") == 0
    assert value(samples, "kho_under_replicated_aips") == 0


def test_a_channel_fails_as_long_as_it_is_configured(bed: ScheduleBed) -> None:
    """One that was taken out of the settings would fail for ever, for nobody asks it again."""
    with bed.open() as archive:
        for name in ("command-1", "webhook-1"):
            archive.catalogue.keep_notice_state(
                NoticeState(kind="damage", channel=name, error="exit 3")
            )
    notify = NotifySettings(command=(CommandSettings(argv=("/bin/false",)),))
    bed.settings = msgspec.structs.replace(bed.settings, notify=notify)
    told = {key: n for key, n in samples_of(bed).items() if key[0] == "kho_notify_channel_failing"}
    assert told == {("kho_notify_channel_failing", (("channel", "command-1"),)): 1}


def test_files_beyond_their_cycle_are_overdue(bed: ScheduleBed) -> None:
    bed.clock.move(91 * DAY)
    samples = samples_of(bed)
    files = value(samples, "kho_files", replica="alpha", verdict="never-verified")
    assert value(samples, "kho_overdue_files", replica="alpha") == files


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "kho.prom"
    target.write_text("old\n")

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    metric = Metric("kho_x", "X.")
    metric.add(1)
    monkeypatch.setattr(os, "chmod", killed)
    with pytest.raises(KeyboardInterrupt):
        write_metrics(target, [metric])
    assert target.read_text() == "old\n"


def test_labels_are_escaped_and_a_metric_without_samples_is_left_out() -> None:
    metric, empty = Metric("kho_x", "X."), Metric("kho_y", "Y.")
    metric.add(0.25, replica='a"b\\c\nd')
    assert parsed(text_of([metric, empty])) == {("kho_x", (("replica", 'a\\"b\\\\c\\nd'),)): 0.25}
