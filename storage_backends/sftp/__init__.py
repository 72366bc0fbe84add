"""SFTP: the door to paramiko.

connection.py   host key, login, channels
remote.py       files of one folder on the server
store.py        the backend contract
"""

from __future__ import annotations

from collections.abc import Mapping

from storage_backends.interface import StorageBackend
from storage_backends.sftp.connection import Connections
from storage_backends.sftp.options import read_options, read_target
from storage_backends.sftp.store import SftpStore


def open_store(
    name: str, url: str, options: Mapping[str, str | int | bool], *, create: bool = False
) -> StorageBackend:
    """The store in the folder that ``sftp://user@host/folder`` names; ``create`` makes it.

    ConfigError, AccessDenied or BackendUnavailable say what is wrong, by distinct codes.
    """
    target = read_target(name, url)
    stated = read_options(name, options)
    return SftpStore(name, target, Connections(name, target, stated), create=create)


__all__ = ["SftpStore", "open_store"]
