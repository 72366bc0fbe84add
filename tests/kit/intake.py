"""Ingest measured beside its floor: the least that has to be done, in the same run.

The floor reads each file once with two hashes, writes two durable copies and reads both back.
Each measurement is a process of its own, so that peak memory is its own.
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
from dataclasses import dataclass
from pathlib import Path

from kit.memory import peak_mebibytes

Arguments = Callable[[Path], list[str]]
"""What ``kho ingest`` is asked to do with a source."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one measurement took."""

    seconds: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Both, of one source."""

    ingest: Used
    floor: Used

    def told(self, rates: str) -> str:
        """One line for the table; ``rates`` are the caller's units in a second."""
        return (
            f"ingest {self.ingest.seconds:.1f} s ({rates},"
            f" CPU {self.ingest.cpu_s:.1f} s, peak {self.ingest.peak_mib:.0f} MiB);"
            f" floor {self.floor.seconds:.1f} s (CPU {self.floor.cpu_s:.1f} s);"
            f" ratio {self.ingest.seconds / self.floor.seconds:.2f}"
            f" (CPU {self.ingest.cpu_s / self.floor.cpu_s:.2f})"
        )


def fill(path: Path, line: str, size_bytes: int) -> None:
    """A text file of so many bytes, made of the line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    each = f"{line}\n".encode()
    filled = each * (size_bytes // len(each))
    path.write_bytes(filled + b"." * (size_bytes - len(filled)))


def options_of(parser: argparse.ArgumentParser, arguments: Arguments) -> argparse.Namespace:
    """The run's options. In a process that :func:`measure` started it measures, and ends."""
    parser.add_argument("--child", choices=("ingest", "floor"), help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _measure_here(options.child, options.source, arguments)
        raise SystemExit(0)
    return options


def measure(source: Path) -> Measured:
    """The floor of the source and its ingest, one after the other."""
    least = _in_a_process("floor", source)
    return Measured(_in_a_process("ingest", source), least)


def _in_a_process(name: str, source: Path) -> Used:
    run = subprocess.run(
        [sys.executable, sys.argv[0], "--child", name, "--source", str(source)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return Used(**json.loads(run.stdout.splitlines()[-1]))


def _measure_here(name: str, source: Path, arguments: Arguments) -> None:
    """Runs one measurement beside the source and prints it as the last line."""
    work = Path(tempfile.mkdtemp(dir=source.parent))
    quiet = os.dup(1)
    os.dup2(2, 1)
    started = time.monotonic()
    try:
        if name == "floor":
            _floor(source, work)
        else:
            _ingest(arguments(source), work)
        seconds = time.monotonic() - started
    finally:
        shutil.rmtree(work)
    os.dup2(quiet, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "seconds": seconds,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": peak_mebibytes(),
    }
    sys.stdout.write(json.dumps(measured))


def _ingest(arguments: list[str], work: Path) -> None:
    """The whole command, as an operator runs it."""
    from kho.cli.edge import run

    copies = [f"{name}={work / name},site={name}" for name in ("a", "b")]
    options = [part for copy in copies for part in ("--replica", copy)]
    code = run(["init", str(work / "archive"), *options, "--accept-shared-failure-domain"])
    code = code or run(["-C", str(work / "archive"), "ingest", *arguments])
    if code:
        raise SystemExit(code)


def _floor(source: Path, work: Path) -> None:
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
