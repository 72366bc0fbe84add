"""What went wrong and what became of it, as the ledger has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import msgspec

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Bar, Bars, Sheet
from kho.reports.tabling import table_of
from repository.archive import Repository
from repository.catalogue.damage import Damage
from schemas.events import EventOutcome, EventType
from schemas.records import LedgerLine, Record
from schemas.text import Language, say

COLUMNS = ("moment", "kind", "replica", "count", "aips", "state", "ledger_seq", "detail")
_REPAIRS = {EventType.REPAIR.value: "repair", EventType.QUARANTINE.value: "set-aside"}
OpenSince: TypeAlias = Mapping[tuple[str, str], str]
"""Since when (RFC 3339) something of an AIP is not as it must be, by replica and AIP."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included; None for no bound."""

    first: date | None = None
    last: date | None = None

    def holds(self, moment: str) -> bool:
        """Whether an RFC 3339 moment lies in the period, by its UTC day."""
        day = moment[:10]
        after = self.first is None or self.first.isoformat() <= day
        return after and (self.last is None or day <= self.last.isoformat())


class Incident(Record, frozen=True, kw_only=True):
    """One thing that went wrong, or was mended, on one replica.

    ``kind`` is ``damage``, ``forged``, ``unsteady``, ``unexpected``, ``unreachable``,
    ``untrusted``, ``drill``, ``repair``, ``repair-failed``, ``set-aside`` or
    ``worse-signatures``. ``count`` are files (AIPs for ``forged``), ``aips`` the dossiers
    concerned where the ledger says. ``state`` is ``open``, ``closed`` or ``""`` where that has
    no meaning.
    """

    moment: str
    kind: str
    replica: str
    count: int
    aips: int
    state: str
    ledger_seq: int
    detail: str = ""


class IncidentsReport(Report, frozen=True, kw_only=True):
    """What ``kho report incidents --json`` prints: the newest first."""

    first: str
    last: str
    open_damage: int
    incidents: tuple[Incident, ...]


def incidents_report(archive: Repository, period: Period) -> IncidentsReport:
    """Every incident of the period; the ledger is read line by line."""
    since = open_since(archive.catalogue.damage(open_only=False))
    found = [
        incident for line in _lines(archive, period) for incident in incidents_of(line, since)
    ]
    found.sort(key=lambda incident: incident.ledger_seq, reverse=True)
    return IncidentsReport(
        heading=heading_of(archive),
        first=period.first.isoformat() if period.first else "",
        last=period.last.isoformat() if period.last else "",
        open_damage=sum(1 for _ in archive.catalogue.damage()),
        incidents=tuple(found),
    )


def _lines(archive: Repository, period: Period) -> Iterator[LedgerLine]:
    for kind in ("audit", "drill", "event"):
        for line in archive.catalogue.ledger_lines(kind=kind):
            if period.holds(line.moment):
                yield line


def open_since(damages: Iterable[Damage]) -> OpenSince:
    """Since when each AIP on each replica is damaged, of all rows in the order they were found.

    A row that an audit closed to open another (altered first, then absent) is the same wound.
    """
    wounds: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    found: dict[tuple[str, str], str] = {}
    for each in damages:
        file = (each.replica, each.aip_id, each.place.value, each.content_path)
        closed_by, since = wounds.get(file, ("", ""))
        if not since or closed_by != each.run_id:
            since = each.found_at
        wounds[file] = (each.closed_by, since)
        if not each.closed_at:
            place = (each.replica, each.aip_id)
            found[place] = min(since, found.get(place, since))
    return found


def incidents_of(line: LedgerLine, since: OpenSince) -> Iterator[Incident]:
    """What one line of the ledger tells; nothing for a line of ordinary work."""
    if line.kind == "audit":
        yield from _of_audit(line, line.body, since)
    elif line.kind == "drill" and (line.body["failed"] or not _found_all(line.body)):
        kind = "drill" if line.body["failed"] else "untrusted"
        yield _incident(line, kind, line.body["replica"], line.body["failed"], line.body["aips"])
    elif line.kind == "event" and line.body["type"] in _REPAIRS:
        kind = _REPAIRS[line.body["type"]]
        if kind == "repair" and line.body["outcome"] != EventOutcome.SUCCESS.value:
            kind = "repair-failed"
        facts = line.body["facts"]
        replica = str(facts.get("replica", facts.get("where", "")))
        aips = [line.body["aip_id"]] if line.body["aip_id"] else []
        yield _incident(line, kind, replica, 1, aips, detail=line.body["detail"])
    elif line.kind == "event" and line.body["type"] == EventType.SIGNATURE_VALIDATION.value:
        facts = line.body["facts"]
        if worse := int(facts.get("worse", 0)):
            named = str(facts.get("worse_aips", ""))
            aips = named.split(", ")
            yield _incident(line, "worse-signatures", "", worse, aips, detail=named)


def _of_audit(line: LedgerLine, body: dict[str, Any], since: OpenSince) -> Iterator[Incident]:
    damaged = ((each["replica"], each["aip_id"]) for each in body["damage"])
    for kind, named in (("damage", damaged), ("forged", body.get("forged", ()))):
        for replica, aips in _by_replica(named).items():
            # What was damaged again after it was mended is another audit's incident.
            is_open = any(since.get((replica, aip), "~") <= line.moment for aip in aips)
            state = "open" if is_open else "closed"
            yield _incident(line, kind, replica, len(aips), aips, state=state)
    for kind, part in (("unsteady", "flaky"), ("unexpected", "strays")):
        for replica, keys in _by_replica(body.get(part, ())).items():
            yield _incident(line, kind, replica, len(keys), ())
    for replica in body["unreachable"]:
        yield _incident(line, "unreachable", replica, 0, ())
    for missed in body["canaries"].get("missed", ()):
        replica, _, what = missed.partition(": ")
        yield _incident(line, "untrusted", replica, 0, (), detail=what)


def _by_replica(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for replica, what in named:
        found.setdefault(replica, []).append(what)
    return found


def _found_all(drill: dict[str, Any]) -> bool:
    return bool(drill["files"]) and drill["canaries_planted"] == drill["canaries_found"] > 0


def _incident(
    line: LedgerLine,
    kind: str,
    replica: str,
    count: int,
    aips: Iterable[str],
    *,
    state: str = "",
    detail: str = "",
) -> Incident:
    return Incident(
        moment=line.moment,
        kind=kind,
        replica=replica,
        count=count,
        aips=len({aip for aip in aips if aip}),
        state=state,
        ledger_seq=line.seq,
        detail=detail,
    )


def incidents_sheet(report: IncidentsReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-INCIDENTS-{code}", lang, **fields)

    counts = Counter(each.kind for each in report.incidents)
    most = max(counts.values(), default=0)
    notes = list(report.heading.notes(lang))
    if report.open_damage:
        notes.append(t("NOTE-OPEN", files=report.open_damage))
    return Sheet(
        title=t("TITLE"),
        facts=(
            (t("PERIOD"), f"{report.first or '…'} – {report.last or report.heading.made_at[:10]}"),
            (t("COUNT"), str(len(report.incidents))),
        ),
        notes=tuple(notes),
        charts=(
            Bars(
                t("CHART"),
                tuple(
                    Bar(kind_text(kind, lang), count, most, str(count))
                    for kind, count in counts.most_common()
                ),
            ),
        ),
        tables=(table_of("incidents", t("TABLE"), COLUMNS, told(report.incidents, lang), lang),),
    )


def told(incidents: Iterable[Incident], lang: Language) -> Iterator[Incident]:
    """The incidents with kind and state in the reader's words."""
    for each in incidents:
        state = say(f"REPORT-INCIDENT-STATE-{each.state.upper()}", lang) if each.state else ""
        yield msgspec.structs.replace(each, kind=kind_text(each.kind, lang), state=state)


def kind_text(kind: str, lang: Language) -> str:
    """What an incident of a kind is called."""
    return say(f"REPORT-INCIDENT-{kind.upper()}", lang)
