"""Full disks, two writers at once, a process killed for real: nothing is left half done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.archives import make_bed, store
from kit.desk import write_files
from repository.archive import NothingStored
from repository.ocfl.claims import open_claims
from repository.ocfl.reader import list_objects
from schemas.nouns import Place
from storage_backends.faulty import FaultyBackend
from storage_backends.interface import NoSpace
from storage_backends.memory import MemoryBackend

KHO = [sys.executable, "-c", "from kho.cli import main; main()"]


def kho(folder: Path, *arguments: str) -> list[str]:
    return [*KHO, "--lang", "en", "-C", str(folder / "archive"), *arguments]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(kho(folder, *arguments), capture_output=True, text=True, check=False)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The folder of an archive with two copies on one disk."""
    made = subprocess.run(
        [*KHO, "init", str(tmp_path / "archive"), "--accept-shared-failure-domain"]
        + [part for name in ("a", "b") for part in ("--replica", f"{name}={name},site={name}")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_a_full_store_takes_nothing_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores)
    with bed.open() as repository:
        repository.prepare_to_write()
        for backend in stores.values():
            backend.fail("put_new", NoSpace, key="ocfl/", times=10_000)
        with pytest.raises(NothingStored) as raised:
            store(repository)
        assert raised.value.exit_code == 4
        assert "STORAGE-FULL" in str(raised.value)
        for backend in stores.values():
            assert not list(list_objects(backend, Place.ARCHIVE))
            assert not list(open_claims(backend))
            backend.heal()
        assert store(repository, {b"b.txt": b"b"}).state == "stored"


def test_one_full_store_of_two_leaves_the_dossier_under_replicated(tmp_path: Path) -> None:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores)
    with bed.open() as repository:
        repository.prepare_to_write()
        stores["beta"].fail("put_new", NoSpace, key="ocfl/", times=10_000)
        receipt = store(repository)
        assert receipt.state == "under_replicated"
        assert not list(list_objects(stores["beta"], Place.ARCHIVE))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_is_named_and_the_other_copy_is_whole(
    tmp_path: Path, small_disk: Path
) -> None:
    replicas = ["--replica", f"big={tmp_path / 'big'},site=x"]
    replicas += ["--replica", f"small={small_disk / 'copy'},site=y"]
    made = subprocess.run(
        [*KHO, "init", str(tmp_path / "archive"), *replicas], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    source = write_files(tmp_path / "nop", {b"to.bin": os.urandom(600_000), b"a.txt": b"a"})
    done = run(tmp_path, "ingest", str(source), "--json")
    assert done.returncode == 4, done.stderr
    (receipt,) = json.loads(done.stdout)["receipts"]
    assert receipt["state"] == "under_replicated"
    assert [copy["replica"] for copy in receipt["copies"]] == ["big"]
    assert not list(small_disk.glob("copy/ocfl/*/*/*/*"))


def test_two_processes_receiving_one_dossier_make_one_aip(archive: Path) -> None:
    files = {f"{number}.txt".encode(): str(number).encode() * 100 for number in range(40)}
    source = write_files(archive / "nop", files)
    command = kho(archive, "ingest", str(source), "--json")
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    codes = []
    outcomes = []
    for process in both:
        out, _err = process.communicate()
        codes.append(process.returncode)
        if process.returncode == 0:
            outcomes += [receipt["outcome"] for receipt in json.loads(out)["receipts"]]
    assert set(codes) <= {0, 11}
    assert outcomes.count("accepted") == 1
    listed = json.loads(run(archive, "list", "--json").stdout)
    assert len(listed["aips"]) == 1
    assert run(archive, "audit", "--all").returncode == 0


GRACE_FILES = 340


def test_an_ingest_killed_for_real_is_finished_or_taken_back_by_the_next_command(
    archive: Path,
) -> None:
    """The kill comes when so many files are in the archive's folders: a seeded moment that
    does not depend on how fast the machine is."""
    files = {f"{number}.txt".encode(): str(number).encode() * 50 for number in range(60)}
    source = write_files(archive / "nop", files)
    before = count_files(archive)
    process = subprocess.Popen(
        kho(archive, "ingest", str(source)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and count_files(archive) < before + GRACE_FILES:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = run(archive, "ingest", str(source), "--json")
    assert done.returncode == 0, done.stderr
    (receipt,) = json.loads(done.stdout)["receipts"]
    assert receipt["outcome"] in {"accepted", "duplicate"}
    assert receipt["state"] == "stored"
    listed = json.loads(run(archive, "list", "--json").stdout)
    assert len(listed["aips"]) == 1
    assert run(archive, "audit", "--all").returncode == 0
    for name in ("a", "b"):
        assert not list((archive / name / "kho" / "claims").rglob("v*"))
        assert shutil.disk_usage(archive / name).total


def count_files(folder: Path) -> int:
    """How many files there are just now, in folders that change meanwhile."""
    return sum(len(names) for _path, _folders, names in os.walk(folder))
