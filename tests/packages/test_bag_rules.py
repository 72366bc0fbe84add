"""Bags, rule by rule; the numbers are the rows of the nasty packages' table."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from pathlib import Path

import pytest

from kit.packages import (
    BAGIT_097,
    BAGIT_10,
    MemoryFile,
    bag_files,
    errors,
    judge,
    judge_folder,
    manifest,
    warnings,
    weights,
    with_tag_manifest,
)
from schemas.bag import Tree, algorithms_needed, bag_root, beside_bag, read_bag, subtree
from schemas.findings import Severity

ONE = {"a.txt": b"one"}
SHA = hashlib.sha256(b"one").hexdigest()
OLD = {"BAG-VERSION-OLD"}


def bag(**changes: bytes) -> dict[str, bytes]:
    """The bag of one file with some tag files replaced; keyword ``bagit`` means bagit.txt."""
    files = bag_files(ONE)
    return files | {f"{name.replace('_', '-')}.txt": content for name, content in changes.items()}


def test_a_sound_bag_has_no_findings() -> None:
    report = judge(with_tag_manifest(bag_files(ONE, algorithms=("sha256", "sha512"))))

    assert report.findings == ()
    assert (report.version, report.payload, report.payload_bytes) == ("1.0", (b"data/a.txt",), 3)
    assert report.algorithms == ("sha256", "sha512")


def test_what_bag_info_says_is_reported_in_order_with_continued_lines_joined() -> None:
    text = "Title: Hồ sơ\r\n  số 5\rTitle: again\nOdd : spaced \nno label\nPayload-Oxum: 3.1\n"
    report = judge(bag_files(ONE, info=text))

    assert report.info[:3] == (("Title", "Hồ sơ số 5"), ("Title", "again"), ("Odd", "spaced"))
    assert report.first("title") == "Hồ sơ số 5"
    assert warnings(report) == {"BAG-INFO-LINE"}


def test_21_a_manifest_in_nfc_finds_its_one_file_in_nfd() -> None:
    files = bag_files({"Quyết định.txt": b"one"})
    files[unicodedata.normalize("NFD", "data/Quyết định.txt")] = files.pop("data/Quyết định.txt")
    report = judge(files)

    assert errors(report) == set()
    assert warnings(report) == {"BAG-NAME-MARKS"}


def test_21_with_two_likely_files_neither_is_taken() -> None:
    composed, decomposed = "data/\u1ee9.txt", "data/u\u031b\u0301.txt"
    files = bag_files({"\u01b0\u0301.txt": b"one"})
    files[composed] = files[decomposed] = files.pop("data/\u01b0\u0301.txt")
    report = judge(files)

    assert errors(report) == {"BAG-MISSING", "BAG-UNLISTED", "BAG-OXUM"}


def test_a_manifest_in_unicode_finds_its_one_file_whose_name_is_in_tcvn3() -> None:
    files = {path.encode(): content for path, content in bag_files({"Lý lịch.txt": b"x"}).items()}
    files[b"data/L\xfd l\xdech.txt"] = files.pop("data/Lý lịch.txt".encode())
    report = judge(files)

    assert errors(report) == set()
    assert warnings(report) == {"BAG-NAME-ENCODING"}


def test_23_a_manifest_that_is_not_in_its_encoding_is_an_error() -> None:
    report = judge(bag(manifest_sha256=f"{SHA}  data/\xe9.txt\n".encode("latin-1")))

    assert errors(report) == {"BAG-ENCODING-BROKEN"}


@pytest.mark.parametrize("name", ["two\nlines.txt", "cr\r.txt", "100%.txt", "%0A.txt", "a%25b"])
def test_24_25_names_with_breaks_and_percent_signs_are_found_when_encoded(name: str) -> None:
    assert judge(bag_files({name: b"one"})).findings == ()


def test_26_a_raw_percent_sign_is_warned_about() -> None:
    report = judge(
        bag_files({"100%.txt": b"one"})
        | {"manifest-sha256.txt": f"{SHA}  data/100%.txt\n".encode()}
    )

    assert errors(report) == set()
    assert warnings(report) == {"BAG-PERCENT"}


def test_26_an_encoded_looking_name_that_was_never_encoded_is_warned_about() -> None:
    files = bag_files({"100%25.txt": b"one"})
    files["manifest-sha256.txt"] = f"{SHA}  data/100%25.txt\n".encode()
    report = judge(files)

    assert errors(report) == set()
    assert warnings(report) == {"BAG-PERCENT"}


def test_26_two_readings_with_a_file_each_are_an_error() -> None:
    files = bag_files({"50%_%0A.txt": b"one"})
    files["data/50%_\n.txt"] = b"one"
    files["manifest-sha256.txt"] = f"{SHA}  data/50%_%0A.txt\n".encode()

    assert "BAG-PERCENT-AMBIGUOUS" in errors(judge(files))


def test_25_the_strict_reading_wins_where_both_files_are_there() -> None:
    files = bag_files({"100%.txt": b"one", "100%25.txt": b"two"})

    assert judge(files).findings == ()


def test_an_encoded_name_is_found_through_its_marks_too() -> None:
    files = bag_files({"100% số.txt": b"one"})
    files[unicodedata.normalize("NFD", "data/100% số.txt")] = files.pop("data/100% số.txt")
    report = judge(files)

    assert errors(report) == set()
    assert warnings(report) == {"BAG-NAME-MARKS"}


def test_the_line_whose_encoding_is_broken_is_named() -> None:
    (finding,) = judge(bag(manifest_sha256=b"\xff")).findings

    assert finding.fields == {"encoding": "utf-8", "line": 1}


def test_before_1_0_a_raw_percent_sign_is_the_rule() -> None:
    files = bag_files({"100%25.txt": b"one"}, declaration=BAGIT_097)
    files["manifest-sha256.txt"] = f"{SHA}  data/100%25.txt\n".encode()

    assert {f.code for f in judge(files).findings} == OLD


def test_36_an_empty_bag_is_warned_about() -> None:
    report = judge(bag_files({}), empty_directories=[b"data"])

    assert errors(report) == set()
    assert warnings(report) == {"BAG-EMPTY"}


def test_36_an_empty_data_folder_on_disk_is_seen(tmp_path: Path) -> None:
    for path, content in bag_files({}).items():
        (tmp_path / path).write_bytes(content)
    (tmp_path / "data").mkdir()

    assert errors(judge_folder(tmp_path)) == set()
    assert warnings(judge_folder(tmp_path)) == {"BAG-EMPTY"}


def test_a_bag_without_its_data_folder_is_an_error() -> None:
    assert errors(judge(bag_files({}))) == {"BAG-NO-PAYLOAD-FOLDER"}


def test_37_a_bag_in_a_bag_is_content() -> None:
    inner = {f"inner/{path}": content for path, content in bag_files(ONE).items()}
    inner["inner/manifest-sha256.txt"] = b"nonsense"

    assert judge(bag_files(inner)).findings == ()


DECLARATIONS = {
    "45 a byte order mark": (b"\xef\xbb\xbf" + BAGIT_10, "BAG-DECLARATION-BOM"),
    "48 a space before the colon": (BAGIT_10.replace(b":", b" :"), "BAG-DECLARATION"),
    "48 a third line": (BAGIT_10 + b"More: lines\n", "BAG-DECLARATION-LINES"),
    "48 a third, empty line": (BAGIT_10 + b"\n", "BAG-DECLARATION-LINES"),
    "49 version 2.0": (BAGIT_10.replace(b"1.0", b"2.0"), "BAG-VERSION-UNKNOWN"),
    "a version without its first digit": (BAGIT_10.replace(b"1.0", b".0"), "BAG-DECLARATION"),
    "51 TCVN3 as encoding": (BAGIT_10.replace(b"UTF-8", b"TCVN3"), "BAG-ENCODING-UNKNOWN"),
    "a codec that is no text encoding": (
        BAGIT_10.replace(b"UTF-8", b"rot13"),
        "BAG-ENCODING-UNKNOWN",
    ),
    "nothing": (b"", "BAG-DECLARATION"),
    "lines in the wrong order": (b"\n".join(BAGIT_10.splitlines()[::-1]), "BAG-DECLARATION"),
    "bytes that are not UTF-8": (BAGIT_10 + b"\xff", "BAG-ENCODING-BROKEN"),
}


@pytest.mark.parametrize(("declaration", "code"), DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_wrong_declaration_is_an_error(declaration: bytes, code: str) -> None:
    assert code in errors(judge(bag(bagit=declaration)))


@pytest.mark.parametrize(
    ("declaration", "fields"),
    [
        (b"BagIt-Version 1.0\nx\n", {"line": 1, "found": "BagIt-Version 1.0"}),
        (BAGIT_10.splitlines()[0] + b"\nx\n", {"line": 2, "found": "x"}),
        (BAGIT_10.splitlines()[0] + b"\n", {"line": 2, "found": ""}),
    ],
)
def test_the_wrong_line_of_a_declaration_is_named(
    declaration: bytes, fields: dict[str, object]
) -> None:
    (finding,) = judge(bag(bagit=declaration)).findings

    assert finding.fields == fields


class Huge(MemoryFile):
    """A file that claims to be larger than anybody would read, and must not be opened."""

    @property
    def size_bytes(self) -> int:
        return 1 << 40

    def open(self) -> io.BytesIO:
        raise AssertionError("opened")


@pytest.mark.parametrize("name", [b"bagit.txt", b"bag-info.txt"])
def test_a_tag_file_of_absurd_size_is_not_read(name: bytes) -> None:
    files = {path.encode(): MemoryFile(content) for path, content in bag().items()}
    report = read_bag(Tree({**files, name: Huge(b"")}))

    assert errors(report) == {"BAG-TAG-TOO-LARGE"}


def test_a_missing_declaration_is_an_error() -> None:
    files = bag()
    del files["bagit.txt"]

    assert errors(judge(files)) == {"BAG-DECLARATION-MISSING"}


def test_a_trailing_space_in_the_declaration_is_forgiven() -> None:
    report = judge(bag(bagit=BAGIT_10.replace(b"1.0\n", b"1.0 \n")))

    assert errors(report) == set()
    assert warnings(report) == {"BAG-DECLARATION-SPACE"}


def test_46_a_byte_order_mark_in_a_manifest_is_warned_about() -> None:
    report = judge(bag(manifest_sha256="\ufeff".encode() + bag()["manifest-sha256.txt"]))

    assert errors(report) == set()
    assert warnings(report) == {"BAG-BOM"}


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_47_every_line_end_is_read(end: bytes) -> None:
    two = manifest("sha256", bag_files({"a": b"1", "b": b"2"}), payload_only=True)
    files = bag_files({"a": b"1", "b": b"2"})
    files["manifest-sha256.txt"] = two.replace(b"\n", end)
    files["bagit.txt"] = BAGIT_10.replace(b"\n", end)

    assert judge(files).findings == ()


def test_no_other_sign_ends_a_line() -> None:
    files = bag_files({"form\x0cfeed\x85.txt": b"one"})

    assert judge(files).findings == ()


@pytest.mark.parametrize("version", ["0.93", "0.94", "0.95", "0.96", "0.97"])
def test_50_old_versions_are_warned_about(version: str) -> None:
    files = bag_files(ONE, declaration=BAGIT_10.replace(b"1.0", version.encode()))
    if version < "0.96":
        files["package-info.txt"] = files.pop("bag-info.txt")
    report = judge(files)

    assert report.version == version
    assert {f.code for f in report.findings} == OLD


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "windows-1258"])
def test_52_tag_files_in_other_encodings_are_read(encoding: str) -> None:
    files = bag_files(ONE, declaration=BAGIT_10.replace(b"UTF-8", encoding.encode()))
    for name in ("manifest-sha256.txt", "bag-info.txt"):
        files[name] = files[name].decode().encode(encoding)

    assert judge(files).findings == ()


OXUMS = {
    "53 absent": ("Title: x\n", "BAG-OXUM-ABSENT", Severity.WARNING),
    "54 wrong size": ("Payload-Oxum: 4.1\n", "BAG-OXUM", Severity.ERROR),
    "54 wrong count": ("Payload-Oxum: 3.2\n", "BAG-OXUM", Severity.ERROR),
    "54 garbage": ("Payload-Oxum: much\n", "BAG-OXUM-MALFORMED", Severity.ERROR),
    "54 endless digits": (f"Payload-Oxum: {'9' * 5000}.1\n", "BAG-OXUM-MALFORMED", Severity.ERROR),
    "twice": ("Payload-Oxum: 3.1\npayload-oxum: 4.1\n", "BAG-OXUM-REPEATED", Severity.ERROR),
}


@pytest.mark.parametrize(("info", "code", "severity"), OXUMS.values(), ids=OXUMS)
def test_the_claimed_amount_is_compared(info: str, code: str, severity: Severity) -> None:
    assert weights(judge(bag_files(ONE, info=info)).findings) == {code: severity}


def test_55_old_checksums_are_checked_and_warned_about() -> None:
    files = bag_files(ONE, algorithms=("md5", "sha1"))
    assert weights(judge(files).findings) == {"BAG-WEAK-DIGEST": Severity.WARNING}

    files["data/a.txt"] = b"two"
    assert "BAG-DIGEST" in errors(judge(files))


def test_56_an_unknown_algorithm_beside_a_known_one_is_a_warning() -> None:
    report = judge(bag() | {"manifest-crc32.txt": b"00  data/a.txt\n"})

    assert weights(report.findings) == {"BAG-ALGORITHM-UNKNOWN": Severity.WARNING}


def test_56_an_unknown_algorithm_alone_is_an_error() -> None:
    files = bag_files(ONE, algorithms=()) | {"manifest-crc32.txt": b"00  data/a.txt\n"}

    assert errors(judge(files)) == {"BAG-MANIFEST-UNKNOWN"}


def test_a_bag_without_a_manifest_is_an_error() -> None:
    assert errors(judge(bag_files(ONE, algorithms=()))) == {"BAG-MANIFEST-MISSING"}


@pytest.mark.parametrize(
    ("declaration", "severity"), [(BAGIT_10, Severity.ERROR), (BAGIT_097, Severity.WARNING)]
)
def test_57_in_1_0_every_manifest_lists_every_file(declaration: bytes, severity: Severity) -> None:
    files = bag_files({"a": b"1", "b": b"2"}, algorithms=("sha256", "sha512"))
    files["bagit.txt"] = declaration
    lines = files["manifest-sha512.txt"].splitlines(keepends=True)
    files["manifest-sha512.txt"] = lines[0]

    assert weights(judge(files).findings)["BAG-LISTED-PARTLY"] is severity


OUTSIDE = ["bagit.txt", "../a", "/etc/passwd", "~/a", "~root/a", "data/../../a", "data/..", "x"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_58_an_entry_outside_data_is_an_error(path: str) -> None:
    files = bag(manifest_sha256=f"{SHA}  data/a.txt\n{SHA}  {path}\n".encode())

    assert errors(judge(files)) == {"BAG-ENTRY-OUTSIDE"}


@pytest.mark.parametrize("path", ["C:\\x", "c:/x", "\\\\server\\x", "%HomeDrive%\\x"])
@pytest.mark.parametrize("declaration", [BAGIT_10, BAGIT_097])
def test_58_a_windows_place_is_an_error_in_1_0(path: str, declaration: bytes) -> None:
    lines = f"{SHA}  data/a.txt\n{SHA}  {path}\n".encode()
    report = judge(bag(manifest_sha256=lines, bagit=declaration))

    assert errors(report) == ({"BAG-ENTRY-OUTSIDE"} if declaration == BAGIT_10 else set())


@pytest.mark.parametrize("declaration", [BAGIT_10, BAGIT_097])
def test_59_a_file_listed_with_two_digests_is_an_error(declaration: bytes) -> None:
    lines = f"{SHA}  data/a.txt\n{SHA[::-1]}  data/a.txt\n".encode()
    report = judge(bag(manifest_sha256=lines, bagit=declaration))

    assert "BAG-TWICE-DIFFERENT" in errors(report)


@pytest.mark.parametrize(
    ("declaration", "severity"), [(BAGIT_10, Severity.ERROR), (BAGIT_097, Severity.WARNING)]
)
def test_60_a_file_listed_twice_alike_is_an_error_in_1_0(
    declaration: bytes, severity: Severity
) -> None:
    lines = f"{SHA}  data/a.txt\n{SHA.upper()} data/a.txt\n".encode()
    report = judge(bag(manifest_sha256=lines, bagit=declaration))

    assert weights(report.findings)["BAG-TWICE"] is severity


def test_61_a_file_in_no_manifest_is_an_error() -> None:
    files = bag_files(ONE, info="Payload-Oxum: 6.2\n") | {"data/b.txt": b"two"}

    assert errors(judge(files)) == {"BAG-UNLISTED"}


@pytest.mark.parametrize("name", ["b.txt", "Thumbs.db", "A.TXT"])
def test_62_a_listed_file_that_is_missing_is_an_error(name: str) -> None:
    lines = f"{SHA}  data/a.txt\n{SHA}  data/{name}\n".encode()

    assert errors(judge(bag(manifest_sha256=lines))) == {"BAG-MISSING"}


def test_62_before_1_0_missing_system_files_are_only_warned_about() -> None:
    lines = f"{SHA}  data/a.txt\n{SHA}  data/.DS_Store\n".encode()
    files = bag(manifest_sha256=lines, bagit=BAGIT_097, bag_info=b"Payload-Oxum: 9.2\n")
    assert errors(judge(files)) == set()
    assert "BAG-LITTER-MISSING" in warnings(judge(files))

    files["bag-info.txt"] = b"Payload-Oxum: 9.3\n"
    assert errors(judge(files)) == {"BAG-OXUM"}


@pytest.mark.parametrize("url", ["http://example.org/a", "file:///etc/passwd", "gopher://x"])
def test_63_what_is_only_promised_is_missing_whatever_the_address(url: str) -> None:
    lines = f"{SHA}  data/a.txt\n{SHA}  data/b.txt\n".encode()
    report = judge(bag(manifest_sha256=lines, fetch=f"{url} 3 data/b.txt\n".encode()))

    assert errors(report) == {"BAG-MISSING", "BAG-FETCH-ABSENT"}


def test_64_a_promise_that_is_already_kept_is_a_warning() -> None:
    report = judge(bag(fetch=b"http://example.org/a - data/a.txt\n"))

    assert weights(report.findings) == {"BAG-FETCH": Severity.WARNING}
    assert report.fetch


def test_a_line_of_fetch_that_cannot_be_read_is_an_error() -> None:
    assert errors(judge(bag(fetch=b"http://example.org/a data/a.txt\n"))) == {"BAG-LINE"}


def test_in_1_0_a_promise_that_no_manifest_knows_is_an_error() -> None:
    assert errors(judge(bag(fetch=b"http://example.org/a 3 bagit.txt\n"))) == {
        "BAG-FETCH-UNLISTED"
    }


def test_65_a_changed_tag_file_is_an_error() -> None:
    files = with_tag_manifest(bag_files(ONE))
    files["bag-info.txt"] += b"Title: changed\n"

    assert errors(judge(files)) == {"BAG-TAG-DIGEST"}


def test_65_a_missing_tag_file_is_an_error() -> None:
    files = with_tag_manifest(bag_files(ONE) | {"more.txt": b"more"})
    del files["more.txt"]

    assert errors(judge(files)) == {"BAG-MISSING"}


def test_a_tag_manifest_that_lists_content_is_an_error_in_1_0() -> None:
    report = judge(bag(tagmanifest_sha256=f"{SHA}  data/a.txt\n".encode()))

    assert errors(report) == {"BAG-TAG-LISTS-PAYLOAD"}
    assert warnings(report) == {"BAG-TAG-UNCOVERED"}


@pytest.mark.parametrize("line", [b"data/a.txt", b"zz  data/a.txt", b"0123  data/a.txt"])
def test_a_line_that_is_no_manifest_line_is_an_error(line: bytes) -> None:
    good = bag()["manifest-sha256.txt"]

    assert errors(judge(bag(manifest_sha256=good + line + b"\n"))) == {"BAG-LINE"}


def test_an_endless_line_is_not_read_into_memory() -> None:
    report = judge(bag(manifest_sha256=b"0" * (1 << 20)))

    assert errors(report) == {"BAG-LINE-ENDLESS"}


def test_a_blank_line_is_warned_about() -> None:
    report = judge(bag(manifest_sha256=b"\n" + bag()["manifest-sha256.txt"]))

    assert weights(report.findings) == {"BAG-LINE-BLANK": Severity.WARNING}


def test_a_link_in_a_bag_is_an_error() -> None:
    report = judge(bag(), strays={b"data/link": "symlink"})

    assert errors(report) == {"BAG-STRAY"}


def test_a_known_digest_is_used_and_the_file_is_not_opened_again() -> None:
    payload = MemoryFile(b"one", known=("sha256", "sha512"))
    files = {path.encode(): MemoryFile(content) for path, content in bag_files(ONE).items()}
    report = read_bag(Tree({**files, b"data/a.txt": payload}))

    assert report.findings == ()
    assert payload.opened == []


def test_a_file_is_opened_once_for_all_digests_that_are_not_known() -> None:
    payload = MemoryFile(b"one", known=("sha256",))
    listed = bag_files(ONE, algorithms=("md5", "sha1", "sha256", "sha512"))
    files = {path.encode(): MemoryFile(content) for path, content in listed.items()}
    report = read_bag(Tree({**files, b"data/a.txt": payload}))

    assert report.findings == ()
    assert payload.opened == [1]


def test_the_digests_a_bag_needs_are_known_from_names_alone() -> None:
    names = [b"bag/bagit.txt", b"bag/manifest-md5.txt", b"bag/tagmanifest-sha-1.txt"]

    assert algorithms_needed(names) == {"md5", "sha1"}
    assert algorithms_needed([*names[1:]]) == set()
    assert algorithms_needed([b"deep/" + name for name in names]) == set()


def test_findings_can_be_taken_as_they_arise() -> None:
    files = {path.encode(): MemoryFile(content) for path, content in bag().items()}
    files[b"data/a.txt"] = MemoryFile(b"two")
    taken: list[str] = []

    report = read_bag(Tree(files), report=lambda finding: taken.append(finding.code))

    assert taken == ["BAG-DIGEST"]
    assert report.findings == ()


def nested(*more: str) -> Tree:
    """A bag in the folder ``bag`` with other files beside it."""
    files = {f"bag/{path}".encode(): MemoryFile(content) for path, content in bag().items()}
    return Tree({**files, **{name.encode(): MemoryFile(b"") for name in more}})


def test_a_bag_in_one_folder_is_found_and_judged_there() -> None:
    tree = nested()

    assert bag_root(tree) == b"bag"
    assert read_bag(subtree(tree, b"bag")).findings == ()
    assert beside_bag(tree, b"bag") is None


def test_35_a_bag_beside_something_else_is_an_error() -> None:
    finding = beside_bag(nested("other/file"), b"bag")

    assert finding is not None
    assert (finding.code, finding.severity) == ("BAG-NOT-ALONE", Severity.ERROR)


def test_35_what_a_system_leaves_beside_a_bag_is_a_warning() -> None:
    finding = beside_bag(nested("__MACOSX/bag/._a", ".DS_Store"), b"bag")

    assert finding is not None
    assert finding.severity is Severity.WARNING
