"""Every file is identified, judged by the archive's policy, and validated where it asks."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ingest.pipeline import ingest
from kho.demo.papers import page_image, spreadsheet
from kit.archives import TestBed, make_bed
from kit.desk import desk_of, write_files
from kit.signed_pdfs import plain_pdf
from preservation.restore import RestoreRequest, restore
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.records import Receipt

WINDOWS_PROGRAM = b"MZ\x90\x00" + b"\x00" * 56 + b"\x80\x00\x00\x00" + b"\x00" * 64 + b"PE\x00\x00"


def png() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 60).save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def receive(bed: TestBed, folder: Path, files: dict[bytes, bytes]) -> Receipt:
    source = write_files(folder, files)
    with bed.open() as archive, desk_of(archive) as desk:
        return ingest(source, desk, fonds="TL05")


def validation_of(bed: TestBed, receipt: Receipt, target: Path) -> dict[str, list[Any]]:
    """The validators' results by file name, from the stored report."""
    with bed.open() as archive:
        request = RestoreRequest(target=target, include_held=True)
        restore(archive.replicas, request, now=utc_now, progress=NoProgress())
    path = target / receipt.aip_id / "metadata" / "other" / "validation.ndjson"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {Path(line["path"]).name: line["results"] for line in lines}


def test_sound_files_are_accepted_and_their_validation_is_kept(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {
        b"bao-cao.pdf": plain_pdf(),
        b"anh.jpg": page_image("jpeg", seed=1),
        b"bang.xlsx": spreadsheet([["STT", "Trích yếu"], [1, "Báo cáo"]]),
    }
    receipt = receive(bed, tmp_path / "nop", files)
    assert receipt.outcome == "accepted"
    lines = validation_of(bed, receipt, tmp_path / "out")
    for name in ("bao-cao.pdf", "anh.jpg", "bang.xlsx"):
        assert [result["outcome"] for result in lines[name]] == ["valid"], name


def test_a_damaged_image_is_told_and_the_policy_decides(bed: TestBed, tmp_path: Path) -> None:
    whole = bytearray(png())
    whole[len(whole) // 2] ^= 0xFF
    receipt = receive(bed, tmp_path / "nop", {b"anh.png": bytes(whole)})
    assert "IMAGE-DAMAGED" in {finding.code for finding in receipt.findings}
    lines = validation_of(bed, receipt, tmp_path / "out")
    assert [result["outcome"] for result in lines["anh.png"]] == ["invalid"]


def test_a_program_is_held_for_an_officer(bed: TestBed, tmp_path: Path) -> None:
    receipt = receive(bed, tmp_path / "nop", {b"in.exe": WINDOWS_PROGRAM, b"a.txt": b"a"})
    assert receipt.outcome == "held"
    refused = [finding for finding in receipt.findings if finding.code == "FORMAT-REFUSED"]
    assert [finding.where for finding in refused] == ["in.exe"]


def test_equal_bytes_are_validated_once_and_told_for_each(bed: TestBed, tmp_path: Path) -> None:
    content = plain_pdf()
    receipt = receive(bed, tmp_path / "nop", {b"a.pdf": content, b"b.pdf": content})
    lines = validation_of(bed, receipt, tmp_path / "out")
    assert lines["a.pdf"] == lines["b.pdf"]
    assert len(lines["a.pdf"]) == 1
