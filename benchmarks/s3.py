"""Our two S3 clients against a threaded boto3 and rclone, on one real server.

    python benchmarks/s3.py [--count 2000] [--kib 20] [--rounds 3] [--no-memory] [--only NAME …]

The server is SeaweedFS from its wheel, on this machine; every client puts the same files to a
prefix of its own and then reads every object back and hashes it (sha256). Clients take turns,
round by round; the best round of each counts. What is compared:

* ``fast``, ``boto3 store``: our stores as a replica uses them: put_new (create only, sha256
  checked before anything is sent) in as many threads as the store asks for; reading engine.
* ``boto3 threads``: one client, 16 threads, 32 connections, default settings: put_object, and
  get_object + sha256. It neither creates only nor checks a digest.
* ``rclone``: ``copy`` with 32 transfers and everything off that costs requests; reading is the
  better of ``hashsum sha256 --download`` and ``copy`` down.

Bars (docs/design.md): fast at least 3 x boto3 threads and at least rclone, for put and for get
and hash. Peak memory is of a process of its own for each count, and for one object of 1 GiB.
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
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from kit.rclone import S3, rclone_program, s3_remote
from kit.s3_server import BUCKET, S3Server, admin_client, running_s3
from storage_backends.interface import StorageBackend
from storage_backends.reading import ReadRequest, read_digests
from storage_backends.s3 import open_store
from storage_backends.sources import FileSource

Options = dict[str, str | int | bool]
THREADS = 16
PREFIX = "ocfl/o/v1/content/"


@dataclass(frozen=True)
class Corpus:
    """Files of one size and their digests by name."""

    folder: Path
    size_bytes: int
    sha256_by_name: dict[str, str]


@dataclass(frozen=True)
class Spent:
    """Seconds: by the clock, of the client on the processor, of the server there."""

    wall_s: float
    client_s: float
    server_s: float


def make_corpus(folder: Path, count: int, size_bytes: int) -> Corpus:
    """Fresh random files, written once and warm."""
    folder.mkdir()
    digests = {}
    for number in range(count):
        name = f"file-{number:06d}.bin"
        found = hashlib.sha256()
        with (folder / name).open("wb") as out:
            for start in range(0, size_bytes, 1 << 20):
                piece = os.urandom(min(1 << 20, size_bytes - start))
                found.update(piece)
                out.write(piece)
        digests[name] = found.hexdigest()
    return Corpus(folder, size_bytes, digests)


def put_by_store(store: StorageBackend, corpus: Corpus) -> None:
    def put(name: str) -> None:
        store.put_new(
            PREFIX + name,
            FileSource(corpus.folder / name),
            size_bytes=corpus.size_bytes,
            sha256=corpus.sha256_by_name[name],
        )

    with ThreadPoolExecutor(store.capabilities.read_threads) as pool:
        for _done in pool.map(put, corpus.sha256_by_name):
            pass


def read_by_store(store: StorageBackend, corpus: Corpus) -> None:
    requests = (ReadRequest(PREFIX + name, corpus.size_bytes) for name in corpus.sha256_by_name)
    seen = 0
    for result in read_digests(store, requests):
        assert result.error is None, result.error
        assert result.digest == corpus.sha256_by_name[result.key.removeprefix(PREFIX)]
        seen += 1
    assert seen == len(corpus.sha256_by_name)


class Store:
    """A replica's store, opened anew for each round."""

    def __init__(self, server: S3Server, corpus: Corpus, **options: str) -> None:
        self._corpus = corpus
        self._store = open_store("bench", server.new_url(), server.options(**options))

    def put(self) -> None:
        put_by_store(self._store, self._corpus)

    def read(self) -> None:
        read_by_store(self._store, self._corpus)


class Threads:
    """What one writes with boto3 in an afternoon."""

    def __init__(self, server: S3Server, corpus: Corpus) -> None:
        self._corpus = corpus
        self._client = admin_client(server.endpoint, server.credentials_file, connections=32)
        self._prefix = f"t-{uuid4().hex}/"

    def put(self) -> None:
        def one(name: str) -> None:
            content = (self._corpus.folder / name).read_bytes()
            self._client.put_object(Bucket=BUCKET, Key=self._prefix + name, Body=content)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(one, self._corpus.sha256_by_name))

    def read(self) -> None:
        def one(name: str) -> None:
            found = hashlib.sha256()
            body = self._client.get_object(Bucket=BUCKET, Key=self._prefix + name)["Body"]
            for chunk in body.iter_chunks(1 << 20):
                found.update(chunk)
            assert found.hexdigest() == self._corpus.sha256_by_name[name]

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(one, self._corpus.sha256_by_name))


class Rclone:
    """The operator's tool, with what costs requests switched off."""

    how_to_read = "copy"

    def __init__(self, server: S3Server, corpus: Corpus) -> None:
        self._corpus = corpus
        self._place = f"{S3}:{BUCKET}/t-{uuid4().hex}"
        self._environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        self._environment |= {"RCLONE_CONFIG": "/dev/null", **s3_remote(server)}

    def put(self) -> None:
        self._run("copy", str(self._corpus.folder), self._place, "--s3-no-head", "--no-check-dest")

    def read(self) -> None:
        with tempfile.TemporaryDirectory(dir=self._corpus.folder.parent) as folder:
            self._run("copy", self._place, folder, "--no-check-dest")
            assert len(os.listdir(folder)) == len(self._corpus.sha256_by_name)

    def _run(self, *arguments: str) -> str:
        command = [str(rclone_program()), *arguments, "--transfers=32", "--checkers=32"]
        command += ["--retries=1", "--s3-no-check-bucket", "--use-server-modtime", "--fast-list"]
        done = subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True
        )
        return done.stdout


class RcloneHashing(Rclone):
    """rclone, reading by its own hash command."""

    how_to_read = "hashsum"

    def read(self) -> None:
        printed = self._run("hashsum", "sha256", "--download", self._place)
        pairs = (line.split("  ", 1) for line in printed.splitlines())
        assert {name: digest for digest, name in pairs} == self._corpus.sha256_by_name


CLIENTS: dict[str, Callable[[S3Server, Corpus], Store | Threads | Rclone]] = {
    "fast": lambda server, corpus: Store(server, corpus, client="fast"),
    "boto3 store": Store,
    "boto3 threads": Threads,
    "rclone": Rclone,
    "rclone hashsum": RcloneHashing,
}


def measured(work: Callable[[], None], server: S3Server) -> Spent:
    def client() -> float:
        own, children = (
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime

    def serving() -> float:
        facts = Path(f"/proc/{server.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")

    wall_s, client_s, server_s = time.perf_counter(), client(), serving()
    work()
    return Spent(time.perf_counter() - wall_s, client() - client_s, serving() - server_s)


def rounds_of(
    server: S3Server, corpus: Corpus, rounds: int, only: list[str]
) -> dict[str, dict[str, list[Spent]]]:
    spent: dict[str, dict[str, list[Spent]]] = {
        name: {"put": [], "get": []} for name in only or CLIENTS
    }
    for _round in range(rounds):
        for name, found in spent.items():
            client = CLIENTS[name](server, corpus)
            found["put"].append(measured(client.put, server))
            found["get"].append(measured(client.read, server))
    return spent


def show(spent: dict[str, dict[str, list[Spent]]], count: int) -> bool:
    """Prints objects/s and client milliseconds; whether the bars hold."""
    best: dict[tuple[str, str], float] = {}
    head = " ".join(f"{what:>10} {'client':>7} {'server':>7}" for what in ("put/s", "get+hash/s"))
    print(f"{'client':16} {head}   (milliseconds of CPU for each object)")
    for name, found in spent.items():
        line = f"{name:16}"
        for what in ("put", "get"):
            best[name, what] = count / min(s.wall_s for s in found[what])
            client_ms = 1000 * min(s.client_s for s in found[what]) / count
            server_ms = 1000 * min(s.server_s for s in found[what]) / count
            line += f" {best[name, what]:10.0f} {client_ms:7.2f} {server_ms:7.2f}"
        print(line)
    holds = True
    if {"fast", "boto3 threads", "rclone", "rclone hashsum"} <= spent.keys():
        for what in ("put", "get"):
            plain = best["fast", what] / best["boto3 threads", what]
            peer = best["fast", what] / max(best["rclone", what], best["rclone hashsum", what])
            holds &= plain >= 3 and peer >= 1
            print(
                f"{what}: fast = {plain:.2f} x boto3 threads (bar 3), {peer:.2f} x rclone (bar 1)"
            )
    return holds


def peak_of(options: Options, url: str, folder: Path, count: int, size_bytes: int) -> float:
    """MiB at the most of a process that puts and reads so many objects."""
    asked = json.dumps([options, url, str(folder), count, size_bytes])
    command = [sys.executable, __file__, "--child", asked]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def child(asked: str) -> None:
    options, url, folder, count, size_bytes = json.loads(asked)
    names = [f"file-{number:06d}.bin" for number in range(count)]
    digest_of = json.loads((Path(folder) / "digests.json").read_text())
    corpus = Corpus(Path(folder), size_bytes, {name: digest_of[name] for name in names})
    store = open_store("bench", url, options)
    put_by_store(store, corpus)
    read_by_store(store, corpus)
    # Not ru_maxrss, which begins with what the parent held when it started this process.
    (peak,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    print(int(peak.split()[1]) / 1024)


def memory(server: S3Server, folder: Path, size_bytes: int) -> None:
    print("\npeak memory of put and get (MiB)")
    for count, each in ((2_000, size_bytes), (10_000, size_bytes), (1, 1 << 30)):
        corpus = make_corpus(folder / f"memory-{count}", count, each)
        (corpus.folder / "digests.json").write_text(json.dumps(corpus.sha256_by_name))
        for client in ("fast", "boto3"):
            options = server.options(client=client)
            peak = peak_of(options, server.new_url(), corpus.folder, count, each)
            print(f"  {client:6} {count:6} x {each >> 10:8} KiB {peak:8.0f}", flush=True)
        shutil.rmtree(corpus.folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--kib", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], choices=list(CLIENTS))
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child)
        return 0
    with running_s3() as server, tempfile.TemporaryDirectory() as place:
        corpus = make_corpus(Path(place) / "corpus", asked.count, asked.kib * 1024)
        print(f"{asked.count} x {asked.kib} KiB, best of {asked.rounds} rounds in turn")
        spent = rounds_of(server, corpus, asked.rounds, asked.only)
        holds = show(spent, asked.count)
        if not asked.no_memory:
            memory(server, Path(place), asked.kib * 1024)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
