"""Every file is identified, judged by the archive's policy, and validated where it asks."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ingest.decide import PolicyUnusable
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kho.demo.papers import page_image, spreadsheet
from kit import awkward
from kit.archives import TestBed, make_bed
from kit.desk import desk_of, write_files
from kit.signed_pdfs import plain_pdf
from preservation.formats.policy_file import shipped_content
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


def receive(bed: TestBed, folder: Path, files: dict[bytes, bytes], **settings: Any) -> Receipt:
    source = write_files(folder, files)
    chosen = IngestSettings(workers=1, **settings)
    with bed.open() as archive, desk_of(archive, chosen) as desk:
        return ingest(source, desk, fonds="TL05")


def validation_of(bed: TestBed, receipt: Receipt, target: Path) -> dict[str, list[Any]]:
    """The validators' results by file name, from the stored report."""
    return {name: line["results"] for name, line in lines_of(bed, receipt, target).items()}


def lines_of(bed: TestBed, receipt: Receipt, target: Path) -> dict[str, Any]:
    """The stored report's lines by file name."""
    with bed.open() as archive:
        request = RestoreRequest(target=target, include_held=True)
        restore(archive.replicas, request, now=utc_now, progress=NoProgress())
    path = target / receipt.aip_id / "metadata" / "other" / "validation.ndjson"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {Path(line["path"]).name: line for line in lines}


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


@pytest.fixture
def with_pygfried() -> None:
    pytest.importorskip("pygfried", reason="pygfried is not installed")


@pytest.mark.usefixtures("with_pygfried")
def test_a_second_identifier_that_agrees_is_recorded_beside_the_first(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.pdf": plain_pdf(), b"b.pdf": plain_pdf(), b"a.txt": b"a"}
    receipt = receive(bed, tmp_path / "nop", files, second_identifier="pygfried")
    assert receipt.outcome == "accepted"
    lines = lines_of(bed, receipt, tmp_path / "out")
    assert lines["a.pdf"]["second"] == lines["b.pdf"]["second"]
    second = lines["a.pdf"]["second"]
    assert (second["agreement"], second["taken"]) == ("same", second["puids"])
    assert second["tool"].startswith("siegfried ")
    assert lines["a.txt"]["second"]["agreement"] == "same"


@pytest.mark.usefixtures("with_pygfried")
def test_a_file_that_only_the_second_identifier_knows_goes_to_an_officer(
    bed: TestBed, tmp_path: Path
) -> None:
    # AVIF came after the set that is shipped.
    newer = b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + b"\x00" * 64
    files = {b"anh.avif": newer, b"a.pdf": plain_pdf()}
    receipt = receive(bed, tmp_path / "nop", files, second_identifier="pygfried")
    assert [f.where for f in receipt.findings if f.code == "FORMAT-ONE-SIDED"] == ["anh.avif"]
    line = lines_of(bed, receipt, tmp_path / "out")["anh.avif"]
    assert line["second"]["agreement"] == "one-sided"
    assert line["decision"] == "review"
    assert "FORMAT-IDENTIFIERS-DISAGREE" in line["reasons"]


@pytest.mark.usefixtures("with_pygfried")
def test_what_the_second_identifier_cannot_read_is_still_received(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.docx": awkward.docx()[:300], b"trong.pdf": b""}
    receipt = receive(bed, tmp_path / "nop", files, second_identifier="pygfried")
    assert lines_of(bed, receipt, tmp_path / "out")["a.docx"]["second"]["problem"]


def test_without_a_second_identifier_none_is_said(bed: TestBed, tmp_path: Path) -> None:
    receipt = receive(bed, tmp_path / "nop", {b"a.pdf": plain_pdf()})
    assert lines_of(bed, receipt, tmp_path / "out")["a.pdf"]["second"] is None


def executable(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def pdfa() -> bytes:
    """A PDF that says it is PDF/A-1b, and is not."""
    claim = (
        b'<?xpacket begin=""?><x:xmpmeta><rdf:RDF><rdf:Description xmlns:pdfaid='
        b'"http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>1</pdfaid:part>'
        b"<pdfaid:conformance>B</pdfaid:conformance></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    head, rest = plain_pdf().split(b"\n", 1)
    return b"%PDF-1.4\n%" + claim + b"\n" + rest if head else b""


def test_a_claim_of_pdfa_is_held_against_its_profile_by_every_tool(
    bed: TestBed, tmp_path: Path
) -> None:
    report = (
        '<report><validationReport jobEndStatus="normal" isCompliant="false" '
        'profileName="PDF/A-1B validation profile"/></report>'
    )
    command = executable(tmp_path / "verapdf", f"cat <<'END'\n{report}\nEND")
    receipt = receive(bed, tmp_path / "nop", {b"a.pdf": pdfa()}, verapdf=command)
    line = lines_of(bed, receipt, tmp_path / "out")["a.pdf"]
    results = {result["kind"]: result for result in line["results"]}
    assert results["pdfa"]["facts"]["profile"] == "PDF/A-1b"
    assert results["verapdf"]["outcome"] == "invalid"
    assert "FORMAT-INVALID" in line["reasons"]


def test_sound_is_judged_by_the_programs_that_are_installed(
    bed: TestBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = '{"streams": [{"codec_type": "audio"}], "format": {"bit_rate": "64000"}}'
    programs = tmp_path / "bin"
    programs.mkdir()
    executable(programs / "ffprobe", f"echo '{probe}'")
    executable(programs / "ffmpeg", "echo 'Header missing' >&2")
    monkeypatch.setenv("PATH", str(programs))
    sound = b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + b"\x00" * 4000
    receipt = receive(bed, tmp_path / "nop", {b"ghi-am.wav": sound})
    found = {finding.code for finding in receipt.findings}
    assert {"AV-DAMAGED", "AV-BIT-RATE-LOW"} <= found
    line = lines_of(bed, receipt, tmp_path / "out")["ghi-am.wav"]
    assert [(r["kind"], r["outcome"]) for r in line["results"]] == [("av", "invalid")]


def test_an_archives_own_format_policy_decides_instead_of_the_shipped_one(
    bed: TestBed, tmp_path: Path
) -> None:
    own = tmp_path / "formats.toml"
    own.write_bytes(shipped_content().replace(b'empty = "review"', b'empty = "rejected"'))
    settings = IngestSettings(workers=1, format_policy=str(own))
    source = write_files(tmp_path / "nop", {b"rong.txt": b"", b"a.txt": b"a"})
    with bed.open() as archive, desk_of(archive, settings) as desk:
        receipt = ingest(source, desk, fonds="TL05")
    assert receipt.outcome == "held"
    assert "FORMAT-REFUSED" in {finding.code for finding in receipt.findings}


def test_a_format_policy_that_is_not_there_stops_before_anything_is_read(
    bed: TestBed, tmp_path: Path
) -> None:
    settings = IngestSettings(workers=1, format_policy=str(tmp_path / "nowhere.toml"))
    with bed.open() as archive, pytest.raises(PolicyUnusable), desk_of(archive, settings):
        pass


def test_of_many_findings_of_one_kind_the_receipt_keeps_the_first_and_counts_the_rest(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {f"{number}.la".encode(): b"\x00\x01" + bytes([number % 251]) for number in range(230)}
    receipt = receive(bed, tmp_path / "nop", files)
    told = [finding for finding in receipt.findings if finding.code == "FORMAT-TO-REVIEW"]
    (more,) = [finding for finding in receipt.findings if finding.code == "PACKAGE-MORE"]
    assert len(told) == 200
    assert more.fields["more"] == 30
