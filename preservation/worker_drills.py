"""Jobs that misbehave on purpose, so that every limit of the workers can be seen to hold.

They are in no registry by default; a pool made with ``jobs=DRILLS`` runs them.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

Job = Callable[[BinaryIO, dict[str, Any]], dict[str, Any]]

DRILLS: Mapping[str, str] = {
    f"drill.{name}": f"preservation.worker_drills:{name}"
    for name in (
        "digest",
        "loop",
        "hog",
        "killed",
        "raises",
        "connects",
        "forks",
        "starts",
        "babbles",
        "overflows",
        "writes",
        "surroundings",
        "leaks",
    )
}


def digest(file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """The well-behaved one: sha256 of the file, and whatever ``params`` held."""
    return {"sha256": hashlib.sha256(file.read()).hexdigest(), "pid": os.getpid(), **params}


def loop(_file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """Never ends."""
    while True:
        pass


def hog(_file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """Takes memory until it is refused more."""
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


def killed(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Dies by the signal ``params['signal']``."""
    os.kill(os.getpid(), params.get("signal", signal.SIGKILL))
    return {}


def raises(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Fails the ordinary way, or by running out of stack."""
    if params.get("deep"):
        return raises(_file, params)
    raise ValueError("this file is not what it seems")


def connects(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Tries to reach the network and hides that it was refused."""
    try:
        with socket.socket() as channel:
            channel.connect(("127.0.0.1", params.get("port", 9)))
    except (OSError, RuntimeError):
        return {"connected": False}
    return {"connected": True}


def forks(_file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """Tries to have a child of its own."""
    if os.fork() == 0:
        os._exit(0)
    return {"forked": True}


def starts(_file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """Tries to become another program."""
    os.execv("/bin/true", ["true"])  # noqa: S606  refused by the tripwire, which is the point


def babbles(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Writes bytes that are no frame onto the channel."""
    os.write(int(sys.argv[1]), params.get("garbage", "not a frame at all").encode())
    return {}


def overflows(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Answers with more than a frame may hold."""
    return {"long": "x" * params["size"]}


def writes(_file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Writes a file into the scratch directory."""
    Path("scratch.bin").write_bytes(bytes(params["size"]))
    return {"written": params["size"]}


def surroundings(file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """What the child sees of the machine; TMPDIR and LC_CTYPE it set itself."""
    try:
        os.write(file.fileno(), b"x")
        writable = True
    except OSError:
        writable = False
    return {
        "environment": sorted(set(os.environ) - {"TMPDIR", "LC_CTYPE"}),
        "directory": str(Path.cwd()),
        "isolated": bool(sys.flags.isolated),
        "session": os.getsid(0),
        "pid": os.getpid(),
        "writable": writable,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


def leaks(file: BinaryIO, _params: dict[str, Any]) -> dict[str, Any]:
    """Forgets to close what it opened."""
    os.dup(file.fileno())
    return {}


def mixed(file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """Whichever drill ``params['as']`` names."""
    name = DRILLS[params["as"]].partition(":")[2]
    drill: Job = globals()[name]
    return drill(file, params)
