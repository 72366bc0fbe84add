"""The reading engine against a bare loop over the same files, per CPU-second and per second.

    python benchmarks/reading.py [FOLDER] [--rounds 5] [--threads 2]

The bare loop makes the same system calls (open, fstat, fadvise, readv, fadvise, close) and the
same sha256, in as many threads, with nothing around them. Bars (docs/design.md, *Bars*): 0.9
on files of 1 MiB and more, 0.7 at 20 KiB. Rounds alternate; the best of each side counts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from storage_backends.filesystem import FilesystemBackend
from storage_backends.reading import ReadRequest, read_digests

CORPORA = {"20 KiB": (4000, 20 * 1024), "1 MiB": (200, 1024 * 1024), "64 MiB": (4, 64 << 20)}
BARS = {"20 KiB": 0.7, "1 MiB": 0.9, "64 MiB": 0.9}


def bare_loop(paths: list[str], threads: int) -> None:
    def read(mine: list[str]) -> None:
        buffer = bytearray(1024 * 1024)
        view = memoryview(buffer)
        for path in mine:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            os.fstat(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            found = hashlib.sha256()
            while count := os.readv(descriptor, [buffer]):
                found.update(view[:count])
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
            found.hexdigest()

    workers = [threading.Thread(target=read, args=(paths[i::threads],)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def measured(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def compare(root: Path, label: str, *, rounds: int, threads: int) -> None:
    count, size_bytes = CORPORA[label]
    backend = FilesystemBackend.create("bench", root / label.replace(" ", ""))
    folder = root / label.replace(" ", "") / "ocfl"
    folder.mkdir()
    for number in range(count):
        with (folder / f"file-{number}").open("wb") as out:
            out.write(os.urandom(size_bytes))
            os.fsync(out.fileno())
    keys = [f"ocfl/file-{number}" for number in range(count)]
    paths = [str(folder / f"file-{number}") for number in range(count)]
    requests = [ReadRequest(key, size_bytes) for key in keys]

    def engine() -> None:
        results = list(read_digests(backend, requests, threads=threads))
        assert len(results) == count
        assert all(result.error is None for result in results)

    bare, ours = [], []
    for _round in range(rounds):
        bare.append(measured(lambda: bare_loop(paths, threads)))
        ours.append(measured(engine))
    wall = min(w for w, _ in bare) / min(w for w, _ in ours)
    cpu = min(c for _, c in bare) / min(c for _, c in ours)
    best = min(w for w, _ in ours)
    print(
        f"{label:>7} x {count:<5} threads {threads}  wall ratio {wall:4.2f}  cpu ratio {cpu:4.2f}"
        f"  bar {BARS[label]}  {count / best:8.0f} files/s"
        f" {count * size_bytes / best / 2**20:7.0f} MiB/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="kho-bench-", dir=options.folder))
    try:
        for label in CORPORA:
            compare(root, label, rounds=options.rounds, threads=options.threads)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
