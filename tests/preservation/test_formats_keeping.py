"""A newer signature set comes offline, is compared on held files, and is kept like a record."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kho.demo.papers import spreadsheet
from kit.archives import TestBed, make_bed
from kit.desk import OPERATOR, SOFTWARE, desk_of, write_files
from preservation.formats.shipped import shipped_files
from preservation.formats_keeping import audit_formats, current_identifier, import_formats
from preservation.stored_file import open_stored
from repository.administrative import administrative_aips
from storage_backends.memory import MemoryBackend

AGENTS = (SOFTWARE, OPERATOR)


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    made = make_bed(tmp_path / "archive")
    files = {b"a.txt": b"van ban", b"bang.xlsx": spreadsheet([[1, 2]])}
    with made.open() as archive, desk_of(archive) as desk:
        assert ingest(write_files(tmp_path / "nop", files), desk, fonds="TL05").outcome
    return made


def newer_set(folder: Path) -> Path:
    """The shipped set under a newer version, one byte of white space apart."""
    shipped = shipped_files()
    folder.mkdir()
    (folder / "formats-v999.xml").write_bytes(shipped.formats.read_bytes() + b"\n")
    shutil.copy(shipped.container, folder / "container-signature-20990101.xml")
    return folder


def test_the_shipped_set_is_in_use_until_another_is_imported(bed: TestBed, tmp_path: Path) -> None:
    with bed.open() as archive:
        before = current_identifier(archive).signature_set
        done = import_formats(archive, newer_set(tmp_path / "neu"), agents=AGENTS)
        assert done.receipt is not None
        assert done.comparison.compared == 2
        assert not done.comparison.differences
        after = current_identifier(archive).signature_set
    assert after.sha256 != before.sha256
    assert "v999" in after.version
    with bed.open() as archive:
        assert current_identifier(archive).signature_set.sha256 == after.sha256
        assert len(administrative_aips(archive, "formats")) == 1


def test_the_set_in_use_is_refused_when_it_comes_again(bed: TestBed, tmp_path: Path) -> None:
    with bed.open() as archive:
        assert import_formats(archive, newer_set(tmp_path / "neu"), agents=AGENTS).receipt
        again = import_formats(archive, tmp_path / "neu", agents=AGENTS)
        assert again.receipt is None
        assert "FORMAT-UPDATE-SAME" in {finding.code for finding in again.objections}
        assert len(administrative_aips(archive, "formats")) == 1


def test_a_set_that_no_longer_knows_what_is_held_is_refused(bed: TestBed, tmp_path: Path) -> None:
    folder = newer_set(tmp_path / "neu")
    content = (folder / "formats-v999.xml").read_bytes()
    (folder / "formats-v999.xml").write_bytes(content.replace(b"x-fmt/111<", b"x-fmt/99111<"))
    with bed.open() as archive:
        done = import_formats(archive, folder, agents=AGENTS)
        assert done.receipt is None
        assert not administrative_aips(archive, "formats")


def test_an_audit_of_formats_reports_what_differs_and_changes_nothing(bed: TestBed) -> None:
    with bed.open() as archive:
        done = audit_formats(archive, agent=OPERATOR)
        assert (done.files, done.unreadable, done.differences) == (2, 0, ())
        counted = {count.puids: count.files for count in archive.catalogue.formats()}
        assert counted[("fmt/214",)] == 1


def test_a_stored_zip_is_read_in_parts_where_it_lies() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "noi dung")
    from kit.stores import put

    store = MemoryBackend("one")
    put(store, "kho/canary/x.zip", out.getvalue())
    with open_stored(store, "kho/canary/x.zip", len(out.getvalue())) as stream:
        assert zipfile.ZipFile(stream).read("a.txt") == b"noi dung"
