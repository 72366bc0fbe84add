"""Zips: sound ones come out whole, and each hazard is named and costs nothing.

The numbers are the rows of the nasty packages' table.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from kit.packages import DESCRIPTOR, UTF8, Forged, deflated, extra_field, forge_zip, unpack
from schemas.findings import Severity

A, B = Forged(b"a.txt", b"first"), Forged(b"dir/b.txt", b"second" * 100)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_sound_zip_comes_out_whole(tmp_path: Path, method: int) -> None:
    members = {"a": b"", "d/b": b"x" * 300_000, "d/c": os.urandom(300_000), "Hồ sơ": b"y"}
    result = unpack(tmp_path, zipped(members, method))

    assert result.findings == ()
    assert result.admission.complete
    assert {path.decode(): result.content(path) for path in result.files} == members


def test_the_container_is_named_with_its_own_size_and_digest(tmp_path: Path) -> None:
    content = zipped({"a": b"1", "b": b"2"})
    container = unpack(tmp_path, content, "nộp.zip").admission.container

    assert container is not None
    assert (container.name, container.size_bytes) == ("nộp.zip", len(content))
    assert container.sha256 == hashlib.sha256(content).hexdigest()


def test_the_container_is_named_even_when_it_cannot_be_read(tmp_path: Path) -> None:
    content = zipped({"a": b"1"})[:-5]
    container = unpack(tmp_path, content).admission.container

    assert container is not None
    assert container.sha256 == hashlib.sha256(content).hexdigest()


def test_staged_names_are_numbers_whatever_was_submitted(tmp_path: Path) -> None:
    result = unpack(tmp_path, zipped({f"{'x' * n}": b"1" for n in range(1, 5)}))

    staged = sorted(path.relative_to(tmp_path) for path in (tmp_path / "staging").rglob("*"))
    assert list(map(str, staged)) == ["staging/000"] + [f"staging/000/00000{n}" for n in range(4)]
    assert len(result.files) == 4


def test_modes_times_and_folders_are_facts_of_the_entries(tmp_path: Path) -> None:
    result = unpack(
        tmp_path,
        forge_zip([Forged(b"a", mode=0o100640), Forged(b"empty/", b"", method=0, mode=0o40755)]),
    )

    assert result.files[b"a"].mode == 0o640
    assert result.files[b"a"].modified == "2026-11-22T03:00:00.000Z"
    assert result.admission.empty_directories == [b"empty"]
    assert result.codes == {"PACKAGE-EMPTY-FOLDER"}


def test_a_time_in_utc_is_preferred_to_the_one_without_a_zone(tmp_path: Path) -> None:
    extra = extra_field(0x5455, b"\x01" + struct.pack("<i", 86400))
    result = unpack(tmp_path, forge_zip([Forged(b"a", extra=extra)]))

    assert result.files[b"a"].modified == "1970-01-02T00:00:00.000Z"


def test_1_a_zip_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    bomb = zipped({"zeros": bytes(4 << 20), "after": b"x"})
    result = unpack(tmp_path, bomb, ratio_from_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-RATIO"}
    assert result.files == {}
    assert not result.admission.complete
    assert staged_bytes(tmp_path) == 0


def test_1_a_zip_bomb_that_lies_about_its_size_stops_while_unpacking(tmp_path: Path) -> None:
    bomb = Forged(b"zeros", bytes(16 << 20), size=100)
    result = unpack(tmp_path, forge_zip([bomb]), ratio_from_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-MEMBER-DAMAGED"}
    assert staged_bytes(tmp_path) == 0


def test_1_a_zip_that_declares_more_than_the_cap_is_the_senders_fault(tmp_path: Path) -> None:
    giant = extra_field(0x0001, struct.pack("<Q", 1 << 60))
    result = unpack(tmp_path, forge_zip([Forged(b"a", size=0xFFFFFFFF, extra=giant)]))

    assert result.refusals == {"ARCHIVE-TOO-LARGE"}


def test_1_the_total_is_capped(tmp_path: Path) -> None:
    members = {str(n): os.urandom(100_000) for n in range(5)}
    result = unpack(tmp_path, zipped(members), total_bytes=250_000)

    assert result.refusals == {"ARCHIVE-TOO-LARGE"}
    assert staged_bytes(tmp_path) <= 250_000


def staged_bytes(tmp_path: Path) -> int:
    staged = (tmp_path / "staging").rglob("*")
    return sum(path.stat().st_size for path in staged if path.is_file())


def test_the_entries_are_capped_before_any_is_read(tmp_path: Path) -> None:
    result = unpack(tmp_path, zipped({str(n): b"" for n in range(5)}), entries=4)

    assert result.refusals == {"ARCHIVE-TOO-MANY"}
    assert result.files == {}


def test_2_a_bomb_inside_an_inner_zip_is_found_though_it_is_never_unpacked(
    tmp_path: Path,
) -> None:
    inner = zipped({"zeros": bytes(4 << 20)})
    result = unpack(tmp_path, zipped({"inner.zip": inner}), ratio_from_bytes=1 << 20)

    assert result.refusals == {"ARCHIVE-NESTED-BOMB"}
    assert result.content(b"inner.zip") == inner


def test_2_zips_in_zips_beyond_the_cap_are_refused(tmp_path: Path) -> None:
    content = zipped({"core": b"x"})
    for level in range(3):
        content = zipped({f"level{level}.zip": content})

    assert unpack(tmp_path, content, nested_levels=3).refusals == set()
    (tmp_path / "deeper").mkdir()
    assert unpack(tmp_path / "deeper", content, nested_levels=2).refusals == {
        "ARCHIVE-NESTED-DEEP"
    }


def test_2_what_is_too_large_to_look_into_is_said(tmp_path: Path) -> None:
    inner = zipped({"inner.zip": zipped({"a": os.urandom(5000)})})
    result = unpack(tmp_path, zipped({"outer.zip": inner}), nested_budget_bytes=1000)

    assert result.codes == {"ARCHIVE-NESTED-UNSEEN"}


def test_a_zip_inside_that_is_no_bomb_is_left_alone(tmp_path: Path) -> None:
    inner = forge_zip([Forged(b"../x"), Forged(b"secret", flags=1)])
    damaged = zipped({"a": b"1"})[:-1]

    assert unpack(tmp_path, zipped({"i.zip": inner, "d.docx": damaged})).findings == ()


def test_3_entries_that_share_bytes_are_refused_before_any_is_read(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([A, Forged(b"a.txt", b"first", at=0)]))

    assert result.refusals == {"ARCHIVE-OVERLAP"}
    assert result.files == {}


CONTRADICTIONS = {
    "4 size": Forged(b"a", local_size=5),
    "checksum": Forged(b"a", local_crc=5),
    "name": Forged(b"a", local_name=b"b"),
    "method": Forged(b"a", local_method=0),
    "encryption": Forged(b"a", local_flags=1),
    "the encoding of a name that needs one": Forged(b"\xc3\xaa", local_flags=UTF8),
    "descriptor": Forged(b"a", flags=DESCRIPTOR, descriptor=b"PK\x07\x08" + bytes(12)),
    "no descriptor": Forged(b"a", flags=DESCRIPTOR, descriptor=b""),
}


@pytest.mark.parametrize("entry", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_4_what_is_said_twice_must_be_said_alike(tmp_path: Path, entry: Forged) -> None:
    result = unpack(tmp_path, forge_zip([entry, B]))

    assert result.refusals == {"ARCHIVE-HEADERS-DIFFER"}
    assert set(result.files) == {b"dir/b.txt"}


LIES = {
    "size too small": Forged(b"a", b"content", size=3, local_size=3),
    "size too large": Forged(b"a", b"content", size=9, local_size=9),
    "checksum": Forged(b"a", crc=1, local_crc=1),
    "not deflate": Forged(b"a", packed=b"\xff" * 20),
    "deflate cut short": Forged(b"a", bytes(1000), packed=deflated(bytes(1000))[:-3]),
    "bytes behind deflate": Forged(b"a", packed=deflated(b"content") + b"hidden"),
    "not bzip2": Forged(b"a", method=12),
}


@pytest.mark.parametrize("entry", LIES.values(), ids=LIES)
def test_4_a_member_whose_bytes_contradict_its_record_is_refused(
    tmp_path: Path, entry: Forged
) -> None:
    result = unpack(tmp_path, forge_zip([entry, B]))

    assert result.refusals == {"ARCHIVE-MEMBER-DAMAGED"}
    assert set(result.files) == {b"dir/b.txt"}


PATHS = {
    b"../up": "ARCHIVE-PATH-TRAVERSAL",
    b"a/../../up": "ARCHIVE-PATH-TRAVERSAL",
    b"..": "ARCHIVE-PATH-TRAVERSAL",
    b"a\\..\\up": "ARCHIVE-PATH-TRAVERSAL",
    b"/etc/passwd": "ARCHIVE-PATH-ABSOLUTE",
    b"C:\\x": "ARCHIVE-PATH-DRIVE",
    b"c:x": "ARCHIVE-PATH-DRIVE",
    b"\\\\server\\share\\x": "ARCHIVE-PATH-DRIVE",
    b"": "ARCHIVE-PATH-EMPTY",
    b".": "ARCHIVE-PATH-EMPTY",
    b".//.": "ARCHIVE-PATH-EMPTY",
}


@pytest.mark.parametrize(("path", "code"), PATHS.items())
def test_5_8_a_path_that_leaves_the_package_is_refused(
    tmp_path: Path, path: bytes, code: str
) -> None:
    result = unpack(tmp_path, forge_zip([Forged(path), B]))

    assert result.refusals == {code}
    assert set(result.files) == {b"dir/b.txt"}
    assert {entry.name for entry in tmp_path.iterdir()} == {"package.zip", "staging"}


@pytest.mark.parametrize(("host", "severe"), [(0, True), (10, True), (3, False)])
def test_a_backslash_separates_folders_only_where_the_zip_was_made_on_windows(
    tmp_path: Path, host: int, severe: bool
) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"dir\\a", host=host)]))

    assert ("ARCHIVE-PATH-BACKSLASH" in result.codes) is severe
    assert set(result.files) == {b"dir\\a"}


def test_superfluous_parts_of_a_path_are_dropped_and_said(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"./a"), Forged(b"d//b"), Forged(b"d/./c")]))

    assert set(result.files) == {b"a", b"d/b", b"d/c"}
    assert [f.where for f in result.findings] == ["d//b", "d/./c"]


def test_14_special_permission_bits_are_dropped(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a", mode=0o104755)]))

    assert result.files[b"a"].mode == 0o755
    assert [(f.code, f.severity) for f in result.findings] == [
        ("ARCHIVE-MODE-DROPPED", Severity.INFO)
    ]


SPECIAL = {
    "15 link": (stat.S_IFLNK, "ARCHIVE-LINK"),
    "13 pipe": (stat.S_IFIFO, "ARCHIVE-SPECIAL"),
    "13 device": (stat.S_IFBLK, "ARCHIVE-SPECIAL"),
}


@pytest.mark.parametrize(("kind", "code"), SPECIAL.values(), ids=SPECIAL)
def test_13_15_links_and_devices_are_refused(tmp_path: Path, kind: int, code: str) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a", b"/etc/passwd", mode=kind | 0o777), B]))

    assert result.refusals == {code}
    assert set(result.files) == {b"dir/b.txt"}


def test_16_a_path_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([A, Forged(b"a.txt", b"other"), Forged(b"./a.txt")]))

    assert result.refusals == {"ARCHIVE-DUPLICATE"}
    assert result.content(b"a.txt") == b"first"


@pytest.mark.parametrize("names", [(b"a", b"a/b"), (b"a/b", b"a"), (b"a", b"a/"), (b"a/", b"a")])
def test_18_a_path_cannot_be_file_and_folder(tmp_path: Path, names: tuple[bytes, bytes]) -> None:
    entries = [Forged(name, b"" if name.endswith(b"/") else b"x") for name in names]

    assert unpack(tmp_path, forge_zip(entries)).refusals == {"ARCHIVE-FILE-AND-FOLDER"}


def test_a_folder_with_bytes_is_refused(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a/", b"bytes")]))

    assert result.refusals == {"ARCHIVE-FOLDER-WITH-BYTES"}


@pytest.mark.parametrize(("packed", "refusals"), [
    (b"bytes that nobody unpacks", {"ARCHIVE-FOLDER-WITH-BYTES"}),
    (bz2.compress(b""), set()),
    (deflated(b""), set()),
])  # fmt: skip
def test_bytes_hidden_behind_a_folder_that_declares_none_are_refused(
    tmp_path: Path, packed: bytes, refusals: set[str]
) -> None:
    folder = Forged(b"a/", b"", packed=packed, mode=0o40755)

    assert unpack(tmp_path, forge_zip([folder, B])).refusals == refusals


@pytest.mark.parametrize(
    ("facts", "folder"),
    [
        ({"name": b"d/"}, True),
        ({"name": b"d", "mode": 0o40755}, True),
        ({"name": b"d", "host": 0, "attributes": 0x10}, True),
        ({"name": b"d", "host": 0, "attributes": 0x20}, False),
    ],
)
def test_a_folder_is_told_by_its_name_its_mode_or_its_attribute(
    tmp_path: Path, facts: dict[str, Any], folder: bool
) -> None:
    result = unpack(tmp_path, forge_zip([Forged(content=b"", method=0, **facts)]))

    assert result.admission.empty_directories == ([b"d"] if folder else [])
    assert set(result.files) == (set() if folder else {b"d"})


def test_a_folder_named_twice_is_harmless(tmp_path: Path) -> None:
    folder = Forged(b"a/", b"", method=0)

    assert unpack(tmp_path, forge_zip([folder, folder, Forged(b"a/b")])).findings == ()


def test_28_names_too_long_are_refused(tmp_path: Path) -> None:
    long, deep = b"x" * 256, b"/".join([b"y" * 99] * 10)
    result = unpack(tmp_path, forge_zip([Forged(long), Forged(deep)]))

    assert result.refusals == {"NAME-TOO-LONG", "NAME-PATH-TOO-LONG"}


def test_31_zip64_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"content")
    assert unpack(tmp_path, out.getvalue()).content(b"a") == b"content"

    (tmp_path / "more").mkdir()
    result = unpack(tmp_path / "more", forge_zip([A, B], zip64=True))
    assert result.findings == ()
    assert len(result.files) == 2


def test_a_zip_written_to_a_pipe_is_read(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            taken = bytes(piece)  # type: ignore[call-overload]  # any buffer
            self.content += taken
            return len(taken)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"content")
        archive.writestr("b", b"")
    result = unpack(tmp_path, pipe.content)

    assert result.findings == ()
    assert result.content(b"a") == b"content"


ENCRYPTED = {
    "traditional": Forged(b"a", flags=0x0001),
    "strong": Forged(b"a", flags=0x0041),
    "directory masked": Forged(b"a", flags=0x2000),
    "AES": Forged(b"a", method=99, extra=extra_field(0x9901, b"\x02\x00AE\x03\x08\x00")),
}


@pytest.mark.parametrize("entry", ENCRYPTED.values(), ids=ENCRYPTED)
def test_32_encrypted_entries_are_refused(tmp_path: Path, entry: Forged) -> None:
    assert unpack(tmp_path, forge_zip([entry, B])).refusals == {"ARCHIVE-ENCRYPTED"}


def test_a_method_we_do_not_unpack_is_named(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a", method=9, packed=b"x"), B]))

    (finding,) = result.findings
    assert (finding.code, finding.fields["method"]) == ("ARCHIVE-METHOD", 9)


SHAPES = {
    "34 bytes behind the end": (forge_zip([A, B], suffix=b"x"), "ARCHIVE-TRAILING"),
    "34 a page behind the end": (forge_zip([A], suffix=bytes(70_000)), "ARCHIVE-TRUNCATED"),
    "34 a program before it": (forge_zip([A], prefix=b"MZ" * 50), "ARCHIVE-PREFIX"),
    "34 a single byte before it": (forge_zip([A], prefix=b"x"), "ARCHIVE-PREFIX"),
    "34 the same, offsets counted from the zip": (
        forge_zip([A], prefix=b"MZ" * 50, shift=-100),
        "ARCHIVE-PREFIX",
    ),
    "two ends": (forge_zip([A], comment=b"PK\x05\x06" + bytes(18)), "ARCHIVE-TWO-ENDS"),
    "cut in the directory": (forge_zip([A, B])[:-30], "ARCHIVE-TRUNCATED"),
    "cut in a member": (forge_zip([A, B])[:60], "ARCHIVE-TRUNCATED"),
    "more entries claimed": (forge_zip([A, B], count=3), "ARCHIVE-UNREADABLE"),
    "fewer entries claimed": (forge_zip([A, B], count=1), "ARCHIVE-UNREADABLE"),
    "another disk": (forge_zip([Forged(b"a", disk=2)]), "ARCHIVE-UNREADABLE"),
    "a directory that lies elsewhere": (forge_zip([A], shift=7), "ARCHIVE-UNREADABLE"),
    "nothing but its name": (b"", "ARCHIVE-TRUNCATED"),
    "another kind of file": (b"hello " * 200, "ARCHIVE-TRUNCATED"),
}


@pytest.mark.parametrize(("content", "code"), SHAPES.values(), ids=SHAPES)
def test_34_a_zip_that_two_programs_could_read_differently_is_refused(
    tmp_path: Path, content: bytes, code: str
) -> None:
    result = unpack(tmp_path, content)

    assert result.refusals == {code}
    assert result.files == {}
    assert not result.admission.complete


def test_bytes_that_no_entry_names_are_an_error(tmp_path: Path) -> None:
    hidden = forge_zip([Forged(b"hidden")])[:50]
    result = unpack(tmp_path, forge_zip([Forged(b"a", after=hidden), B]))

    assert [(f.code, f.severity) for f in result.findings] == [("ARCHIVE-GAP", Severity.ERROR)]
    assert len(result.files) == 2


def test_a_name_of_the_container_that_is_no_utf8_can_be_written_down(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([A]), os.fsdecode(b"L\xfd.zip"))

    assert result.admission.container is not None
    assert result.admission.container.name == "L%FD.zip"


def test_an_archive_comment_is_no_hazard(tmp_path: Path) -> None:
    assert unpack(tmp_path, forge_zip([A], comment=b"from 2001" * 50)).findings == ()


def test_an_empty_zip_holds_nothing(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([]))

    assert result.findings == ()
    assert result.admission.complete


def unicode_path(name: bytes, of: bytes) -> bytes:
    return extra_field(0x7075, b"\x01" + struct.pack("<L", zlib.crc32(of)) + name)


def test_a_unicode_path_counts_while_it_belongs_to_the_name(tmp_path: Path) -> None:
    name = "Lý lịch.doc".encode()
    entries = [
        Forged(b"L?.doc", extra=unicode_path(name, b"L?.doc")),
        Forged(b"M?.doc", extra=unicode_path(name, b"renamed since")),
    ]
    result = unpack(tmp_path, forge_zip(entries))

    assert set(result.files) == {name, b"M?.doc"}
    assert result.files[name].declared_utf8
    assert [(f.code, f.where) for f in result.findings] == [
        ("ARCHIVE-UNICODE-PATH-VOID", "M?.doc"),
        ("NAME-WINDOWS-SIGN", "M?.doc"),
    ]


def test_a_unicode_path_that_leaves_the_package_is_refused(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a", extra=unicode_path(b"../a", b"a"))]))

    assert result.refusals == {"ARCHIVE-PATH-TRAVERSAL"}


def test_a_malformed_extra_field_is_ignored_and_said(tmp_path: Path) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"a", extra=b"\x01\x02\xff\xffx")]))

    assert result.codes == {"ARCHIVE-EXTRA-MALFORMED"}
    assert set(result.files) == {b"a"}


@pytest.mark.parametrize("flags", [0, UTF8])
def test_22_the_bytes_of_a_name_are_kept_with_what_the_zip_says_of_them(
    tmp_path: Path, flags: int
) -> None:
    result = unpack(tmp_path, forge_zip([Forged(b"L\xfd l\xdech", flags=flags)]))

    assert set(result.files) == {b"L\xfd l\xdech"}
    assert result.files[b"L\xfd l\xdech"].declared_utf8 is bool(flags)


def test_40_many_tiny_files_cost_one_read_of_the_container_each(tmp_path: Path) -> None:
    members = {f"d{n % 7}/{n}": b"%d" % n for n in range(3000)}
    result = unpack(tmp_path, zipped(members))

    assert len(result.files) == 3000
    assert result.findings == ()
    assert max(len(list(d.iterdir())) for d in (tmp_path / "staging").iterdir()) == 1000


def test_a_kind_of_archive_we_do_not_read_is_named(tmp_path: Path) -> None:
    result = unpack(tmp_path, b"7z\xbc\xaf\x27\x1c" + bytes(50), "package.7z")

    assert result.refusals == {"ARCHIVE-KIND"}


def test_a_bag_in_a_zip_gets_the_digests_its_manifests_need(tmp_path: Path) -> None:
    members = {"bag/bagit.txt": b"x", "bag/manifest-md5.txt": b"x", "bag/data/a": b"one"}
    result = unpack(tmp_path, zipped(members))

    assert result.files[b"bag/data/a"].known_digests["md5"] == hashlib.md5(b"one").hexdigest()
