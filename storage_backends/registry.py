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

    Stores across a network are asked again when they do not answer (option ``attempts``,
    default 5, 1 to ask once); any store keeps to the option ``bytes_per_s``.
    :class:`UnknownStore` or :class:`UnknownOption` for settings that cannot be right; the
    driver's own ConfigError or storage error when the store cannot be opened.
    """
    own = dict(options or {})
    bytes_per_s = _number(name, own, "bytes_per_s", 0)
    attempts = _number(name, own, "attempts", 5)
    scheme = "file" if url.startswith("/") else urlsplit(url).scheme
    if scheme == "file":
        store = _open_folder(name, url, own, create=create)
    elif scheme == "memory":
        store = _open_memory(name, url, own)
    else:
        store = _persistent(_open_remote(name, url, scheme, own, create=create), attempts)
    return _paced(store, bytes_per_s)


def is_remote(url: str) -> bool:
    """Whether what the URL names is reached across a network, by its kind."""
    return urlsplit(url).scheme in _DRIVERS


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


def _open_remote(
    name: str, url: str, scheme: str, options: Options, *, create: bool
) -> StorageBackend:
    driver = _DRIVERS.get(scheme)
    if driver is None or importlib.util.find_spec(driver) is None:
        raise UnknownStore(backend=name, url=without_secrets(url), reason=f"scheme:{scheme}")
    opener = cast(Callable[..., StorageBackend], importlib.import_module(driver).open_store)
    return opener(name, url, options, create=create)


def _persistent(store: StorageBackend, attempts: int) -> StorageBackend:
    if attempts <= 1:
        return store
    from storage_backends.retrying import Patience, RetryingBackend

    return RetryingBackend(store, patience=Patience(attempts=attempts))


def _paced(store: StorageBackend, bytes_per_s: int) -> StorageBackend:
    if not bytes_per_s:
        return store
    from storage_backends.throttled import Pace, ThrottledBackend

    return ThrottledBackend(store, Pace(bytes_per_s))


def _number(name: str, options: dict[str, str | int | bool], option: str, default: int) -> int:
    """Takes a positive whole number out of ``options``; ``default`` when it is not there."""
    value = options.pop(option, None)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UnknownOption(backend=name, kind="any", option=f"{option} = {value!r}")
    return value


def _refuse_options(name: str, kind: str, options: Options) -> None:
    for option in options:
        raise UnknownOption(backend=name, kind=kind, option=option)
