"""Admitting a folder: each file read once, nothing followed, changes noticed, room limited."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ingest.admit import admit_folder
from ingest.staged import Admission, Findings, StagingFull
from ingest.unpack import unpack_archive
from kit.packages import Forged, Unpacked, admit, bag_files, errors, forge_zip, unpack
from schemas.archives import Caps
from schemas.bag import read_bag
from schemas.digests import HEAD_TAIL_BYTES, digests_of
from schemas.findings import Finding, Severity
from schemas.nouns import FileRole
from schemas.progress import NoProgress


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "thư mục").mkdir(parents=True)
    (folder / "thư mục" / "tệp.txt").write_bytes(b"content")
    (folder / "big").write_bytes(os.urandom(3 << 20))
    (folder / "empty").write_bytes(b"")
    return folder


def test_every_file_is_staged_with_its_facts(source: Path, tmp_path: Path) -> None:
    os.utime(source / "big", ns=(0, 86_400_123_000_000))
    (source / "big").chmod(0o4640)
    result = admit(source, tmp_path / "staging")

    assert result.findings == ()
    assert result.admission.complete
    assert list(result.files) == [b"big", b"empty", "thư mục/tệp.txt".encode()]
    for path, file in result.files.items():
        content = (source / os.fsdecode(path)).read_bytes()
        assert result.content(path) == content
        assert file.digests == digests_of(content)
        assert file.size_bytes == len(content)
    big = result.files[b"big"]
    assert (big.mode, big.modified) == (0o640, "1970-01-02T00:00:00.123Z")
    assert big.staged == str(tmp_path / "staging" / "000" / "000000")


def test_in_place_nothing_is_copied(source: Path) -> None:
    result = admit(source, None)

    assert {file.staged for file in result.files.values()} == {
        str(path) for path in source.rglob("*") if path.is_file()
    }
    assert result.content(b"big") == (source / "big").read_bytes()


def test_head_and_tail_come_with_the_entry_and_not_with_the_file(source: Path) -> None:
    entries = {e.file.raw_path: e for e in admit_folder(source, None, Caps(), Admission())}
    content = (source / "big").read_bytes()

    assert entries[b"big"].head == content[:HEAD_TAIL_BYTES]
    assert entries[b"big"].tail == content[-HEAD_TAIL_BYTES:]
    assert not hasattr(entries[b"big"].file, "head")


def test_a_staged_file_becomes_a_submitted_one(source: Path) -> None:
    file = admit(source, None).files[b"big"]
    submitted = file.submitted("representations/rep1/data/big", FileRole.DATA)

    assert submitted.digests == file.digests
    assert (submitted.raw_path, submitted.staged) == (b"big", file.staged)


def test_names_that_are_no_utf8_keep_their_bytes(source: Path) -> None:
    (source / os.fsdecode(b"L\xfd l\xdech")).touch()

    assert b"L\xfd l\xdech" in admit(source, None).files


def test_39_empty_folders_are_remembered_and_said(source: Path) -> None:
    (source / "none" / "here").mkdir(parents=True)
    result = admit(source, None)

    assert result.admission.empty_directories == [b"none/here"]
    assert [(f.code, f.where) for f in result.findings] == [("PACKAGE-EMPTY-FOLDER", "none/here")]


def test_links_are_refused_and_never_followed(source: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_bytes(b"secret")
    (source / "door").symlink_to(secret)
    (source / "file").symlink_to(secret / "file")
    (source / "broken").symlink_to("nowhere")
    result = admit(source, tmp_path / "staging")

    assert result.refusals == {"PACKAGE-LINK"}
    assert result.admission.strays == dict.fromkeys((b"broken", b"door", b"file"), "symlink")
    assert len(result.files) == 3


def test_13_pipes_and_sockets_are_refused_and_never_opened(source: Path) -> None:
    os.mkfifo(source / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(source / "socket"))
    listener.close()
    result = admit(source, None)

    assert result.refusals == {"PACKAGE-SPECIAL"}
    assert set(result.admission.strays) == {b"pipe", b"socket"}


class ChangeAfter(NoProgress):
    """A progress that changes something when the first bytes have passed."""

    def __init__(self, change: Callable[[], object]) -> None:
        self._changes = [change]

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        if size_bytes and self._changes:
            self._changes.pop()()


def changed_while_read(source: Path, change: Callable[[], object]) -> Unpacked:
    result = Unpacked(Admission())
    entries = admit_folder(source, None, Caps(), result.admission, progress=ChangeAfter(change))
    result.files = {entry.file.raw_path: entry.file for entry in entries}
    return result


def append(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"more")


def test_42_a_file_that_grows_while_it_is_read_is_refused(source: Path) -> None:
    result = changed_while_read(source, partial(append, source / "big"))

    assert [(f.code, f.where) for f in result.findings] == [("PACKAGE-CHANGED", "big")]
    assert b"big" not in result.files


def test_42_a_file_that_shrinks_while_it_is_read_is_refused(source: Path) -> None:
    result = changed_while_read(source, lambda: os.truncate(source / "big", 5))

    assert result.refusals == {"PACKAGE-CHANGED"}
    assert b"big" not in result.files


def test_42_a_file_rewritten_with_its_size_kept_is_refused(source: Path) -> None:
    result = changed_while_read(source, lambda: (source / "big").write_bytes(bytes(3 << 20)))

    assert result.refusals == {"PACKAGE-CHANGED"}


def test_42_a_file_that_appears_or_disappears_meanwhile_is_noticed(source: Path) -> None:
    appeared = changed_while_read(source, lambda: (source / "aaa").write_bytes(b""))
    assert appeared.refusals == {"PACKAGE-CHANGED"}

    vanished = changed_while_read(source, (source / "empty").unlink)
    assert vanished.refusals == {"PACKAGE-CHANGED"}


def test_42_a_container_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "p.zip"
    source.write_bytes(forge_zip([Forged(b"a"), Forged(b"b")]))
    admission = Admission()
    for _ in unpack_archive(source, tmp_path / "staging", Caps(), admission):
        os.utime(source, ns=(0, 0))

    assert [f.code for f in admission.findings.all()] == ["PACKAGE-CHANGED"]


def test_a_folder_swapped_for_a_link_leads_nowhere(source: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "tệp.txt").write_bytes(b"secret")

    def swap() -> None:
        (source / "thư mục").rename(tmp_path / "moved")
        (source / "thư mục").symlink_to(secret)

    result = changed_while_read(source, swap)

    assert result.refusals == {"PACKAGE-CHANGED"}
    assert set(result.files) == {b"big", b"empty"}


@pytest.fixture
def nobody() -> Iterator[Callable[[], None]]:
    """Gives up the rights of the superuser when called, until the test ends."""
    yield lambda: os.seteuid(65534) if os.geteuid() == 0 else None
    os.seteuid(os.getuid())


def test_a_file_that_may_not_be_read_refuses_the_package(
    source: Path, nobody: Callable[[], None]
) -> None:
    (source / "forbidden").write_bytes(b"x")
    (source / "forbidden").chmod(0)
    result = changed_while_read(source, nobody)

    assert [(f.code, f.where) for f in result.findings] == [("PACKAGE-UNREADABLE", "forbidden")]
    assert result.findings[0].fields["detail"] == "Permission denied"
    assert b"forbidden" not in result.files


def test_the_total_and_the_number_of_files_are_capped(source: Path) -> None:
    assert admit(source, None, total_bytes=1 << 20).refusals == {"ARCHIVE-TOO-LARGE"}
    assert not admit(source, None, total_bytes=1 << 20).admission.complete
    assert admit(source, None, entries=3).refusals == {"ARCHIVE-TOO-MANY"}


def test_folders_nested_too_deep_are_refused(source: Path) -> None:
    (source / "/".join("abcdef")).mkdir(parents=True)
    result = admit(source, None, folder_depth=4)

    assert [(f.code, f.where) for f in result.findings] == [("ARCHIVE-TOO-DEEP", "a/b/c/d")]
    assert len(result.files) == 3


def test_78_a_full_staging_area_is_our_fault_and_says_so(source: Path, tmp_path: Path) -> None:
    entries = admit_folder(source, tmp_path / "staging", Caps(), Admission(), quota_bytes=1 << 20)
    with pytest.raises(StagingFull):
        list(entries)


def test_78_an_archive_that_cannot_fit_is_not_begun(tmp_path: Path) -> None:
    source = tmp_path / "p.zip"
    source.write_bytes(forge_zip([Forged(b"a", bytes(5000))]))
    entries = unpack_archive(source, tmp_path / "staging", Caps(), Admission(), quota_bytes=4999)
    with pytest.raises(StagingFull):
        list(entries)
    assert list((tmp_path / "staging").iterdir()) == []


def test_78_an_archive_that_just_fits_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "p.zip"
    source.write_bytes(forge_zip([Forged(b"a", bytes(5000))]))
    entries = unpack_archive(source, tmp_path / "staging", Caps(), Admission(), quota_bytes=5000)

    assert len(list(entries)) == 1


class Counted(NoProgress):
    """A progress that adds up."""

    def __init__(self) -> None:
        self.files = self.size_bytes = 0

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        self.files += files
        self.size_bytes += size_bytes


def test_progress_is_told_of_every_file_and_byte(source: Path, tmp_path: Path) -> None:
    folder, archive = Counted(), Counted()
    list(admit_folder(source, None, Caps(), Admission(), progress=folder))
    package = tmp_path / "p.zip"
    package.write_bytes(forge_zip([Forged(b"a", bytes(5000)), Forged(b"b", b"x")]))
    list(unpack_archive(package, tmp_path / "s", Caps(), Admission(), progress=archive))

    assert (folder.files, folder.size_bytes) == (3, (3 << 20) + 7)
    assert (archive.files, archive.size_bytes) == (2, 5001)


def test_no_descriptor_stays_open_whatever_was_found(source: Path, tmp_path: Path) -> None:
    def descriptors() -> set[str]:
        return set(os.listdir("/proc/self/fd"))

    (source / "link").symlink_to("big")
    before = len(descriptors())
    admit(source, tmp_path / "staging")
    admit(source, None, entries=2)
    for name, content in {
        "a.zip": forge_zip([Forged(b"a"), Forged(b"../b")]),
        "b.zip": b"PK\x03\x04 broken",
        "c.tar": b"broken" * 200,
        "d.zip": forge_zip([Forged(b"inner.zip", forge_zip([Forged(b"i.zip", b"PK\x03\x04")]))]),
    }.items():
        unpack(tmp_path / name.partition(".")[0], content, name)
    abandoned = admit_folder(source, None, Caps(), Admission())
    next(iter(abandoned))
    abandoned.close()  # type: ignore[attr-defined]  # a generator, as its callers may abandon it

    assert len(descriptors()) == before


def test_a_bag_in_a_folder_is_read_once_for_all_its_digests(tmp_path: Path) -> None:
    for path, content in bag_files({"a": b"one"}, algorithms=("md5", "sha512")).items():
        target = tmp_path / "bag" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    result = admit(tmp_path / "bag", None)

    assert result.files[b"data/a"].known_digests["md5"] == hashlib.md5(b"one").hexdigest()
    assert errors(read_bag(result.tree)) == set()


def test_findings_stay_bounded_and_the_rest_is_counted() -> None:
    findings = Findings(kept_per_code=2)
    findings.extend(Finding("NAME-CONTROL", Severity.REJECT, str(n)) for n in range(5))
    findings(Finding("NAME-TRAILING", Severity.WARNING, "x"))
    kept = findings.all()

    assert [finding.where for finding in kept] == ["0", "1", "x", ""]
    assert (kept[-1].code, kept[-1].severity) == ("PACKAGE-MORE", Severity.REJECT)
    assert kept[-1].fields == {"of": "NAME-CONTROL", "more": 3}
