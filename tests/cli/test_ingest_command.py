"""``kho ingest``: what a person and another program are told of each submission."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from kho.cli.ingest import IngestSummary, Receipts
from kit.command_line import Ran, Shell
from kit.packages import UTF8, Forged, forge_zip
from schemas.records import Receipt


def receipts(ran: Ran) -> tuple[Receipt, ...]:
    return msgspec.json.decode(ran.out, type=Receipts).receipts


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = tmp_path / "nộp" / "Hồ sơ họp"
    folder.mkdir(parents=True)
    (folder / "Biên bản.txt").write_text("Biên bản họp\n", encoding="utf-8")
    return folder


def test_a_folder_becomes_a_stored_dossier_with_a_receipt(
    archive: Shell, submission: Path
) -> None:
    ran = archive("ingest", submission, "--fonds", "TL09", "--json")
    (receipt,) = receipts(ran)
    assert (ran.code, receipt.outcome, receipt.state) == (0, "accepted", "stored")
    assert (receipt.fonds, receipt.files) == ("TL09", 1)
    assert [copy.replica for copy in receipt.copies] == ["alpha", "beta"]
    assert receipt.aip_id[:8] in archive("list", "--fonds", "TL09").out


def test_the_same_submission_again_gets_the_receipt_it_had(
    archive: Shell, submission: Path
) -> None:
    (first,) = receipts(archive("ingest", submission, "--json"))
    ran = archive("ingest", submission, "--json")
    (again,) = receipts(ran)
    assert (ran.code, again.outcome, again.aip_id) == (0, "duplicate", first.aip_id)
    assert len(archive("list").out.splitlines()) == 3


def test_what_is_left_of_a_damaged_package_is_not_taken_for_one_that_came_before(
    archive: Shell, submission: Path, tmp_path: Path
) -> None:
    """The files that could be read are exactly those of the dossier that is stored."""
    content = (submission / "Biên bản.txt").read_bytes()
    damaged = tmp_path / "Hồ sơ họp.zip"
    names = "Biên bản.txt".encode(), b"khac.txt"
    entries = Forged(names[0], content, flags=UTF8), Forged(names[1], b"kh\xc3\xa1c", crc=1)
    damaged.write_bytes(forge_zip(entries))
    assert archive("ingest", submission).code == 0
    ran = archive("ingest", damaged, "--json")
    (receipt,) = receipts(ran)
    assert (ran.code, receipt.outcome) == (3, "rejected")
    assert "ARCHIVE-MEMBER-DAMAGED" in {found.code for found in receipt.findings}


@pytest.mark.parametrize("own", [".", "staging", "locks/writers"])
def test_the_archives_own_folders_are_not_received(archive: Shell, own: str) -> None:
    ran = archive("ingest", archive.here / own)
    assert (ran.code, "{" in ran.err) == (2, False)
    assert "SOURCE-IS-OWN" not in ran.err
    assert archive("ingest", archive.here / own, "--lang", "vi").err != ran.err


def test_a_backup_repository_is_not_received(archive: Shell) -> None:
    (replica, *_others) = json.loads(archive("replica", "list", "--json").out)["replicas"]
    place = replica["url"].removeprefix("file://")
    assert archive("ingest", place).code == 2
    assert archive("ingest", f"{place}/kho").code == 2


def test_a_source_that_cannot_be_received_leaves_nothing_to_recover(
    archive: Shell, tmp_path: Path, submission: Path
) -> None:
    os.mkfifo(tmp_path / "ống")
    assert archive("ingest", tmp_path / "ống").code == 2
    ran = archive("ingest", submission)
    assert (ran.code, "Recovery" in ran.err + ran.out) == (0, False)


def test_a_receipt_is_told_in_the_readers_language(archive: Shell, submission: Path) -> None:
    english = archive("ingest", submission).out
    vietnamese = archive("ingest", submission, "--lang", "vi").out
    assert "Hồ sơ họp" in english
    assert "tiếp nhận" in vietnamese.lower()
    assert "tiếp nhận" not in english.lower()


def test_several_submissions_are_told_line_by_line_and_counted(
    archive: Shell, submission: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "hỏng.zip"
    broken.write_bytes(b"PK\x03\x04 this is no archive")
    ran = archive("ingest", submission, broken, "--jsonl")
    *lines, last = ran.out.splitlines()
    assert [msgspec.json.decode(line, type=Receipt).outcome for line in lines] == [
        "accepted",
        "rejected",
    ]
    counted = msgspec.json.decode(last, type=IngestSummary)
    assert (counted.accepted, counted.rejected) == (1, 1)
    assert ran.code == 3


def test_a_source_that_is_not_there_stops_the_command_before_anything_is_received(
    archive: Shell, submission: Path
) -> None:
    ran = archive("ingest", submission, "nowhere")
    assert ran.code == 2
    assert "nowhere" in ran.err
    assert len(archive("list").out.splitlines()) == 2


def test_a_replica_that_was_swapped_for_an_empty_folder_stops_the_command(
    archive: Shell, submission: Path
) -> None:
    (archive.here / "b").rename(archive.here / "away")
    (archive.here / "b").mkdir()
    ran = archive("ingest", submission)
    assert ran.code == 4
    assert "beta" in ran.err
    assert list((archive.here / "b").iterdir()) == []


def test_a_submission_is_left_as_it_was(archive: Shell, submission: Path) -> None:
    before = [
        (path, path.stat().st_mtime_ns, path.stat().st_mode) for path in submission.iterdir()
    ]
    archive("ingest", submission)
    assert [
        (path, path.stat().st_mtime_ns, path.stat().st_mode) for path in submission.iterdir()
    ] == before
