"""Full disks, failing fsyncs and power cuts: what a store in a folder promises about them."""

import errno
import os
from pathlib import Path

import pytest

from kit.stores import keys, put
from kit.system_faults import FaultySystem, failing
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import MediumFailed, NoSpace, ObjectExists


@pytest.fixture
def root(tmp_path: Path) -> Path:
    FilesystemBackend.create("disk", tmp_path / "replica")
    return tmp_path / "replica"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["write", "fsync", "link", "mkdir"])
def test_a_full_disk_leaves_nothing_visible_and_nothing_in_staging(
    root: Path, call: str, error: int
) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    system.on_call = failing(call, error)
    with pytest.raises(NoSpace):
        put(store, "ocfl/a/b/c", b"content")
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) == []
    assert list(store.list("")) == []
    put(store, "ocfl/a/b/c", b"content")


def test_a_head_survives_a_full_disk(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    store.put_head("ocfl/head", b"old", replaces=None)
    _content, token = store.read_head("ocfl/head")
    system.on_call = failing("write", errno.ENOSPC)
    with pytest.raises(NoSpace):
        store.put_head("ocfl/head", b"new", replaces=token)
    assert store.read_head("ocfl/head") == (b"old", token)
    assert keys(store, "kho/") == []


def test_moving_aside_works_on_a_full_disk(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/o/v2/a", b"1")
    system.on_call = failing("write", errno.ENOSPC, times=1000)
    target = store.move_aside("ocfl/o/v2/", reason="uncommitted")
    assert (keys(store, "ocfl/"), keys(store, "kho/")) == ([], [f"{target}a"])


def test_a_file_whose_fsync_failed_is_not_published(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    system.on_call = failing("fsync", errno.EIO)
    with pytest.raises(MediumFailed):
        put(store, "ocfl/a", b"content")
    assert keys(store) == []


def test_a_folder_whose_fsync_failed_stays_unsettled_until_the_store_is_opened_anew(
    root: Path,
) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/o/a", b"content")
    system.on_call = failing("fsync", errno.EIO, path="ocfl/o")
    with pytest.raises(MediumFailed):
        store.settle("ocfl/o/")
    with pytest.raises(MediumFailed):
        store.settle("ocfl/o/")
    FilesystemBackend("disk", root).settle("ocfl/o/")


def test_bytes_are_durable_before_their_name_is_made(root: Path) -> None:
    system = FaultySystem()
    put(FilesystemBackend("disk", root, system=system), "ocfl/a", b"content")
    names = [name for name, _path in system.calls if name in {"write", "fsync", "link"}]
    assert names.index("fsync") < names.index("link")
    assert "write" not in names[names.index("fsync") :]


def test_settling_makes_every_folder_on_the_way_durable(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/a/o/v1/content/x", b"1")
    put(store, "ocfl/a/o/v1/inventory.json", b"1")
    system.calls.clear()
    store.settle("ocfl/a/o/")
    settled = {os.path.relpath(path, root) for path in system.names("fsync")}
    assert {".", "ocfl", "ocfl/a", "ocfl/a/o", "ocfl/a/o/v1", "ocfl/a/o/v1/content"} <= settled


def test_settling_again_costs_nothing(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/a/x", b"1")
    store.settle("ocfl/a/")
    system.calls.clear()
    store.settle("ocfl/a/")
    assert system.calls == []


def test_settling_covers_what_a_dead_process_left_behind(root: Path) -> None:
    put(FilesystemBackend("disk", root), "ocfl/o/v1/content/x", b"1")
    system = FaultySystem()
    FilesystemBackend("disk", root, system=system).settle("ocfl/o/")
    settled = {os.path.relpath(path, root) for path in system.names("fsync")}
    assert {"ocfl", "ocfl/o", "ocfl/o/v1", "ocfl/o/v1/content"} <= settled


def test_a_key_found_taken_is_settled_by_whoever_found_it(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/o/v1/a", b"1")
    store.settle("ocfl/")
    put(FilesystemBackend("disk", root), "ocfl/o/v2/b", b"2")  # and that process died
    with pytest.raises(ObjectExists):
        put(store, "ocfl/o/v2/b", b"2")
    system.calls.clear()
    store.settle("ocfl/o/")
    settled = {os.path.relpath(path, root) for path in system.names("fsync")}
    assert {"ocfl/o", "ocfl/o/v2"} <= settled


def test_a_head_is_durable_when_it_was_put(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    store.put_head("ocfl/o/head", b"1", replaces=None)
    last = [(name, path) for name, path in system.calls if name in {"link", "fsync"}]
    published = last.index(("link", f"{root}/ocfl/o/head"))
    assert ("fsync", f"{root}/ocfl/o") in last[published:]
    assert ("fsync", f"{root}/ocfl") in last[published:]
