"""What one line of the ledger tells as an incident, and when an incident is over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from kho.reports.incidents import Incident, Period, incidents_of, kind_text, open_since
from kit.catalogues import aip_id, make_line
from preservation.audit_result import AuditResult, CanaryLine, DamageLine
from preservation.drill_result import DrillResult
from repository.catalogue.damage import Damage
from repository.entries import event_body, recovery_events
from repository.recovery import Action, RecoveryAction
from schemas.events import Event, EventOutcome, EventType
from schemas.nouns import Place, Verdict

BEFORE = "2026-03-01T07:00:00.000Z"
NOON = "2026-03-01T12:00:00.000Z"
LATER = "2026-03-02T08:00:00.000Z"


def audit(**found: Any) -> AuditResult:
    """A run over one hundred files in which nothing was wrong but what is given."""
    given: dict[str, Any] = {
        "run_id": "run-1",
        "complete": True,
        "due": 100,
        "files": 100,
        "bytes": 1000,
        "seconds": 1.0,
        "intact": 100,
        "altered": 0,
        "absent": 0,
        "unreadable": 0,
        "unexpected": 0,
        "behind": 0,
        "not_looked_at": 0,
        "canaries": CanaryLine(planted=4, found=4),
        "damage": (),
    }
    return AuditResult(**{**given, **found})


def drill(**found: Any) -> DrillResult:
    """A rehearsal in which everything came back."""
    given: dict[str, Any] = {
        "drill_id": "drill-1",
        "replica": "alpha",
        "seed": "0",
        "started": BEFORE,
        "aips": (aip_id(1), aip_id(2)),
        "files": 10,
        "bytes": 100,
        "seconds": 1.0,
        "bytes_per_s": 100,
        "whole_bytes": 1000,
        "whole_seconds": 10.0,
        "failed": 0,
        "canaries_planted": 3,
        "canaries_found": 3,
    }
    return DrillResult(**{**given, **found})


def event(kind: EventType, outcome: EventOutcome = EventOutcome.SUCCESS, **other: Any) -> Event:
    given: dict[str, Any] = {"id": "1", "moment": datetime(2026, 3, 1, tzinfo=UTC)}
    return Event(type=kind, outcome=outcome, **{**given, **other})


def damaged(number: int, replica: str = "alpha", path: str = "v1/content/a.txt") -> DamageLine:
    return DamageLine(replica=replica, aip_id=aip_id(number), path=path, verdict="altered")


def row(number: int, found_at: str, **other: Any) -> Damage:
    """A file of AIP ``number`` on ``alpha`` found altered, and still so."""
    given: dict[str, Any] = {
        "replica": "alpha",
        "aip_id": aip_id(number),
        "place": Place.ARCHIVE,
        "content_path": "v1/content/a.txt",
        "verdict": Verdict.ALTERED,
        "found_at": found_at,
        "run_id": "run-1",
    }
    return Damage(**{**given, **other})


def told(
    body: AuditResult | DrillResult | Event, *open_rows: Damage, moment: str = NOON
) -> list[Incident]:
    """The incidents of a line with this body, while these damages are known."""
    match body:
        case AuditResult():
            kind, content = "audit", msgspec.to_builtins(body)
        case DrillResult():
            kind, content = "drill", msgspec.to_builtins(body)
        case Event():
            kind, content = "event", event_body(body)
    line = make_line(7, kind, content, moment=moment)
    return list(incidents_of(line, open_since(open_rows)))


def test_an_audit_that_found_everything_whole_is_no_incident() -> None:
    assert told(audit()) == []


def test_damage_is_one_incident_for_each_replica_with_its_files_and_dossiers() -> None:
    lines = (damaged(1), damaged(1, path="v1/content/b.txt"), damaged(2), damaged(1, "beta"))
    alpha, beta = told(audit(damage=lines))
    assert (alpha.kind, alpha.replica, alpha.count, alpha.aips) == ("damage", "alpha", 3, 2)
    assert (beta.kind, beta.replica, beta.count, beta.aips) == ("damage", "beta", 1, 1)
    assert (alpha.moment, alpha.ledger_seq) == (NOON, 7)


def test_damage_of_the_replicas_own_files_concerns_no_dossier() -> None:
    own = DamageLine(replica="alpha", aip_id="", path="0=ocfl_1.1", verdict="absent")
    (incident,) = told(audit(damage=(own,)))
    assert (incident.count, incident.aips) == (1, 0)


def test_damage_is_mended_when_none_of_it_is_open() -> None:
    (incident,) = told(audit(damage=(damaged(1),)))
    assert incident.state == "closed"
    healed = row(1, BEFORE, closed_at=LATER, closed_by="repair")
    (incident,) = told(audit(damage=(damaged(1),)), healed)
    assert incident.state == "closed"


def test_damage_is_open_as_long_as_one_of_its_dossiers_is_damaged() -> None:
    found = audit(damage=(damaged(1), damaged(2)))
    (incident,) = told(found, row(2, BEFORE))
    assert incident.state == "open"


def test_damage_of_the_same_dossier_on_another_replica_leaves_it_mended() -> None:
    (incident,) = told(audit(damage=(damaged(1),)), row(1, BEFORE, replica="beta"))
    assert incident.state == "closed"


def test_an_audit_that_finds_old_damage_again_does_not_say_that_it_is_mended() -> None:
    again = audit(run_id="run-2", damage=(damaged(1),))
    (incident,) = told(again, row(1, BEFORE, run_id="run-1"), moment=LATER)
    assert incident.state == "open"


def test_damage_that_was_mended_stays_so_when_the_dossier_is_damaged_once_more() -> None:
    healed = row(1, BEFORE, closed_at=NOON, closed_by="repair")
    anew = row(1, LATER, run_id="run-9")
    (incident,) = told(audit(damage=(damaged(1),)), healed, anew)
    assert incident.state == "closed"


def test_what_was_altered_and_then_lost_was_not_mended_between() -> None:
    altered = row(1, BEFORE, closed_at=LATER, closed_by="run-9")
    lost = row(1, LATER, run_id="run-9", verdict=Verdict.ABSENT)
    (incident,) = told(audit(damage=(damaged(1),)), altered, lost)
    assert incident.state == "open"


def test_of_two_wounds_the_older_one_counts() -> None:
    other = row(1, LATER, content_path="v1/content/b.txt", run_id="run-9")
    for rows in ((row(1, BEFORE), other), (other, row(1, BEFORE))):
        (incident,) = told(audit(damage=(damaged(1),)), *rows)
        assert incident.state == "open"


def test_forged_inventories_are_counted_by_dossier_and_open_until_a_person_settled_them() -> None:
    forged = (("alpha", aip_id(1)), ("alpha", aip_id(2)), ("beta", aip_id(1)))
    inventory = row(1, BEFORE, content_path="inventory.json")
    alpha, beta = told(audit(forged=forged), inventory)
    assert (alpha.kind, alpha.replica, alpha.count, alpha.aips) == ("forged", "alpha", 2, 2)
    assert (alpha.state, beta.state) == ("open", "closed")


def test_a_store_that_reads_wrong_and_then_right_is_an_incident_of_its_own() -> None:
    (incident,) = told(audit(flaky=(("alpha", "ocfl/a"), ("alpha", "ocfl/b"))))
    assert (incident.kind, incident.replica, incident.count) == ("unsteady", "alpha", 2)
    assert incident.state == "", "there is nothing to mend"


def test_files_that_nothing_accounts_for_are_told_for_each_replica() -> None:
    strays = (("alpha", "ocfl/x"), ("beta", "ocfl/x"))
    found = told(audit(strays=strays, unexpected=2))
    assert [(i.kind, i.replica, i.count) for i in found] == [
        ("unexpected", "alpha", 1),
        ("unexpected", "beta", 1),
    ]


def test_a_replica_that_did_not_answer_is_told_by_name() -> None:
    (incident,) = told(audit(unreachable=("beta",)))
    assert (incident.kind, incident.replica) == ("unreachable", "beta")
    assert (incident.count, incident.aips, incident.state) == (0, 0, "")


def test_a_canary_that_was_missed_makes_the_audit_untrusted_and_says_which() -> None:
    missed = CanaryLine(planted=4, found=3, missed=("beta: a flipped byte: at the end",))
    (incident,) = told(audit(canaries=missed))
    assert (incident.kind, incident.replica) == ("untrusted", "beta")
    assert incident.detail == "a flipped byte: at the end"


def test_an_older_line_without_the_newer_parts_is_read_all_the_same() -> None:
    body = msgspec.to_builtins(audit(unreachable=("beta",)))
    for newer in ("forged", "flaky", "strays"):
        del body[newer]
    del body["canaries"]["missed"]
    (incident,) = incidents_of(make_line(1, "audit", body), {})
    assert incident.kind == "unreachable"


def test_a_drill_in_which_everything_came_back_is_no_incident() -> None:
    assert told(drill()) == []


def test_a_drill_that_lost_files_is_told_with_their_number() -> None:
    (incident,) = told(drill(failed=3))
    assert (incident.kind, incident.replica) == ("drill", "alpha")
    assert (incident.count, incident.aips) == (3, 2)


@pytest.mark.parametrize(
    "blind",
    [{"canaries_found": 2}, {"canaries_planted": 0, "canaries_found": 0}, {"files": 0}],
    ids=["spoilt files missed", "nothing spoilt", "nothing given back"],
)
def test_a_drill_that_could_not_have_seen_damage_is_untrusted(blind: dict[str, int]) -> None:
    (incident,) = told(drill(**blind))
    assert (incident.kind, incident.count) == ("untrusted", 0)


def test_a_drill_that_lost_files_and_missed_others_is_told_as_failed() -> None:
    assert [i.kind for i in told(drill(failed=1, canaries_found=0))] == ["drill"]


def test_a_repair_is_told_with_its_replica_its_dossier_and_what_was_done() -> None:
    done = event(
        EventType.REPAIR, aip_id=aip_id(1), facts={"replica": "alpha"}, detail="2 of 2 healed"
    )
    (incident,) = told(done)
    assert (incident.kind, incident.replica, incident.aips) == ("repair", "alpha", 1)
    assert (incident.detail, incident.count, incident.state) == ("2 of 2 healed", 1, "")


@pytest.mark.parametrize("outcome", [EventOutcome.FAILURE, EventOutcome.WARNING])
def test_a_repair_that_did_not_succeed_is_told_as_such(outcome: EventOutcome) -> None:
    (incident,) = told(event(EventType.REPAIR, outcome, facts={"replica": "alpha"}))
    assert (incident.kind, incident.aips) == ("repair-failed", 0)


def test_what_recovery_moved_aside_is_told_with_the_place_it_lay_at() -> None:
    moved = RecoveryAction(Action.MOVED_ASIDE, "beta", aip_id(1), 1, "a part of a copy")
    (made,) = recovery_events([moved], lambda: datetime(2026, 3, 1, tzinfo=UTC))
    (incident,) = told(made)
    assert (incident.kind, incident.replica, incident.aips) == ("set-aside", "beta", 1)
    assert "a part of a copy" in incident.detail


def test_signatures_judged_worse_are_told_with_the_dossiers() -> None:
    named = f"{aip_id(1)}, {aip_id(2)}"
    judged = event(EventType.SIGNATURE_VALIDATION, facts={"worse": 3, "worse_aips": named})
    (incident,) = told(judged)
    assert (incident.kind, incident.count, incident.aips) == ("worse-signatures", 3, 2)
    assert (incident.detail, incident.state) == (named, "")


def test_signatures_judged_again_without_harm_are_no_incident() -> None:
    assert told(event(EventType.SIGNATURE_VALIDATION, facts={"worse": 0, "better": 3})) == []


@pytest.mark.parametrize("kind", sorted(set(EventType) - {EventType.REPAIR, EventType.QUARANTINE}))
def test_events_of_ordinary_work_are_no_incidents(kind: EventType) -> None:
    assert told(event(kind, EventOutcome.FAILURE)) == []


@pytest.mark.parametrize("kind", ["receipt", "copy", "holding", "seal", "signature-verdict"])
def test_lines_of_other_kinds_are_no_incidents(kind: str) -> None:
    assert list(incidents_of(make_line(1, kind, {}), {})) == []


def test_the_days_of_a_period_are_both_in_it() -> None:
    period = Period(date(2026, 3, 1), date(2026, 3, 2))
    assert period.holds("2026-03-01T00:00:00.000Z")
    assert period.holds("2026-03-02T23:59:59.999Z")
    assert not period.holds("2026-02-28T23:59:59.999Z")
    assert not period.holds("2026-03-03T00:00:00.000Z")
    assert Period().holds(NOON)


@pytest.mark.parametrize(
    "kind",
    [
        *("damage", "forged", "unsteady", "unexpected", "unreachable", "untrusted"),
        *("drill", "repair", "repair-failed", "set-aside", "worse-signatures"),
    ],
)
def test_every_kind_has_a_name_in_both_languages(kind: str) -> None:
    assert kind_text(kind, "en") != kind_text(kind, "vi")
