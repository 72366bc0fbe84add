"""What the wrappers do when something does go wrong. Nothing here sleeps."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta, timezone
from itertools import count
from typing import BinaryIO

import pytest

from kit.stores import get, keys, put, sha256
from storage_backends.faulty import Call, FaultyBackend, SimulatedCrash, flipped
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    HeadConflict,
    HeadToken,
    MediumFailed,
    NoSpace,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
    StorageBackend,
    StorageError,
)
from storage_backends.memory import MemoryBackend
from storage_backends.retrying import Patience, RetryingBackend
from storage_backends.sources import BytesSource, StoredSource
from storage_backends.throttled import Pace, ThrottledBackend, Window


class _Lossy(FaultyBackend):
    """Does the work of ``verb`` and loses the answer, once."""

    def __init__(self, inner: StorageBackend, verb: str) -> None:
        super().__init__(inner)
        self.verb = verb

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        super().put_new(key, source, size_bytes=size_bytes, sha256=sha256)
        self._lose("put_new")

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        super().put_head(key, content, replaces=replaces)
        self._lose("put_head")

    def move_aside(self, prefix: str, *, reason: str) -> str:
        target = super().move_aside(prefix, reason=reason)
        self._lose("move_aside")
        return target

    def _lose(self, verb: str) -> None:
        if self.verb == verb:
            self.verb = ""
            raise BackendUnavailable(backend=self.name, key="", reason="answer lost")


def _patient(inner: StorageBackend, waits: list[float] | None = None) -> RetryingBackend:
    kept = waits if waits is not None else []
    patience = Patience(attempts=4, first_wait_s=1, sleep=kept.append, chance=lambda: 0.5)
    return RetryingBackend(inner, patience=patience)


def test_a_store_that_does_not_answer_is_asked_again() -> None:
    faulty = FaultyBackend(MemoryBackend("m"))
    faulty.fail(None, BackendUnavailable, times=3)
    put(_patient(faulty), "ocfl/a", b"1")
    assert [call.verb for call in faulty.calls] == ["put_new"] * 4


def test_a_store_that_never_answers_is_given_up_after_the_last_attempt() -> None:
    faulty = FaultyBackend(MemoryBackend("m"))
    faulty.outage = True
    waits: list[float] = []
    with pytest.raises(BackendUnavailable):
        put(_patient(faulty, waits), "ocfl/a", b"1")
    assert len(faulty.calls) == 4
    assert waits == [0.75, 1.5, 3.0]


def test_waits_are_spread_and_never_longer_than_the_longest() -> None:
    waits: list[float] = []
    patience = Patience(first_wait_s=1, longest_wait_s=5, sleep=waits.append, chance=lambda: 0.0)
    for attempt in (1, 2, 3, 10):
        patience.wait(attempt)
    assert waits == [0.5, 1.0, 2.0, 2.5]


@pytest.mark.parametrize("error", [AccessDenied, NoSpace, MediumFailed, ObjectNotFound])
def test_nothing_but_unavailability_is_asked_again(error: type[StorageError]) -> None:
    faulty = FaultyBackend(MemoryBackend("m"))
    faulty.fail("put_new", error)
    with pytest.raises(error):
        put(_patient(faulty), "ocfl/a", b"1")
    assert len(faulty.calls) == 1


@pytest.mark.parametrize(
    "verb", ["settle", "read_head", "open", "stat", "list", "set_aside", "move_aside", "sweep"]
)
def test_every_verb_is_asked_again(verb: str) -> None:
    faulty = FaultyBackend(MemoryBackend("m"))
    put(faulty, "ocfl/o/v1/a", b"1")
    faulty.fail(verb, BackendUnavailable, times=2)
    store = _patient(faulty)
    acts: dict[str, Callable[[], object]] = {
        "settle": lambda: store.settle("ocfl/"),
        "read_head": lambda: store.read_head("ocfl/o/v1/a"),
        "open": lambda: get(store, "ocfl/o/v1/a"),
        "stat": lambda: store.stat("ocfl/o/v1/a"),
        "list": lambda: keys(store),
        "set_aside": lambda: store.set_aside("ocfl/o/v1/a", reason="x"),
        "move_aside": lambda: store.move_aside("ocfl/o/v1/", reason="x"),
        "sweep": lambda: store.sweep("kho/staging/"),
    }
    acts[verb]()
    assert [call.verb for call in faulty.calls].count(verb) == 3


def test_a_put_whose_answer_was_lost_counts_after_reading_it_back() -> None:
    inner = MemoryBackend("m")
    put(_patient(_Lossy(inner, "put_new")), "ocfl/a", b"mine")
    assert get(inner, "ocfl/a") == b"mine"


def test_a_key_taken_by_somebody_else_between_attempts_is_not_taken_for_ours() -> None:
    inner = MemoryBackend("m")
    faulty = FaultyBackend(inner)
    faulty.fail("put_new", BackendUnavailable)
    faulty.before = lambda call: (
        put(inner, "ocfl/a", b"thrs") if call.number == 2 and call.verb == "put_new" else None
    )
    with pytest.raises(ObjectExists):
        put(_patient(faulty), "ocfl/a", b"mine")
    assert get(inner, "ocfl/a") == b"thrs"


def test_a_key_that_was_taken_before_the_first_attempt_is_never_ours() -> None:
    store = _patient(MemoryBackend("m"))
    put(store, "ocfl/a", b"same")
    with pytest.raises(ObjectExists):
        put(store, "ocfl/a", b"same")


def test_a_head_whose_answer_was_lost_counts_after_reading_it_back() -> None:
    inner = MemoryBackend("m")
    _patient(_Lossy(inner, "put_head")).put_head("ocfl/h", b"1", replaces=None)
    assert inner.read_head("ocfl/h")[0] == b"1"


def test_a_head_changed_by_somebody_else_between_attempts_is_a_conflict() -> None:
    inner = MemoryBackend("m")
    faulty = FaultyBackend(inner)
    faulty.fail("put_head", BackendUnavailable)
    faulty.before = lambda call: (
        inner.put_head("ocfl/h", b"theirs", replaces=None) if call.number == 2 else None
    )
    with pytest.raises(HeadConflict):
        _patient(faulty).put_head("ocfl/h", b"mine", replaces=None)


def test_a_move_aside_whose_answer_was_lost_tells_where_it_went() -> None:
    inner = MemoryBackend("m")
    put(inner, "ocfl/o/v1/a", b"1")
    target = _patient(_Lossy(inner, "move_aside")).move_aside("ocfl/o/v1/", reason="x")
    assert keys(inner, target) == [f"{target}a"]


def test_a_stream_that_breaks_goes_on_where_it_broke() -> None:
    inner = _Breaking(MemoryBackend("m"), every_bytes=7)
    put(inner, "ocfl/a", bytes(range(100)))
    assert get(_patient(inner), "ocfl/a", offset=3) == bytes(range(3, 100))
    assert inner.breaks > 5


def test_a_stream_that_gets_no_further_is_given_up() -> None:
    inner = _Breaking(MemoryBackend("m"), every_bytes=0)
    put(inner, "ocfl/a", b"1")
    with pytest.raises(BackendUnavailable):
        get(_patient(inner), "ocfl/a")
    assert inner.breaks == 4


def test_a_listing_that_breaks_after_its_first_entry_is_not_silently_short() -> None:
    class Short(FaultyBackend):
        def list(self, prefix: str) -> Iterator[ObjectInfo]:
            yield ObjectInfo("ocfl/a", 1)
            raise BackendUnavailable(backend="m", key=prefix, reason="page lost")

    with pytest.raises(BackendUnavailable):
        keys(_patient(Short(MemoryBackend("m"))))


def test_each_retry_is_logged_with_store_and_verb(caplog: pytest.LogCaptureFixture) -> None:
    faulty = FaultyBackend(MemoryBackend("m"))
    faulty.fail("stat", BackendUnavailable)
    put(faulty, "ocfl/a", b"1")
    with caplog.at_level(logging.INFO):
        _patient(faulty).stat("ocfl/a")
    assert "backend=m verb=stat key=ocfl/a attempt=1" in caplog.text


class _Breaking(FaultyBackend):
    """Streams that fail after every so many bytes."""

    def __init__(self, inner: StorageBackend, *, every_bytes: int) -> None:
        super().__init__(inner)
        self.every_bytes = every_bytes
        self.breaks = 0

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        return _BreakingStream(get(self.inner, key, offset=offset), self)


class _BreakingStream(io.BytesIO):
    def __init__(self, content: bytes, store: _Breaking) -> None:
        super().__init__(content)
        self._store = store

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._store.every_bytes - self.tell()
        if left <= 0:
            self._store.breaks += 1
            raise BackendUnavailable(backend="m", key="", reason="reset")
        return super().read(left if size is None or size < 0 else min(size, left))


class _Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.slept_s = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.slept_s)

    def monotonic(self) -> float:
        return self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds

    def pace(self, bytes_per_s: int | None, *windows: Window, hours_east: int = 0) -> Pace:
        return Pace(
            bytes_per_s,
            windows,
            zone=timezone(timedelta(hours=hours_east)),
            now=self.now,
            monotonic=self.monotonic,
            sleep=self.sleep,
        )


_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_NIGHT = Window(time(22), time(6), None)


def test_reading_keeps_to_its_bytes_per_second() -> None:
    clock = _Time(_NOON)
    inner = MemoryBackend("m")
    put(inner, "ocfl/a", b"x" * 5000)
    assert len(get(ThrottledBackend(inner, clock.pace(1000)), "ocfl/a")) == 5000
    assert clock.slept_s == pytest.approx(5)


def test_writing_keeps_to_its_bytes_per_second() -> None:
    clock = _Time(_NOON)
    store = ThrottledBackend(MemoryBackend("m"), clock.pace(1000))
    put(store, "ocfl/a", b"x" * 3000)
    store.put_head("ocfl/h", b"x" * 2000, replaces=None)
    assert clock.slept_s == pytest.approx(5)


def test_repairs_and_heads_pay_too() -> None:
    clock = _Time(_NOON)
    inner = MemoryBackend("m")
    store = ThrottledBackend(inner, clock.pace(1000))
    inner.put_head("ocfl/h", b"x" * 1000, replaces=None)
    store.read_head("ocfl/h")
    store.replace_damaged(
        "ocfl/a", BytesSource(b"y" * 2000), size_bytes=2000, sha256=sha256(b"y" * 2000),
        observed=None,
    )  # fmt: skip
    assert clock.slept_s == pytest.approx(3)


def test_time_that_passed_by_itself_is_not_paid_twice() -> None:
    clock = _Time(_NOON)
    pace = clock.pace(1000)
    pace.pay(1000)
    clock.slept_s += 100
    pace.pay(1000)
    assert clock.slept_s == pytest.approx(102)


def test_without_a_limit_nothing_waits() -> None:
    clock = _Time(_NOON)
    clock.pace(None).pay(10**12)
    assert clock.slept_s == 0


def test_a_window_past_midnight_has_its_own_pace() -> None:
    pace = _Time(_NOON).pace(1000, _NIGHT)
    rates = [pace.rate_at(_NOON.replace(hour=hour)) for hour in (5, 6, 21, 22, 23)]
    assert rates == [None, 1000, 1000, None, None]


def test_windows_are_meant_in_the_operators_zone() -> None:
    pace = _Time(_NOON).pace(1000, _NIGHT, hours_east=7)
    assert pace.rate_at(_NOON.replace(hour=16)) is None
    assert pace.rate_at(_NOON.replace(hour=23)) == 1000


def test_outside_its_window_a_store_waits_for_the_next_one() -> None:
    clock = _Time(_NOON)
    store = ThrottledBackend(MemoryBackend("m"), clock.pace(0, _NIGHT))
    put(store, "ocfl/a", b"1")
    assert clock.now() == _NOON.replace(hour=22)


def test_a_paced_store_shares_its_pace_among_handles() -> None:
    clock = _Time(_NOON)
    pace = clock.pace(1000)
    inner = MemoryBackend("m")
    for number in range(3):
        put(ThrottledBackend(inner, pace), f"ocfl/{number}", b"x" * 1000)
    assert clock.slept_s == pytest.approx(3)


def test_a_faulty_store_counts_its_calls() -> None:
    store = FaultyBackend(MemoryBackend("m"))
    put(store, "ocfl/a", b"1")
    store.stat("ocfl/a")
    assert store.calls == [Call(1, "put_new", "ocfl/a"), Call(2, "stat", "ocfl/a")]


@pytest.mark.parametrize(
    ("when", "there"), [("before", False), ("inside", False), ("after", True)]
)
def test_a_crash_comes_before_inside_or_after_its_call(when: str, there: bool) -> None:
    inner = MemoryBackend("m")
    store = FaultyBackend(inner)
    store.crash_at(2, when=when)  # type: ignore[arg-type] # one of the three
    put(store, "ocfl/a", b"first")
    with pytest.raises(SimulatedCrash):
        put(store, "ocfl/b", b"second")
    assert ("ocfl/b" in keys(inner)) is there


def test_a_dead_process_makes_no_more_calls() -> None:
    inner = MemoryBackend("m")
    store = FaultyBackend(inner)
    store.crash_at(1)
    for _attempt in range(2):
        with pytest.raises(SimulatedCrash):
            put(store, "ocfl/a", b"1")
    assert keys(inner) == []


def test_a_crash_is_no_exception_that_could_be_caught_by_accident() -> None:
    assert not issubclass(SimulatedCrash, Exception)


def test_a_crash_at_every_call_number_comes_exactly_once() -> None:
    for number in count(1):
        store = FaultyBackend(MemoryBackend("m"))
        store.crash_at(number)
        try:
            put(store, "ocfl/a", b"1")
            store.settle("ocfl/")
            list(store.list("ocfl/"))
        except SimulatedCrash:
            continue
        assert number == 4
        break


def test_a_store_lies_about_what_it_was_told_to_lie_about() -> None:
    inner = MemoryBackend("m")
    store = FaultyBackend(inner)
    for name in ("altered", "hidden", "unreadable", "true"):
        put(store, f"ocfl/{name}", b"content")
    store.alter("ocfl/altered", flipped)
    store.hide("ocfl/hidden")
    store.make_unreadable("ocfl/unreadable")
    store.lose_writes("ocfl/lost")
    store.list_also(ObjectInfo("ocfl/extra", 3))
    put(store, "ocfl/lost", b"content")
    assert get(store, "ocfl/altered") != b"content"
    assert get(store, "ocfl/true") == b"content"
    with pytest.raises(ObjectNotFound):
        get(store, "ocfl/hidden")
    with pytest.raises(MediumFailed):
        get(store, "ocfl/unreadable")
    assert keys(store) == ["ocfl/altered", "ocfl/extra", "ocfl/true", "ocfl/unreadable"]
    store.heal()
    assert get(store, "ocfl/altered") == b"content"
    assert "ocfl/lost" not in keys(inner)


def test_listings_come_in_another_order_when_asked() -> None:
    store = FaultyBackend(MemoryBackend("m"))
    for number in range(30):
        put(store, f"ocfl/{number:02}", b"1")
    before = [info.key for info in store.list("ocfl/")]
    store.shuffle_lists(7)
    after = [info.key for info in store.list("ocfl/")]
    assert (before != after, sorted(after)) == (True, before)


def test_a_power_cut_loses_what_was_not_settled() -> None:
    store = MemoryBackend("m")
    for key in ("ocfl/a/1", "ocfl/b/1"):
        put(store, key, b"1")
    store.put_head("ocfl/head", b"1", replaces=None)
    store.settle("ocfl/a/")
    store.power_cut()
    assert keys(store) == ["ocfl/a/1", "ocfl/head"]


def test_a_copy_is_made_from_another_store() -> None:
    one, two = MemoryBackend("one"), MemoryBackend("two")
    put(one, "ocfl/a", b"content")
    source = StoredSource(one, "ocfl/a")
    two.put_new("ocfl/a", source, size_bytes=7, sha256=sha256(b"content"))
    assert get(two, "ocfl/a") == b"content"
