"""Receptions and decisions cut off at every step: the same command again finishes or repeats.

Steps are the calls of every store and the looks at the clock, of which the pipeline has one at
each of its stops. Every ninth step of each pair of source and outcome is tried, from another
beginning for each, so that together they try every step; STRIDE = 1 tries each with each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from ingest.approval import AlreadyRefused, SamePerson
from ingest.ruling import Answer, refuse, release
from kit.held import HOA, LAN
from kit.interrupting import OUTCOMES, SOURCES, Scene, one_answer, reception
from kit.stores import quick_disk
from preservation.workers import WorkerPool
from schemas.ids import AipId
from schemas.nouns import Place
from schemas.records import Receipt

STRIDE = 9
WHY = "Đã xác nhận bằng công văn"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with WorkerPool(workers=1, scratch=tmp_path_factory.mktemp("scratch")) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _one_pool_for_all(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges know nothing from one file to the next; starting them is all that costs time."""
    monkeypatch.setattr("ingest.desk.WorkerPool", lambda **_asked: nullcontext(pool))


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kind", SOURCES)
def test_a_reception_killed_at_any_step_is_finished_by_the_same_command(
    kind: str, outcome: str
) -> None:
    with quick_disk() as folder:
        before = reception(kind, outcome, folder / "before")
        steps = before.copied(folder / "count").steps()
        assert steps > (15 if outcome == "duplicate" else 25)
        first = 1 + (SOURCES.index(kind) + OUTCOMES.index(outcome)) % STRIDE
        for step in range(first, steps + 1, STRIDE):
            scene = before.copied(folder / str(step))
            scene.killed_at(step)
            one_answer(scene, outcome)


def held_scene(folder: Path, *, proposed: bool) -> tuple[Scene, AipId]:
    """A held bag, its release perhaps proposed."""
    scene = reception("bag", "held", folder)
    receipt = scene.run()
    assert isinstance(receipt, Receipt)
    aip_id = AipId(receipt.aip_id)
    if proposed:
        scene.act = lambda desk: release(aip_id, desk, LAN, WHY)
        assert isinstance(scene.run(), Answer)
    return scene, aip_id


def test_a_release_killed_at_any_step_is_finished_by_the_same_command() -> None:
    with quick_disk() as folder:
        before, aip_id = held_scene(folder / "before", proposed=True)
        before.act = lambda desk: release(aip_id, desk, HOA, "")
        steps = before.copied(folder / "count").steps()
        assert steps > 120
        for step in range(1, steps + 1, STRIDE // 2):
            scene = before.copied(folder / str(step))
            scene.killed_at(step)
            answer = scene.run()
            assert isinstance(answer, Answer)
            assert answer.receipt is not None
            assert answer.receipt.outcome == "accepted"
            held, accepted = scene.receipts()
            assert (held.outcome, accepted) == ("held", answer.receipt)
            assert scene.objects(Place.ARCHIVE) == scene.objects(Place.HOLDING) == {1}
            with scene.bed.open() as archive:
                (event,) = (
                    e for e in archive.catalogue.events(AipId(held.aip_id))
                    if e.type == "unquarantine"
                )  # fmt: skip
                assert accepted.ruling is not None
                assert event.id == accepted.ruling.id
            scene.nothing_is_left_over()


def test_a_proposal_killed_at_any_step_is_there_once_or_not() -> None:
    with quick_disk() as folder:
        before, aip_id = held_scene(folder / "before", proposed=False)
        before.act = lambda desk: release(aip_id, desk, LAN, WHY)
        steps = before.copied(folder / "count").steps()
        for step in range(1, steps + 1, STRIDE):
            scene = before.copied(folder / str(step))
            scene.killed_at(step)
            scene.act = lambda desk: release(aip_id, desk, HOA, WHY)
            answer = scene.run()
            assert isinstance(answer, Answer)
            if answer.receipt is not None:
                ruling = answer.receipt.ruling
                assert ruling is not None
                assert [each.person for each in ruling.steps] == [LAN.name, HOA.name]
                continue
            # Nobody had proposed yet: now somebody has, and it takes another to approve.
            with pytest.raises(SamePerson):
                scene.run()
            scene.nothing_is_left_over()


def test_a_refusal_killed_at_any_step_is_given_once() -> None:
    with quick_disk() as folder:
        before, aip_id = held_scene(folder / "before", proposed=True)
        before.act = lambda desk: refuse(aip_id, desk.archive, HOA, WHY)
        steps = before.copied(folder / "count").steps()
        for step in range(1, steps + 1):
            scene = before.copied(folder / str(step))
            scene.killed_at(step)
            refused = scene.run()
            assert isinstance(refused, Receipt)
            assert [r.outcome for r in scene.receipts()] == ["held", "rejected"]
            assert scene.receipts()[-1] == refused
            assert scene.objects(Place.HOLDING) == {1}
            assert scene.objects(Place.ARCHIVE) == {0}
            scene.act = lambda desk: release(aip_id, desk, LAN, WHY)
            with pytest.raises(AlreadyRefused):
                scene.run()
            scene.nothing_is_left_over()
