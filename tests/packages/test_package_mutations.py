"""Mutated archives: whatever comes, no crash, nothing outside staging, and no false content.

What is accepted without a finding is byte for byte what Python's own readers see.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.packages import DESCRIPTOR, Forged, Unpacked, forge_zip, tar_file, tar_of, unpack

ZIP = forge_zip(
    [
        Forged(b"a.txt", b"first" * 20),
        Forged(b"dir/", b"", method=0, mode=0o40755),
        Forged(b"dir/b.txt", b"second", method=0),
        Forged("Hồ sơ.pdf".encode(), b"third" * 50, flags=0x0800 | DESCRIPTOR),
    ]
)
TAR = tar_of([tar_file("a.txt", b"first" * 20), tar_file("dir/b", b"x" * 600)])[:5120]

edits = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 10_000), st.integers(1, 255)),
        st.tuples(st.just("cut"), st.integers(0, 10_000), st.integers(1, 40)),
        st.tuples(st.just("put"), st.integers(0, 10_000), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("copy"), st.integers(0, 10_000), st.integers(0, 10_000)),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, changes: list[tuple[str, int, int | bytes]]) -> bytes:
    made = bytearray(content)
    for kind, place, value in changes:
        at = place % max(len(made), 1)
        if isinstance(value, bytes):
            made[at:at] = value
        elif kind == "flip" and made:
            made[at] ^= value
        elif kind == "cut":
            del made[at : at + value]
        elif kind == "copy":
            made[at:at] = made[value % (len(made) or 1) :][:64]
    return bytes(made)


def examined(content: bytes, name: str) -> tuple[Unpacked, dict[bytes, bytes]]:
    """The result and the staged contents; asserts that only staging was written to."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "one"
        folder.mkdir()
        result = unpack(folder, content, name, total_bytes=1 << 22, entries=100)
        assert {path.name for path in Path(scratch).iterdir()} == {"one"}
        assert {path.name for path in folder.iterdir()} <= {name, "staging"}
        contents = {path: result.content(path) for path in result.files}
    assert result.admission.complete or result.refusals
    return result, contents


def as_zipfile_sees(content: bytes) -> dict[bytes, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"): (
                archive.read(info)
            )
            for info in archive.infolist()
            if not info.is_dir()
        }


@settings(max_examples=400)
@given(edits)
def test_a_mutated_zip_is_refused_or_read_as_everybody_reads_it(
    changes: list[tuple[str, int, int | bytes]],
) -> None:
    content = mutated(ZIP, changes)
    result, contents = examined(content, "p.zip")

    if not result.refusals and not result.codes:
        assert contents == as_zipfile_sees(content)


@settings(max_examples=200)
@given(edits)
def test_a_mutated_tar_is_refused_or_read_as_everybody_reads_it(
    changes: list[tuple[str, int, int | bytes]],
) -> None:
    content = mutated(TAR, changes)
    result, contents = examined(content, "p.tar")

    if not result.refusals and not result.codes:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            seen = {
                member.name.removeprefix("./").encode("utf-8", "surrogateescape"): (
                    archive.extractfile(member) or io.BytesIO()
                ).read()
                for member in archive
                if member.isfile()
            }
        assert contents == seen


@settings(max_examples=100)
@given(edits)
def test_a_mutated_tar_in_gzip_never_crashes(
    changes: list[tuple[str, int, int | bytes]],
) -> None:
    examined(mutated(gzip.compress(TAR, mtime=0), changes), "p.tgz")


@settings(max_examples=100)
@given(st.binary(max_size=2000), st.sampled_from(["p.zip", "p.tar", "p.tgz", "p"]))
def test_arbitrary_bytes_never_crash(content: bytes, name: str) -> None:
    result, _ = examined(content, name)

    assert result.refusals or not result.files


@pytest.mark.parametrize("at", range(0, len(ZIP), 3))
def test_no_flipped_byte_of_a_zip_changes_content_unnoticed(tmp_path: Path, at: int) -> None:
    content = bytearray(ZIP)
    content[at] ^= 0x11
    result = unpack(tmp_path, bytes(content))

    unharmed = {path: result.content(path) for path in result.files}
    if not result.codes:
        assert sorted(unharmed.values()) == sorted([b"first" * 20, b"second", b"third" * 50])
