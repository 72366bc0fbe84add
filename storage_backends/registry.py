"""From a replica's URL to its backend. Drivers are imported only when their scheme is used.

file:///mnt/copy-a  or  /mnt/copy-a     storage_backends.filesystem
memory:name                             storage_backends.memory
s3://bucket/prefix                      storage_backends.s3     (its ``open_store``)
sftp://user@host/path                   storage_backends.sftp   (its ``open_store``)
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import unquote_to_bytes, urlsplit

from schemas.errors import ConfigError
from storage_backends.interface import StorageBackend

Options = Mapping[str, str | int | bool]
_DRIVERS = {"s3": "storage_backends.s3", "sftp": "storage_backends.sftp"}


class UnknownStore(ConfigError):
    """The URL names no store that Kho can open, for the ``reason`` given."""

    code = "STORAGE-URL"


class UnknownOption(ConfigError):
    """A replica has an option that its kind of store does not know."""

    code = "STORAGE-OPTION"


def open_backend(
    name: str, url: str, options: Options | None = None, *, create: bool = False
) -> StorageBackend:
    """The opened store at ``url``; ``create`` makes it first where that is possible.

    :class:`UnknownStore` or :class:`UnknownOption` for settings that cannot be right; the
    driver's own ConfigError or storage error when the store cannot be opened.
    """
    options = options or {}
    scheme = "file" if url.startswith("/") else urlsplit(url).scheme
    if scheme == "file":
        return _open_folder(name, url, options, create=create)
    if scheme == "memory":
        return _open_memory(name, url, options)
    driver = _DRIVERS.get(scheme)
    if driver is None or importlib.util.find_spec(driver) is None:
        raise UnknownStore(backend=name, url=without_secrets(url), reason=f"scheme:{scheme}")
    opener = cast(Callable[..., StorageBackend], importlib.import_module(driver).open_store)
    return opener(name, url, options, create=create)


def without_secrets(url: str) -> str:
    """``url`` without a password, for messages, receipts and recovery sheets."""
    before, separator, after = url.partition("://")
    account, at, rest = after.rpartition("@")
    if not at or "/" in account:
        return url
    return f"{before}{separator}{account.partition(':')[0]}@{rest}"


def folder_of(url: str) -> str:
    """The absolute path that a ``file:`` URL or a plain path names; percent signs decoded in
    URLs only. :class:`UnknownStore` for a URL of another machine or a relative path.
    """
    path = url
    if url.startswith("file:"):
        parts = urlsplit(url)
        if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
            raise UnknownStore(backend="", url=url, reason="not-a-local-path")
        path = unquote_to_bytes(parts.path).decode("utf-8", "surrogateescape")
    if not path.startswith("/") or "\0" in path:
        raise UnknownStore(backend="", url=url, reason="relative")
    return path


def _open_folder(name: str, url: str, options: Options, *, create: bool) -> StorageBackend:
    from storage_backends.filesystem import FilesystemBackend

    _refuse_options(name, "file", options)
    root = folder_of(url)
    return FilesystemBackend.create(name, root) if create else FilesystemBackend(name, root)


def _open_memory(name: str, url: str, options: Options) -> StorageBackend:
    from storage_backends.memory import MemoryBackend

    _refuse_options(name, "memory", options)
    return MemoryBackend(url.partition(":")[2] or name)


def _refuse_options(name: str, kind: str, options: Options) -> None:
    for option in options:
        raise UnknownOption(backend=name, kind=kind, option=option)
