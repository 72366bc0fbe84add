"""Signatures are judged again by themselves, once what came since could change a verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kho.reports.incidents import Period, incidents_report
from kho.scheduler.outcomes import Ended, Outcome
from kit.pki import NOW
from kit.schedule import DAY, Listener, ScheduleBed, make_schedule_bed
from kit.signed_archives import import_lists, import_roots, receive
from kit.signed_pdfs import signed_pdf

INGEST = datetime(2025, 1, 5, 8, 0, tzinfo=UTC)
BEFORE_INGEST = datetime(2024, 12, 30, tzinfo=UTC)
REVOKED = datetime(2025, 3, 15, tzinfo=UTC)
TASK = "audit-signatures"


def make_bed(folder: Path) -> ScheduleBed:
    bed = make_schedule_bed(folder / "archive", channels=[Listener()])
    bed.clock.moment = INGEST
    return bed


def only_signatures(bed: ScheduleBed) -> Ended:
    """What came of the task, of everything that was due."""
    return bed.work_off()[TASK].ended


def heard(bed: ScheduleBed) -> list[tuple[str, str]]:
    (channel,) = bed.channels
    assert isinstance(channel, Listener)
    return [each for each in channel.states() if each[0] == "worse-signatures"]


def test_without_trust_material_nothing_is_done(tmp_path: Path) -> None:
    bed = make_bed(tmp_path)
    with bed.open() as archive:
        receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("revoked", "B-B")})
    ended = only_signatures(bed)
    assert (ended.outcome, dict(ended.result)) == (Outcome.DONE, {"aips": 0})


def test_new_lists_are_looked_at_within_a_week_and_only_once(tmp_path: Path) -> None:
    bed = make_bed(tmp_path)
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("revoked", "B-B")})
    assert only_signatures(bed).result["files"] == 0, "nothing new since it came"
    with bed.open() as archive:
        import_lists(archive, tmp_path, BEFORE_INGEST)
    bed.clock.move(DAY)
    assert TASK not in bed.work_off()
    bed.clock.move(7 * DAY)
    ended = only_signatures(bed)
    assert (ended.outcome, ended.result["files"], ended.result["better"]) == (Outcome.DONE, 1, 1)
    assert heard(bed) == [], "what became better is no trouble"
    bed.clock.move(7 * DAY)
    assert only_signatures(bed).result["files"] == 0


def test_a_verdict_that_became_worse_is_told_with_the_dossier_to_look_at(tmp_path: Path) -> None:
    bed = make_bed(tmp_path)
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        import_lists(archive, tmp_path, BEFORE_INGEST)
        receipt = receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("revoked", "B-B")})
    bed.work_off()
    bed.clock.moment = NOW
    with bed.open() as archive:
        import_lists(archive, tmp_path, REVOKED)
    ended = only_signatures(bed)
    assert (ended.result["worse"], ended.more) == (1, False)
    assert heard(bed) == [("worse-signatures", "raised")]
    with bed.open() as archive:
        found = incidents_report(archive, Period()).incidents
    told = [each for each in found if each.kind == "worse-signatures"]
    assert [(each.count, each.detail) for each in told] == [(1, receipt.aip_id)]
    bed.clock.move(7 * DAY)
    bed.work_off()
    assert heard(bed) == [("worse-signatures", "raised")], "once, and it is never over"


def test_a_run_that_is_stopped_goes_on_later(tmp_path: Path) -> None:
    bed = make_bed(tmp_path)
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("revoked", "B-B")})
        import_lists(archive, tmp_path, BEFORE_INGEST)
    bed.planner.enqueue_due()
    stopped = {}
    worker = bed.worker(stop=lambda: True)
    while worked := worker.step():
        if worked.item.policy in stopped:
            break
        stopped[worked.item.policy] = worked.ended
    assert (stopped[TASK].more, stopped[TASK].result["files"]) == (True, 0)
    bed.clock.move(timedelta(hours=1))
    assert only_signatures(bed).result["better"] == 1
