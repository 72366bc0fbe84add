"""Bags we write: sound for ourselves and for the Library of Congress's program."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bagit  # type: ignore[import-untyped]  # it has no types
import pytest

from kit.packages import judge_folder
from schemas.bag_write import BagEntry, BagFile, BagUnwritable, write_bag, write_tag_files
from schemas.digests import digests_of

PAYLOAD = {
    "Quyết định số 5.pdf": b"%PDF-1.4",
    "thư mục/báo cáo.txt": b"hello",
    "empty": b"",
    "with space .txt": b"x",
}


def bag_file(path: str, content: bytes) -> BagFile:
    return BagFile(path, lambda: io.BytesIO(content), digests_of(content))


def written(folder: Path, payload: dict[str, bytes]) -> tuple[int, int]:
    files = (bag_file(path, content) for path, content in payload.items())
    return write_bag(folder, files, info=[("Source-Organization", "Chi cục\nLưu trữ")])


def test_a_written_bag_is_sound_by_our_own_rules(tmp_path: Path) -> None:
    assert written(tmp_path / "bag", PAYLOAD) == (14, 4)
    report = judge_folder(tmp_path / "bag")

    assert report.findings == ()
    assert report.version == "1.0"
    assert report.algorithms == ("sha256", "sha512")
    assert report.info == (
        ("Source-Organization", "Chi cục Lưu trữ"),
        ("Payload-Oxum", "14.4"),
    )


def test_a_written_bag_is_valid_for_the_library_of_congress(tmp_path: Path) -> None:
    written(tmp_path / "bag", PAYLOAD)

    assert bagit.Bag(str(tmp_path / "bag")).validate()


@pytest.mark.parametrize("name", ["two\nlines", "cr\r", "100%", "%0A", "a%25b"])
def test_breaks_and_percent_signs_are_encoded_and_found_again(tmp_path: Path, name: str) -> None:
    written(tmp_path / "bag", {name: b"x"})
    listed = (tmp_path / "bag" / "manifest-sha256.txt").read_text()

    assert judge_folder(tmp_path / "bag").findings == ()
    assert listed.count("\n") == 1
    assert (tmp_path / "bag" / "data" / name).read_bytes() == b"x"


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", "", "a//b", "./a", "a\0b", "\udcff"])
def test_a_path_that_cannot_stand_in_a_bag_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BagUnwritable):
        written(tmp_path / "bag", {path: b"x"})
    assert [entry.name for entry in tmp_path.iterdir()] == ["bag"]


def test_bytes_other_than_expected_are_refused(tmp_path: Path) -> None:
    file = BagFile("a", lambda: io.BytesIO(b"altered"), digests_of(b"original"))

    with pytest.raises(BagUnwritable):
        write_bag(tmp_path / "bag", [file])


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        written(tmp_path / "bag", {"a": b"1"}) and written(tmp_path / "bag", {"a": b"2"})
    assert (tmp_path / "bag" / "data" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("label", ["", "a:b", " a", "a\nb"])
def test_a_label_that_would_break_bag_info_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(BagUnwritable):
        write_bag(tmp_path / "bag", [], info=[(label, "value")])


def test_bags_are_written_side_by_side_without_changing_the_working_directory(
    tmp_path: Path,
) -> None:
    before = Path.cwd()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: written(tmp_path / f"bag{n}", PAYLOAD), range(8)))

    assert Path.cwd() == before
    assert all(judge_folder(tmp_path / f"bag{n}").findings == () for n in range(8))


def test_tag_files_are_made_for_a_payload_that_stands_already(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"one")
    write_tag_files(tmp_path, iter([BagEntry("a", 3, digests_of(b"one"))]))

    assert judge_folder(tmp_path).findings == ()
    assert sorted(os.listdir(tmp_path)) == [
        "bag-info.txt",
        "bagit.txt",
        "data",
        "manifest-sha256.txt",
        "manifest-sha512.txt",
        "tagmanifest-sha256.txt",
        "tagmanifest-sha512.txt",
    ]
