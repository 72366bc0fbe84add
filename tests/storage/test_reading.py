"""The reading engine: every answer, bounded memory, and an end when nobody waits."""

import errno
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from kit.stores import put, sha256
from kit.system_faults import FaultySystem, failing
from storage_backends import reading
from storage_backends.faulty import Call, FaultyBackend, SimulatedCrash, flipped, truncated
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    MediumFailed,
    ObjectNotFound,
    StorageError,
    WrongEntryType,
)
from storage_backends.memory import MemoryBackend
from storage_backends.reading import ReadRequest, read_digests
from storage_backends.wrapping import WrappedBackend


def _memory(count: int) -> MemoryBackend:
    store = MemoryBackend("memory")
    for number in range(count):
        put(store, f"ocfl/{number}", b"%d" % number)
    return store


def test_sha512_is_computed_when_asked_for() -> None:
    store = _memory(1)
    (result,) = read_digests(store, [ReadRequest("ocfl/0")], algorithm="sha512")
    assert len(result.digest) == 128


def test_no_requests_give_no_results() -> None:
    assert list(read_digests(_memory(0), [])) == []


def test_a_key_asked_for_twice_is_answered_twice() -> None:
    results = list(read_digests(_memory(1), [ReadRequest("ocfl/0")] * 2))
    assert [r.digest for r in results] == [sha256(b"0")] * 2


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_more_files_than_a_batch_are_all_read(threads: int) -> None:
    store = _memory(300)
    results = {r.key: r for r in read_digests(store, _requests(300), threads=threads)}
    assert len(results) == 300
    assert all(r.digest == sha256(r.key.removeprefix("ocfl/").encode()) for r in results.values())


def test_a_file_larger_than_the_buffer_is_read_whole(tmp_path: Path) -> None:
    store = FilesystemBackend.create("disk", tmp_path)
    content = bytes(range(251)) * 20_000
    put(store, "ocfl/a", content)
    (result,) = read_digests(store, [ReadRequest("ocfl/a", len(content))])
    assert (result.size_bytes, result.digest) == (len(content), sha256(content))


def test_what_is_wrong_with_one_file_is_its_own_error(tmp_path: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend.create("disk", tmp_path, system=system)
    for name in ("good", "closed", "bad", "stale"):
        put(store, f"ocfl/{name}", name.encode())
    (tmp_path / "ocfl/folder").mkdir()
    (tmp_path / "ocfl/link").symlink_to("good")
    faults = [
        failing("open", errno.EACCES, path="closed"),
        failing("read_into", errno.EIO, path="bad"),
        failing("open", errno.ESTALE, path="stale"),
    ]

    def on_call(name: str, path: str) -> None:
        for fault in faults:
            fault(name, path)

    system.on_call = on_call
    names = ("good", "closed", "bad", "stale", "folder", "link", "gone")
    results = read_digests(store, [ReadRequest(f"ocfl/{name}") for name in names])
    assert {r.key.removeprefix("ocfl/"): type(r.error) for r in results} == {
        "good": type(None),
        "closed": AccessDenied,
        "bad": MediumFailed,
        "stale": BackendUnavailable,
        "folder": WrongEntryType,
        "link": WrongEntryType,
        "gone": ObjectNotFound,
    }


def test_lies_of_a_store_show_in_digest_and_size() -> None:
    store = FaultyBackend(_memory(0))
    for name in ("flipped", "truncated"):
        put(store, f"ocfl/{name}", b"0123456789")
    store.alter("ocfl/flipped", flipped)
    store.alter("ocfl/truncated", truncated)
    requests = [ReadRequest("ocfl/flipped", 10), ReadRequest("ocfl/truncated", 10)]
    found = {r.key: (r.size_bytes, r.digest) for r in read_digests(store, requests)}
    assert found["ocfl/flipped"][0] == 10
    assert found["ocfl/flipped"][1] != sha256(b"0123456789")
    assert found["ocfl/truncated"] == (5, sha256(b"01234"))


def test_a_write_the_disk_lost_is_found_by_reading_back(tmp_path: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend.create("disk", tmp_path, system=system)
    system.lost_writes = True
    put(store, "ocfl/a", b"believed to be written")
    system.lost_writes = False
    (result,) = read_digests(store, [ReadRequest("ocfl/a")])
    assert result.digest != sha256(b"believed to be written")


def test_the_page_cache_is_dropped_before_and_after_each_file(tmp_path: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend.create("disk", tmp_path, system=system)
    put(store, "ocfl/a", b"1")
    system.calls.clear()
    list(read_digests(store, [ReadRequest("ocfl/a")]))
    names = [name for name, _path in system.calls if name in {"drop_cache", "read_into"}]
    assert names == ["drop_cache", "read_into", "drop_cache"]


def test_the_page_cache_is_left_alone_when_asked(tmp_path: Path) -> None:
    system = FaultySystem()
    store = FilesystemBackend.create("disk", tmp_path, system=system)
    put(store, "ocfl/a", b"1")
    system.calls.clear()
    list(read_digests(store, [ReadRequest("ocfl/a")], drop_cache=False))
    assert system.names("drop_cache") == []


def test_a_crash_while_reading_ends_the_run_and_its_threads() -> None:
    store = FaultyBackend(_memory(500))
    store.crash_at(700)
    list(read_digests(store, _requests(500), threads=4))
    with pytest.raises(SimulatedCrash):
        list(read_digests(store, _requests(500), threads=4))
    assert not _reading_threads()


def test_an_iterator_left_early_ends_its_threads() -> None:
    store = FaultyBackend(_memory(2000))
    results = read_digests(store, _requests(2000), threads=2)
    next(results)
    results.close()  # type: ignore[attr-defined] # a generator
    assert not _reading_threads()
    assert len(store.calls) < 2000


def test_a_request_list_that_fails_is_raised_and_ends_the_threads() -> None:
    def requests() -> Iterator[ReadRequest]:
        yield from _requests(100)
        raise RuntimeError("the catalogue is gone")

    with pytest.raises(RuntimeError, match="catalogue"):
        list(read_digests(_memory(100), requests(), threads=2))
    assert not _reading_threads()


def test_a_stream_that_forgets_to_translate_is_one_files_error() -> None:
    class Rude(WrappedBackend):
        def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
            if key == "ocfl/1":
                raise OSError(errno.EIO, "untranslated")
            return super().open(key, offset=offset)

    results = {r.key: r.error for r in read_digests(Rude(_memory(3)), _requests(3))}
    assert isinstance(results["ocfl/1"], StorageError)
    assert results["ocfl/0"] is None


def test_a_million_requests_are_taken_no_faster_than_they_are_answered() -> None:
    """What waits is bounded by threads and batches, whatever the length of the list."""
    store = _memory(1)
    taken = 0

    def requests() -> Iterator[ReadRequest]:
        nonlocal taken
        for _number in range(20_000):
            taken += 1
            yield ReadRequest("ocfl/0")

    answered = 0
    most_ahead = 0
    for _result in read_digests(store, requests(), threads=2):
        answered += 1
        most_ahead = max(most_ahead, taken - answered)
    assert answered == 20_000
    assert most_ahead <= 2 * 2 * reading.BATCH_FILES * 2


def test_memory_does_not_grow_with_the_number_of_files() -> None:
    store = _memory(1)

    def peak(count: int) -> int:
        tracemalloc.start()
        requests = (ReadRequest("ocfl/0") for _n in range(count))
        for _result in read_digests(store, requests, threads=1):  # each thread has one buffer
            pass
        _now, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    small, large = peak(2_000), peak(12_000)
    assert large < small + 1_000_000


def test_reading_uses_as_many_threads_as_the_store_can_serve() -> None:
    seen: set[str] = set()
    meeting = threading.Barrier(2)

    def together(call: Call) -> None:
        if len(seen) < 2:
            seen.add(threading.current_thread().name)
            meeting.wait()  # returns only when two threads read at once

    store = FaultyBackend(_memory(reading.BATCH_FILES * 2), before=None)
    store.before = together
    list(read_digests(store, _requests(reading.BATCH_FILES * 2), threads=2))
    assert len(seen) == 2


def _requests(count: int) -> Iterator[ReadRequest]:
    return (ReadRequest(f"ocfl/{number}") for number in range(count))


def _reading_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("kho-read")]
