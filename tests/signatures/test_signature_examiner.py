"""The examiner over real workers: keyed reports, reuse, and files that fight back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.pki import NOW, pki
from kit.signed_pdfs import plain_pdf, signed_pdf, spoiled
from preservation.signatures.examiner import Item, SignatureExaminer
from preservation.signatures.trust import TrustSnapshot
from preservation.workers import JobLimits, WorkerPool


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with WorkerPool(scratch=tmp_path_factory.mktemp("staging")) as pool:
        yield pool


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> TrustSnapshot:
    return TrustSnapshot.load(pki().folder(tmp_path_factory.mktemp("trust")))


@pytest.fixture
def examiner(pool: WorkerPool, snapshot: TrustSnapshot) -> SignatureExaminer:
    return SignatureExaminer(pool, snapshot, clock=lambda: NOW)


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_every_file_of_a_mixed_lot_gets_its_report(
    examiner: SignatureExaminer, tmp_path: Path
) -> None:
    contents = {
        "good.pdf": signed_pdf("leader", "B-T"),
        "spoiled.pdf": spoiled(signed_pdf("leader", "B-B")),
        "expired.pdf": signed_pdf("expired", "B-B"),
        "plain.pdf": plain_pdf(),
        "text.txt": b"/ByteRange in a text is no signature",
        "empty.pdf": b"",
        "cut.pdf": signed_pdf("leader", "B-B")[:3000],
        "old.sig": b"\x00\x01",
        "letter.eml": b"Content-Type: multipart/signed; micalg=sha256",
    }
    paths = {name: _file(tmp_path, name, content) for name, content in contents.items()}
    items = [Item(name, path) for name, path in paths.items()]
    items.append(Item("missing.pdf", tmp_path / "missing.pdf"))
    reports = dict(examiner.examine_many(items))
    assert {name: report.decision for name, report in reports.items()} == {
        "good.pdf": "accept",
        "spoiled.pdf": "hold",
        "expired.pdf": "warn",
        "plain.pdf": "none",
        "text.txt": "none",
        "empty.pdf": "none",
        "cut.pdf": "hold",
        "old.sig": "warn",
        "letter.eml": "warn",
        "missing.pdf": "hold",
    }
    assert reports["cut.pdf"].findings == ("SIG-UNREADABLE",)
    assert reports["letter.eml"].not_checked == "kind not supported"
    assert reports["old.sig"].findings == ("SIG-NOT-VERIFIED",)
    assert reports["good.pdf"].basis == examiner.basis


def test_originals_are_byte_identical_after_verification(
    examiner: SignatureExaminer, tmp_path: Path
) -> None:
    path = _file(tmp_path, "a.pdf", signed_pdf("leader", "B-LTA"))
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    examiner.examine(path)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before


def test_the_same_bytes_are_verified_once(
    pool: WorkerPool, snapshot: TrustSnapshot, tmp_path: Path
) -> None:
    path = _file(tmp_path, "annex.pdf", signed_pdf("leader", "B-B"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW)
    first = dict(examiner.examine_many([Item(n, path, digest=digest) for n in range(3)]))
    gone = _file(tmp_path, "same.pdf", plain_pdf() + b"/ByteRange")
    again = dict(examiner.examine_many([Item("again", gone, digest=digest)]))
    assert len(first) == 3
    assert {report.decision for report in first.values()} == {"accept"}
    assert again["again"] is first[0]


def test_a_file_that_takes_too_long_is_unverifiable_and_the_next_is_served(
    snapshot: TrustSnapshot, tmp_path: Path
) -> None:
    limits = {"signature": JobLimits(wall_s=0.001)}
    staging = tmp_path / "staging"
    staging.mkdir()
    path = _file(tmp_path, "slow.pdf", signed_pdf("leader", "B-LTA"))
    with WorkerPool(scratch=staging, limits=limits) as slow:
        report = SignatureExaminer(slow, snapshot, clock=lambda: NOW).examine(path)
    assert (report.decision, report.not_checked) == ("hold", "timeout")
    assert report.findings == ("SIG-UNVERIFIABLE", "WORKER-TIMEOUT")


def test_trust_material_that_changed_since_the_snapshot_is_not_used(
    pool: WorkerPool, tmp_path: Path
) -> None:
    folder = pki().folder(tmp_path / "trust")
    snapshot = TrustSnapshot.load(folder)
    anchor = next((folder / "anchors").rglob("*.cer"))
    anchor.write_bytes(pki().certificate("other").dump())
    path = _file(tmp_path, "a.pdf", signed_pdf("leader", "B-B"))
    report = SignatureExaminer(pool, snapshot, clock=lambda: NOW).examine(path)
    assert (report.decision, report.not_checked) == ("hold", "error")
    assert "SIG-TRUST-UNREADABLE" in report.detail
