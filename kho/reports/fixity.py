"""How far the bytes are proved: coverage, the byte unverified longest, damage, the forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Bar, Bars, Curve, Curves, Sheet
from kho.reports.tabling import table_of
from kho.scheduler.settings import ScheduleSettings, cycles_of
from repository.archive import Repository
from repository.catalogue import AuditRun
from repository.settings import ReplicaSettings
from schemas.moments import format_moment, parse_moment
from schemas.nouns import Verdict
from schemas.records import Record
from schemas.text import Language, say

_COLUMNS = (
    "replica",
    "medium",
    "files",
    "intact",
    "altered",
    "absent",
    "unreadable",
    "never",
    "overdue",
    "oldest",
    "files_per_day",
    "forecast",
    "damage_open",
    "damage_ever",
)
_RUN_COLUMNS = (
    "started",
    "finished",
    "replica",
    "complete",
    "files",
    "bytes",
    "damaged",
    "run_id",
)
RATE_DAYS = 30
"""The forecast takes the rate of so many days before now."""
RUNS = 500
SHOWN_RUNS = 30


class ReplicaFixity(Record, frozen=True, kw_only=True):
    """One replica. ``oldest`` is the moment of the look longest ago, ``forecast`` the day on
    which all of it will have been read again at the rate of the last 30 days; both are empty
    when that cannot be said. ``coverage`` is the share read within the cycle, by day."""

    replica: str
    medium: str
    files: int
    intact: int
    altered: int
    absent: int
    unreadable: int
    never: int
    overdue: int
    oldest: str
    files_per_day: float
    forecast: str
    damage_open: int
    damage_ever: int
    coverage: tuple[tuple[str, float], ...] = ()


class RunShown(Record, frozen=True, kw_only=True):
    """One audit run over one replica; ``damaged`` are files found not intact."""

    run_id: str
    replica: str
    started: str
    finished: str
    complete: bool
    files: int
    bytes: int
    damaged: int


class FixityReport(Report, frozen=True, kw_only=True):
    """What ``kho report fixity --json`` prints."""

    cycle_days: int
    replicas: tuple[ReplicaFixity, ...]
    damage_by_medium: dict[str, int]
    runs: tuple[RunShown, ...]


def fixity_report(archive: Repository, schedule: ScheduleSettings) -> FixityReport:
    """The state now; counted by the catalogue, whatever the number of files."""
    cycle_days = cycles_of(schedule).audit
    ever, still = Counter[str](), Counter[str]()
    for each in archive.catalogue.damage(open_only=False):
        ever[each.replica] += 1
        still[each.replica] += not each.closed_at
    rows: list[ReplicaFixity] = []
    runs: list[AuditRun] = []
    for replica in archive.settings.replicas:
        of_it = archive.catalogue.audit_runs(replica.name, limit=RUNS)
        runs += of_it
        rows.append(_replica(archive, replica, of_it, cycle_days, ever, still))
    media = {replica.name: replica.medium for replica in archive.settings.replicas}
    by_medium = Counter[str]()
    for name, count in ever.items():
        by_medium[media.get(name, "")] += count
    runs.sort(key=lambda run: run.started, reverse=True)
    return FixityReport(
        heading=heading_of(archive),
        cycle_days=cycle_days,
        replicas=tuple(rows),
        damage_by_medium=dict(by_medium.most_common()),
        runs=tuple(_shown(run) for run in runs[:SHOWN_RUNS]),
    )


def _replica(
    archive: Repository,
    replica: ReplicaSettings,
    runs: Sequence[AuditRun],
    cycle_days: int,
    ever: Counter[str],
    still: Counter[str],
) -> ReplicaFixity:
    now = archive.now()
    seen = archive.catalogue.coverage(replica.name, now=format_moment(now))
    before = format_moment(now - timedelta(days=cycle_days))
    rate = files_per_day(runs, now)
    return ReplicaFixity(
        replica=replica.name,
        medium=replica.medium,
        files=seen.files,
        **{verdict.value: seen.by_verdict.get(verdict, 0) for verdict in Verdict},
        never=seen.never,
        overdue=archive.catalogue.overdue_files(
            replica.name, before=before, now=format_moment(now)
        ),
        oldest=seen.oldest,
        files_per_day=round(rate, 1),
        forecast=forecast_day(now, seen.files, rate),
        damage_open=still[replica.name],
        damage_ever=ever[replica.name],
        coverage=tuple(coverage_by_day(runs, seen.files, cycle_days)),
    )


def files_per_day(runs: Iterable[AuditRun], now: datetime) -> float:
    """The rate at which files were read in the last days, counted from the first run in them."""
    start = now - timedelta(days=RATE_DAYS)
    recent = [run for run in runs if run.finished and start <= parse_moment(run.started) <= now]
    if not recent:
        return 0.0
    first = min(parse_moment(run.started) for run in recent)
    days = max(1.0, (now - first).total_seconds() / 86_400)
    return sum(_files(run) for run in recent) / days


def coverage_by_day(
    runs: Iterable[AuditRun], files: int, cycle_days: int
) -> Iterator[tuple[str, float]]:
    """For each day with a run, the share of today's files that the cycle before it had read.

    Audits take the file read longest ago first, so that they read a file twice only when all
    others were read since. What samples and audits of single dossiers read again counts too:
    where there are many of them the share is the most that it can be.
    """
    by_day = Counter[date]()
    for run in runs:
        by_day[parse_moment(run.started).date()] += _files(run)
    for day in sorted(by_day):
        start = day - timedelta(days=cycle_days)
        read = sum(count for other, count in by_day.items() if start < other <= day)
        yield day.isoformat(), round(min(1.0, read / files), 4) if files else 0.0


def forecast_day(now: datetime, files: int, rate: float) -> str:
    """The day on which so many files will all have been read at ``rate`` files a day; empty
    where there is nothing to read, no rate, or more than a century to go."""
    if not rate or not files:
        return ""
    days = files / rate
    return (now + timedelta(days=days)).date().isoformat() if days < 36_500 else ""


def _files(run: AuditRun) -> int:
    return int(run.summary.get("files", 0))


def _shown(run: AuditRun) -> RunShown:
    wrong = (Verdict.ALTERED, Verdict.ABSENT, Verdict.UNREADABLE)
    return RunShown(
        run_id=run.run_id,
        replica=run.replica,
        started=run.started,
        finished=run.finished,
        complete=run.complete,
        files=_files(run),
        bytes=int(run.summary.get("bytes", 0)),
        damaged=sum(int(run.summary.get(verdict.value, 0)) for verdict in wrong),
    )


def fixity_sheet(report: FixityReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-FIXITY-{code}", lang, **fields)

    files = sum(each.files for each in report.replicas)
    never = sum(each.never for each in report.replicas)
    oldest = min((each.oldest for each in report.replicas if each.oldest), default="")
    notes = list(report.heading.notes(lang))
    if never:
        notes.append(t("NOTE-NEVER", never=never))
    if open_damage := sum(each.damage_open for each in report.replicas):
        notes.append(t("NOTE-DAMAGE", damage=open_damage))
    if any(not each.forecast for each in report.replicas if each.files):
        notes.append(t("NOTE-NO-RATE", days=RATE_DAYS))
    return Sheet(
        title=t("TITLE"),
        facts=(
            (t("FILES"), str(files)),
            (t("OLDEST"), oldest or t("NEVER")),
            (t("CYCLE"), t("DAYS", days=report.cycle_days)),
        ),
        notes=tuple(notes),
        charts=(
            Bars(t("CHART-NOW"), tuple(_bar(each, lang) for each in report.replicas)),
            Curves(
                t("CHART-TIME"),
                tuple(Curve(each.replica, each.coverage) for each in report.replicas),
            ),
            Bars(t("CHART-MEDIUM"), tuple(_media_bars(report.damage_by_medium))),
        ),
        tables=(
            table_of("replicas", t("TABLE-REPLICAS"), _COLUMNS, report.replicas, lang),
            table_of("runs", t("TABLE-RUNS"), _RUN_COLUMNS, report.runs, lang),
        ),
    )


def _bar(each: ReplicaFixity, lang: Language) -> Bar:
    text = say("REPORT-FIXITY-OF", lang, part=each.intact, whole=each.files)
    return Bar(each.replica, each.intact, each.files, text)


def _media_bars(damage: dict[str, int]) -> Iterator[Bar]:
    most = max(damage.values(), default=0)
    return (Bar(medium, count, most, str(count)) for medium, count in damage.items())
