"""One dossier of 20,000 files of 4 KiB into two replicas: files/s, peak memory, slope from 2,000.

The floor in the same run: read each file once with two hashes, two durable copies, two
read-backs. Each measurement is a process of its own, so that peak memory is its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LINE = "Căn cứ Luật Lưu trữ, Ủy ban nhân dân thành phố quyết định về hồ sơ số"


def make_source(folder: Path, files: int, size_bytes: int) -> None:
    """A folder of text files with contents of their own."""
    for number in range(files):
        path = folder / f"{number // 1000:03d}" / f"van-ban-{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{LINE} {number:06d}.\n".encode()
        filled = line * (size_bytes // len(line))
        path.write_bytes(filled + b"." * (size_bytes - len(filled)))


def ingest(source: Path, work: Path) -> None:
    """The whole command, as an operator runs it."""
    from kho.cli.edge import run

    copies = [f"{name}={work / name},site={name}" for name in ("a", "b")]
    options = [part for copy in copies for part in ("--replica", copy)]
    code = run(["init", str(work / "archive"), *options, "--accept-shared-failure-domain"])
    code = code or run(["-C", str(work / "archive"), "ingest", str(source), "--json"])
    if code:
        raise SystemExit(code)


def floor(source: Path, work: Path) -> None:
    """The least that has to be done, eight threads where they help."""
    paths = [path for path in source.rglob("*") if path.is_file()]
    for copy in ("a", "b"):
        for folder in {path.parent for path in paths}:
            (work / copy / folder.relative_to(source)).mkdir(parents=True, exist_ok=True)

    def copy_one(path: Path) -> None:
        content = path.read_bytes()
        hashlib.sha256(content)
        hashlib.sha512(content)
        for copy in ("a", "b"):
            target = work / copy / path.relative_to(source)
            with target.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())

    def read_one(path: Path) -> None:
        for copy in ("a", "b"):
            with (work / copy / path.relative_to(source)).open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                hashlib.file_digest(stream, "sha256")

    with ThreadPoolExecutor(8) as pool:
        for act in (copy_one, read_one):
            for _done in pool.map(act, paths):
                pass


def in_a_process(name: str, source: Path) -> dict[str, float]:
    """Wall and CPU seconds and peak MiB of one measurement in a process of its own."""
    out = subprocess.run(
        [sys.executable, __file__, "--child", name, "--source", str(source)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    measured: dict[str, float] = json.loads(out.splitlines()[-1])
    return measured


def child(name: str, source: Path) -> None:
    """Runs one measurement and prints it as the last line."""
    acts: dict[str, Callable[[Path, Path], None]] = {"ingest": ingest, "floor": floor}
    work = Path(tempfile.mkdtemp())
    quiet = os.dup(1)
    os.dup2(2, 1)
    started = time.monotonic()
    try:
        acts[name](source, work)
    finally:
        shutil.rmtree(work)
    seconds = time.monotonic() - started
    os.dup2(quiet, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "seconds": seconds,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    print(json.dumps(measured))


def main() -> None:
    """Prints a table of both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--size-bytes", type=int, default=4096)
    parser.add_argument("--child", default="")
    parser.add_argument("--source", type=Path)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.source)
        return
    rates = []
    for files in (options.files // 10, options.files):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "ho so"
            make_source(source, files, options.size_bytes)
            least = in_a_process("floor", source)
            whole = in_a_process("ingest", source)
        rates.append(whole["seconds"] / files)
        print(
            f"{files:>7} files of {options.size_bytes} bytes:"
            f" ingest {whole['seconds']:.1f} s ({files / whole['seconds']:.0f} files/s,"
            f" CPU {whole['cpu_s']:.1f} s, peak {whole['peak_mib']:.0f} MiB);"
            f" floor {least['seconds']:.1f} s;"
            f" ratio {whole['seconds'] / least['seconds']:.2f}"
        )
    print(f"seconds per file at 10 times the size: {rates[1] / rates[0]:.2f} times")


if __name__ == "__main__":
    main()
