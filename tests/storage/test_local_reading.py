"""Reading a batch of files from a disk: announced together, and no descriptor left behind."""

from __future__ import annotations

import errno
import os
import random
import threading
from pathlib import Path

import pytest

from kit.stores import put, sha256
from kit.system_faults import FaultySystem
from preservation.canaries import Disguise, DisguisedStore
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import (
    BackendUnavailable,
    InvalidKey,
    ObjectNotFound,
    StorageError,
    WrongEntryType,
)
from storage_backends.local_disk import RootMissing
from storage_backends.reading import PassEach, ReadRequest, read_digests

KEYS = [f"ocfl/{number}" for number in range(9)]


class Disk:
    """A store with nine small files; the calls it makes of the system are counted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.system = FaultySystem()
        self.store = FilesystemBackend.create("disk", root, system=self.system)
        for number, key in enumerate(KEYS):
            put(self.store, key, b"%d" % number * 10)
        self.system.calls.clear()

    def read(self, keys: list[str] = KEYS, at: PassEach | None = None) -> list[object]:
        """The bytes of each key, or the kind of its error."""
        told: list[object] = []
        taken = bytearray()
        passing = at or self.store.pass_each
        buffer = memoryview(bytearray(4))
        for size_bytes, error in passing(keys, buffer, taken.extend, drop_cache=True):
            assert error is not None or size_bytes == len(taken)
            told.append(bytes(taken) if error is None else type(error))
            taken.clear()
        return told

    def open_now(self) -> int:
        """How many of its files this process holds open, by the kernel's own list."""
        return sum(
            os.path.realpath(each).startswith(f"{self.root}/ocfl/")
            for each in Path("/proc/self/fd").iterdir()
        )


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


CONTENT: list[object] = [b"%d" % number * 10 for number in range(9)]


def test_the_medium_is_told_of_all_files_before_the_first_is_awaited(disk: Disk) -> None:
    assert disk.read() == CONTENT
    names = [name for name, _path in disk.system.calls]
    assert names.count("read_ahead") == len(KEYS)
    assert names.index("read_into") > len(names) - 1 - names[::-1].index("read_ahead")
    assert disk.open_now() == 0


def test_what_is_wrong_with_one_file_is_its_own_answer(disk: Disk) -> None:
    (disk.root / "ocfl/2").unlink()
    (disk.root / "ocfl/4").unlink()
    (disk.root / "ocfl/4").mkdir()
    keys = [*KEYS, "../outside"]
    expected = [*CONTENT, InvalidKey]
    expected[2], expected[4] = ObjectNotFound, WrongEntryType
    assert disk.read(keys) == expected
    assert disk.open_now() == 0


@pytest.mark.parametrize("allowed", [1, 2, 4, 8])
def test_a_process_that_may_open_few_files_reads_them_in_turn(disk: Disk, allowed: int) -> None:
    def few(name: str, path: str) -> None:
        if name == "open" and disk.open_now() == allowed:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    disk.system.on_call = few
    assert disk.read() == CONTENT
    assert disk.open_now() == 0


def test_a_process_that_may_open_nothing_more_says_so_of_each_file(disk: Disk) -> None:
    def none(name: str, path: str) -> None:
        if name == "open":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    disk.system.on_call = none
    assert disk.read() == [BackendUnavailable] * len(KEYS)


@pytest.mark.parametrize("name", ["fstat", "drop_cache", "read_ahead", "read_into"])
def test_a_call_that_fails_leaves_nothing_open(disk: Disk, name: str) -> None:
    failed = iter([True])

    def once(called: str, path: str) -> None:
        if called == name and path.endswith("/3") and next(failed, False):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    disk.system.on_call = once
    told = disk.read()
    assert [answer for answer in told if isinstance(answer, bytes)] == [
        content for number, content in enumerate(CONTENT) if number != 3
    ]
    assert isinstance(told[3], type)
    assert issubclass(told[3], StorageError)
    assert disk.open_now() == 0


@pytest.mark.parametrize("after", range(4))
def test_nothing_stays_open_when_the_reader_gives_up(disk: Disk, after: int) -> None:
    left = iter(range(after))

    def take(_piece: memoryview) -> None:
        if next(left, None) is None:
            raise LookupError

    with pytest.raises(LookupError):
        list(disk.store.pass_each(KEYS, memoryview(bytearray(99)), take, drop_cache=True))
    assert disk.open_now() == 0


def test_nothing_stays_open_when_the_answers_are_left(disk: Disk) -> None:
    answers = disk.store.pass_each(
        KEYS, memoryview(bytearray(99)), lambda _piece: None, drop_cache=True
    )
    next(answers)
    answers.close()  # type: ignore[attr-defined] # a generator
    assert disk.open_now() == 0


def test_a_folder_that_went_away_is_not_called_empty(disk: Disk, tmp_path: Path) -> None:
    disk.root.rename(tmp_path / "elsewhere")
    assert disk.read() == [RootMissing] * len(KEYS)


def test_more_threads_than_can_hash_are_not_started(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    put(disk.store, "ocfl/large", b"x")
    requests = [ReadRequest("ocfl/large", 1 << 30)] * 40
    seen: set[str] = set()
    disk.system.on_call = lambda _name, _path: seen.add(threading.current_thread().name)
    list(read_digests(disk.store, requests))
    assert 1 <= len({name for name in seen if name.startswith("kho-read")}) <= 4


@pytest.mark.parametrize(
    ("disguise", "expected"),
    [
        (Disguise.FLIPPED, b"2" + b"3" * 9),
        (Disguise.TRUNCATED, b"3" * 9),
        (Disguise.ABSENT, ObjectNotFound),
        (Disguise.UNREADABLE, BackendUnavailable),
    ],
)
def test_a_disguised_file_is_shown_so_among_the_others(
    disk: Disk, disguise: Disguise, expected: object
) -> None:
    disguised = DisguisedStore(disk.store, {KEYS[3]: disguise})
    told = disk.read(at=disguised.pass_each)
    assert told == [*CONTENT[:3], expected, *CONTENT[4:]]
    assert disk.open_now() == 0


def test_the_digests_of_a_batch_are_those_of_its_files(tmp_path: Path) -> None:
    store = FilesystemBackend.create("disk", tmp_path)
    rng = random.Random(4)
    digest_of: dict[str, str] = {}
    for number in range(150):
        content = rng.randbytes(rng.choice([0, 1, 4096, 70_000, 1 << 20, (1 << 20) + 1]))
        put(store, f"ocfl/{number}", content)
        digest_of[f"ocfl/{number}"] = sha256(content)
    found = {r.key: r.digest for r in read_digests(store, map(ReadRequest, digest_of))}
    assert found == digest_of
