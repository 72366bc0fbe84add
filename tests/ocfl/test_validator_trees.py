"""What is looked at, how often, and what is said of what cannot be looked at."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from kit.ocfl_objects import Style, add_object, make_object, make_root
from kit.ocfl_root_cases import FIRST, OBJECT, SECOND
from repository.ocfl.validator import (
    BackendTree,
    Entry,
    Limits,
    LocalTree,
    digesting,
    inspect_backend,
    inspect_ocfl,
    validate_object,
    validate_root,
)
from repository.ocfl.validator.tree import EntryUnreadable
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import BackendUnavailable, MediumFailed
from storage_backends.memory import MemoryBackend
from storage_backends.sources import BytesSource

PLAIN = ({"METS.xml": b"<mets/>", "data/a.txt": b"mot"}, {"METS.xml": b"<m/>"})


class CountingTree(LocalTree):
    """Counts how often each file is opened and how large its reads are."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: Counter[str] = Counter()
        self.largest = 0

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        self.opened[path] += 1
        return self._watched(super().open(path))

    @contextmanager
    def _watched(self, opened: AbstractContextManager[BinaryIO]) -> Iterator[BinaryIO]:
        with opened as stream:
            yield _Watched(stream, self)  # type: ignore[misc]  # only read is used


class _Watched:
    def __init__(self, stream: BinaryIO, tree: CountingTree) -> None:
        self._stream, self._tree = stream, tree

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._tree.largest = max(self._tree.largest, len(chunk))
        return chunk


def test_each_content_file_is_read_once_for_all_its_digests(tmp_path: Path) -> None:
    algorithms = ("md5", "sha1", "sha256", "blake2b-512", "size")
    folder = make_object(tmp_path / "o", style=Style(fixity=algorithms))
    tree = CountingTree(folder)
    assert validate_object(tree).findings == ()
    content = [path for path in tree.opened if "/content/" in path]
    assert len(content) == 5
    assert set(tree.opened.values()) == {1}


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o", [{"large": b"x" * (5 * digesting.CHUNK_BYTES + 1)}])
    tree = CountingTree(folder)
    report = validate_object(tree)
    assert report.outcome == "valid"
    assert report.size_bytes == 5 * digesting.CHUNK_BYTES + 1
    assert tree.largest <= digesting.CHUNK_BYTES


def test_nothing_outside_of_the_object_is_opened(tmp_path: Path) -> None:
    """Hostile content paths never reach the filesystem: only listed files are opened."""
    folder = make_object(tmp_path / "o")
    (tmp_path / "secret").write_bytes(b"secret")
    text = (folder / "inventory.json").read_text()
    for path in ("../secret", "/etc/hostname", "v1/content/../../../secret"):
        (folder / "inventory.json").write_text(text.replace("v1/content/empty", path))
        tree = CountingTree(folder)
        assert validate_object(tree).outcome == "invalid"
        assert all(".." not in opened and opened[0] != "/" for opened in tree.opened)


class FailingTree(LocalTree):
    """A folder on a medium that fails under some files and folders."""

    def __init__(self, root: Path, bad: str) -> None:
        super().__init__(root)
        self._bad = bad

    def children(self, folder: str) -> list[Entry]:
        if folder == self._bad:
            raise EntryUnreadable(path=folder, reason="Input/output error")
        return super().children(folder)

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with super().open(path) as stream:
            if path == self._bad:
                raise OSError(5, "Input/output error")
            yield stream


@pytest.mark.parametrize(
    "bad",
    [
        "v1/content/data/a.txt",
        "inventory.json",
        "inventory.json.sha512",
        "v1/inventory.json",
        "0=ocfl_object_1.1",
    ],
)
def test_a_file_that_cannot_be_read_is_never_called_altered(tmp_path: Path, bad: str) -> None:
    report = validate_object(FailingTree(make_object(tmp_path / "o"), bad))
    unreadable = [f for f in report.findings if f.code == "OCFL-KHO-UNREADABLE"]
    assert [f.where for f in unreadable] == [bad]
    assert report.outcome == "invalid"
    assert not report.codes & {"OCFL-E092", "OCFL-E060", "OCFL-E061", "OCFL-E033", "OCFL-E007"}


def test_content_behind_an_unreadable_folder_is_not_called_missing(tmp_path: Path) -> None:
    report = validate_object(FailingTree(make_object(tmp_path / "o"), "v1/content/data"))
    assert report.codes == {"OCFL-KHO-UNREADABLE"}


def test_content_beside_an_unreadable_folder_is_called_missing(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    (folder / "v1/content/empty").unlink()
    report = validate_object(FailingTree(folder, "v1/content/data"))
    missing = {f.where for f in report.findings if f.code == "OCFL-E092"}
    assert missing == {"v1/content/empty"}


@pytest.mark.parametrize("bad", ["ocfl_layout.json", OBJECT[:3], "extensions"])
def test_what_cannot_be_read_of_a_root_is_not_called_wrong(tmp_path: Path, bad: str) -> None:
    _make_plain_root(tmp_path / "root")
    *_objects, report = validate_root(FailingTree(tmp_path / "root", bad))
    said = {(f.code, f.where) for f in report.findings if f.code != "OCFL-KHO-NOT-CHECKED"}
    assert said == {("OCFL-KHO-UNREADABLE", bad)}
    assert report.outcome == "invalid"


def test_an_unreadable_layout_is_not_replaced_by_the_usual_one(tmp_path: Path) -> None:
    """An object may lie elsewhere than the usual parameters say: no word on its place."""
    root = make_root(tmp_path / "root")
    make_object(root / "elsewhere", PLAIN)
    config = "extensions/0003-hash-and-id-n-tuple-storage-layout/config.json"
    *_objects, report = validate_root(FailingTree(root, config))
    assert report.codes == {"OCFL-KHO-UNREADABLE", "OCFL-KHO-NOT-CHECKED"}


def test_a_tree_of_three_hundred_levels_is_walked(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 300) + "/file"
    folder = make_object(tmp_path / "o", [{deep: b"x"}])
    assert validate_object(LocalTree(folder)).outcome == "valid"


def test_findings_of_one_code_are_bounded_and_the_rest_counted(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    for number in range(30):
        (folder / f"stray{number}").touch()
    report = validate_object(LocalTree(folder), limits=Limits(findings_per_code=10))
    codes = Counter(finding.code for finding in report.findings)
    assert codes == {"OCFL-E001": 10, "OCFL-KHO-MORE": 1}
    (more,) = (f for f in report.findings if f.code == "OCFL-KHO-MORE")
    assert more.fields == {"repeated": "OCFL-E001", "count": 20}


def test_a_fixity_algorithm_this_machine_lacks_is_recorded_as_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_object(tmp_path / "o", style=Style(fixity=("sha512/256",)))
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha512", "sha256"})
    report = validate_object(LocalTree(folder))
    assert report.outcome == "valid"
    assert report.codes == {"OCFL-KHO-NOT-CHECKED"}


def _make_plain_root(root: Path) -> None:
    """Two objects whose content paths are keys that every store can hold."""
    make_root(root)
    for identifier in (FIRST, SECOND):
        add_object(root, identifier, PLAIN)


def _into_memory(folder: Path, prefix: str) -> MemoryBackend:
    backend = MemoryBackend("b1")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            key = prefix + path.relative_to(folder).as_posix()
            digest = hashlib.sha256(content).hexdigest()
            backend.put_new(key, BytesSource(content), size_bytes=len(content), sha256=digest)
    return backend


def test_an_object_under_a_backends_prefix_is_judged_like_a_folder(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o", PLAIN)
    backend = _into_memory(folder, "ocfl/obj/")
    (report,) = inspect_backend(backend, "ocfl/obj/")
    assert (report.path, report.outcome, report.findings) == ("b1:ocfl/obj", "valid", ())
    (folder / "v1/content/data/a.txt").write_bytes(b"MOT")
    (report,) = inspect_backend(_into_memory(folder, "ocfl/obj/"), "ocfl/obj/")
    (local,) = inspect_ocfl(folder)
    assert report.findings == local.findings != ()


def test_a_root_on_a_backend_gives_the_reports_of_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "replica" / "ocfl"
    _make_plain_root(root)
    backend = FilesystemBackend("disk", tmp_path / "replica")
    try:
        found = list(inspect_backend(backend, "ocfl/"))
    finally:
        backend.close()
    assert [r.kind for r in found] == ["object", "object", "storage_root"]
    assert all(r.findings == () for r in found)
    assert {r.identifier for r in found} == {r.identifier for r in inspect_ocfl(root)}


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no links")
def test_a_link_and_an_empty_folder_on_a_backend_are_found(tmp_path: Path) -> None:
    root = tmp_path / "replica" / "ocfl"
    _make_plain_root(root)
    content = root / OBJECT / "v1/content"
    (content / "data/link").symlink_to("/etc/hostname")
    (content / "nothing").mkdir()
    backend = FilesystemBackend("disk", tmp_path / "replica")
    try:
        codes = {r.path: r.codes for r in inspect_backend(backend, "ocfl/")}
    finally:
        backend.close()
    assert codes[f"disk:ocfl/{OBJECT}"] == {"OCFL-E090", "OCFL-E024"}


class _Broken(MemoryBackend):
    """A store whose reads fail in a chosen way."""

    error: type[BackendUnavailable] | type[MediumFailed]

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        if key.endswith("a.txt"):
            raise self.error(backend=self.name, key=key)
        return super().open(key, offset=offset)


@pytest.mark.parametrize("error", [BackendUnavailable, MediumFailed])
def test_an_unavailable_store_is_an_error_and_a_failing_medium_a_finding(
    tmp_path: Path, error: type[BackendUnavailable] | type[MediumFailed]
) -> None:
    backend = _into_memory(make_object(tmp_path / "o", PLAIN), "o/")
    backend.__class__ = _Broken
    assert isinstance(backend, _Broken)
    backend.error = error
    if error is BackendUnavailable:
        with pytest.raises(BackendUnavailable):
            list(inspect_backend(backend, "o/"))
    else:
        (report,) = inspect_backend(backend, "o/")
        assert report.codes == {"OCFL-KHO-UNREADABLE"}


def test_a_backends_children_are_the_first_segments_below_a_folder(tmp_path: Path) -> None:
    backend = _into_memory(make_object(tmp_path / "o", PLAIN), "o/")
    tree = BackendTree(backend, "o/")
    assert [(e.path, e.kind) for e in tree.children("v1")] == [
        ("v1/content", "directory"),
        ("v1/inventory.json", "file"),
        ("v1/inventory.json.sha512", "file"),
    ]
