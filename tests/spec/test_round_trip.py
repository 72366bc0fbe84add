"""Originals are sacred: names and bytes come back exactly, from any one copy (promise 7)."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kho.demo.compare import differences, tree_of
from kit.archives import TestBed, make_bed
from kit.desk import desk_of, write_files
from kit.ocfl_oracle import assert_ocfl_py_accepts
from preservation.restore import RestoreRequest, restore
from preservation.restore_flow import TargetDiffers
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.records import Receipt
from storage_backends.filesystem import FilesystemBackend

NFC = unicodedata.normalize("NFC", "Quyết định số 15.txt")
NFD = unicodedata.normalize("NFD", NFC)
PATH_900 = "/".join([*("thư mục dài " + "a" * 84 for _ in range(8)), "b" * 70 + ".txt"])

AWKWARD: dict[bytes, bytes] = {
    NFC.encode(): b"to hop san",
    NFD.encode(): b"to hop roi",
    ("c" * 251 + ".pdf").encode(): b"255 bytes",
    PATH_900.encode()[:900]: b"a long path",
    "Ý kiến \"góp ý\" của 'ông A'.txt".encode(): b"quotes",
    b"100%25 and 100%.txt": b"percent signs",
    b"hai\ndong.txt": b"a newline",
    b"~0123456789abcdef.pdf": b"looks like one of ours",
    b"CON": b"a device elsewhere",
    b"A.pdf": b"upper",
    b"a.pdf": b"lower",
    b"sub/.hidden": b"a dot file",
    b"sub/ends in a dot.": b"a final dot",
    b"sub/ leading and trailing ": b"spaces",
    b"rong.txt": b"",
    b"ban sao 1.txt": b"the same bytes",
    b"ban sao 2.txt": b"the same bytes",
    b"METS.xml": b"<not ours/>",
    b"submission-map.ndjson": b"{}",
}


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {n: FilesystemBackend.create(n, str(tmp_path / n)) for n in ("alpha", "beta")}
    return make_bed(tmp_path / "archive", stores, accept_shared_failure_domain=True)


def receive(bed: TestBed, source: Path) -> Receipt:
    with bed.open() as archive, desk_of(archive) as desk:
        return ingest(source, desk, fonds="TL05")


def give_back(bed: TestBed, name: str, target: Path, form: str = "submission") -> None:
    with bed.open() as archive:
        request = RestoreRequest(target=target, form=form, include_held=True)
        proof = restore([archive.replica(name)], request, now=utc_now, progress=NoProgress())
        assert proof.complete
        assert proof.failed == 0


def test_awkward_names_and_bytes_come_back_exactly_from_either_copy(
    bed: TestBed, tmp_path: Path
) -> None:
    source = write_files(tmp_path / "nộp", AWKWARD)
    (source / "thư mục rỗng" / "rỗng nữa").mkdir(parents=True)
    receipt = receive(bed, source)
    assert receipt.outcome == "accepted"
    assert receipt.files == len(AWKWARD)
    for name in ("alpha", "beta"):
        give_back(bed, name, tmp_path / f"from-{name}")
        assert not differences(source, tmp_path / f"from-{name}" / receipt.aip_id)


def test_names_in_a_legacy_code_page_are_held_and_come_back_byte_for_byte(
    bed: TestBed, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("placeholder-name")
        archive.writestr(info, b"noi dung")
    raw = b"B\xb8o c\xb8o.txt"
    content = out.getvalue().replace(b"placeholder-name", raw.ljust(16, b"_"))
    source = tmp_path / "cu.zip"
    source.write_bytes(content)
    receipt = receive(bed, source)
    assert receipt.outcome == "held"
    give_back(bed, "beta", tmp_path / "back")
    (name,) = tree_of(tmp_path / "back" / receipt.aip_id)
    assert name == raw.ljust(16, b"_")


def test_a_zip_and_the_folder_it_holds_are_the_same_submission(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.txt": b"a", "Tờ trình.txt".encode(): b"b"}
    folder = write_files(tmp_path / "folder", files)
    with zipfile.ZipFile(tmp_path / "same.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name.decode(), content)
    assert receive(bed, folder).outcome == "accepted"
    assert receive(bed, tmp_path / "same.zip").outcome == "duplicate"


def test_independent_judges_accept_every_root_of_every_replica(
    bed: TestBed, tmp_path: Path
) -> None:
    receive(bed, write_files(tmp_path / "awkward", AWKWARD))
    held = write_files(tmp_path / "held", {b"B\xb8o c\xb8o.txt": b"x", b"b.txt": b"x"})
    assert receive(bed, held).outcome == "held"
    for name in ("alpha", "beta"):
        for root in ("ocfl", "holding"):
            assert_ocfl_py_accepts(tmp_path / name / root)


def test_a_restore_is_resumed_and_never_overwrites_a_different_file(
    bed: TestBed, tmp_path: Path
) -> None:
    source = write_files(tmp_path / "nop", {b"a.txt": b"a" * 1000, b"b.txt": b"b"})
    receipt = receive(bed, source)
    target = tmp_path / "out"
    give_back(bed, "alpha", target)
    given = target / receipt.aip_id
    (given / "b.txt").unlink()
    before = (given / "a.txt").stat().st_ino
    give_back(bed, "alpha", target)
    assert (given / "a.txt").stat().st_ino == before
    assert not differences(source, given)
    (given / "a.txt").write_text("mine")
    with pytest.raises(TargetDiffers):
        give_back(bed, "alpha", target)
    assert (given / "a.txt").read_text() == "mine"


def test_a_damaged_copy_gives_back_what_it_has_and_says_what_it_has_not(
    bed: TestBed, tmp_path: Path
) -> None:
    source = write_files(tmp_path / "nop", {b"a.txt": b"aaaa", b"b.txt": b"bbbb"})
    receipt = receive(bed, source)
    (path,) = (tmp_path / "alpha").rglob("a.txt")
    path.chmod(0o600)
    path.write_bytes(b"aaXa")
    with bed.open() as archive:
        request = RestoreRequest(target=tmp_path / "one", form="submission")
        one = restore([archive.replica("alpha")], request, now=utc_now, progress=NoProgress())
        request = RestoreRequest(target=tmp_path / "union", form="submission")
        both = restore(archive.replicas, request, now=utc_now, progress=NoProgress())
    assert not one.complete
    assert [line.path for line in one.failures] == ["a.txt"]
    assert both.complete
    assert not differences(source, tmp_path / "union" / receipt.aip_id)
    assert os.listdir(tmp_path / "one" / receipt.aip_id).count("a.txt") == 0
