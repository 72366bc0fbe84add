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
    NotWhole,
    ReasonMissing,
    ReceivedIt,
    SamePerson,
    UnknownPerson,
)
from ingest.desk import Desk, open_desk
from ingest.holding import held_named, held_submissions
from ingest.pipeline import ingest
from ingest.ruling import refuse, release
from ingest.settings import IngestSettings
from kho.demo.compare import differences
from kit.archives import TestBed, make_bed
from kit.desk import OPERATOR, SOFTWARE, desk_of, write_files
from kit.held import BINH, HOA, LAN, STRANGER, bag
from kit.tt05_packages import ARCHIVE, identifier, sip
from preservation.restore import RestoreRequest, restore
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import list_objects
from schemas.ids import AipId, ocfl_id
from schemas.moments import utc_now
from schemas.nouns import Place
from schemas.progress import NoProgress
from schemas.records import Receipt
from storage_backends.memory import MemoryBackend

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


def test_a_package_of_the_circular_waits_for_an_approver_who_did_not_receive_it(
    bed: TestBed, tmp_path: Path
) -> None:
    chosen = IngestSettings(workers=1, archive_code=ARCHIVE, approval="required")
    with (
        bed.open() as archive,
        open_desk(
            archive, chosen, operator=OPERATOR, software=SOFTWARE, identifier=identifier()
        ) as desk,
    ):
        plain = ingest(bag(tmp_path / "bag"), desk, fonds="TL05")
        assert plain.outcome == "accepted"
        sip().folder(tmp_path / "sip")
        held = ingest(tmp_path / "sip", desk)
        errors = {f.code for f in held.findings if f.severity == "error"}
        assert (held.outcome, errors) == ("held", {"APPROVAL-REQUIRED"})
        assert held.received_by == BINH.name
        with pytest.raises(ReceivedIt):
            release(aip(held), desk, BINH, WHY)
        with pytest.raises(NotAnApprover):
            release(aip(held), desk, LAN, WHY)
        receipt = release(aip(held), desk, HOA, WHY).receipt
        assert receipt is not None
        assert receipt.outcome == "accepted"
        assert receipt.ruling is not None
        assert receipt.ruling.overridden == ()
        assert receipt.submitter_code == "TL05"


def test_what_is_wrong_no_longer_needs_one_approver_only(bed: TestBed, tmp_path: Path) -> None:
    """The policy that held it was changed since: nothing is overridden."""
    strict = tmp_path / "policy.toml"
    strict.write_text(
        'format = "kho.policy/1"\nname = "strict"\nversion = 1\n'
        '[severity]\nPROFILE-NO-METADATA = "error"\n',
        encoding="utf-8",
    )
    source = write_files(tmp_path / "nop", {b"a.txt": b"a\n"})
    with bed.open() as archive, desk_of(archive, IngestSettings(policy=str(strict))) as desk:
        held = ingest(source, desk)
        assert held.outcome == "held"
    with bed.open() as archive, desk_of(archive) as desk:
        receipt = release(aip(held), desk, HOA, WHY).receipt
        assert receipt is not None
        assert receipt.ruling is not None
        assert (len(receipt.ruling.steps), receipt.ruling.overridden) == (1, ())


def test_a_proposal_counts_for_the_errors_it_was_made_for_alone(
    bed: TestBed, held: Receipt, desk: Desk, tmp_path: Path
) -> None:
    release(aip(held), desk, LAN, WHY)
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'format = "kho.policy/1"\nname = "stricter"\nversion = 1\n'
        '[severity]\nBAG-OXUM-ABSENT = "error"\n',
        encoding="utf-8",
    )
    with bed.open() as archive, desk_of(archive, IngestSettings(policy=str(policy))) as stricter:
        answer = release(aip(held), stricter, HOA, WHY)
        assert answer.receipt is None
        assert answer.renewed
        assert answer.proposal is not None
        assert answer.proposal.overridden == ("BAG-DIGEST", "BAG-OXUM-ABSENT")
        assert release(aip(held), stricter, BINH, "").receipt is not None


def test_a_release_reads_each_file_from_a_replica_that_has_it_whole(
    bed: TestBed, held: Receipt, desk: Desk
) -> None:
    """One file is damaged on one replica, another on the other: together they are whole."""
    for name, needle in (("alpha", b"phu luc a\n"), ("beta", b"phu luc b\n")):
        damage(bed, name, needle)
    release(aip(held), desk, LAN, WHY)
    assert release(aip(held), desk, HOA, "").receipt is not None


def test_what_no_replica_has_whole_is_not_released(
    bed: TestBed, held: Receipt, desk: Desk
) -> None:
    for name in ("alpha", "beta"):
        damage(bed, name, b"phu luc a\n")
    with pytest.raises(NotWhole):
        release(aip(held), desk, LAN, WHY)
    assert not list(desk.archive.catalogue.aips(place=Place.ARCHIVE))


def damage(bed: TestBed, replica: str, content: bytes) -> None:
    """The file with this content in the holding area of a replica has one byte changed."""
    store = bed.backends[replica]
    assert isinstance(store, MemoryBackend)
    for key, found in store._content_by_key.items():
        if key.startswith("holding/") and found == content:
            store._content_by_key[key] = b"?" + found[1:]
            return
    raise AssertionError(f"no such file on {replica}")
