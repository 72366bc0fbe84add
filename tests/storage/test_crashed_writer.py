"""A process that dies at any system call leaves the old or the new state, never half of one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.store_life import CLAIM, FILE, HEAD, LOOSE, ROTTEN, live
from kit.stores import get, keys, put, quick_disk
from kit.system_faults import FaultySystem
from storage_backends.faulty import SimulatedCrash
from storage_backends.filesystem import FilesystemBackend


def _begin(root: Path) -> None:
    store = FilesystemBackend.create("disk", root, system=FaultySystem())
    put(store, ROTTEN, b"rotten")
    put(store, LOOSE, b"loose")
    store.settle("")


def _check_between(root: Path) -> None:
    """Every object is one that somebody wrote, whole."""
    store = FilesystemBackend("disk", root)
    allowed = {
        FILE: {b"content of the file"},
        HEAD: {b"first", b"second"},
        ROTTEN: {b"rotten", b"whole"},
        LOOSE: {b"loose"},
        CLAIM: {b"claim"},
    }
    for info in store.list(""):
        if info.kind == "file" and not info.key.startswith(("kho/staging/", "kho/set-aside/")):
            assert get(store, info.key) in allowed[info.key]
    loose = {get(store, key) for key in keys(store) if key.endswith("/content/loose")}
    assert loose == {b"loose"}
    assert ROTTEN in keys(store, "ocfl/")


def _check_end(root: Path) -> None:
    store = FilesystemBackend("disk", root)
    store.sweep("kho/staging/")
    assert {key: get(store, key) for key in keys(store, "ocfl/")} == {
        FILE: b"content of the file",
        HEAD: b"second",
        ROTTEN: b"whole",
    }
    assert [info.kind for info in store.list("ocfl/")] == ["file"] * 3
    aside = {key: get(store, key) for key in keys(store, "kho/")}
    kept = sorted(content for key, content in aside.items() if not key.endswith(".json"))
    assert kept == [b"loose", b"rotten"]
    assert len(aside) == 4  # each with its note


@pytest.fixture
def disk() -> Iterator[Path]:
    with quick_disk() as folder:
        yield folder


def test_a_crash_at_every_system_call_leaves_old_or_new_and_the_next_process_finishes(
    disk: Path,
) -> None:
    number = 0
    while True:
        number += 1
        root = disk / str(number)
        _begin(root)
        system = FaultySystem()
        store = FilesystemBackend("disk", root, system=system)
        system.crash_at = len(system.calls) + number
        try:
            live(store)
        except SimulatedCrash:
            _check_between(root)
            live(FilesystemBackend("disk", root, system=FaultySystem()))
            _check_end(root)
            continue
        _check_end(root)
        break
    assert number > 100


_CHILD = """
import os, signal, sys
from pathlib import Path
from storage_backends.filesystem import FilesystemBackend
from storage_backends.system import SystemCalls

left = int(sys.argv[2])
class Dying(SystemCalls):
    def __getattribute__(self, name):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)

sys.path.insert(0, sys.argv[3])
from kit.store_life import live

live(FilesystemBackend("disk", sys.argv[1], system=Dying()))
"""


@pytest.mark.parametrize("number", [3, 11, 19, 27, 35, 47, 61, 75, 89, 103, 117, 131])
def test_a_killed_process_leaves_old_or_new_and_the_next_one_finishes(
    tmp_path: Path, number: int
) -> None:
    _begin(tmp_path / "replica")
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path / "replica"), str(number),
         str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    _check_between(tmp_path / "replica")
    live(FilesystemBackend("disk", tmp_path / "replica"))
    _check_end(tmp_path / "replica")


def test_the_life_that_is_crashed_does_what_it_should_undisturbed(tmp_path: Path) -> None:
    _begin(tmp_path)
    live(FilesystemBackend("disk", tmp_path))
    _check_between(tmp_path)
    _check_end(tmp_path)
