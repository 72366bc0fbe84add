"""Real child processes that die, loop, eat memory and lie: the next file is always served."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from preservation.worker_drills import DRILLS
from preservation.workers import JobLimits, WorkerFailed, WorkerPool

_SHORT = JobLimits(wall_s=0.4, cpu_s=30, memory_bytes=512 * 1024**2, file_bytes=1024**2)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


@pytest.fixture
def pool(scratch: Path) -> Iterator[WorkerPool]:
    limits = {"drill.loop": _SHORT, "drill.hog": JobLimits(memory_bytes=256 * 1024**2)}
    limits["drill.writes"] = _SHORT
    with WorkerPool(scratch=scratch, jobs=DRILLS, limits=limits) as pool:
        yield pool


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "trang.txt"
    path.write_bytes("Quyết định".encode())
    return path


def _failure(pool: WorkerPool, kind: str, page: Path, **params: object) -> WorkerFailed:
    with pytest.raises(WorkerFailed) as caught:
        pool.run(kind, page, params)
    return caught.value


def _serves(pool: WorkerPool, page: Path) -> bool:
    expected = hashlib.sha256(page.read_bytes()).hexdigest()
    return bool(pool.run("drill.digest", page)["sha256"] == expected)


def test_a_job_reads_the_file_it_was_given(pool: WorkerPool, page: Path) -> None:
    result = pool.run("drill.digest", page, {"mark": "dấu"})
    assert result["sha256"] == hashlib.sha256(page.read_bytes()).hexdigest()
    assert result["mark"] == "dấu"


def test_a_killed_worker_costs_one_file_and_the_next_is_served(
    pool: WorkerPool, page: Path
) -> None:
    failure = _failure(pool, "drill.killed", page, signal=int(signal.SIGKILL))
    assert failure.reason == "crash"
    assert "9" in failure.detail
    assert _serves(pool, page)


def test_a_segmentation_fault_is_a_crash(pool: WorkerPool, page: Path) -> None:
    assert _failure(pool, "drill.killed", page, signal=int(signal.SIGSEGV)).reason == "crash"
    assert _serves(pool, page)


def test_a_looping_worker_is_stopped_at_its_wall_clock_limit(pool: WorkerPool, page: Path) -> None:
    assert _failure(pool, "drill.loop", page).reason == "timeout"
    assert _serves(pool, page)


def test_the_kernel_stops_a_worker_that_used_up_its_processor_time(
    scratch: Path, page: Path
) -> None:
    limits = {"drill.loop": JobLimits(wall_s=60, cpu_s=0)}
    with WorkerPool(scratch=scratch, jobs=DRILLS, limits=limits) as pool:
        assert _failure(pool, "drill.loop", page).reason == "timeout"
        assert _serves(pool, page)


def test_a_stopped_worker_is_a_timeout(scratch: Path, page: Path) -> None:
    limits = {"drill.killed": _SHORT}
    with WorkerPool(scratch=scratch, jobs=DRILLS, limits=limits) as pool:
        assert _failure(pool, "drill.killed", page, signal=int(signal.SIGSTOP)).reason == "timeout"
        assert _serves(pool, page)


def test_a_memory_hog_is_refused_more_and_replaced(pool: WorkerPool, page: Path) -> None:
    before = pool.run("drill.digest", page)["pid"]
    assert _failure(pool, "drill.hog", page).reason == "memory"
    assert pool.run("drill.digest", page)["pid"] != before


def test_a_job_cannot_write_more_than_its_share(pool: WorkerPool, page: Path) -> None:
    assert pool.run("drill.writes", page, {"size": 1000}) == {"written": 1000}
    assert _failure(pool, "drill.writes", page, size=4 * 1024**2).reason == "error"


@pytest.mark.parametrize("garbage", ["garbage", "KHOWxxxx{}", "KHOW\0\0\0\2[]", "KHO", ""])
def test_garbage_on_the_channel_costs_one_file(scratch: Path, page: Path, garbage: str) -> None:
    limits = {"drill.babbles": JobLimits(wall_s=5)}
    with WorkerPool(scratch=scratch, jobs=DRILLS, limits=limits) as pool:
        if garbage:
            assert _failure(pool, "drill.babbles", page, garbage=garbage).reason == "protocol"
        else:
            assert pool.run("drill.babbles", page, {"garbage": ""}) == {}
        assert _serves(pool, page)


def test_an_answer_beyond_the_frame_cap_is_an_error_of_that_file(
    pool: WorkerPool, page: Path
) -> None:
    failure = _failure(pool, "drill.overflows", page, size=40 * 1024**2)
    assert failure.reason == "error"
    assert _serves(pool, page)


def test_a_request_beyond_the_frame_cap_is_refused_before_it_is_sent(
    pool: WorkerPool, page: Path
) -> None:
    assert _failure(pool, "drill.digest", page, long="x" * 5 * 1024**2).reason == "protocol"
    assert _serves(pool, page)


def test_a_hidden_attempt_to_reach_the_network_loses_the_result(
    pool: WorkerPool, page: Path
) -> None:
    failure = _failure(pool, "drill.connects", page)
    assert failure.reason == "refused"
    assert failure.detail == "socket.__new__"
    assert _serves(pool, page)


@pytest.mark.parametrize(("kind", "event"), [("forks", "os.fork"), ("starts", "os.exec")])
def test_a_job_can_start_no_other_process(
    pool: WorkerPool, page: Path, kind: str, event: str
) -> None:
    failure = _failure(pool, f"drill.{kind}", page)
    assert (failure.reason, failure.detail) == ("refused", event)


def test_an_ordinary_exception_is_that_files_error_and_keeps_the_worker(
    pool: WorkerPool, page: Path
) -> None:
    before = pool.run("drill.digest", page)["pid"]
    failure = _failure(pool, "drill.raises", page)
    assert failure.reason == "error"
    assert "not what it seems" in failure.detail
    assert _failure(pool, "drill.raises", page, deep=True).detail.startswith("RecursionError")
    assert pool.run("drill.digest", page)["pid"] == before


def test_a_child_sees_no_environment_and_cannot_write_to_the_file(
    pool: WorkerPool, page: Path, scratch: Path
) -> None:
    seen = pool.run("drill.surroundings", page)
    assert seen["environment"] == []
    assert seen["isolated"]
    assert seen["session"] == seen["pid"]
    assert seen["writable"] is False
    assert Path(seen["directory"]).parent == scratch


def test_a_descriptor_is_taken_only_when_it_is_read_only(pool: WorkerPool, page: Path) -> None:
    descriptor = os.open(page, os.O_RDONLY)
    writable = os.open(page, os.O_RDWR)
    try:
        expected = hashlib.sha256(page.read_bytes()).hexdigest()
        assert pool.run("drill.digest", descriptor)["sha256"] == expected
        with pytest.raises(WorkerFailed, match="read-only"):
            pool.run("drill.digest", writable)
    finally:
        os.close(descriptor)
        os.close(writable)


def test_a_folder_a_pipe_and_a_missing_file_are_errors_of_their_own(
    pool: WorkerPool, tmp_path: Path, page: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing", b"a\0b"):
        with pytest.raises(WorkerFailed) as caught:
            pool.run("drill.digest", path)
        assert caught.value.reason == "error"
    assert _serves(pool, page)


def test_only_the_packages_own_judges_are_imported(scratch: Path, page: Path) -> None:
    with (
        WorkerPool(scratch=scratch, jobs={"foreign": "os.path:getsize"}) as pool,
        pytest.raises(WorkerFailed) as caught,
    ):
        pool.run("foreign", page)
    assert caught.value.reason == "crash"
    assert "not a judge" in caught.value.detail
