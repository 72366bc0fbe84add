"""Faults 1 to 16: what time and hands do to files at rest, edited on the replicas' disks.

The numbers are those of docs/measurements/forty-faults.md. Each test makes the fault and
asserts the outcome that stands in its row.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from kit.archives import FILES, store
from kit.disk_archive import (
    DiskArchive,
    add_version,
    audited,
    filled_disk_archive,
    flip,
    make_disk_archive,
    repaired,
    rewrite,
)
from kit.packages import bag_files, errors, judge, warnings
from preservation.repair_result import Healing
from repository.catalogue import Catalogue
from repository.rebuild import rebuild_catalogue
from schemas.events import EventType
from schemas.progress import NoProgress

A, B = "phu-luc/a.txt", "phu-luc/b.txt"


@pytest.fixture
def disks(tmp_path: Path) -> DiskArchive:
    return filled_disk_archive(tmp_path)


def assert_healed(disks: DiskArchive, damaged: Path, whole: bytes, verdict: str) -> None:
    """The one damage is named, healed from the other copy, kept aside, and in the history."""
    spoilt = damaged.read_bytes() if damaged.is_file() else None
    with disks.open() as archive:
        result = audited(archive)
        assert [(line.replica, line.verdict) for line in result.damage] == [("beta", verdict)]
        (line,) = repaired(archive).files
        assert (line.healing, line.source) == (Healing.HEALED, "alpha")
        assert damaged.read_bytes() == whole
        if spoilt is not None:
            assert disks.aside("beta") == [spoilt]
        assert not audited(archive).damage
        events = archive.catalogue.events(result.damage[0].aip_id)  # type: ignore[arg-type]  # printed id
        assert EventType.REPAIR in [event.type for event in events]


def test_01_a_flipped_bit_in_content_is_found_set_aside_and_healed(disks: DiskArchive) -> None:
    damaged = disks.file("beta", A)
    assert_healed(disks, damaged, flip(damaged), "altered")


def test_02_a_flip_in_an_inventory_is_healed_from_the_peers(disks: DiskArchive) -> None:
    damaged = disks.object("beta") / "inventory.json"
    assert_healed(disks, damaged, flip(damaged), "altered")


def test_03_a_flip_in_a_sidecar_is_healed_and_the_inventory_is_believed(
    disks: DiskArchive,
) -> None:
    inventory = (disks.object("beta") / "inventory.json").read_bytes()
    damaged = disks.object("beta") / "inventory.json.sha512"
    assert_healed(disks, damaged, flip(damaged), "altered")
    assert (disks.object("beta") / "inventory.json").read_bytes() == inventory


def forge(folder: Path, content: Path, forged: bytes) -> None:
    """A file is another, and the inventory and its sidecar in ``folder`` vouch for it."""
    before = content.read_bytes()
    text = (folder / "inventory.json").read_bytes()
    for algorithm in ("sha512", "sha256"):
        old, new = (hashlib.new(algorithm, each).hexdigest() for each in (before, forged))
        text = text.replace(old.encode(), new.encode())
    rewrite(content, forged)
    rewrite(folder / "inventory.json", text)
    sidecar = f"{hashlib.sha512(text).hexdigest()} inventory.json\n"
    rewrite(folder / "inventory.json.sha512", sidecar.encode())


def test_04_a_consistent_forgery_alarms_and_is_neither_overwritten_nor_copied(
    disks: DiskArchive,
) -> None:
    whole, forged = disks.file("alpha", A).read_bytes(), b"another decision\n"
    forge(disks.object("beta"), disks.file("beta", A), forged)
    bystander = disks.file("alpha", B)
    kept = flip(bystander)
    before = disks.tree("beta")
    with disks.open() as archive:
        result = audited(archive)
        (summary,) = archive.catalogue.aips()
        assert result.forged == (("beta", summary.aip_id),)
        healings = {(file.replica, file.healing) for file in repaired(archive).files}
        assert healings == {("beta", Healing.FORGED), ("alpha", Healing.HEALED)}
        assert disks.tree("beta") == before
        assert bystander.read_bytes() == kept
        # A person has compared the copies and says which is right.
        assert repaired(archive, forged_too=True).not_healed == 0
        assert disks.copies(A) == {"alpha": whole, "beta": whole}
        assert forged in disks.aside("beta")
        assert not audited(archive).damage


def test_05_what_is_bad_on_every_copy_is_declared_lost_and_the_rest_goes_on(
    disks: DiskArchive,
) -> None:
    for name in disks.names:
        flip(disks.file(name, A))
    other = disks.file("beta", B)
    whole = flip(other)
    with disks.open() as archive:
        assert len(audited(archive).damage) == 3
        healings = sorted(file.healing for file in repaired(archive).files)
        assert healings == [Healing.HEALED, Healing.LOST_EVERYWHERE, Healing.LOST_EVERYWHERE]
        assert other.read_bytes() == whole
        assert {damage.replica for damage in archive.catalogue.damage()} == set(disks.names)


def test_06_different_files_bad_on_each_copy_heal_each_other(disks: DiskArchive) -> None:
    wholes = {A: flip(disks.file("alpha", A)), B: flip(disks.file("beta", B))}
    with disks.open() as archive:
        audited(archive)
        assert repaired(archive).not_healed == 0
        for ending, whole in wholes.items():
            assert set(disks.copies(ending).values()) == {whole}
        assert not audited(archive).damage


def test_07_a_truncated_file_is_healed(disks: DiskArchive) -> None:
    damaged = disks.file("beta", A)
    whole = damaged.read_bytes()
    rewrite(damaged, whole[:-1])
    assert_healed(disks, damaged, whole, "altered")


def test_08_a_file_of_no_length_is_healed(disks: DiskArchive) -> None:
    damaged = disks.file("beta", A)
    whole = damaged.read_bytes()
    rewrite(damaged, b"")
    assert_healed(disks, damaged, whole, "altered")


def test_09_a_missing_file_is_restored(disks: DiskArchive) -> None:
    damaged = disks.file("beta", A)
    whole = damaged.read_bytes()
    damaged.unlink()
    assert_healed(disks, damaged, whole, "absent")


def test_10_a_missing_object_is_found_from_the_catalogue_and_brought_back(
    disks: DiskArchive,
) -> None:
    before = disks.tree("beta")
    shutil.rmtree(disks.object("beta"))
    with disks.open() as archive:
        result = audited(archive)
        lost = len(before) - len(disks.tree("beta"))
        assert (result.absent, len(result.damage)) == (lost, lost)
        assert repaired(archive).not_healed == 0
        assert disks.tree("beta") == before


def test_11_an_extra_file_in_an_object_is_reported_and_not_deleted(disks: DiskArchive) -> None:
    extra = disks.object("beta") / "v1" / "content" / "note.txt"
    extra.write_bytes(b"who wrote this?")
    with disks.open() as archive:
        result = audited(archive)
        assert [(name, key.endswith("/note.txt")) for name, key in result.strays] == [
            ("beta", True)
        ]
        assert not result.damage
        assert repaired(archive).files == ()
    assert extra.read_bytes() == b"who wrote this?"


def test_12_an_unknown_object_is_reported_and_a_rebuild_takes_it_in(disks: DiskArchive) -> None:
    catalogue = disks.folder / "archive" / "catalogue.sqlite"
    shutil.copy(catalogue, disks.folder / "yesterday")
    with disks.open() as archive:
        unknown = store(archive, {b"moi.txt": b"moi"}).aip_id
    for suffix in ("", "-wal", "-shm"):
        catalogue.with_name(catalogue.name + suffix).unlink(missing_ok=True)
    shutil.copy(disks.folder / "yesterday", catalogue)
    with disks.open() as archive:
        archive.prepare_to_write()
        result = audited(archive)
        assert {name for name, _key in result.strays} == set(disks.names)
        assert all(unknown in key for _name, key in result.strays)
        assert not result.damage
        with Catalogue.open(f"sqlite:///{disks.folder}/fresh.sqlite", create=True) as fresh:
            rebuild_catalogue(fresh, archive.replicas, progress=NoProgress())
            assert unknown in {summary.aip_id for summary in fresh.aips()}


def test_13_a_change_in_an_old_version_is_found(disks: DiskArchive) -> None:
    with disks.open() as archive:
        add_version(archive, "metadata/preservation/premis-0002.xml", b"<premis/>")
    old = disks.object("beta") / "v1" / "inventory.json"
    whole = flip(old)
    assert_healed(disks, old, whole, "altered")


def test_14_two_files_of_one_size_in_each_others_place_are_found(disks: DiskArchive) -> None:
    one, two = disks.file("beta", A), disks.file("beta", B)
    contents = one.read_bytes(), two.read_bytes()
    assert len(contents[0]) == len(contents[1])
    rewrite(one, contents[1])
    rewrite(two, contents[0])
    with disks.open() as archive:
        assert audited(archive).altered == 2
        assert repaired(archive).not_healed == 0
    assert (one.read_bytes(), two.read_bytes()) == contents


@pytest.mark.parametrize("kind", ["link", "loose link", "pipe"])
def test_15_a_link_or_a_pipe_in_the_place_of_a_file_is_told_without_waiting(
    disks: DiskArchive, kind: str
) -> None:
    damaged = disks.file("beta", A)
    whole = damaged.read_bytes()
    elsewhere = disks.folder / "elsewhere"
    elsewhere.write_bytes(whole)
    damaged.unlink()
    if kind == "pipe":
        os.mkfifo(damaged)
    else:
        damaged.symlink_to(elsewhere if kind == "link" else disks.folder / "nowhere")
    with disks.open() as archive:
        assert [line.verdict for line in audited(archive).damage] == ["altered"]
        assert repaired(archive).not_healed == 0
        assert not audited(archive).found_damage
    assert damaged.read_bytes() == whole
    assert not damaged.is_symlink()
    assert elsewhere.read_bytes() == whole


def test_16_a_name_rewritten_in_another_unicode_form_is_told_as_that(tmp_path: Path) -> None:
    """In a package the one file that fits is found and the difference said; in the store no
    name can be hurt so, because no key has a mark."""
    files = bag_files({"Tờ trình.txt": b"one"})
    composed = "data/Tờ trình.txt"
    files[unicodedata.normalize("NFD", composed)] = files.pop(composed)
    assert (errors(judge(files)), warnings(judge(files))) == (set(), {"BAG-NAME-MARKS"})

    disks = filled_disk_archive(tmp_path)
    assert any(not path.isascii() for path in map(bytes.decode, FILES))
    assert all(key.isascii() for key in disks.tree("beta"))


def test_the_archive_of_these_tests_is_whole_before_the_fault(disks: DiskArchive) -> None:
    with disks.open() as archive:
        assert not audited(archive).found_damage
        assert repaired(archive).files == ()


def test_a_replicas_own_root_files_are_healed_without_any_copy(tmp_path: Path) -> None:
    disks = make_disk_archive(tmp_path)
    for name in disks.names:
        flip(disks.root(name) / "ocfl" / "ocfl_layout.json")
    (disks.root("beta") / "holding" / "0=ocfl_1.1").unlink()
    with disks.open() as archive:
        assert len(audited(archive).damage) == 3
        assert {file.source for file in repaired(archive).files} == {"kho"}
        assert not audited(archive).found_damage
