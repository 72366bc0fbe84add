"""Held submissions: two people override an error, one refuses, nobody alone releases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.approval import (
    AlreadyRefused,
    AlreadyReleased,
    NotAnApprover,
    NotHeld,
    ReasonMissing,
    SamePerson,
    UnknownPerson,
)
from ingest.desk import Desk
from ingest.holding import held_named, held_submissions, refuse, release
from ingest.pipeline import ingest
from kho.demo.compare import differences
from kit.archives import TestBed, make_bed
from kit.desk import desk_of
from kit.held import BINH, HOA, LAN, STRANGER, bag
from preservation.restore import RestoreRequest, restore
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import list_objects
from schemas.ids import AipId, ocfl_id
from schemas.moments import utc_now
from schemas.nouns import Place
from schemas.progress import NoProgress
from schemas.records import Receipt

WHY = "Văn phòng đã xác nhận bằng công văn 12-CV/VP"


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


@pytest.fixture
def desk(bed: TestBed) -> Iterator[Desk]:
    with bed.open() as archive, desk_of(archive) as desk:
        yield desk


@pytest.fixture
def held(desk: Desk, tmp_path: Path) -> Receipt:
    receipt = ingest(bag(tmp_path / "nop", damaged=True), desk, fonds="TL05")
    assert receipt.outcome == "held"
    return receipt


def aip(receipt: Receipt) -> AipId:
    return AipId(receipt.aip_id)


def test_two_people_release_what_one_alone_cannot(held: Receipt, desk: Desk) -> None:
    first = release(aip(held), desk, LAN, WHY)
    assert first.receipt is None
    assert first.proposal is not None
    assert first.proposal.overridden == ("BAG-DIGEST",)
    assert not list(desk.archive.catalogue.aips(place=Place.ARCHIVE))
    second = release(aip(held), desk, HOA, "")
    receipt = second.receipt
    assert receipt is not None
    assert (receipt.outcome, receipt.state, receipt.aip_id) == ("accepted", "stored", held.aip_id)
    assert receipt.received == held.received
    ruling = receipt.ruling
    assert ruling is not None
    assert [(step.person, step.role) for step in ruling.steps] == [
        (LAN.name, "proposer"),
        (HOA.name, "approver"),
    ]
    assert (ruling.act, ruling.reason, ruling.overridden) == ("released", WHY, ("BAG-DIGEST",))
    assert "BAG-DIGEST" in {finding.code for finding in receipt.findings}


def test_the_override_is_an_event_of_the_aip_and_of_the_ledger(
    held: Receipt, desk: Desk, tmp_path: Path
) -> None:
    release(aip(held), desk, LAN, WHY)
    release(aip(held), desk, HOA, "")
    (event,) = desk.archive.catalogue.events(aip(held))
    assert event.type == "unquarantine"
    assert WHY in event.detail
    assert {agent.name for agent in event.agents} == {LAN.name, HOA.name}
    folder = given_back(desk, aip(held), "folder", tmp_path / "out")
    premis = (folder / "metadata/preservation/PREMIS.xml").read_text(encoding="utf-8")
    assert WHY in premis
    assert event.id in premis
    assert LAN.name in premis
    before = (folder / "metadata/other/admission-held.json").read_text(encoding="utf-8")
    assert '"outcome": "held"' in before


def test_what_is_released_gives_the_submission_back_byte_for_byte(
    held: Receipt, desk: Desk, tmp_path: Path
) -> None:
    release(aip(held), desk, LAN, WHY)
    release(aip(held), desk, HOA, "")
    back = given_back(desk, aip(held), "submission", tmp_path / "out")
    assert not differences(tmp_path / "nop", back)


def test_what_is_released_stays_in_the_holding_area_too(held: Receipt, desk: Desk) -> None:
    release(aip(held), desk, LAN, WHY)
    release(aip(held), desk, HOA, "")
    for replica in desk.archive.replicas:
        for place in Place:
            wanted = object_prefix(place, ocfl_id(aip(held)))
            assert list(list_objects(replica.backend, place)) == [wanted]
    assert not list(held_submissions(desk.archive))
    (closed,) = held_submissions(desk.archive, closed=True)
    assert closed.receipt.outcome == "accepted"


def test_the_one_who_proposed_cannot_approve(held: Receipt, desk: Desk) -> None:
    release(aip(held), desk, HOA, WHY)
    with pytest.raises(SamePerson):
        release(aip(held), desk, HOA, WHY)
    another_account = type(HOA)("hoa2", HOA.name, known=True, approver=True)
    with pytest.raises(SamePerson):
        release(aip(held), desk, another_account, WHY)
    assert held_named(desk.archive, held.aip_id).waits


def test_who_is_nobody_or_no_approver_decides_nothing(held: Receipt, desk: Desk) -> None:
    with pytest.raises(UnknownPerson):
        release(aip(held), desk, STRANGER, WHY)
    release(aip(held), desk, HOA, WHY)
    with pytest.raises(NotAnApprover):
        release(aip(held), desk, LAN, WHY)
    for nobody, refusal in ((STRANGER, UnknownPerson), (LAN, NotAnApprover)):
        with pytest.raises(refusal):
            refuse(aip(held), desk.archive, nobody, WHY)
    assert held_named(desk.archive, held.aip_id).waits


def test_a_decision_needs_a_reason(held: Receipt, desk: Desk) -> None:
    with pytest.raises(ReasonMissing):
        release(aip(held), desk, HOA, "  ")
    with pytest.raises(ReasonMissing):
        refuse(aip(held), desk.archive, HOA, "")
    assert held_named(desk.archive, held.aip_id).proposal is None


def test_a_proposal_is_kept_by_a_rebuild_of_the_catalogue(
    held: Receipt, bed: TestBed, desk: Desk
) -> None:
    from repository.rebuild import rebuild_archive_catalogue

    release(aip(held), desk, LAN, WHY)
    desk.archive.catalogue.close()
    rebuild_archive_catalogue(bed.settings, backends=bed.backends, progress=NoProgress())
    with bed.open() as archive, desk_of(archive) as again:
        (waiting,) = held_submissions(archive)
        assert waiting.proposal is not None
        assert waiting.proposal.step.person == LAN.name
        assert release(aip(held), again, HOA, "").receipt is not None


def test_a_refused_submission_is_closed_and_its_bytes_stay(held: Receipt, desk: Desk) -> None:
    receipt = refuse(aip(held), desk.archive, BINH, WHY)
    assert (receipt.outcome, receipt.aip_id) == ("rejected", held.aip_id)
    assert receipt.ruling is not None
    assert receipt.ruling.reason == WHY
    assert not list(held_submissions(desk.archive))
    for replica in desk.archive.replicas:
        assert list(list_objects(replica.backend, Place.HOLDING))
    with pytest.raises(AlreadyRefused):
        release(aip(held), desk, HOA, WHY)
    assert refuse(aip(held), desk.archive, BINH, WHY) == receipt


def test_what_was_refused_is_told_to_who_hands_it_in_again(
    held: Receipt, desk: Desk, tmp_path: Path
) -> None:
    refused = refuse(aip(held), desk.archive, BINH, WHY)
    again = ingest(tmp_path / "nop", desk, fonds="TL05")
    assert (again.outcome, again.earlier_outcome) == ("duplicate", "rejected")
    assert again.receipt_id == refused.receipt_id


def test_a_release_is_repeated_harmlessly_and_cannot_be_refused(held: Receipt, desk: Desk) -> None:
    release(aip(held), desk, LAN, WHY)
    first = release(aip(held), desk, HOA, "")
    assert release(aip(held), desk, HOA, "") == first
    with pytest.raises(AlreadyReleased):
        refuse(aip(held), desk.archive, HOA, WHY)


def test_what_is_not_held_is_said_to_be_so(desk: Desk, tmp_path: Path) -> None:
    accepted = ingest(bag(tmp_path / "tot"), desk, fonds="TL05")
    assert accepted.outcome == "accepted"
    for named in ("khong-co", accepted.aip_id):
        with pytest.raises(NotHeld):
            held_named(desk.archive, named)
    with pytest.raises(NotHeld):
        release(aip(accepted), desk, HOA, WHY)


def given_back(desk: Desk, aip_id: AipId, form: str, target: Path) -> Path:
    request = RestoreRequest(target=target, form=form, aip_ids=(aip_id,))
    replicas = desk.archive.replicas
    assert restore(replicas, request, now=utc_now, progress=NoProgress()).complete
    return target / aip_id
