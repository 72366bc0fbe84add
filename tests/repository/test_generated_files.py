"""What Kho writes into an AIP, staged: small files in one, large ones in files of their own."""

import os
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from kit.archives import FILES, make_bed, make_plan
from repository.aip.build import is_whole
from repository.aip.generated import SMALL, GeneratedFile, GeneratedFiles
from repository.aip.spool import staged_source
from schemas.digests import digests_of

CONTENTS = {
    "METS.xml": b"<mets/>",
    "empty": b"",
    "metadata/other/large.ndjson": b"0123456789\n" * 10_000,
    "metadata/other/exact": b"x" * 64 * 1024,
    "EAD.xml": "<title>Quyết định</title>".encode(),
}


def write(folder: Path, contents: dict[str, bytes]) -> list[GeneratedFile]:
    generated = GeneratedFiles(folder)
    for path, content in contents.items():
        generated.write(path, partial(_in_lines, content))
    return generated.all()


def _in_lines(content: bytes, out: BinaryIO) -> None:
    out.writelines(content.splitlines(keepends=True))


def read(folder: Path, file: GeneratedFile) -> bytes:
    with staged_source(folder, file.staged, file.start, file.size_bytes).open() as stream:
        return stream.read()


def test_each_is_found_again_with_its_size_and_digests(tmp_path: Path) -> None:
    files = write(tmp_path, CONTENTS)
    assert {file.logical_path: read(tmp_path, file) for file in files} == CONTENTS
    for file in files:
        content = CONTENTS[file.logical_path]
        assert (file.size_bytes, file.digests) == (len(content), digests_of(content))


def test_small_ones_share_a_file_and_large_ones_do_not(tmp_path: Path) -> None:
    files = write(tmp_path, CONTENTS)
    shared = {file.logical_path for file in files if file.staged == SMALL}
    assert shared == {"METS.xml", "empty", "EAD.xml"}
    assert len(list((tmp_path / "generated").iterdir())) == 1 + len(CONTENTS) - len(shared)


def test_building_again_in_the_same_folder_begins_anew(tmp_path: Path) -> None:
    write(tmp_path, CONTENTS)
    again = {path: content[::-1] for path, content in CONTENTS.items()}
    assert [read(tmp_path, file) for file in write(tmp_path, again)] == list(again.values())
    assert (tmp_path / SMALL).stat().st_size == sum(map(len, again.values())) - 110_000 - 65_536


def test_a_writer_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    def fail(out: BinaryIO) -> None:
        out.write(b"x" * 100_000)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        GeneratedFiles(tmp_path).write("METS.xml", fail)
    held = [os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()]
    assert not any(path.startswith(str(tmp_path)) for path in held)


@pytest.mark.parametrize("left", [0, -1])
def test_a_build_whose_small_files_were_torn_is_not_whole(tmp_path: Path, left: int) -> None:
    with make_bed(tmp_path / "archive").open() as archive:
        archive.prepare_to_write()
        with archive.submission_folder() as folder:
            build = archive.build(make_plan(archive, folder, FILES), folder)
            assert is_whole(build)
            small = folder / SMALL
            small.write_bytes(small.read_bytes()[:left])
            assert not is_whole(build)
