"""The audit against a bare loop and against other tools, over the same files, cold and warm.

    python benchmarks/audit.py [--scale 1.0] [--rounds 3] [--folder DIR] [--oracle PYTHON]

Three archives of one replica each: 20,000 x 20 KiB, 2,000 x 1 MiB, 4 x 1 GiB (times
``--scale``). The audit is the whole of ``preservation.fixity.audit``: catalogue, canaries, the
search for strays, the journal. The bare loop makes the same system calls and the same sha256 in
as many threads, with nothing around them, over every stored file. bagit, sha256sum and rclone
read a bag of hard links to the data files; ocfl-py reads the objects (sha512, as it must).

Cold: every file is dropped from the page cache before the run. Warm: every file was just read;
the audit and the bare loop drop each file themselves before they read it, the others do not.
Bars (docs/design.md): 0.9 of the bare loop from 1 MiB on, 0.7 at 20 KiB; 5 x bagit and 10 x
ocfl-py by CPU-second.
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
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from preservation.audit_items import AuditScope
from preservation.fixity import audit
from repository.archive import Repository

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from kit.making import (
    MIB,
    make_archive,
    random_bytes,
    read_settings,
    store_files,
)

CORPORA = {
    "20 KiB": (20_000, 20 * 1024, 1_000, 0.7),
    "1 MiB": (2_000, MIB, 500, 0.9),
    "1 GiB": (4, 1024 * MIB, 1, 0.9),
}
"""Files, bytes of each, files in one AIP, bar against the bare loop."""
THREADS = 8
_OCFL = """
import sys
from ocfl.validator import Validator
for path in sys.argv[1:]:
    if not Validator(check_digests=True).validate_object(path):
        sys.exit(f"ocfl-py rejects {path}")
"""


@dataclass(frozen=True)
class Took:
    """Seconds of one run by the wall clock and of the processors."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Corpus:
    """One archive on disk, and what the peers read of it."""

    label: str
    folder: Path
    files: list[str]
    data: list[str]
    objects: list[str]
    size_bytes: int
    """Of the data files."""


def make_corpus(folder: Path, label: str, scale: float) -> Corpus:
    """The archive is written by the real writer, and its data files are also a bag."""
    count, size_bytes, per_aip, _bar = CORPORA[label]
    count = max(1, round(count * scale))
    settings = make_archive(folder, {"disk": (folder / "replica").as_uri()})
    with Repository.open(settings) as archive:
        for number, start in enumerate(range(0, count, per_aip)):
            files = min(per_aip, count - start)
            store_files(archive, number, files=files, size_bytes=size_bytes, content=random_bytes)
    stored = [
        str(path)
        for place in ("ocfl", "holding")
        for path in (folder / "replica" / place).rglob("*")
        if path.is_file()
    ]
    data = [path for path in stored if "/representations/rep1/data/" in path]
    make_bag(folder / "bag", data)
    ending = "/0=ocfl_object_1.1"
    objects = [path.removesuffix(ending) for path in stored if path.endswith(ending)]
    return Corpus(label, folder, stored, data, objects, count * size_bytes)


def make_bag(bag: Path, files: Sequence[str]) -> None:
    """A BagIt 1.0 bag of hard links, with the two manifests that bagit.py makes unasked."""
    (bag / "data").mkdir(parents=True)
    lines: dict[str, list[str]] = {"sha256": [], "sha512": []}
    for number, path in enumerate(files):
        link = bag / "data" / f"{number:06d}.txt"
        os.link(path, link)
        for algorithm, manifest in lines.items():
            with link.open("rb") as stream:
                digest = hashlib.file_digest(stream, algorithm).hexdigest()
            manifest.append(f"{digest}  data/{link.name}\n")
    for algorithm, manifest in lines.items():
        (bag / f"manifest-{algorithm}.txt").write_text("".join(manifest))
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")


def bare_loop(paths: Sequence[str]) -> None:
    """open, fstat, fadvise, read and sha256, fadvise, close; in so many threads."""

    def read(mine: Sequence[str]) -> None:
        buffer = bytearray(MIB)
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

    workers = [
        threading.Thread(target=read, args=(paths[start::THREADS],)) for start in range(THREADS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def whole_audit(folder: Path) -> None:
    """Everything is read back, and the run is trusted and finds nothing wrong."""
    with Repository.open(read_settings(folder)) as archive:
        result = audit(archive, AuditScope(everything=True), seed=time.time_ns())
    if not (result.complete and result.is_trustworthy) or result.found_damage:
        raise SystemExit(f"the audit went wrong: {result}")


def child(role: str, folder: Path) -> None:
    """Runs in a process of its own and prints what the work alone took."""
    paths = json.loads(sys.stdin.read())
    # What stands ready in a scheduler's process is not the audit's: imports, the first statement.
    with Repository.open(read_settings(folder)) as archive:
        list(archive.catalogue.aips())
    before, started_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    if role == "audit":
        whole_audit(folder)
    else:
        bare_loop(paths)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(json.dumps([time.perf_counter() - started_s, cpu_s]))


def in_a_child(role: str, corpus: Corpus) -> Took:
    ran = subprocess.run(
        [sys.executable, __file__, "--child", role, "--folder", str(corpus.folder)],
        input=json.dumps(corpus.files),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Took(*json.loads(ran.stdout.splitlines()[-1]))


def program(command: Sequence[str], *, stdin: str = "", folder: Path | None = None) -> Took:
    """What another program took as a whole; SystemExit when it finds fault."""
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(
        command, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        check=False, cwd=folder,
    )  # fmt: skip
    if ran.returncode:
        raise SystemExit(f"{command[0]}: {ran.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Took(time.perf_counter() - started_s, cpu_s)


def peers(corpus: Corpus, oracle: str) -> dict[str, Callable[[], Took]]:
    """The other tools that are installed here, by name."""
    bag = corpus.folder / "bag"
    found: dict[str, Callable[[], Took]] = {}
    bagit = Path(sys.executable).with_name("bagit.py")
    if bagit.exists():
        command = [sys.executable, str(bagit), "--validate", "--quiet", str(bag)]
        found["bagit --validate"] = lambda: program(command)
    if oracle:
        found["ocfl-py"] = lambda: program([oracle, "-c", _OCFL, *corpus.objects])
    found["sha256sum -c"] = lambda: program(
        ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"], folder=bag
    )
    rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if rclone is not None:
        found["rclone hashsum"] = lambda: program(
            [rclone, "hashsum", "sha256", "--config", "", str(bag / "data")]
        )
    return found


def make_ready(corpus: Corpus, state: str) -> None:
    """Every file is out of the page cache (cold), or in it (warm)."""
    for path in corpus.files:
        descriptor = os.open(path, os.O_RDONLY)
        if state == "cold":
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            while os.read(descriptor, MIB):
                pass
        os.close(descriptor)


def best(runs: Sequence[Took]) -> Took:
    """The least of each: what other work on the machine added is left out."""
    return Took(min(run.wall_s for run in runs), min(run.cpu_s for run in runs))


def compare(corpus: Corpus, state: str, *, rounds: int, oracle: str) -> None:
    """A table of one corpus in one state; rounds alternate."""
    ours: list[Took] = []
    bare: list[Took] = []
    for _round in range(rounds):
        for role, runs in (("bare", bare), ("audit", ours)):
            make_ready(corpus, state)
            runs.append(in_a_child(role, corpus))
    audited = best(ours)
    print(
        f"\n{corpus.label} x {len(corpus.data)}, {state}"
        f" ({len(corpus.files)} stored files, {corpus.size_bytes / MIB:.0f} MiB of data)"
    )
    print(f"  {'':18} {'CPU s':>8} {'wall s':>8}   the audit's speed against it, CPU and wall")
    tell("audit", audited, audited)
    tell("bare loop", best(bare), audited, f"bar {CORPORA[corpus.label][3]}")
    bars = {"bagit --validate": "bar 5", "ocfl-py": "bar 10"}
    for name, run in peers(corpus, oracle).items():
        make_ready(corpus, state)
        tell(name, run(), audited, bars.get(name, ""))
    sys.stdout.flush()


def tell(name: str, took: Took, ours: Took, note: str = "") -> None:
    print(
        f"  {name:18} {took.cpu_s:8.2f} {took.wall_s:8.2f}"
        f"   {took.cpu_s / ours.cpu_s:6.2f} {took.wall_s / ours.wall_s:6.2f}  {note}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--oracle", default=os.environ.get("KHO_ORACLE_PYTHON", ""))
    parser.add_argument("--child", default="")
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder)
        return
    root = Path(tempfile.mkdtemp(prefix="kho-bench-", dir=options.folder))
    try:
        for label in options.corpora.split(","):
            folder = root / label.replace(" ", "")
            folder.mkdir()
            corpus = make_corpus(folder, label, options.scale)
            for state in ("cold", "warm"):
                compare(corpus, state, rounds=options.rounds, oracle=options.oracle)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
