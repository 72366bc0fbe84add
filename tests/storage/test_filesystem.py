"""What a store in a folder adds to the contract: strays, mounts, permissions, durability."""

import errno
import os
import stat
from pathlib import Path

import pytest

from kit.stores import get, keys, put, sha256
from kit.system_faults import FaultySystem, failing
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    HeadTooLarge,
    MediumFailed,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    StorageError,
    WrongEntryType,
)
from storage_backends.local_disk import RootMissing, RootUnusable
from storage_backends.sources import BytesSource


@pytest.fixture
def root(tmp_path: Path) -> Path:
    FilesystemBackend.create("disk", tmp_path / "replica")
    return tmp_path / "replica"


@pytest.fixture
def store(root: Path) -> FilesystemBackend:
    return FilesystemBackend("disk", root)


def test_a_root_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RootMissing):
        FilesystemBackend("disk", tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_root_that_is_a_file_or_relative_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RootUnusable, match="not-a-folder"):
        FilesystemBackend("disk", tmp_path / "file")
    with pytest.raises(RootUnusable, match="relative"):
        FilesystemBackend("disk", "replica")
    with pytest.raises(RootUnusable):
        FilesystemBackend.create("disk", tmp_path / "file" / "below")


def test_a_root_may_be_reached_through_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    put(FilesystemBackend("disk", tmp_path / "link"), "ocfl/a", b"1")
    assert (root / "ocfl/a").read_bytes() == b"1"


def test_making_a_store_where_one_is_harms_nothing_and_walks_nothing(root: Path) -> None:
    put(FilesystemBackend("disk", root), "ocfl/a/b/c", b"1")
    system = FaultySystem()
    store = FilesystemBackend.create("disk", root, system=system)
    assert system.names("scandir") == []
    assert keys(store) == ["ocfl/a/b/c"]


def test_staging_and_set_aside_are_closed_to_others(root: Path) -> None:
    modes = {n: stat.S_IMODE((root / "kho" / n).stat().st_mode) for n in ("staging", "set-aside")}
    assert modes == {"staging": 0o700, "set-aside": 0o700}


def test_an_unmounted_disk_is_unavailable_and_never_empty(
    store: FilesystemBackend, root: Path
) -> None:
    put(store, "ocfl/a", b"1")
    root.rename(root.with_name("elsewhere"))
    root.mkdir()  # the mount point that is left behind
    for act in (
        lambda: get(store, "ocfl/a"),
        lambda: store.stat("ocfl/a"),
        lambda: store.read_head("ocfl/a"),
        lambda: keys(store, "ocfl/"),
        lambda: put(store, "ocfl/b", b"2"),
        lambda: store.put_head("ocfl/h", b"2", replaces=None),
        lambda: store.set_aside("ocfl/a", reason="x"),
        lambda: store.move_aside("ocfl/o/v1/", reason="x"),
    ):
        with pytest.raises(RootMissing):
            act()
    assert list(root.iterdir()) == []


def test_a_root_that_vanished_is_unavailable(store: FilesystemBackend, root: Path) -> None:
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(BackendUnavailable):
        get(store, "ocfl/a")
    with pytest.raises(BackendUnavailable):
        keys(store)


def test_an_unmount_in_the_middle_of_a_listing_is_told(
    store: FilesystemBackend, root: Path
) -> None:
    for number in range(3):
        put(store, f"ocfl/{number}/a", b"1")
    listing = store.list("ocfl/")
    next(listing)
    root.rename(root.with_name("elsewhere"))
    root.mkdir()
    with pytest.raises(RootMissing):
        list(listing)


def test_strays_are_listed_as_what_they_are(store: FilesystemBackend, root: Path) -> None:
    put(store, "ocfl/o/file", b"12")
    (root / "ocfl/o/link").symlink_to("/etc")
    (root / "ocfl/o/empty").mkdir()
    os.mkfifo(root / "ocfl/o/fifo")
    (root / "ocfl/o/Công văn.txt").write_bytes(b"123")
    found = {(info.key, info.kind) for info in store.list("ocfl/")}
    assert found == {
        ("ocfl/o/file", "file"),
        ("ocfl/o/link", "link"),
        ("ocfl/o/empty", "directory"),
        ("ocfl/o/fifo", "special"),
        ("ocfl/o/Công văn.txt", "file"),
    }


def test_what_stands_where_a_file_should_be_is_told_without_waiting(
    store: FilesystemBackend, root: Path
) -> None:
    put(store, "ocfl/target", b"1")
    os.mkfifo(root / "ocfl/fifo")
    (root / "ocfl/link").symlink_to("target")
    (root / "ocfl/dangling").symlink_to("nowhere")
    (root / "ocfl/folder").mkdir()
    for name in ("fifo", "link", "dangling", "folder"):
        with pytest.raises(WrongEntryType):
            get(store, f"ocfl/{name}")
        with pytest.raises(WrongEntryType):
            store.stat(f"ocfl/{name}")
        with pytest.raises(WrongEntryType):
            put(store, f"ocfl/{name}", b"1")


def test_a_socket_where_a_file_should_be_is_told(
    store: FilesystemBackend, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "ocfl/a", b"1")
    monkeypatch.chdir(root / "ocfl")  # a socket's path may not be longer than 108 bytes
    os.mknod("socket", stat.S_IFSOCK | 0o600)
    with pytest.raises(WrongEntryType):
        get(store, "ocfl/socket")
    assert ObjectInfo("ocfl/socket", 0, "special") in set(store.list("ocfl/"))


def test_a_file_in_the_way_of_a_folder_is_told(store: FilesystemBackend) -> None:
    put(store, "ocfl/a", b"1")
    with pytest.raises(WrongEntryType):
        put(store, "ocfl/a/b/c", b"1")
    assert keys(store, "ocfl/") == ["ocfl/a"]


def test_a_link_that_took_the_place_of_a_file_is_kept_and_then_replaced(
    store: FilesystemBackend, root: Path
) -> None:
    put(store, "ocfl/a", b"whole")
    (root / "ocfl/a").unlink()
    (root / "ocfl/a").symlink_to("/etc/passwd")
    aside = store.set_aside("ocfl/a", reason="a link")
    assert get(store, aside) == b"/etc/passwd"
    store.replace_damaged(
        "ocfl/a", BytesSource(b"whole"), size_bytes=5, sha256=sha256(b"whole"), observed=None
    )
    assert get(store, "ocfl/a") == b"whole"
    assert Path("/etc/passwd").read_bytes() != b"whole"


def test_a_listing_does_not_follow_a_link_in_place_of_its_folder(
    store: FilesystemBackend, root: Path
) -> None:
    (root / "ocfl").mkdir()
    (root / "ocfl/o").symlink_to("/etc")
    with pytest.raises(WrongEntryType):
        keys(store, "ocfl/o/")


def test_a_file_nobody_may_read_is_denied_and_not_damaged(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/a", b"1")
    system.on_call = failing("open", errno.EACCES, path="ocfl/a")
    with pytest.raises(AccessDenied):
        get(store, "ocfl/a")


def test_a_folder_nobody_may_list_fails_the_listing(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/closed/a", b"1")
    system.on_call = failing("scandir", errno.EACCES, path="ocfl/closed/")
    with pytest.raises(AccessDenied):
        keys(store, "ocfl/")


def test_a_bad_block_is_told_while_reading(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/a", b"1" * 100)
    system.on_call = failing("read_into", errno.EIO, path="ocfl/a")
    with store.open("ocfl/a") as stream, pytest.raises(MediumFailed) as failure:
        stream.read(10)
    assert failure.value.fields["key"] == "ocfl/a"


def test_an_unreadable_file_is_set_aside_as_far_as_it_goes_and_replaced(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    content = b"a" * 65536 + b"b" * 65536
    put(store, "ocfl/a", content)
    reads = [0]

    def second_block_is_bad(name: str, path: str) -> None:
        if name == "read_into" and path.endswith("ocfl/a"):
            reads[0] += 1
            if reads[0] % 2 == 0:
                raise OSError(errno.EIO, "EIO", path)

    system.on_call = second_block_is_bad
    aside = store.set_aside("ocfl/a", reason="unreadable")
    assert get(FilesystemBackend("disk", root), aside) == b"a" * 65536
    assert b'"complete":false' in get(FilesystemBackend("disk", root), f"{aside}.json")
    system.on_call = failing("read_into", errno.EIO, path="ocfl/a")
    store.replace_damaged(
        "ocfl/a", BytesSource(content), size_bytes=len(content), sha256=sha256(content),
        observed=None,
    )  # fmt: skip
    system.on_call = lambda _name, _path: None
    assert get(store, "ocfl/a") == content


def test_a_disk_without_hard_links_still_creates_only(root: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    system.on_call = failing("link", errno.EPERM, times=1000)
    put(store, "ocfl/a", b"first")
    with pytest.raises(ObjectExists):
        put(store, "ocfl/a", b"second")
    put(FilesystemBackend("other", root), "ocfl/b", b"first")
    assert system.names("rename_new") == [f"{root}/ocfl/a"] * 2
    assert (get(store, "ocfl/a"), keys(store, "kho/")) == (b"first", [])


def test_two_writers_on_a_disk_without_hard_links_do_not_overwrite_each_other(
    root: Path,
) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)

    def no_links_and_somebody_is_faster(name: str, path: str) -> None:
        if name == "rename_new" and not Path(path).exists():
            put(FilesystemBackend("other", root), "ocfl/a/b", b"theirs")
        if name == "link":
            raise OSError(errno.EOPNOTSUPP, "EOPNOTSUPP", path)

    system.on_call = no_links_and_somebody_is_faster
    (root / "ocfl/a").mkdir(parents=True)
    with pytest.raises(ObjectExists):
        put(store, "ocfl/a/b", b"mine")
    assert get(store, "ocfl/a/b") == b"theirs"


def test_a_lost_answer_to_a_link_is_not_taken_for_somebody_elses_object(root: Path) -> None:
    class Nfs(FaultySystem):
        def link(self, source: str, target: str) -> None:
            super().link(source, target)
            raise FileExistsError(errno.EEXIST, "the link was made, its answer lost", target)

    store = FilesystemBackend("disk", root, system=Nfs())
    (root / "ocfl").mkdir()
    put(store, "ocfl/a", b"content")
    assert get(store, "ocfl/a") == b"content"


def test_a_sweep_leaves_a_living_writers_file_alone(root: Path) -> None:
    class Sweeping(BytesSource):
        def open(self):  # type: ignore[no-untyped-def] # as its base
            FilesystemBackend("other", root).sweep("kho/staging/")
            return super().open()

    store = FilesystemBackend("disk", root)
    store.put_new("ocfl/a", Sweeping(b"12"), size_bytes=2, sha256=sha256(b"12"))
    assert get(store, "ocfl/a") == b"12"


def test_a_sweep_removes_what_dead_writers_left(root: Path) -> None:
    (root / "kho/staging/put-1").write_bytes(b"half")
    (root / "kho/staging/lock-1").touch()
    (root / "kho/staging/deep/er").mkdir(parents=True)
    (root / "kho/staging/link").symlink_to(root)
    FilesystemBackend("disk", root).sweep("kho/staging/")
    assert list((root / "kho/staging").iterdir()) == []
    assert root.exists()


def test_a_copy_without_its_empty_folders_still_takes_objects(root: Path) -> None:
    for name in ("staging", "set-aside", "claims"):
        (root / "kho" / name).rmdir()  # as rclone leaves them out
    store = FilesystemBackend("disk", root)
    put(store, "ocfl/o/v1/a", b"1")
    store.move_aside("ocfl/o/v1/", reason="uncommitted")
    store.put_head("ocfl/h", b"1", replaces=None)
    assert stat.S_IMODE((root / "kho/staging").stat().st_mode) == 0o700


def test_a_head_larger_than_any_inventory_is_not_read_into_memory(
    store: FilesystemBackend, root: Path
) -> None:
    (root / "ocfl").mkdir()
    with (root / "ocfl/head").open("wb") as out:
        out.truncate(512 * 1024 * 1024 + 1)
    with pytest.raises(HeadTooLarge):
        store.read_head("ocfl/head")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errno.ESTALE, BackendUnavailable),
        (errno.ETIMEDOUT, BackendUnavailable),
        (errno.EROFS, AccessDenied),
        (errno.EIO, MediumFailed),
        (errno.ELOOP, WrongEntryType),
        (errno.ENOENT, ObjectNotFound),
    ],
)
def test_each_refusal_of_the_disk_has_its_own_name(
    root: Path, error: int, meaning: type[StorageError]
) -> None:
    system = FaultySystem()
    store = FilesystemBackend("disk", root, system=system)
    put(store, "ocfl/a", b"1")
    system.on_call = failing("open", error, path="ocfl/a")
    with pytest.raises(StorageError) as failure:
        get(store, "ocfl/a")
    assert type(failure.value) is meaning
    assert failure.value.fields["backend"] == "disk"


def test_no_error_of_a_call_leaves_the_store_as_anything_but_a_storage_error(root: Path) -> None:
    for error in (errno.EIO, errno.EACCES, errno.ENOSPC, errno.ESTALE, errno.EMFILE, errno.EINVAL):
        number = 0
        while True:
            number += 1
            system = FaultySystem()
            store = FilesystemBackend("disk", root, system=system)
            opening = len(system.calls)
            system.fail_at = (opening + number, error)
            key = f"ocfl/{error}/{number}/a"
            try:
                put(store, key, b"content")
                store.settle(f"ocfl/{error}/{number}/")
                store.put_head(f"{key}-head", b"1", replaces=None)
                get(store, key)
            except StorageError:
                pass
            left = keys(FilesystemBackend("disk", root), f"ocfl/{error}/{number}/")
            assert set(left) <= {key, f"{key}-head"}
            for found in left:
                assert get(FilesystemBackend("disk", root), found) in (b"content", b"1")
            if len(system.calls) < opening + number:
                break
        assert number > 20
