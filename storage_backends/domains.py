"""The failure domain of a local folder: what one accident takes together.

A disk stands for all its partitions; a network mount stands for the server behind it. What
cannot be told is named by its device number, which still recognises two folders on one mount.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_NETWORK = frozenset(["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "ceph", "9p"])


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the operating system tells about its mounts and disks."""

    mounts: Path = Path("/proc/self/mountinfo")
    devices: Path = Path("/sys/dev/block")


def failure_domain(device: int, machine: Machine | None = None) -> str:
    """``disk:sda``, ``host:nas1`` or ``device:0:45`` for a ``st_dev`` as stat gives it."""
    machine = machine or Machine()
    number = f"{os.major(device)}:{os.minor(device)}"
    kind, source = _mount(number, machine)
    if kind in _NETWORK:
        host = source.removeprefix("//").partition("@")[2] or source.removeprefix("//")
        return f"host:{host.partition('/')[0].partition(':')[0]}"
    if source.startswith("/dev/") and not (machine.devices / number).exists():
        number = _number_of(Path(source)) or number  # btrfs shows a number of its own
    disk = _disk(machine.devices / number)
    return f"disk:{disk}" if disk else f"device:{number}"


def _mount(number: str, machine: Machine) -> tuple[str, str]:
    """(file system, source) of the mount with this device number; empty when unknown."""
    try:
        lines = machine.mounts.read_text(errors="replace").splitlines()
    except OSError:
        return "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [number]:
            kind, source = (*after.split(" "), "", "")[:2]
            return kind, source
    return "", ""


def _disk(device: Path) -> str:
    """The name of the whole disk that a block device lies on; empty when it cannot be told."""
    try:
        place = device.resolve(strict=True)
        if (place / "partition").exists():
            place = place.parent
        below = sorted((place / "slaves").iterdir()) if (place / "slaves").is_dir() else []
    except OSError:
        return ""
    if len(below) == 1:
        return _disk(below[0])
    return place.name


def _number_of(device: Path) -> str:
    try:
        number = device.stat().st_rdev
    except OSError:
        return ""
    return f"{os.major(number)}:{os.minor(number)}"
