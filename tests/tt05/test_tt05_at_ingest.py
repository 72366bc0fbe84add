"""Packages of the circular through the whole pipeline: in, converted, and given back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kho.demo.compare import differences
from kit.desk import write_files
from kit.official import mets_faults, premis_faults
from kit.signed_pdfs import plain_pdf, signed_pdf
from kit.tt05_packages import (
    ARCHIVE,
    CODE,
    DATA,
    EAD,
    FONDS,
    PREMIS,
    REP,
    REP_PREMIS,
    RecordSpec,
    Spec,
    aip,
    doc_fields,
    linked_sip,
    loose_sip,
    sip,
)
from kit.tt05_reception import Reception, rules_broken
from preservation.restore_forms import FormUnsuitable
from schemas.mets_read import read_mets
from schemas.nouns import Access
from schemas.tt05 import read_simpledc

Make = Callable[[], Spec]
ERRORS = {"error", "reject"}
UNSIGNED = "SIG-DOC-UNSIGNED"


@pytest.mark.parametrize("make", [sip, loose_sip, aip])
def test_a_package_becomes_an_aip_that_our_own_rules_pass(
    make: Make, reception: Reception
) -> None:
    receipt = reception.take(make())
    assert (receipt.outcome, receipt.profile) == ("accepted", "tt05")
    assert {finding.code for finding in receipt.findings} <= {"TT05-012", "TT05-131", UNSIGNED}
    folder = reception.given_back(receipt, "tt05")
    assert folder.name == f"urn_{FONDS}_uuid_{receipt.aip_id.upper()}"
    assert rules_broken(folder) == set()
    facts = read_mets(BytesIO((folder / "METS.xml").read_bytes()))
    assert facts.root.objid == folder.name.replace("_", ":")
    assert facts.header is not None
    assert [agent.role for agent in facts.header.agents] == ["CREATOR", "CREATOR", "ARCHIVIST"]


@pytest.mark.parametrize("make", [sip, loose_sip, aip])
def test_the_official_schemas_accept_the_aip(make: Make, reception: Reception) -> None:
    folder = reception.given_back(reception.take(make()), "tt05")
    for name in ("METS.xml", f"{REP}METS.xml"):
        assert mets_faults((folder / name).read_bytes()) == []
    for name in (PREMIS, REP_PREMIS):
        assert premis_faults((folder / name).read_bytes()) == []


@pytest.mark.parametrize("make", [sip, loose_sip, linked_sip, aip])
def test_the_submission_comes_back_byte_for_byte(
    make: Make, reception: Reception, tmp_path: Path
) -> None:
    spec = make()
    back = reception.given_back(reception.take(spec), "submission")
    (tmp_path / "as-sent").mkdir()
    spec.folder(tmp_path / "as-sent")
    assert not differences(tmp_path / "as-sent", back)


def test_a_zip_a_folder_and_the_package_itself_are_received_alike(
    reception: Reception, tmp_path: Path
) -> None:
    zipped = sip().zipped(tmp_path / "1uuid-3BBCCEBC-B379-5392-9063-1C0942CF587D.zip")
    assert ingest(zipped, reception.desk).outcome == "accepted"
    assert reception.take(sip(), again=True).outcome == "duplicate"
    itself = loose_sip().folder(tmp_path)
    assert ingest(itself, reception.desk).outcome == "accepted"


def test_what_documents_lack_in_signatures_is_told_by_kind_and_date(reception: Reception) -> None:
    """Two reports of 2024, born digital: of 20 June one unsigned, one by the leader alone; the
    third is older than the decree, the fourth digitised, the last a certified copy."""
    spec = sip()
    spec.ead |= {"totalDoc": "5", "numberOfPage": "5"}
    spec.records += [
        RecordSpec(f"{CODE}.000000{number}.pdf", plain_pdf(number), doc_fields(number))
        for number in (3, 4, 5)
    ]
    unsigned, signed, older, digitised, certified = spec.records
    signed.content = signed_pdf("leader", "B-T")
    older.fields |= {"issuedDate": "04/03/2020"}
    digitised.fields |= {"confidenceLevel": "02"}
    certified.fields |= {"subject": "Sao y báo cáo số 5"}
    told = {
        (each.code, str(each.severity), each.where.rpartition("/")[2], each.fields["rule"])
        for each in reception.take(spec).findings
        if each.code.startswith("SIG-DOC-")
    }
    assert told == {
        (UNSIGNED, "warning", unsigned.name, "issued"),
        ("SIG-DOC-NO-ORGAN", "warning", signed.name, "issued"),
        (UNSIGNED, "info", digitised.name, "digitised"),
        (UNSIGNED, "warning", certified.name, "certified-copy"),
    }


def test_documents_are_joined_to_files_by_mets_and_not_by_name(reception: Reception) -> None:
    spec = sip()
    first, second = spec.records
    spec.records = [
        replace(first, name=second.name, content=first.content),
        replace(second, name=first.name, content=second.content),
    ]
    receipt = reception.take(spec)
    by_code = {document.code: document.files for document in reception.facts(receipt).documents}
    assert by_code == {
        f"{CODE}.0000001": (f"{DATA}{CODE}.0000002.pdf",),
        f"{CODE}.0000002": (
            f"{DATA}{CODE}.0000001.pdf",
            f"{DATA}{CODE}.0000002.PL01.csv",
        ),
    }


def test_a_dossier_scanned_as_one_file_has_its_file_once(reception: Reception) -> None:
    spec = sip()
    content = spec.records[0].content
    first, second = (
        replace(record, name=f"{CODE}.pdf", content=content, attachments={})
        for record in spec.records
    )
    spec.records = [first, replace(second, described="EAD_doc_2.xml", shared=True)]
    receipt = reception.take(spec)
    assert receipt.outcome == "accepted"
    folder = reception.given_back(receipt, "tt05")
    facts = read_mets(BytesIO((folder / REP / "METS.xml").read_bytes()))
    assert len(facts.files) == 1
    assert len([div for div in facts.divs if div.label == "MetadataLink/File"]) == 2
    assert rules_broken(folder) == set()


def test_the_most_closed_access_of_dossier_and_documents_holds(reception: Reception) -> None:
    spec = sip()
    spec.records[1].fields["mode"] = "02"
    assert reception.facts(reception.take(spec)).access is Access.RESTRICTED
    spec = sip()
    spec.ead["description"] = "khác"
    assert reception.facts(reception.take(spec)).access is Access.PUBLIC


def test_what_documents_say_otherwise_is_noted_in_the_dossier(reception: Reception) -> None:
    spec = sip()
    spec.records[0].fields["maintenance"] = "02"
    folder = reception.given_back(reception.take(spec), "tt05")
    said = read_simpledc(BytesIO((folder / EAD).read_bytes())).first()["description"]
    assert said == f"Khác với hồ sơ: {CODE}.0000001: thời hạn lưu trữ 02 (70 năm)"


def test_codes_of_a_sip_get_the_archives_code_and_those_of_an_aip_keep_theirs(
    reception: Reception,
) -> None:
    for spec in (sip(), aip()):
        folder = reception.given_back(reception.take(spec), "tt05")
        assert (
            read_simpledc(BytesIO((folder / EAD).read_bytes())).first()["arcFileCode"]
            == f"{ARCHIVE}.{CODE}"
        )


def holder() -> Spec:
    """A dossier that holds the record which stubs stand for."""
    code = "H99.10.05.2023.01.VP"
    spec = sip()
    record = replace(spec.records[0], name=f"{code}.0000007.pdf", fields=doc_fields(7, code))
    spec.records = [record]
    spec.ead |= {"fileCode": code, "totalDoc": "1", "numberOfPage": "1"}
    return spec


def test_a_stub_is_rewritten_when_its_record_is_held(reception: Reception) -> None:
    source = reception.take(holder())
    receipt = reception.take(linked_sip())
    assert receipt.outcome == "accepted"
    stub = f"{CODE}.0000003.pdf.fetch.txt"
    folder = reception.given_back(receipt, "tt05")
    size = len(holder().records[0].content)
    assert (folder / DATA / stub).read_text() == (
        f"urn_{FONDS}_{source.aip_id.upper()}_{DATA}H99.10.05.2023.01.VP.0000007.pdf"
        f" {size} {CODE}.0000003.pdf H99.10.05.2023.01.VP.0000007\n"
    )
    assert rules_broken(folder) == set()
    (top,) = reception.given_back(receipt, "submission").iterdir()
    assert (top / DATA / stub).read_bytes() == linked_sip().records[2].content


def test_a_stub_of_a_record_in_another_fonds_is_held_with_its_bytes(
    reception: Reception,
) -> None:
    spec = linked_sip()
    spec.fonds = "TL06"
    receipt = reception.take(spec)
    assert receipt.outcome == "held"
    assert "TT05-108" in {finding.code for finding in receipt.findings}
    folder = reception.given_back(receipt, "folder")
    stub = f"{CODE}.0000003.pdf.fetch.txt"
    assert (folder / DATA / stub).read_bytes() == spec.records[2].content


def test_the_same_objid_with_other_content_is_held_and_a_correction_of_it_is_not(
    reception: Reception,
) -> None:
    def package(description: str, kept: str = "01") -> Spec:
        spec = sip()
        spec.objid = "uuid-00000000-0000-4000-8000-00000000BEEF"
        spec.ead |= {"description": description, "maintenance": kept}
        return spec

    wrong = reception.take(package("lần 1", "8"), again=True)
    assert wrong.outcome == "held"
    corrected = reception.take(package("lần 2"), again=True)
    assert corrected.outcome == "accepted"
    assert "TT05-038" in {finding.code for finding in corrected.findings}
    other = reception.take(package("lần 3"), again=True)
    assert other.outcome == "held"
    assert {"TT05-038", "TT05-131"} <= {finding.code for finding in other.findings}


def test_a_supplement_to_a_held_dossier_is_accepted(reception: Reception) -> None:
    reception.take(sip())
    spec = sip()
    spec.root('RECORDSTATUS="NEW"', 'RECORDSTATUS="SUPPLEMENT"')
    receipt = reception.take(spec)
    assert receipt.outcome == "accepted"
    assert "TT05-048" not in {finding.code for finding in receipt.findings}


def test_rules_that_the_archive_cannot_decide_are_said(reception: Reception) -> None:
    receipt = reception.take(sip())
    assert set(receipt.not_checked) >= {
        "virus",
        "tt05-050",
        "tt05-052",
        "tt05-100",
        "tt05-129",
        "tt05-130",
        "tt05-131",
    }


def test_an_aip_that_breaks_its_own_rules_is_held_and_not_stored_as_one(
    reception: Reception,
) -> None:
    """Two documents whose codes end alike would get one ordinal in the AIP."""
    spec = sip()
    spec.records[0].fields["docCode"] = "KHAC.0000002"
    receipt = reception.take(spec)
    assert receipt.outcome == "held"
    (finding,) = (each for each in receipt.findings if each.code == "TT05-135")
    assert finding.fields["v"] == "TT05-105"
    assert reception.facts(receipt).outcome == "held"


def test_strict_and_lenient_weigh_metadata_otherwise_and_nothing_else(
    reception: Reception,
) -> None:
    spec = sip()
    spec.records[0].fields["organName"] = ""
    assert reception.take(spec, profile="tt05-strict").outcome == "held"
    spec = sip()
    spec.records[0].fields["subject"] = ""
    receipt = reception.take(spec, profile="tt05-lenient")
    assert (receipt.outcome, receipt.profile) == ("accepted", "tt05-lenient")
    broken = sip()
    broken.late.append(lambda files: files.update({f"{DATA}{CODE}.0000001.pdf": b"khac"}))
    assert reception.take(broken, profile="tt05-lenient").outcome == "held"


def test_generic_packages_are_left_to_other_profiles(reception: Reception) -> None:
    source = write_files(reception.new_folder(), {b"a.txt": b"a"})
    receipt = ingest(source, reception.desk, fonds=FONDS)
    assert receipt.profile == "folder"
    generic = reception.given_back(receipt, "folder")
    assert ingest(generic, reception.desk, fonds=FONDS).profile != "tt05"
    with pytest.raises(FormUnsuitable):
        reception.given_back(receipt, "tt05")


def test_a_hostile_objid_names_no_folder_outside(reception: Reception) -> None:
    for objid in ("../../../x", "a/b", ".", "uuid-" + "ộ" * 200, ""):
        spec = sip()
        spec.root_edits.append(lambda content, said=objid: _named(content, said))  # type: ignore[misc]  # bound now
        receipt = reception.take(spec)
        paths = [file.logical_path for file in reception.facts(receipt).files]
        assert not [path for path in paths if ".." in path.split("/") or len(path) > 400]
        folder = f"documentation/submission/urn_uuid_{receipt.aip_id}/"
        assert f"{folder}METS.xml" in paths


def _named(content: bytes, objid: str) -> bytes:
    return re.sub(rb'OBJID="[^"]*"', f'OBJID="{objid}"'.encode(), content, count=1)


def test_what_lies_beside_the_package_is_kept_and_held(reception: Reception) -> None:
    source = reception.new_folder()
    sip().folder(source)
    (source / "ghi chú.txt").write_bytes("để riêng".encode())
    receipt = ingest(source, reception.desk)
    assert receipt.outcome == "held"
    assert not differences(source, reception.given_back(receipt, "submission"))
    assert "ghi chú.txt" in {finding.where for finding in receipt.findings}
