"""Restores: what copies disagree about, what is damaged, what it takes, and being killed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, store, store_next
from kit.crashing import Fuse, fused
from kit.stores import quick_disk
from preservation import restore_flow, restore_write
from preservation.restore import RestoreRequest, preflight, restore
from preservation.restore_proof import RestoreProof
from repository.ocfl.layout import object_prefix
from schemas.ids import AipId, ocfl_id
from schemas.moments import utc_now
from schemas.nouns import Place
from schemas.progress import NoProgress
from storage_backends.faulty import SimulatedCrash, flipped
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend
from storage_backends.places import place_of, split_place

THREE = ("alpha", "beta", "gamma")


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    made = make_bed(tmp_path / "archive", {name: MemoryBackend(name) for name in THREE})
    with made.open() as archive:
        store(archive, FILES)
        store(archive, {b"khac.txt": b"khac"}, fonds="TL06")
    return made


def memory(bed: TestBed, name: str) -> MemoryBackend:
    backend = bed.backends[name]
    assert isinstance(backend, MemoryBackend)
    return backend


def given_back(
    bed: TestBed,
    target: Path,
    *names: str,
    form: str = "submission",
    fonds: str = "",
    backends: dict[str, StorageBackend] | None = None,
) -> RestoreProof:
    """Everything from the replicas named, or from all."""
    with bed.open(backends) as archive:
        sources = [r for r in archive.replicas if not names or r.name in names]
        request = RestoreRequest(target=target, form=form, fonds=fonds)
        return restore(sources, request, now=utc_now, progress=NoProgress())


def forge(bed: TestBed, name: str, prefix: str) -> None:
    """One file of the object is another, and its inventory vouches for it."""
    held = memory(bed, name)._content_by_key
    key = next(key for key in held if key.startswith(prefix) and key.endswith("/a.txt"))
    text, before, after = held[f"{prefix}inventory.json"], held[key], b"another decision"
    for algorithm in ("sha512", "sha256"):
        old, new = (hashlib.new(algorithm, each).hexdigest() for each in (before, after))
        text = text.replace(old.encode(), new.encode())
    sidecar = f"{hashlib.sha512(text).hexdigest()} inventory.json\n".encode()
    held |= {
        key: after,
        f"{prefix}inventory.json": text,
        f"{prefix}inventory.json.sha512": sidecar,
    }


def prefix_of(bed: TestBed, fonds: str) -> str:
    with bed.open() as archive:
        (summary,) = archive.catalogue.aips(fonds=fonds)
    return object_prefix(Place.ARCHIVE, ocfl_id(summary.aip_id))


def test_one_forged_copy_of_three_is_outvoted(bed: TestBed, tmp_path: Path) -> None:
    forge(bed, "alpha", prefix_of(bed, "TL05"))
    proof = given_back(bed, tmp_path / "out")
    assert proof.complete
    (found,) = (tmp_path / "out").rglob("phu-luc/a.txt")
    assert found.read_bytes() == FILES[b"phu-luc/a.txt"]


def test_a_tie_is_said_and_everything_else_given_back(bed: TestBed, tmp_path: Path) -> None:
    prefix = prefix_of(bed, "TL05")
    forge(bed, "alpha", prefix)
    proof = given_back(bed, tmp_path / "out", "alpha", "beta")
    assert not proof.complete
    assert [where for _name, where in proof.unreadable] == [prefix]
    assert [aip.failed for aip in proof.aips] == [0]
    assert not list((tmp_path / "out").rglob("a.txt"))
    # The person who knows which copy is right says so.
    assert given_back(bed, tmp_path / "out", "beta").complete


def test_a_newer_version_that_does_not_continue_the_older_is_not_believed(
    bed: TestBed, tmp_path: Path
) -> None:
    prefix = prefix_of(bed, "TL06")
    before = dict(memory(bed, "beta")._content_by_key)
    with bed.open() as archive:
        (summary,) = archive.catalogue.aips(fonds="TL06")
        store_next(archive, AipId(summary.aip_id), {"metadata/other/note.txt": b"ghi chu"})
    for name in ("beta", "gamma"):  # they never got it
        held = memory(bed, name)._content_by_key
        for key in [key for key in held if key.startswith(prefix)]:
            held.pop(key)
            held |= {key: before[key]} if key in before else {}
    assert given_back(bed, tmp_path / "newer", form="folder", fonds="TL06").aips[0].version == 2
    held = memory(bed, "alpha")._content_by_key
    text = held[f"{prefix}inventory.json"].replace(b'"created": "20', b'"created": "19', 1)
    held[f"{prefix}inventory.json"] = text
    digest = hashlib.sha512(text).hexdigest()
    held[f"{prefix}inventory.json.sha512"] = f"{digest} inventory.json\n".encode()
    proof = given_back(bed, tmp_path / "forged", form="folder", fonds="TL06")
    assert [where for _name, where in proof.unreadable] == [prefix]


def test_what_one_copy_needs_to_be_understood_comes_from_another(
    bed: TestBed, tmp_path: Path
) -> None:
    """The map of the submission, the admission record, and the inventory, each on another."""
    prefix = prefix_of(bed, "TL05")
    for name, ending in zip(
        THREE, ("submission-map.ndjson", "admission.json", "inventory.json"), strict=True
    ):
        held = memory(bed, name)._content_by_key
        key = next(key for key in held if key.startswith(prefix) and key.endswith(ending))
        held[key] = flipped(held[key])
    proof = given_back(bed, tmp_path / "out")
    assert proof.complete
    assert len(proof.aips) == 2


def test_a_file_that_no_copy_has_whole_is_named_and_the_rest_is_there(
    bed: TestBed, tmp_path: Path
) -> None:
    for name in THREE:
        held = memory(bed, name)._content_by_key
        key = next(key for key in held if key.endswith("/phu-luc/a.txt"))
        held[key] = flipped(held[key])
    proof = given_back(bed, tmp_path / "out")
    assert (proof.complete, proof.failed) == (False, 1)
    assert proof.failures[0].path == "phu-luc/a.txt"
    assert {name for name, _gave in proof.failures[0].sources} == set(THREE)
    assert len(list((tmp_path / "out").rglob("*.txt"))) == len(FILES) + 1 - 1


def test_the_preflight_says_what_it_takes_and_writes_nothing(bed: TestBed, tmp_path: Path) -> None:
    request = RestoreRequest(target=tmp_path / "out", form="folder")
    with bed.open() as archive:
        taking = preflight(archive.replicas, request)
    assert not (tmp_path / "out").exists()
    proof = given_back(bed, tmp_path / "out", form="folder")
    assert (taking.aips, taking.files) == (2, proof.files)
    assert taking.bytes == sum(map(len, FILES.values())) + len(b"khac")
    assert taking.enough_space
    assert taking.unreadable == 0


def test_every_folder_is_made_durable_once_for_its_dossier(
    bed: TestBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: Counter[Path] = Counter()
    whole = restore_write.fsync_folder

    def count(folder: Path) -> None:
        synced[folder] += 1
        whole(folder)

    monkeypatch.setattr(restore_flow, "fsync_folder", count)
    proof = given_back(bed, tmp_path / "out")
    folders = {Path(path) for path, _folders, _names in os.walk(tmp_path / "out")}
    assert set(synced) == folders
    target = tmp_path / "out"
    assert {synced[folder] for folder in folders - {target}} == {1}
    assert synced[target] == len(proof.aips)


def test_a_restore_killed_at_any_call_is_completed_by_the_next(tmp_path: Path) -> None:
    bed = make_bed(tmp_path / "archive")
    with bed.open() as archive:
        store(archive, {b"a.txt": b"a", b"b/c.txt": b"c"})
    with quick_disk() as folder:
        crash_at, killed = 0, 0
        while True:
            crash_at += 1
            fuse = Fuse(crash_at)
            target = folder / str(crash_at)
            with suppress(SimulatedCrash):
                given_back(bed, target, "alpha", backends=fused(bed.backends, fuse))
            if not fuse.blown:
                break
            killed += 1
            assert not (target / "kho-restore-proof.json").exists()
            proof = given_back(bed, target, "alpha")
            assert proof.complete
            (aip,) = proof.aips
            kept = {
                str(path.relative_to(target / aip.aip_id)): path.read_bytes()
                for path in (target / aip.aip_id).rglob("*")
                if path.is_file()
            }
            assert kept == {"a.txt": b"a", "b/c.txt": b"c"}
            shutil.rmtree(target)
    assert killed > 12


@pytest.mark.parametrize(
    ("url", "options", "line"),
    [
        ("file:///srv/kho?x", {}, "file:///srv/kho?x"),
        ("sftp://kho@host/srv", {"attempts": 9}, "sftp://kho@host/srv"),
        (
            "s3://kho/archive",
            {"endpoint": "https://s3.vn:9000", "path_style": False, "profile": "secret", "n": 7},
            "s3://kho/archive?endpoint=https%3A%2F%2Fs3.vn%3A9000&n=7&path_style=false",
        ),
    ],
)
def test_a_place_is_one_line_without_what_belongs_to_one_machine(
    url: str, options: dict[str, str | int | bool], line: str
) -> None:
    assert place_of(url, options) == line
    kept = {k: v for k, v in options.items() if k not in ("attempts", "profile")}
    assert split_place(line) == (url, kept)
