"""Children at rest and at work: keyed outcomes, replacement, and nothing left behind."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from preservation.worker_drills import DRILLS
from preservation.workers import JobLimits, Result, WorkerFailed, WorkerPool
from schemas.text import LANGUAGES, catalogue

_SHORT = JobLimits(wall_s=0.4)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number:03}.txt" for number in range(150)]
    for path in paths:
        path.write_text(path.name)
    return paths


def _open_descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def _children() -> set[int]:
    """Processes, zombies included, whose parent is this one."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == os.getpid():
            found.add(int(status.parent.name))
    return found


def test_every_item_has_exactly_one_outcome_under_its_key(
    scratch: Path, pages: list[Path]
) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool:
        items = ((path.name, path, {"name": path.name}) for path in pages)
        outcomes = list(pool.map("drill.digest", items))
    assert sorted(key for key, _ in outcomes) == [path.name for path in pages]
    assert all(isinstance(o, dict) and o["name"] == key for key, o in outcomes)


def test_batches_answer_for_every_file_and_need_no_more_children(
    scratch: Path, pages: list[Path]
) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS, jobs_per_worker=1000) as pool:
        items = ((path.name, path, {"name": path.name}) for path in pages)
        outcomes = dict(pool.map_batches("drill.digest", items, batch=16))
        assert pool.started == 2
    assert sorted(outcomes) == [path.name for path in pages]
    assert all(isinstance(o, dict) and o["name"] == key for key, o in outcomes.items())


def test_in_a_batch_only_the_guilty_file_fails(scratch: Path, pages: list[Path]) -> None:
    pages[7].unlink()
    bad = {pages[3]: "drill.killed", pages[20]: "drill.loop"}
    jobs = {"mixed": "preservation.worker_drills:mixed"}
    with WorkerPool(scratch=scratch, jobs=jobs, limits={"mixed": _SHORT}) as pool:
        items = ((path, path, {"as": bad.get(path, "drill.digest")}) for path in pages[:40])
        outcomes = dict(pool.map_batches("mixed", items, batch=40))
    assert set(outcomes) == set(pages[:40])
    failed = {k: o.reason for k, o in outcomes.items() if isinstance(o, WorkerFailed)}
    assert failed == {pages[3]: "crash", pages[7]: "error", pages[20]: "timeout"}


def test_a_worker_is_replaced_after_its_share_of_jobs(scratch: Path, pages: list[Path]) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS, workers=1, jobs_per_worker=5) as pool:
        pids = [pool.run("drill.digest", path)["pid"] for path in pages[:12]]
    assert pids[:5] == [pids[0]] * 5
    assert len(set(pids)) == 3


def test_a_child_that_died_at_rest_costs_no_file(scratch: Path, pages: list[Path]) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS, workers=1) as pool:
        pid = pool.run("drill.digest", pages[0])["pid"]
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert pool.run("drill.digest", pages[1])["pid"] != pid


def test_both_workers_are_kept_busy(scratch: Path, pages: list[Path]) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool:
        outcomes = pool.map("drill.digest", ((p.name, p, {}) for p in pages))
        assert len({o["pid"] for _, o in outcomes if isinstance(o, dict)}) == 2


def test_calls_may_overlap_and_come_from_several_threads(scratch: Path, pages: list[Path]) -> None:
    found: list[Result | WorkerFailed] = []
    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool:

        def examine() -> None:
            found.extend(o for _, o in pool.map("drill.digest", ((p, p, {}) for p in pages[:20])))

        threads = [threading.Thread(target=examine) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number, _ in enumerate(pool.map("drill.digest", ((p, p, {}) for p in pages[:4]))):
            found.append(pool.run("drill.digest", pages[number]))
        for thread in threads:
            thread.join()
    assert len(found) == 64
    assert all(isinstance(outcome, dict) for outcome in found)


def test_items_are_taken_only_as_workers_become_free(scratch: Path, pages: list[Path]) -> None:
    taken: list[int] = []

    def items() -> Iterator[tuple[int, Path, dict[str, object]]]:
        for number, path in enumerate(pages):
            taken.append(number)
            yield number, path, {}

    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool:
        outcomes = pool.map("drill.digest", items())
        next(outcomes)
        assert len(taken) <= 5
        outcomes.close()  # type: ignore[attr-defined]  # a generator behind the iterator


def test_nothing_is_left_after_failures_of_every_kind(scratch: Path, pages: list[Path]) -> None:
    before, children = _open_descriptors(), _children()
    kinds = ["digest", "killed", "raises", "connects", "babbles", "leaks", "digest"]
    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool:
        for kind in kinds * 2:
            list(pool.map(f"drill.{kind}", ((p, p, {}) for p in pages[:2])))
        abandoned = pool.map("drill.digest", ((p, p, {}) for p in pages))
        next(abandoned)
        abandoned.close()  # type: ignore[attr-defined]  # a generator behind the iterator
        assert _open_descriptors() <= before + 2
    assert _open_descriptors() == before
    assert _children() == children
    assert list(scratch.iterdir()) == []


def test_a_failing_source_of_items_leaves_no_child_behind(
    scratch: Path, pages: list[Path]
) -> None:
    before, children = _open_descriptors(), _children()

    def items() -> Iterator[tuple[int, Path, dict[str, object]]]:
        yield 0, pages[0], {}
        raise RuntimeError("the listing broke off")

    with (
        WorkerPool(scratch=scratch, jobs=DRILLS) as pool,
        pytest.raises(RuntimeError, match="broke off"),
    ):
        list(pool.map_batches("drill.digest", items()))
    assert _open_descriptors() == before
    assert _children() == children


def test_an_unknown_kind_is_our_own_mistake(scratch: Path, pages: list[Path]) -> None:
    with WorkerPool(scratch=scratch, jobs=DRILLS) as pool, pytest.raises(KeyError):
        pool.run("no.such.kind", pages[0])


def test_every_reason_has_a_text_in_both_languages() -> None:
    for reason in ("timeout", "memory", "crash", "protocol", "refused", "error"):
        code = WorkerFailed("kind", reason).finding_code
        assert all(code in catalogue(lang) for lang in LANGUAGES)
