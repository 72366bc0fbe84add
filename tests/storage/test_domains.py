"""Which accidents take two replicas together."""

import os
from pathlib import Path

import pytest

from storage_backends.domains import Machine, failure_domain
from storage_backends.filesystem import FilesystemBackend


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    disk = tmp_path / "sys/devices/pci/sda"
    (disk / "slaves").mkdir(parents=True)
    for number in (1, 2):
        (disk / f"sda{number}").mkdir()
        (disk / f"sda{number}/partition").write_text(f"{number}\n")
    mapped = tmp_path / "sys/devices/virtual/dm-0"
    (mapped / "slaves").mkdir(parents=True)
    (mapped / "slaves/sda2").symlink_to(disk / "sda2")
    striped = tmp_path / "sys/devices/virtual/md0"
    (striped / "slaves").mkdir(parents=True)
    for part in ("sdb1", "sdc1"):
        (striped / "slaves" / part).mkdir()
    blocks = tmp_path / "sys/dev/block"
    blocks.mkdir(parents=True)
    for name, place in {"8:0": disk, "8:1": disk / "sda1", "8:2": disk / "sda2"}.items():
        (blocks / name).symlink_to(place)
    (blocks / "253:0").symlink_to(mapped)
    (blocks / "9:0").symlink_to(striped)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "23 1 0:45 / /mnt/nas rw shared:1 - nfs4 nas1.local:/export/kho rw\n"
        "24 1 0:46 / /mnt/nas2 rw - cifs //NAS2/share rw\n"
        "25 1 0:47 / /mnt/ssh rw - fuse.sshfs kho@vault:/srv rw\n"
        "26 1 0:48 / /tmp rw - tmpfs tmpfs rw\n"
    )
    return Machine(mounts, blocks)


@pytest.mark.parametrize(
    ("device", "domain"),
    [
        ((8, 0), "disk:sda"),
        ((8, 1), "disk:sda"),
        ((253, 0), "disk:sda"),
        ((9, 0), "disk:md0"),
        ((0, 45), "host:nas1.local"),
        ((0, 46), "host:NAS2"),
        ((0, 47), "host:vault"),
        ((0, 48), "device:0:48"),
        ((7, 7), "device:7:7"),
    ],
)
def test_a_folder_belongs_to_the_disk_or_server_below_it(
    machine: Machine, device: tuple[int, int], domain: str
) -> None:
    assert failure_domain(os.makedev(*device), machine) == domain


def test_a_machine_that_tells_nothing_still_tells_devices_apart(tmp_path: Path) -> None:
    silent = Machine(tmp_path / "none", tmp_path / "none")
    assert failure_domain(os.makedev(8, 1), silent) == "device:8:1"


def test_two_folders_of_one_disk_share_their_failure_domain(tmp_path: Path) -> None:
    stores = [FilesystemBackend.create(name, tmp_path / name) for name in ("a", "b")]
    assert stores[0].failure_domain == stores[1].failure_domain
