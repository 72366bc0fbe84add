"""Generic E-ARK packages through the whole pipeline: judged, stored, and given back."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.desk import Desk
from ingest.pipeline import ingest
from kho.demo.compare import differences
from kit.archives import make_bed
from kit.desk import desk_of
from kit.eark_packages import CSIP_NAME, FOLDER, OBJID, EarkSpec, old_spec, q, spec
from preservation.restore import RestoreRequest, restore
from schemas.ids import AipId
from schemas.mets_read import read_mets
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.records import Receipt
from storage_backends.filesystem import FilesystemBackend


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    stores = {n: FilesystemBackend.create(n, str(tmp_path / n)) for n in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores, accept_shared_failure_domain=True)
    with bed.open() as archive, desk_of(archive) as opened:
        yield opened


def given_back(desk: Desk, receipt: Receipt, to: Path, form: str) -> Path:
    request = RestoreRequest(target=to, form=form, include_held=True)
    proof = restore([desk.archive.replica("alpha")], request, now=utc_now, progress=NoProgress())
    assert (proof.complete, proof.failed) == (True, 0)
    return to / receipt.aip_id


def codes(receipt: Receipt) -> set[str]:
    return {finding.code for finding in receipt.findings if finding.severity != "info"}


@pytest.mark.parametrize("make", [spec, old_spec])
def test_a_sound_package_is_accepted_and_comes_back_byte_for_byte(
    make: type[EarkSpec], desk: Desk, tmp_path: Path
) -> None:
    source = make().write(tmp_path / "in")
    receipt = ingest(source, desk, fonds="H99")
    assert (receipt.outcome, receipt.profile, codes(receipt)) == ("accepted", "csip", set())
    assert receipt.dossier_code == "H99.01.2024"
    back = given_back(desk, receipt, tmp_path / "back", "submission")
    assert not differences(source, back)


def test_its_aip_is_a_generic_package_of_its_own_name(desk: Desk, tmp_path: Path) -> None:
    receipt = ingest(spec().write(tmp_path / "in"), desk, fonds="H99")
    facts = desk.archive.catalogue.aip(AipId(receipt.aip_id))
    assert facts is not None
    data = {file.logical_path for file in facts.files if "/data/" in file.logical_path}
    assert data == {
        "representations/rep1/data/to-trinh.txt",
        "representations/rep1/data/phu luc/bang.csv",
    }
    assert facts.title == "Hồ sơ hội nghị tổng kết"
    assert facts.fields["OBJID"] == OBJID
    written = (tmp_path / "alpha" / "ocfl").rglob("v1/content/METS.xml")
    with next(written).open("rb") as stream:
        assert read_mets(stream).root.objid == f"urn:uuid:{receipt.aip_id}"


def test_a_zip_with_one_folder_is_received_like_the_folder(desk: Desk, tmp_path: Path) -> None:
    spec().write(tmp_path / "in")
    shutil.make_archive(str(tmp_path / "goi"), "zip", tmp_path / "in")
    receipt = ingest(tmp_path / "goi.zip", desk, fonds="H99")
    assert (receipt.outcome, receipt.profile) == ("accepted", "csip")
    assert codes(receipt) == set()


def test_a_bare_zip_breaks_the_rule_of_one_folder(desk: Desk, tmp_path: Path) -> None:
    source = spec().write(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "goi.zip", "w") as archive:
        for path in sorted(source.rglob("*")):
            archive.write(path, path.relative_to(source))
    receipt = ingest(tmp_path / "goi.zip", desk, fonds="H99")
    assert receipt.outcome == "held"
    assert "CSIPSTR1" in codes(receipt)


def test_a_broken_must_holds_and_a_broken_should_only_warns(desk: Desk, tmp_path: Path) -> None:
    must, should = spec(), spec()
    must.mets.attrib.pop("OBJID")
    should.mets.attrib.pop(f"{CSIP_NAME}CONTENTINFORMATIONTYPE")
    warned = ingest(should.write(tmp_path / "should"), desk, fonds="H99")
    held = ingest(must.write(tmp_path / "must"), desk, fonds="H99")
    assert (held.outcome, codes(held) & {"CSIP1"}) == ("held", {"CSIP1"})
    assert (warned.outcome, codes(warned)) == ("accepted", {"CSIP4"})


def test_another_content_under_a_known_objid_is_held(desk: Desk, tmp_path: Path) -> None:
    assert ingest(spec().write(tmp_path / "one"), desk, fonds="H99").outcome == "accepted"
    second = spec()
    second.mets.set("LABEL", "Hồ sơ khác")
    receipt = ingest(second.write(tmp_path / "two"), desk, fonds="H99")
    assert receipt.outcome == "held"
    assert "EARK-OBJID-KNOWN" in codes(receipt)


def test_a_dissemination_package_is_no_transfer(desk: Desk, tmp_path: Path) -> None:
    package = spec()
    header = package.mets.find(q("metsHdr"))
    assert header is not None
    header.set(f"{CSIP_NAME}OAISPACKAGETYPE", "DIP")
    package.mets.set("PROFILE", "https://earkdip.dilcis.eu/profile/E-ARK-DIP-v2-2-0.xml")
    receipt = ingest(package.write(tmp_path / "in"), desk, fonds="H99")
    assert receipt.outcome == "held"
    assert "EARK-NO-TRANSFER" in codes(receipt)


def test_several_representations_keep_their_names(desk: Desk, tmp_path: Path) -> None:
    package = spec()
    package.files["representations/goc/data/to-trinh.txt"] = b"ban khac"
    source = package.write(tmp_path / "in")
    receipt = ingest(source, desk, fonds="H99")
    facts = desk.archive.catalogue.aip(AipId(receipt.aip_id))
    assert facts is not None
    paths = {f.logical_path.removeprefix("representations/rep1/data/") for f in facts.files}
    assert {"goc/to-trinh.txt", "rep1/to-trinh.txt", "rep1/phu luc/bang.csv"} <= paths
    assert not differences(source, given_back(desk, receipt, tmp_path / "back", "submission"))


def test_a_folder_with_a_file_called_mets_is_still_a_folder(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "METS.xml").write_text("ghi chép về METS")
    receipt = ingest(folder, desk, fonds="H99")
    assert (receipt.outcome, receipt.profile) == ("accepted", "folder")
