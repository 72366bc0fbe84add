"""What others say of our packages: official schemas, and a person with a text editor."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kit.archives import TestBed, make_bed
from kit.desk import desk_of
from kit.official import mets_faults, premis_faults
from preservation.restore import RestoreRequest, restore
from schemas.mets_read import read_mets
from schemas.moments import utc_now
from schemas.nouns import Outcome
from schemas.progress import NoProgress
from schemas.records import MapHeader, decode
from storage_backends.filesystem import FilesystemBackend

FILES = {
    "Tờ trình & phụ lục.txt".encode(): b"to trinh",
    b"bang.csv": b"a;b\n",
    b"ten co dau cach.txt": b"x",
    b"dong\nmoi.txt": b"y",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restored AIP, as a folder."""
    folder = tmp_path_factory.mktemp("package")
    stores = {"only": FilesystemBackend.create("only", str(folder / "only"))}
    bed: TestBed = make_bed(folder / "archive", stores, min_copies=1)
    source = folder / "nop.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name.decode(), content)
    with bed.open() as repository, desk_of(repository) as desk:
        receipt = ingest(source, desk, fonds="TL05")
        assert receipt.outcome == Outcome.ACCEPTED
        request = RestoreRequest(target=folder / "out")
        restore(repository.replicas, request, now=utc_now, progress=NoProgress())
    return folder / "out" / receipt.aip_id


def test_mets_is_valid_by_the_official_schema(package: Path) -> None:
    for name in ("METS.xml", "representations/rep1/METS.xml"):
        assert not mets_faults((package / name).read_bytes())


def test_premis_is_valid_by_the_official_schema(package: Path) -> None:
    for name in (
        "metadata/preservation/PREMIS.xml",
        "representations/rep1/metadata/preservation/PREMIS_rep1.xml",
    ):
        assert not premis_faults((package / name).read_bytes())


def test_every_file_of_the_package_is_referenced_with_its_digest(package: Path) -> None:
    found: dict[str, str] = {}
    for name in ("METS.xml", "representations/rep1/METS.xml"):
        base = Path(name).parent
        facts = read_mets(io.BytesIO((package / name).read_bytes()))
        referred = [entry.file for entry in facts.files]
        referred += [ref.file for section in facts.sections for ref in section.references]
        for file in referred:
            found[str(base / file.path)] = file.checksum.lower()
    on_disk = {
        str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in package.rglob("*")
        if path.is_file()
    }
    del on_disk["METS.xml"]
    assert found == on_disk


def test_premis_tells_the_ingest_in_the_order_of_its_stops(package: Path) -> None:
    text = (package / "metadata/preservation/PREMIS.xml").read_text(encoding="utf-8")
    told = [
        "transfer",
        "unpacking",
        "message digest calculation",
        "format identification",
        "validation",
        "virus check",
        "digital signature validation",
        "appraisal",
        "information package creation",
    ]
    places = [text.index(f">{event}<") for event in told]
    assert places == sorted(places)
    assert ">not checked<" in text


def test_the_submission_map_names_the_container_and_its_digest(package: Path) -> None:
    (path,) = package.glob("documentation/submission/*/submission-map.ndjson")
    header = decode(path.read_bytes().splitlines()[0], MapHeader)
    assert header.container_name == "nop.zip"
    assert header.files == len(FILES)
    assert len(header.container_sha256) == 64
