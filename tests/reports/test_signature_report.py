"""``kho report signatures``: the three facts of each signature, and what is not proved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kho.reports.page import shown
from kho.reports.signatures import SignaturesReport, signatures_report, signatures_sheet
from kit.archives import TestBed
from kit.command_line import Shell
from kit.desk import write_files
from kit.pki import NOW
from kit.signed_archives import AGENTS, dated_bed, import_lists, import_roots, receive
from kit.signed_pdfs import plain_pdf, signed_pdf, spoiled
from preservation.signature_audit import SignatureScope, audit_signatures
from repository.archive import Repository
from schemas.ids import AipId

LISTED = """\
Mã hồ sơ;Tiêu đề hồ sơ;THBQ;Từ ngày;Đến ngày;Tên tệp;Loại văn bản;Ngày văn bản;Trích yếu
01.VP;Hồ sơ họp;Vĩnh viễn;1/1/2024;31/12/2024;thu-hoi.pdf;Tờ trình;5/3/2024;Tờ trình đầu
01.VP;Hồ sơ họp;Vĩnh viễn;1/1/2024;31/12/2024;hong.pdf;Báo cáo;6/3/2024;Báo cáo sau
"""
INGEST = datetime(2025, 1, 5, 8, 0, tzinfo=UTC)


def received(shell: Shell) -> str:
    """The AIP of a dossier with a sound, a spoiled and an unsigned file."""
    folder = write_files(
        shell.here / "ho-so",
        {
            b"dung.pdf": signed_pdf("leader", "B-B"),
            b"hong.pdf": spoiled(signed_pdf("organ", "B-B")),
            b"khong-ky.pdf": plain_pdf(),
        },
    )
    receipts = msgspec.json.decode(shell("ingest", folder, "--json").out)["receipts"]
    return str(receipts[0]["aip_id"])


def test_each_signature_is_told_with_what_is_proved_of_it(shell: Shell) -> None:
    named = received(shell)
    ran = shell("report", "signatures", named, "--json")
    report = msgspec.json.decode(ran.out, type=SignaturesReport)
    sound, broken = report.signatures
    assert (report.files, report.unsigned) == (3, 1)
    assert (sound.file, sound.signer, sound.integrity) == ("dung.pdf", "leader", "intact")
    assert (sound.trust, sound.time) == ("not_established", "claimed")
    assert (broken.file, broken.integrity) == ("hong.pdf", "broken")
    assert broken.decision == "hold"


def test_people_read_it_in_sentences(shell: Shell) -> None:
    named = received(shell)
    text = shell("report", "signatures", named).out
    assert "what was signed is unchanged" in text
    assert "what was signed was CHANGED afterwards" in text
    assert "1 of 3 files carry no signature." in text
    assert "nội dung đã ký còn nguyên" in shell("--lang", "vi", "report", "signatures", named).out
    assert shell("report", "signatures", named, "--html", "s.html").code == 0
    page = (shell.here / "s.html").read_text(encoding="utf-8")
    assert "what was signed was CHANGED afterwards" in page


def test_an_unknown_dossier_is_said_to_be_unknown(shell: Shell) -> None:
    ran = shell("report", "signatures", "00000000")
    assert ran.code == 2
    assert "00000000" in ran.err


@pytest.fixture
def listed(tmp_path: Path) -> tuple[TestBed, AipId]:
    """A dossier with a list of its two signed documents; nothing is known of revocation."""
    bed = dated_bed(tmp_path / "archive", INGEST)
    files = {
        b"thu-hoi.pdf": signed_pdf("revoked", "B-B"),
        b"hong.pdf": spoiled(signed_pdf("leader", "B-B")),
        b"metadata.csv": LISTED.encode(),
    }
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        return bed, AipId(receive(archive, tmp_path / "nop", files).aip_id)


def told(archive: Repository, aip_id: AipId) -> SignaturesReport:
    (summary,) = archive.catalogue.find(aip_id)
    facts = archive.catalogue.aip(aip_id, summary.place)
    assert facts is not None
    return signatures_report(archive, facts)


def test_each_signature_is_told_with_its_document_in_the_order_of_the_list(
    listed: tuple[TestBed, AipId],
) -> None:
    bed, aip_id = listed
    with bed.open() as archive:
        report = told(archive, aip_id)
    assert [(each.title, each.file) for each in report.signatures] == [
        ("Tờ trình đầu", "thu-hoi.pdf"),
        ("Báo cáo sau", "hong.pdf"),
    ]
    assert all(not each.earlier and not each.as_of for each in report.signatures)
    sheet = signatures_sheet(report, "en")
    assert "judged again" not in " ".join(sheet.notes)


def judged_twice_more(bed: TestBed, aip_id: AipId, folder: Path) -> SignaturesReport:
    """The report after an audit that knew the list of before ingest, and one that knew of the
    revocation."""
    with bed.open() as archive:
        import_lists(archive, folder, datetime(2024, 12, 30, tzinfo=UTC))
        scope = SignatureScope(aip_id=aip_id)
        audit_signatures(archive, scope, agents=AGENTS, workers=1)
        bed.clock.start = NOW
        import_lists(archive, folder, datetime(2025, 3, 15, tzinfo=UTC))
        audit_signatures(archive, scope, agents=AGENTS, workers=1)
        return told(archive, aip_id)


def test_the_newest_verdict_is_told_and_that_there_are_older_ones(
    listed: tuple[TestBed, AipId], tmp_path: Path
) -> None:
    bed, aip_id = listed
    revoked = judged_twice_more(bed, aip_id, tmp_path).signatures[0]
    assert (revoked.document, revoked.title) == ("", "Tờ trình đầu")
    assert (revoked.decision, revoked.indication) == (
        "hold",
        "INDETERMINATE/REVOKED_NO_POE",
    )
    assert (revoked.integrity, revoked.trust) == ("intact", "untrusted")
    assert revoked.judged_at.startswith(f"{NOW:%Y-%m-%d}")
    assert revoked.as_of.startswith("2025-01-05"), "judged as of the proven moment of ingest"
    assert [each.decision for each in revoked.earlier] == ["warn", "accept"], "ingest's first"
    assert all(each.judged_at.startswith("2025-01-05") for each in revoked.earlier)


def test_people_read_what_was_decided_before_beside_the_newest_verdict(
    listed: tuple[TestBed, AipId], tmp_path: Path
) -> None:
    bed, aip_id = listed
    sheet = signatures_sheet(judged_twice_more(bed, aip_id, tmp_path), "en")
    assert any("judged again after ingest" in note for note in sheet.notes)
    row = [shown(cell, "en") for cell in sheet.tables[0].rows[0]]
    assert row[6] == "HELD for an officer"
    assert row[8].startswith("accepted with warnings (2025-01-05T")
    assert "accepted (2025-01-05T" in row[8]
