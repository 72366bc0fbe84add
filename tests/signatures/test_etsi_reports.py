"""ETSI TS 119 102-2 reports say what our verdict says, or are not made and the reason is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

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
from kit.signed_pdfs import SIGNED, signed_pdf, spoiled, with_changed_page
from preservation.signatures import etsi
from preservation.signatures.facts import Facts
from schemas.ids import AipId
from schemas.moments import parse_moment
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


def lacking(node: Any, where: str = "") -> Iterator[str]:
    """What the schema, in the classes that are made from it, asks for and is not there."""
    for one in dataclasses.fields(node) if dataclasses.is_dataclass(node) else ():
        value, asked = getattr(node, one.name), one.metadata
        place = f"{where}/{asked.get('name', one.name)}"
        # One of two choices: a digest alone is enough, which the classes cannot say.
        if place.endswith("/SignersDocument/SignersDocumentRepresentation"):
            continue
        if asked.get("required") and value in (None, ""):
            yield place
        parts = value if isinstance(value, tuple) else (value,)
        if isinstance(value, tuple) and len(value) < asked.get("min_occurs", 0):
            yield place
        for part in parts:
            yield from lacking(part, place)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_a_report_has_all_that_its_schema_asks_for_and_nothing_else(level: str) -> None:
    strict = ParserConfig(
        fail_on_unknown_properties=True,
        fail_on_unknown_attributes=True,
        fail_on_converter_warnings=True,
    )
    for content in (signed_pdf("leader", level), spoiled(signed_pdf("leader", level))):
        (report,) = examined(content).etsi_reports
        parsed = XmlParser(config=strict).from_string(report, ValidationReport)
        assert list(lacking(parsed)) == []


def test_what_a_report_refers_to_is_in_it_by_digest() -> None:
    facts = examined(signed_pdf("leader", "B-T"))
    parsed = XmlParser().from_string(facts.etsi_reports[0], ValidationReport)
    (single,) = parsed.signature_validation_report
    assert single.signer_information is not None
    assert single.signer_information.signer_certificate is not None
    assert parsed.signature_validation_objects is not None
    (certificate,) = parsed.signature_validation_objects.validation_object
    assert single.signer_information.signer_certificate.voreference == (certificate.id,)
    told = certificate.validation_object_representation
    assert told is not None
    assert told.base64 is None, "it is stored once, not in every report"
    assert told.digest_alg_and_value is not None
    digest = told.digest_alg_and_value.digest_value
    assert digest is not None
    assert digest.value is not None
    assert digest.value.hex() == facts.results[0].certificate


@pytest.mark.parametrize(("level", "wanted"), [("B-B", NOW), ("B-T", SIGNED)])
def test_the_best_signature_time_is_the_stamp_s_or_that_of_the_validation(
    level: str, wanted: datetime
) -> None:
    (report,) = examined(signed_pdf("leader", level)).etsi_reports
    root = parse_untrusted(BytesIO(report.encode()), XmlCaps(total_bytes=1024 * 1024))
    best = root.findtext(f".//{VR}BestSignatureTime/{VR}POETime")
    assert best is not None
    assert parse_moment(best) == wanted


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


def test_a_report_of_another_form_is_not_given_out_half_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(etsi, "generate_report", lambda *_args: "<vr:ValidationReport/>")
    facts = examined(signed_pdf("leader", "B-B"))
    assert facts.etsi_reports == []
    assert facts.results[0].report == "not made: the library writes another form of report"
    assert facts.results[0].indication == "TOTAL-PASSED"
