"""Malware is looked for where a scanner is configured; elsewhere it is said that nobody looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from ingest.virus import ScannerUnavailable
from kit.archives import TestBed, make_bed
from kit.clamd import EICAR, scanner
from kit.desk import desk_of, write_files
from schemas.records import Receipt


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def receive(bed: TestBed, folder: Path, files: dict[bytes, bytes], clamd: str) -> Receipt:
    settings = IngestSettings(workers=1, clamd=clamd)
    source = write_files(folder, files)
    with bed.open() as archive, desk_of(archive, settings) as desk:
        return ingest(source, desk, fonds="TL05")


def test_a_clean_submission_is_accepted_and_the_receipt_no_longer_says_unchecked(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.txt": b"a" * 300_000, b"b.txt": b"b", b"c.txt": b"b"}
    with scanner(tmp_path) as (address, sizes):
        receipt = receive(bed, tmp_path / "nop", files, address)
    assert receipt.outcome == "accepted"
    assert "virus" not in receipt.not_checked
    assert sorted(sizes) == [1, 300_000]


def test_an_infected_submission_is_held_and_names_the_file(bed: TestBed, tmp_path: Path) -> None:
    files = {b"sach.txt": b"sach", b"nhiem.txt": EICAR}
    with scanner(tmp_path) as (address, _sizes):
        receipt = receive(bed, tmp_path / "nop", files, address)
    assert receipt.outcome == "held"
    (found,) = [finding for finding in receipt.findings if finding.code == "VIRUS-FOUND"]
    assert found.where == "nhiem.txt"
    assert found.fields["name"] == "Eicar-Test-Signature"


def test_without_a_scanner_the_receipt_says_that_nobody_looked(
    bed: TestBed, tmp_path: Path
) -> None:
    assert "virus" in receive(bed, tmp_path / "nop", {b"a.txt": b"a"}, "").not_checked


@pytest.mark.parametrize(
    "address",
    [
        "unix:/nowhere/clamd.ctl",
        "tcp:clamd",
        "clamd",
        "tcp:127.0.0.1:²",
        pytest.param("tcp:127.0.0.1:99999", marks=pytest.mark.loopback),
    ],
)
def test_a_configured_scanner_that_does_not_answer_stops_the_ingest(
    bed: TestBed, tmp_path: Path, address: str
) -> None:
    with pytest.raises(ScannerUnavailable):
        receive(bed, tmp_path / "nop", {b"a.txt": b"a"}, address)
    with bed.open() as archive:
        assert not list(archive.catalogue.aips())


def test_a_file_beyond_the_scanners_own_limit_is_told_in_the_scanners_words(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.txt": bytes(4 << 20)}
    with (
        scanner(tmp_path, limit_bytes=1 << 20) as (address, _sizes),
        pytest.raises(ScannerUnavailable, match="size limit exceeded"),
    ):
        receive(bed, tmp_path / "nop", files, address)


def test_an_answer_that_is_cut_off_is_not_taken_for_a_clean_file(
    bed: TestBed, tmp_path: Path
) -> None:
    with scanner(tmp_path, cut_off=True) as (address, _sizes), pytest.raises(ScannerUnavailable):
        receive(bed, tmp_path / "nop", {b"a.txt": b"a"}, address)
