"""Many objects at once in a local store: as safe as one after the other, in fewer waits."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from kit.stores import get, put, sha256
from kit.system_faults import FaultySystem
from storage_backends.faulty import SimulatedCrash
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import (
    DigestMismatch,
    MediumFailed,
    NewObject,
    ObjectExists,
    StorageError,
)
from storage_backends.settling import Unsettled
from storage_backends.sources import BytesSource, FileSource

CONTENTS = {f"ocfl/o/v1/content/{number % 3}/{number}": b"%d" % number for number in range(9)}


class Disk:
    """A store in a folder, whose system calls are watched."""

    def __init__(self, root: Path) -> None:
        FilesystemBackend.create("disk", root)
        self.root = root
        self.system = FaultySystem()
        self.store = FilesystemBackend("disk", root, system=self.system)
        self.system.calls.clear()

    def put_all(self, contents: dict[str, bytes] = CONTENTS) -> None:
        self.store.put_each([new(key, content) for key, content in contents.items()])

    def staged(self) -> list[str]:
        return [path.name for path in (self.root / "kho/staging").iterdir()]

    def held(self) -> dict[str, bytes]:
        plain = FilesystemBackend("disk", self.root)
        files = [info.key for info in plain.list("ocfl/") if info.kind == "file"]
        return {key: get(plain, key) for key in files}

    def open_now(self) -> int:
        """How many of its files this process holds open, by the kernel's own list."""
        return sum(
            os.path.realpath(each).startswith(f"{self.root}/")
            for each in Path("/proc/self/fd").iterdir()
        )


def new(key: str, content: bytes) -> NewObject:
    return NewObject(key, BytesSource(content), len(content), sha256(content))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


def test_each_object_holds_its_bytes_and_nothing_is_left_in_staging(disk: Disk) -> None:
    disk.put_all()
    assert (disk.held(), disk.staged(), disk.open_now()) == (CONTENTS, [], 0)


def test_all_are_written_before_the_first_is_awaited_and_durable_before_any_has_its_name(
    disk: Disk,
) -> None:
    disk.put_all()
    names = [name for name, _path in disk.system.calls]
    last = {name: len(names) - 1 - names[::-1].index(name) for name in ("write", "fsync")}
    assert names.count("fsync") == len(CONTENTS)
    assert last["write"] < names.index("fsync")
    assert last["fsync"] < names.index("link")


def test_settling_finds_every_folder_that_was_made(disk: Disk) -> None:
    disk.put_all()
    disk.system.calls.clear()
    disk.store.settle("ocfl/o/")
    settled = {os.path.relpath(path, disk.root) for path in disk.system.names("fsync")}
    assert {"ocfl/o/v1/content", *(f"ocfl/o/v1/content/{n}" for n in range(3))} <= settled


def test_a_key_that_is_taken_keeps_its_bytes(disk: Disk) -> None:
    taken = "ocfl/o/v1/content/1/4"
    put(FilesystemBackend("disk", disk.root), taken, b"before")
    with pytest.raises(ObjectExists):
        disk.put_all()
    assert (disk.held()[taken], disk.staged(), disk.open_now()) == (b"before", [], 0)


def test_bytes_other_than_those_named_are_refused_before_any_object_is_there(disk: Disk) -> None:
    objects = [new(key, content) for key, content in CONTENTS.items()]
    objects[5] = NewObject(objects[5].key, BytesSource(b"other"), 5, sha256(b"what was named"))
    with pytest.raises(DigestMismatch):
        disk.store.put_each(objects)
    assert (disk.held(), disk.staged(), disk.open_now()) == ({}, [], 0)


@pytest.mark.parametrize(("call", "error"), [("fsync", errno.EIO), ("write", errno.ENOSPC)])
def test_a_medium_that_fails_for_one_publishes_none(disk: Disk, call: str, error: int) -> None:
    seen: list[str] = []

    def fail_the_fifth(name: str, path: str) -> None:
        seen.extend([path] if name == call else [])
        if name == call and len(seen) == 5:
            raise OSError(error, os.strerror(error), path)

    disk.system.on_call = fail_the_fifth
    with pytest.raises(MediumFailed if error == errno.EIO else StorageError):
        disk.put_all()
    disk.system.on_call = lambda _name, _path: None
    assert (disk.held(), disk.staged(), disk.open_now()) == ({}, [], 0)


@pytest.mark.parametrize("allowed", [2, 3, 7])
def test_a_process_that_may_open_few_files_writes_them_in_turn(
    disk: Disk, tmp_path: Path, allowed: int
) -> None:
    def few(name: str, path: str) -> None:
        if name == "open" and disk.open_now() == allowed:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    source = tmp_path / "source"
    source.write_bytes(b"content")
    disk.system.on_call = few
    digest = sha256(b"content")
    disk.store.put_each([NewObject(key, FileSource(source), 7, digest) for key in CONTENTS])
    assert set(disk.held().values()) == {b"content"}
    assert (len(disk.held()), disk.staged(), disk.open_now()) == (len(CONTENTS), [], 0)


def test_a_process_that_may_open_nothing_says_so(disk: Disk) -> None:
    def none(name: str, path: str) -> None:
        if name == "open":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    disk.system.on_call = none
    with pytest.raises(StorageError):
        disk.put_all()


def test_death_at_any_call_leaves_only_whole_objects(tmp_path: Path) -> None:
    whole = Disk(tmp_path / "whole")
    whole.put_all()
    for number in range(1, len(whole.system.calls) + 1):
        disk = Disk(tmp_path / f"dead-{number}")
        disk.system.crash_at = number
        with pytest.raises(SimulatedCrash):
            disk.put_all()
        assert disk.held().items() <= CONTENTS.items()
        FilesystemBackend("disk", disk.root).sweep("kho/staging/")
        assert disk.staged() == []


def test_the_way_to_a_new_file_is_not_gone_from_the_root_each_time(disk: Disk) -> None:
    disk.put_all()
    made = len(disk.system.names("mkdir"))
    put(disk.store, "ocfl/o/v1/content/3/x", b"x")
    assert [*map(os.path.basename, disk.system.names("mkdir")[made:])] == ["3"]


@pytest.mark.parametrize("gone", ["ocfl", "ocfl/o/v1/content", "ocfl/o/v1/content/1"])
def test_a_folder_that_somebody_took_away_is_made_again(disk: Disk, gone: str) -> None:
    disk.put_all()
    shutil.rmtree(disk.root / gone)
    again = {key: content for key, content in CONTENTS.items() if key.startswith(f"{gone}/")}
    disk.put_all(again)
    assert disk.held() == CONTENTS


def test_a_settled_folder_stands_for_all_that_is_in_it() -> None:
    unsettled = Unsettled()
    for folder in ("ocfl", "ocfl/a", "ocfl/a/x", "ocfl/a/x/y", "ocfl/ab"):
        unsettled.made(folder)
    unsettled.settled("ocfl/a")
    assert all(map(unsettled.knows, ("ocfl", "ocfl/a/x/y", "ocfl/a/other", "ocfl/ab/z")))
    assert not unsettled.knows("holding")
