"""Tells a service manager how the process fares: the protocol of ``sd_notify(3)``."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress


def tell_manager(environment: Mapping[str, str], *states: str) -> bool:
    """The manager named by ``NOTIFY_SOCKET`` was told; False when there is none or it is deaf."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto("\n".join(states).encode(), address)
        return True
    return False


def watchdog_s(environment: Mapping[str, str]) -> float | None:
    """How often the manager wants to hear from us: half of its patience; None if never."""
    stated = environment.get("WATCHDOG_USEC", "")
    return int(stated) / 2_000_000 if stated.isdigit() and int(stated) else None
