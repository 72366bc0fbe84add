"""Tars, plain and gzipped: sound ones come out whole, each hazard is named.

The numbers are the rows of the nasty packages' table.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
from pathlib import Path

import pytest

from kit.packages import tar_file, tar_of, unpack

BLOCK = 512
A = tar_file("a.txt", b"first")
B = tar_file("dir/b.txt", b"second" * 1000)


def typed(kind: bytes, name: str = "x", target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    return tar_file(name, b"", type=kind, linkname=target)


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_sound_tar_comes_out_whole(tmp_path: Path, form: int, gzipped: bool) -> None:
    long = "/".join(["thư mục dài"] * 7) if form == tarfile.USTAR_FORMAT else "đường/" * 30
    members = {"a": b"", "d/b": os.urandom(300_000), f"{long.strip('/')}/c": b"x" * 513}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if gzipped else "w", format=form) as archive:
        for name, content in members.items():
            archive.addfile(tar_file(name, content)[0], io.BytesIO(content))
    result = unpack(tmp_path, out.getvalue(), "p.tar.gz" if gzipped else "p.tar")

    assert result.findings == ()
    assert result.admission.complete
    assert {path.decode(): result.content(path) for path in result.files} == members
    assert result.admission.container is not None
    assert result.admission.container.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


def test_modes_times_and_empty_folders_are_facts(tmp_path: Path) -> None:
    empty = tar_file("./empty", b"", type=tarfile.DIRTYPE)
    content = tar_of([tar_file("./a", mode=0o6755, mtime=1.5), empty])
    result = unpack(tmp_path, content, "p.tar")

    assert result.files[b"a"].mode == 0o755
    assert result.files[b"a"].modified == "1970-01-01T00:00:01.500Z"
    assert result.admission.empty_directories == [b"empty"]
    assert result.codes == {"ARCHIVE-MODE-DROPPED", "PACKAGE-EMPTY-FOLDER"}


REFUSED = {
    "6 up": (tar_file("../x"), "ARCHIVE-PATH-TRAVERSAL"),
    "7 absolute": (tar_file("/etc/x"), "ARCHIVE-PATH-ABSOLUTE"),
    "drive": (tar_file("C:/x"), "ARCHIVE-PATH-DRIVE"),
    "9 link out": (typed(tarfile.SYMTYPE, target="/etc"), "ARCHIVE-LINK"),
    "10 link inside": (typed(tarfile.SYMTYPE, target="a.txt"), "ARCHIVE-LINK"),
    "12 hard link": (typed(tarfile.LNKTYPE, target="a.txt"), "ARCHIVE-HARD-LINK"),
    "13 pipe": (typed(tarfile.FIFOTYPE), "ARCHIVE-SPECIAL"),
    "13 character device": (typed(tarfile.CHRTYPE), "ARCHIVE-SPECIAL"),
    "13 block device": (typed(tarfile.BLKTYPE), "ARCHIVE-SPECIAL"),
    "unknown kind": (typed(b"Z"), "ARCHIVE-MEMBER-KIND"),
    "17 twice": (tar_file("a.txt", b"other"), "ARCHIVE-DUPLICATE"),
    "18 file and folder": (tar_file("a.txt/b"), "ARCHIVE-FILE-AND-FOLDER"),
    "folder with bytes": (tar_file("x/"), "ARCHIVE-FOLDER-WITH-BYTES"),
    "28 long": (tar_file("x" * 256), "NAME-TOO-LONG"),
}


@pytest.mark.parametrize(("member", "code"), REFUSED.values(), ids=REFUSED)
def test_a_hazardous_member_is_refused_and_the_others_are_read(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes], code: str
) -> None:
    result = unpack(tmp_path, tar_of([A, member, B]), "p.tar")

    assert result.refusals == {code}
    assert {b"a.txt", b"dir/b.txt"} <= set(result.files)
    assert result.content(b"a.txt") == b"first"
    assert {entry.name for entry in tmp_path.iterdir()} == {"p.tar", "staging"}


def test_11_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    members = [typed(tarfile.SYMTYPE, "door", str(outside)), tar_file("door/file")]
    result = unpack(tmp_path, tar_of(members), "p.tar")

    assert result.refusals == {"ARCHIVE-LINK"}
    assert list(outside.iterdir()) == []


WHOLE = tar_of([A, B])
FIRST = 2 * BLOCK
CUT = {
    "30 between members": WHOLE[:FIRST],
    "in a header": WHOLE[: FIRST + 100],
    "in a member": WHOLE[: FIRST + BLOCK + 100],
    "in the padding": WHOLE[: FIRST - 1],
    "with one end block": WHOLE[: FIRST + BLOCK + 6144 + BLOCK],
    "with half an end": WHOLE[: FIRST + BLOCK + 6144 + BLOCK + 100],
}


@pytest.mark.parametrize("content", CUT.values(), ids=CUT)
def test_30_a_tar_without_both_end_blocks_is_not_whole(tmp_path: Path, content: bytes) -> None:
    result = unpack(tmp_path, content, "p.tar")

    assert result.refusals == {"ARCHIVE-TRUNCATED"}
    assert not result.admission.complete


@pytest.mark.parametrize("kept", [15, 100, -1, -9])
def test_29_a_truncated_gzip_is_not_whole(tmp_path: Path, kept: int) -> None:
    result = unpack(tmp_path, gzip.compress(WHOLE)[:kept], "p.tar.gz")

    assert result.refusals == {"ARCHIVE-TRUNCATED"}
    assert not result.admission.complete


def test_29_a_gzip_with_a_wrong_checksum_is_unreadable(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(WHOLE))
    packed[-8] ^= 1
    result = unpack(tmp_path, bytes(packed), "p.tar.gz")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}
    assert not result.admission.complete


TRAILING = {
    "tar": (WHOLE + b"x", "p.tar"),
    "another tar": (WHOLE + WHOLE, "p.tar"),
    "gzip": (gzip.compress(WHOLE) + b"x", "p.tgz"),
    "inside gzip": (gzip.compress(WHOLE + b"x"), "p.tgz"),
}


@pytest.mark.parametrize(("content", "name"), TRAILING.values(), ids=TRAILING)
def test_34_bytes_behind_the_end_are_refused(tmp_path: Path, content: bytes, name: str) -> None:
    assert unpack(tmp_path, content, name).refusals == {"ARCHIVE-TRAILING"}


def test_padding_with_zeros_and_several_gzip_members_are_customary(tmp_path: Path) -> None:
    half = len(WHOLE) // 2
    parts = gzip.compress(WHOLE[:half]) + gzip.compress(WHOLE[half:] + bytes(9000)) + bytes(500)
    result = unpack(tmp_path, parts, "p.tgz")

    assert result.findings == ()
    assert len(result.files) == 2


def test_a_damaged_header_ends_the_reading(tmp_path: Path) -> None:
    content = bytearray(WHOLE)
    content[FIRST + 3] ^= 1
    result = unpack(tmp_path, bytes(content), "p.tar")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}
    assert set(result.files) == {b"a.txt"}
    assert not result.admission.complete


def test_a_lone_zero_block_between_members_is_unreadable(tmp_path: Path) -> None:
    content = WHOLE[:FIRST] + bytes(BLOCK) + WHOLE[FIRST:]

    assert unpack(tmp_path, content, "p.tar").refusals == {"ARCHIVE-UNREADABLE"}


def test_an_endless_extended_header_is_not_read(tmp_path: Path) -> None:
    huge = tar_file("pax", bytes(3 << 20), type=tarfile.XHDTYPE)
    result = unpack(tmp_path, tar_of([huge, A]), "p.tar")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}


@pytest.mark.parametrize("record", [b"9 path=ab\n", b"x path=a\n", b"8 patha\n", b"99 path=a\n"])
def test_a_malformed_extended_header_is_unreadable(tmp_path: Path, record: bytes) -> None:
    result = unpack(tmp_path, tar_of([tar_file("pax", record, type=tarfile.XHDTYPE), A]), "p.tar")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}


def test_a_path_in_an_extended_header_is_judged_too(tmp_path: Path) -> None:
    info, content = tar_file("innocent", b"x")
    info.pax_headers = {"path": "../../outside"}
    result = unpack(tmp_path, tar_of([(info, content)]), "p.tar")

    assert result.refusals == {"ARCHIVE-PATH-TRAVERSAL"}


def test_1_a_gzip_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    bomb = tar_of([tar_file("zeros", bytes(8 << 20))], gzipped=True)
    result = unpack(tmp_path, bomb, "p.tgz", ratio_from_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-RATIO"}
    staged = sum(p.stat().st_size for p in (tmp_path / "staging").rglob("*") if p.is_file())
    assert staged < 2 << 20


def test_1_bytes_that_nobody_reads_are_charged_all_the_same(tmp_path: Path) -> None:
    info = tarfile.TarInfo("../out")
    info.size = 8 << 20
    content = gzip.compress(info.tobuf() + bytes(8 << 20) + bytes(1024))
    result = unpack(tmp_path, content, "p.tgz", ratio_from_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-PATH-TRAVERSAL", "ARCHIVE-RATIO"}


def test_the_entries_are_capped(tmp_path: Path) -> None:
    content = tar_of([tar_file(str(n)) for n in range(5)])

    assert unpack(tmp_path, content, "p.tar", entries=4).refusals == {"ARCHIVE-TOO-MANY"}


def test_folders_nested_too_deep_are_refused(tmp_path: Path) -> None:
    content = tar_of([tar_file("a/" * 6 + "f"), A])
    result = unpack(tmp_path, content, "p.tar", folder_depth=5)

    assert result.refusals == {"ARCHIVE-TOO-DEEP"}
    assert set(result.files) == {b"a.txt"}


def sparse(records: dict[str, str], data: bytes, name: str = "s") -> bytes:
    info, _ = tar_file(name, data)
    info.pax_headers = records
    return tar_of([(info, data), A])


MAP = b"2\n1000\n5\n5000\n3\n"
SPARSE = {
    "0.0": (
        {
            "GNU.sparse.size": "6000",
            "GNU.sparse.map": "1000,5,5000,3",
            "GNU.sparse.name": "s",
        },
        b"startend",
    ),
    "1.0": (
        {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "s",
            "GNU.sparse.realsize": "6000",
        },
        MAP.ljust(BLOCK, b"\0") + b"startend",
    ),
}


@pytest.mark.parametrize(("records", "data"), SPARSE.values(), ids=SPARSE)
def test_33_a_sparse_file_is_filled_with_zeros(
    tmp_path: Path, records: dict[str, str], data: bytes
) -> None:
    result = unpack(tmp_path, sparse(records, data), "p.tar")

    whole = bytes(1000) + b"start" + bytes(3995) + b"end" + bytes(997)
    assert result.content(b"s") == whole
    assert result.content(b"a.txt") == b"first"
    assert result.codes == {"ARCHIVE-SPARSE"}


def header(fields: dict[int, bytes], *, signed: bool = False, **facts: object) -> bytes:
    """A header block with fields overwritten at their offsets, and its checksum made anew."""
    info, _ = tar_file("x", b"12345", **facts)
    block = bytearray(info.tobuf(format=tarfile.GNU_FORMAT))
    for offset, value in fields.items():
        block[offset : offset + len(value)] = value
    block[148:156] = b" " * 8
    total = sum(struct.unpack("512b", block)) if signed else sum(block)
    block[148:156] = b"%06o\0 " % total
    return bytes(block)


def old_sparse() -> bytes:
    """A file of six pieces in GNU's old form, two of them in a continuation block."""
    pieces = b"".join(b"%011o\0%011o\0" % (n * 1000, 1) for n in range(6))
    fields = {0: b"s", 124: b"%011o\0" % 6, 386: pieces[:96], 482: b"\1", 483: b"%011o\0" % 6000}
    block = header(fields, type=tarfile.GNUTYPE_SPARSE)
    return block + pieces[96:].ljust(BLOCK, b"\0") + b"123456".ljust(BLOCK, b"\0")


def test_33_the_old_form_of_sparse_files_is_read(tmp_path: Path) -> None:
    result = unpack(tmp_path, old_sparse() + bytes(1024), "p.tar")

    expected = b"".join(b"%d" % n + bytes(999) for n in range(1, 7))
    assert result.content(b"s") == expected


@pytest.mark.parametrize(
    "flawed", ["1000,9,5000,3", "5000,3,1000,5", "1000,5,5999,3", "1000,5,5000", "1,x"]
)
def test_33_a_sparse_map_that_cannot_be_is_unreadable(tmp_path: Path, flawed: str) -> None:
    records = SPARSE["0.0"][0] | {"GNU.sparse.map": flawed}

    assert unpack(tmp_path, sparse(records, b"startend"), "p.tar").refusals == {
        "ARCHIVE-UNREADABLE"
    }


FLAWED_MAPS = {
    "more pieces than it holds": b"3\n1000\n5\n5000\n3\n",
    "no number": b"two\n",
    "pieces without end": b"999999999\n",
    "pieces beyond the file": b"1\n5999\n8\n",
    "fewer bytes than are packed": b"1\n0\n7\n",
}


@pytest.mark.parametrize("flawed", FLAWED_MAPS.values(), ids=FLAWED_MAPS)
def test_33_a_sparse_map_in_the_data_that_cannot_be_is_unreadable(
    tmp_path: Path, flawed: bytes
) -> None:
    data = flawed.ljust(BLOCK, b"\0") + b"startend"
    result = unpack(tmp_path, sparse(SPARSE["1.0"][0], data), "p.tar")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}


def test_33_a_number_without_end_in_a_sparse_map_is_not_read_on(tmp_path: Path) -> None:
    """Every further block would be split from the beginning again: hours for a small tar."""
    whole = sparse(SPARSE["1.0"][0], b"1" * 4 * BLOCK)
    cut = whole[: whole.index(b"1" * BLOCK) + 2 * BLOCK]

    assert unpack(tmp_path, cut, "p.tar").refusals == {"ARCHIVE-UNREADABLE"}


def test_the_root_may_be_an_entry_and_bytes_that_have_no_other_name_are_refused(
    tmp_path: Path,
) -> None:
    root = tar_file("./", b"", type=tarfile.DIRTYPE)

    assert unpack(tmp_path / "root", tar_of([root, A]), "p.tar").findings == ()
    nameless = unpack(tmp_path, tar_of([A, tar_file(".", b"lost")]), "p.tar")
    assert nameless.refusals == {"ARCHIVE-PATH-EMPTY"}


def test_33_a_cut_in_a_sparse_map_is_a_cut(tmp_path: Path) -> None:
    whole = old_sparse()

    assert unpack(tmp_path, whole[: BLOCK + 100], "p.tar").refusals == {"ARCHIVE-TRUNCATED"}


END = bytes(2 * BLOCK)
DATA = b"12345".ljust(BLOCK, b"\0")


def test_a_size_in_base_256_is_read(tmp_path: Path) -> None:
    content = header({124: b"\x80" + (5).to_bytes(11, "big")}) + DATA + END

    assert unpack(tmp_path, content, "p.tar").content(b"x") == b"12345"


def test_a_checksum_of_signed_bytes_is_accepted(tmp_path: Path) -> None:
    content = header({0: b"L\xfd"}, signed=True) + DATA + END

    assert set(unpack(tmp_path, content, "p.tar").files) == {b"L\xfd"}


NUMBERS = {
    "negative": {124: b"\xff" * 12},
    "not octal": {124: b"00000000009\0"},
    "a mode that is none": {100: b"rw-r--r-"},
}


@pytest.mark.parametrize("fields", NUMBERS.values(), ids=NUMBERS)
def test_a_number_that_is_none_is_unreadable(tmp_path: Path, fields: dict[int, bytes]) -> None:
    result = unpack(tmp_path, header(fields) + DATA + END, "p.tar")

    assert result.refusals == {"ARCHIVE-UNREADABLE"}


def test_a_link_that_claims_bytes_is_unreadable(tmp_path: Path) -> None:
    content = header({}, type=tarfile.SYMTYPE) + DATA + END

    assert unpack(tmp_path, content, "p.tar").refusals == {"ARCHIVE-UNREADABLE"}


@pytest.mark.parametrize(("charset", "declared"), [(None, True), ("BINARY", False)])
def test_an_extended_path_is_utf8_unless_it_says_otherwise(
    tmp_path: Path, charset: str | None, declared: bool
) -> None:
    records = b"21 path=H\xe1\xbb\x93 s\xc6\xa1.txt\n"
    assert len(records) == 21
    if charset:
        records = b"21 hdrcharset=BINARY\n" + records
    content = tar_of([tar_file("pax", records, type=tarfile.XHDTYPE), A])
    result = unpack(tmp_path, content, "p.tar")

    assert result.files["Hồ sơ.txt".encode()].declared_utf8 is declared


def test_33_a_sparse_file_beyond_the_cap_is_refused(tmp_path: Path) -> None:
    records = SPARSE["0.0"][0] | {"GNU.sparse.size": str(1 << 40)}
    result = unpack(tmp_path, sparse(records, b"startend"), "p.tar", total_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-TOO-LARGE"}


def test_names_that_are_no_utf8_keep_their_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"L\xfd l\xdech.doc")
    info, content = tar_file(name, b"x")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))
    result = unpack(tmp_path, out.getvalue(), "p.tar")

    assert set(result.files) == {b"L\xfd l\xdech.doc"}
    assert not result.files[b"L\xfd l\xdech.doc"].declared_utf8


def test_an_old_tar_without_a_mark_is_read_by_its_name(tmp_path: Path) -> None:
    content = header({257: bytes(255)}) + DATA + END

    assert unpack(tmp_path, content, "p.tar").content(b"x") == b"12345"
