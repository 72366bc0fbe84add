"""Printable forms of annex VII: inspection record, backup log, backup record, incident record.

The fields are those that digests of Circular 02/2019 and 05/2025/TT-BNV name: time, place,
person, device and its location, item, normal or error, remedy; old and new medium, method. The
annex's own wording was not at hand: compare with the signed circular. What Kho cannot know
(cause, remedy taken, names of those present) is left blank for a pen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from kho.reports.heading import Heading, heading_of
from kho.reports.incidents import Period, incidents_report, kind_text
from kho.reports.media_settings import MediumSettings
from kho.reports.sheet import Cell, Sheet, Table
from repository.archive import Repository
from repository.settings import ReplicaSettings
from schemas.nouns import Verdict
from schemas.text import Language, say

RUNS = 500
Say = Callable[..., str]


class FormKind(StrEnum):
    """Which form."""

    INSPECTION = "inspection"
    BACKUP_LOG = "backup-log"
    BACKUP = "backup"
    INCIDENT = "incident"


def form_sheet(
    kind: FormKind,
    archive: Repository,
    register: Sequence[MediumSettings],
    period: Period,
    person: str,
    lang: Language,
) -> tuple[Sheet, Heading]:
    """The form, filled in with what the archive knows of the period; ready to print and sign."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-FORM-{code}", lang, **fields)

    heading = heading_of(archive)
    form = _Form(archive, register, period, lang, t)
    name = kind.value.upper()
    first = period.first.isoformat() if period.first else "…"
    last = period.last.isoformat() if period.last else heading.made_at[:10]
    sheet = Sheet(
        title=t(f"{name}-TITLE"),
        facts=(
            (t("TIME"), heading.made_at),
            (t("PERIOD"), f"{first} – {last}"),
            (t("PLACE"), "; ".join(sorted({r.site for r in archive.settings.replicas}))),
            (t("PERSON"), person),
        ),
        notes=(*heading.notes(lang), t("COMPARE")),
        tables=form.tables(kind),
        signers=(t("SIGNER-MAKER"), t("SIGNER-WITNESS"), t("SIGNER-HEAD")),
    )
    return sheet, heading


class _Form:
    def __init__(
        self,
        archive: Repository,
        register: Sequence[MediumSettings],
        period: Period,
        lang: Language,
        t: Say,
    ) -> None:
        self._archive = archive
        self._period = period
        self._lang = lang
        self._t = t
        self._media = {
            each.replica: each for each in register if each.replica and each.retired_on is None
        }
        self._former = {each.replaced_by: each.code for each in register if each.replaced_by}

    def tables(self, kind: FormKind) -> tuple[Table, ...]:
        """The form's table."""
        rows: dict[FormKind, Callable[[], Iterator[tuple[Cell, ...]]]] = {
            FormKind.INSPECTION: self._inspected,
            FormKind.BACKUP_LOG: self._logged,
            FormKind.BACKUP: self._backed_up,
            FormKind.INCIDENT: self._happened,
        }
        heads = {
            FormKind.INSPECTION: "WHEN DEVICE LOCATION ITEM FILES RESULT ERRORS REMEDY",
            FormKind.BACKUP_LOG: "DAY DEVICE LOCATION MEDIUM DOSSIERS METHOD RESULT",
            FormKind.BACKUP: "DEVICE LOCATION OLD-MEDIUM MEDIUM DOSSIERS METHOD LAST-READ RESULT",
            FormKind.INCIDENT: "WHEN DEVICE LOCATION KIND FILES STATE CAUSE REMEDY",
        }
        head = tuple(self._t(f"HEAD-{name}") for name in heads[kind].split())
        title = self._t(f"{kind.value.upper()}-TABLE")
        return (Table(kind.value, title, head, tuple(rows[kind]())),)

    def _inspected(self) -> Iterator[tuple[Cell, ...]]:
        for replica in self._archive.settings.replicas:
            for run in self._archive.catalogue.audit_runs(replica.name, limit=RUNS):
                if not self._period.holds(run.started):
                    continue
                errors = sum(
                    int(run.summary.get(verdict.value, 0))
                    for verdict in Verdict
                    if verdict is not Verdict.INTACT
                )
                yield (
                    run.finished or run.started,
                    replica.name,
                    replica.site,
                    self._t("ITEM-FIXITY"),
                    int(run.summary.get("files", 0)),
                    self._result(run.complete, errors),
                    errors,
                    "",
                )

    def _result(self, complete: bool, errors: int) -> str:
        if errors:
            return self._t("RESULT-ERROR")
        return self._t("RESULT-NORMAL" if complete else "RESULT-INCOMPLETE")

    def _logged(self) -> Iterator[tuple[Cell, ...]]:
        counted: Counter[tuple[str, str]] = Counter()
        for line in self._archive.catalogue.ledger_lines(kind="copy"):
            if self._period.holds(line.moment):
                counted[line.moment[:10], line.body["replica"]] += 1
        for (day, name), dossiers in sorted(counted.items()):
            replica = self._replica(name)
            yield (
                day,
                name,
                replica.site if replica else None,
                self._medium(name),
                dossiers,
                self._t("METHOD"),
                self._t("RESULT-READ-BACK"),
            )

    def _backed_up(self) -> Iterator[tuple[Cell, ...]]:
        copies = self._archive.catalogue.copies_by_replica()
        reached = {replica.name for replica in self._archive.replicas}
        for replica in self._archive.settings.replicas:
            medium = self._media.get(replica.name)
            there = replica.name in reached
            yield (
                replica.name,
                replica.site,
                self._former.get(medium.code) if medium else None,
                self._medium(replica.name),
                copies.get(replica.name, 0),
                self._t("METHOD"),
                self._archive.catalogue.last_read_back(replica.name) or None,
                self._t("RESULT-READ-BACK" if there else "RESULT-AWAY"),
            )

    def _happened(self) -> Iterator[tuple[Cell, ...]]:
        for each in incidents_report(self._archive, self._period).incidents:
            replica = self._replica(each.replica)
            state = each.state and say(f"REPORT-INCIDENT-STATE-{each.state.upper()}", self._lang)
            yield (
                each.moment,
                each.replica,
                replica.site if replica else None,
                kind_text(each.kind, self._lang),
                each.count,
                state or None,
                "",
                each.detail,
            )

    def _replica(self, name: str) -> ReplicaSettings | None:
        return next((r for r in self._archive.settings.replicas if r.name == name), None)

    def _medium(self, replica: str) -> str | None:
        medium = self._media.get(replica)
        return f"{medium.code} ({medium.kind})" if medium else None
