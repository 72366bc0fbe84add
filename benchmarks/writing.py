"""put_new + settle against a bare loop that writes, hashes and fsyncs the same files.

    python benchmarks/writing.py [FOLDER] [--rounds 3] [--threads 8]

The bare loop makes each file in place (open, read source, sha256, write, fsync, close) in as
many threads, and fsyncs the folder once; it offers neither exclusive creation nor a staging
area. Prints the ratio of the best rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from storage_backends.filesystem import FilesystemBackend
from storage_backends.sources import FileSource

CORPORA = {"20 KiB": (1000, 20 * 1024), "1 MiB": (100, 1024 * 1024)}


def bare(sources: list[Path], target: Path, threads: int) -> None:
    target.mkdir(parents=True)

    def write(source: Path) -> None:
        with source.open("rb") as stream:
            content = stream.read()
        hashlib.sha256(content).hexdigest()
        descriptor = os.open(target / source.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, sources))
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def ours(
    sources: list[Path], digests: dict[str, str], size_bytes: int, root: Path, threads: int
) -> None:
    store = FilesystemBackend.create("bench", root)

    def write(source: Path) -> None:
        store.put_new(
            f"ocfl/o/v1/content/{source.name}",
            FileSource(source),
            size_bytes=size_bytes,
            sha256=digests[source.name],
        )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, sources))
    store.settle("ocfl/o/")


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(root: Path, label: str, *, rounds: int, threads: int) -> None:
    count, size_bytes = CORPORA[label]
    (root / "sources").mkdir()
    sources, digests = [], {}
    for number in range(count):
        path = root / "sources" / f"file-{number}"
        content = os.urandom(size_bytes)
        path.write_bytes(content)
        sources.append(path)
        digests[path.name] = hashlib.sha256(content).hexdigest()
    floor, found = [], []
    for turn in range(rounds):
        floor.append(seconds(partial(bare, sources, root / f"bare-{turn}", threads)))
        ours_here = partial(ours, sources, digests, size_bytes, root / f"ours-{turn}", threads)
        found.append(seconds(ours_here))
    print(
        f"{label:>7} x {count:<5} threads {threads}  ratio {min(floor) / min(found):4.2f}"
        f"   {count / min(found):7.0f} files/s against {count / min(floor):7.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    for label in CORPORA:
        root = Path(tempfile.mkdtemp(prefix="kho-bench-", dir=options.folder))
        try:
            compare(root, label, rounds=options.rounds, threads=options.threads)
        finally:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
