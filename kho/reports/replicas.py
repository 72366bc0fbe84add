"""The backup repositories: where they are, what they hold, what they lack."""

from __future__ import annotations

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Bar, Bars, Sheet
from kho.reports.tabling import table_of
from repository.archive import Repository
from repository.replica_holdings import holdings
from schemas.records import Record
from schemas.text import Language, say

_COLUMNS = (
    "replica",
    "site",
    "medium",
    "url",
    "failure_domain",
    "networked",
    "max_access",
    "reachable",
    "copies",
    "lacking",
    "lacking_bytes",
    "last_contact",
    "reason",
)


class ReplicaRow(Record, frozen=True, kw_only=True):
    """One replica. ``copies`` and ``lacking`` count dossiers at their newest version;
    ``last_contact`` is the newest moment at which something on it was read; ``reason`` is why
    it does not answer."""

    replica: str
    site: str
    medium: str
    url: str
    failure_domain: str
    networked: bool
    max_access: str
    reachable: bool
    copies: int
    lacking: int
    lacking_bytes: int
    last_contact: str
    reason: str


class ReplicasReport(Report, frozen=True, kw_only=True):
    """What ``kho report replicas --json`` prints."""

    min_copies: int
    replicas: tuple[ReplicaRow, ...]


def replicas_report(archive: Repository) -> ReplicasReport:
    """Every replica of the settings, whether it answers or not."""
    rows = []
    for each in holdings(archive):
        stated = each.settings
        runs = archive.catalogue.audit_runs(stated.name, limit=1)
        contact = (runs[0].finished or runs[0].started) if runs else ""
        rows.append(
            ReplicaRow(
                replica=stated.name,
                site=stated.site,
                medium=stated.medium,
                url=each.url,
                failure_domain=each.failure_domain,
                networked=each.networked,
                max_access=stated.max_access,
                reachable=each.reachable,
                copies=each.copies,
                lacking=each.lacking,
                lacking_bytes=each.lacking_bytes,
                last_contact=max(contact, archive.catalogue.last_read_back(stated.name)),
                reason=str(each.error) if each.error else "",
            )
        )
    return ReplicasReport(
        heading=heading_of(archive),
        min_copies=archive.settings.min_copies,
        replicas=tuple(rows),
    )


def replicas_sheet(report: ReplicasReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-REPLICAS-{code}", lang, **fields)

    notes = list(report.heading.notes(lang))
    notes += [t("NOTE-AWAY", replica=r.replica) for r in report.replicas if not r.reachable]
    notes += [
        t("NOTE-LACKING", replica=r.replica, lacking=r.lacking)
        for r in report.replicas
        if r.lacking
    ]
    bars = tuple(
        Bar(
            r.replica,
            r.copies,
            r.copies + r.lacking,
            say("REPORT-FIXITY-OF", lang, part=r.copies, whole=r.copies + r.lacking),
        )
        for r in report.replicas
    )
    return Sheet(
        title=t("TITLE"),
        facts=((t("MIN-COPIES"), str(report.min_copies)),),
        notes=tuple(notes),
        charts=(Bars(t("CHART"), bars),),
        tables=(table_of("replicas", t("TABLE"), _COLUMNS, report.replicas, lang),),
    )
