"""What must hold when several writers meet; each has a handle of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from storage_backends.conformance.kit import Behaviours, Make, get, keys, put, same, sha256, true
from storage_backends.interface import HeadConflict, ObjectExists, StorageBackend
from storage_backends.sources import BytesSource

behaviour = Behaviours()
RACING = behaviour.all
WRITERS = 8


def _race(make: Make, act: Callable[[StorageBackend, int], str]) -> list[str]:
    """What each of eight writers returned, all set off at once. Their errors are raised."""
    outcomes: list[str] = []
    failures: list[BaseException] = []
    start = threading.Barrier(WRITERS)

    def run(store: StorageBackend, number: int) -> None:
        try:
            start.wait()
            outcomes.append(act(store, number))
        except BaseException as error:  # noqa: BLE001  # handed to the caller's thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(make(), n)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise AssertionError(f"a writer got {failures[0]!r}") from failures[0]
    return outcomes


@behaviour
def of_eight_writers_of_one_key_exactly_one_wins(make: Make) -> None:
    def act(store: StorageBackend, number: int) -> str:
        try:
            put(store, "kho/claims/o/v1", b"%d" % number)
        except ObjectExists:
            return "lost"
        return str(number)

    for _round in range(5):
        make().sweep("kho/claims/")
        winners = [outcome for outcome in _race(make, act) if outcome != "lost"]
        same(len(winners), 1, "writers that won")
        same(get(make(), "kho/claims/o/v1"), winners[0].encode(), "the claim is the winner's")


@behaviour
def of_eight_writers_of_a_first_head_exactly_one_wins(make: Make) -> None:
    def act(store: StorageBackend, number: int) -> str:
        try:
            store.put_head("ocfl/o/inventory.json", b"%d" % number, replaces=None)
        except HeadConflict:
            return "lost"
        return str(number)

    winners = [outcome for outcome in _race(make, act) if outcome != "lost"]
    same(len(winners), 1, "writers that won")
    same(get(make(), "ocfl/o/inventory.json"), winners[0].encode(), "the head is the winner's")


@behaviour
def of_eight_writers_replacing_one_head_exactly_one_wins(make: Make) -> None:
    make().put_head("ocfl/o/inventory.json", b"old", replaces=None)
    _content, token = make().read_head("ocfl/o/inventory.json")

    def act(store: StorageBackend, number: int) -> str:
        try:
            store.put_head("ocfl/o/inventory.json", b"%d" % number, replaces=token)
        except HeadConflict:
            return "lost"
        return str(number)

    winners = [outcome for outcome in _race(make, act) if outcome != "lost"]
    same(len(winners), 1, "writers that won")
    same(get(make(), "ocfl/o/inventory.json"), winners[0].encode(), "the head is the winner's")


@behaviour
def no_increment_of_a_head_is_lost(make: Make) -> None:
    make().put_head("ocfl/counter", b"0", replaces=None)

    def act(store: StorageBackend, number: int) -> str:
        for _attempt in range(200):
            content, token = store.read_head("ocfl/counter")
            try:
                store.put_head("ocfl/counter", b"%d" % (int(content) + 1), replaces=token)
            except HeadConflict:
                continue
            return str(number)
        raise AssertionError("200 attempts were not enough for one increment")

    _race(make, act)
    same(get(make(), "ocfl/counter"), b"%d" % WRITERS, "counter after eight increments")


@behaviour
def a_head_is_never_read_half_written(make: Make) -> None:
    old, new = b"a" * 200_000, b"b" * 150_000
    make().put_head("ocfl/o/inventory.json", old, replaces=None)

    def act(store: StorageBackend, number: int) -> str:
        if number == 0:
            _content, token = store.read_head("ocfl/o/inventory.json")
            store.put_head("ocfl/o/inventory.json", new, replaces=token)
            return "written"
        for _look in range(10):
            content = store.read_head("ocfl/o/inventory.json")[0]
            true(content in (old, new), f"a head of {len(content)} bytes that nobody wrote")
        return "read"

    same(_race(make, act).count("written"), 1, "writers")


@behaviour
def many_writers_of_different_keys_all_succeed(make: Make) -> None:
    def act(store: StorageBackend, number: int) -> str:
        for step in range(10):
            put(store, f"ocfl/shared/{step}/way/{number}", b"%d %d" % (number, step))
        store.settle("ocfl/shared/")
        return "done"

    same(_race(make, act), ["done"] * WRITERS, "outcomes")
    same(len(keys(make(), "ocfl/shared/")), 10 * WRITERS, "objects")


@behaviour
def eight_repairs_of_one_object_leave_it_whole(make: Make) -> None:
    key = "ocfl/o/v1/content/a"
    put(make(), key, b"damaged")

    def act(store: StorageBackend, number: int) -> str:
        store.set_aside(key, reason=f"altered, says {number}")
        store.replace_damaged(
            key,
            BytesSource(b"whole"),
            size_bytes=5,
            sha256=sha256(b"whole"),
            observed=sha256(b"damaged"),
        )
        return "done"

    same(_race(make, act), ["done"] * WRITERS, "outcomes")
    same(get(make(), key), b"whole", "object")
