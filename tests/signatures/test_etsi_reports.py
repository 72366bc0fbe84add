"""ETSI TS 119 102-2 reports say what our verdict says, or are not made and the reason is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from ingest.settings import IngestSettings
from kit.pki import NOW
from kit.signatures import judged, question
from kit.signed_archives import (
    dated_bed,
    import_lists,
    import_roots,
    receive,
    stored_bytes,
    stored_verdicts,
)
from kit.signed_cms import signed_cms
from kit.signed_pdfs import signed_pdf, spoiled, with_changed_page
from preservation.signatures.facts import Facts
from schemas.ids import AipId
from schemas.xml import XmlCaps, parse_untrusted

VR = "{http://uri.etsi.org/19102/v1.2.1#}"
WITH_REPORT = msgspec.structs.replace(question(), etsi=True)


def said(report: str) -> tuple[str, str]:
    """Main indication and sub-indication of a report."""
    root = parse_untrusted(BytesIO(report.encode()), XmlCaps(total_bytes=1024 * 1024))
    assert root.tag == f"{VR}ValidationReport"
    status = root.find(f".//{VR}SignatureValidationStatus")
    assert status is not None
    found = [
        (status.findtext(f"{VR}{name}") or "").rpartition(":")[2]
        for name in ("MainIndication", "SubIndication")
    ]
    return found[0], found[1]


def examined(content: bytes) -> Facts:
    return judged(content, WITH_REPORT)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_every_level_has_a_report(level: str) -> None:
    facts = examined(signed_pdf("leader", level))
    assert [said(report)[0] for report in facts.etsi_reports] == ["total-passed"]
    told = [result.report for result in facts.results]
    assert told[0] == "made"
    assert all(one.startswith("not made") for one in told[1:])


def _expired() -> bytes:
    return signed_pdf("expired", "B-T", moment=datetime(2024, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: spoiled(signed_pdf("leader", "B-B")), ("total-failed", "HASH_FAILURE")),
        (_expired, ("indeterminate", "OUT_OF_BOUNDS_NO_POE")),
        # The library would have passed this one.
        (lambda: with_changed_page(signed_pdf("leader", "B-LTA")), ("indeterminate", "GENERIC")),
    ],
    ids=["broken", "expired", "changed after the archive stamp"],
)
def test_the_report_says_what_the_verdict_says(
    make: Callable[[], bytes], expected: tuple[str, str]
) -> None:
    facts = examined(make())
    assert said(facts.etsi_reports[0]) == expected
    assert facts.results[0].indication.lower() == expected[0]


def test_nobody_gets_a_report_who_did_not_ask() -> None:
    facts = judged(signed_pdf("leader", "B-B"))
    assert (facts.etsi_reports, facts.results[0].report) == ([], "")


def test_reports_are_in_the_dossier_beside_its_verdicts(tmp_path: Path) -> None:
    files = {
        b"van ban/a.pdf": signed_pdf("leader", "B-LTA"),
        b"b.txt": b"van ban",
        b"b.txt.p7s": signed_cms("leader", content=b"van ban"),
    }
    bed = dated_bed(tmp_path / "archive", NOW)
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        import_lists(archive, tmp_path)
        receipt = receive(archive, tmp_path / "nop", files)
        verdicts = stored_verdicts(archive, receipt.aip_id)
        folder = "metadata/other/signature-reports/"
        report = stored_bytes(archive, receipt.aip_id, f"{folder}van ban/a.pdf-1.xml")
        paths = {file.logical_path for file in archive.catalogue.files(AipId(receipt.aip_id))}
    assert said(report.decode())[0] == "total-passed"
    assert verdicts["a.pdf"].signatures[0].report == "made"
    assert verdicts["b.txt.p7s"].signatures[0].report.startswith("not made")
    assert sum(path.startswith(folder) for path in paths) == 1
    assert IngestSettings().etsi_reports
