"""What is validated, seen as a tree: a local folder, or a prefix of a storage backend.

A tree shows links and special files for what they are and never follows them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from schemas.errors import KhoError
from storage_backends.interface import (
    InvalidKey,
    MediumFailed,
    ObjectInfo,
    ObjectNotFound,
    StorageBackend,
    WrongEntryType,
)

EntryKind = Literal["file", "directory", "link", "special", "unreadable"]

_KINDS: Mapping[str, EntryKind] = {"file": "file", "directory": "directory", "link": "link"}

_UNKNOWABLE = (ObjectNotFound, WrongEntryType, MediumFailed, InvalidKey)
"""What says something of one entry; any other error of a store says something of the store."""


class EntryUnreadable(KhoError):
    """A listed entry's bytes cannot be had; nothing is known about them."""

    code = "OCFL-KHO-UNREADABLE"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree. ``path`` is relative to the tree, with ``/``."""

    path: str
    kind: EntryKind
    size_bytes: int = 0
    names: int = 1
    """How many names its bytes have: more than one is a hard link. 1 where unknown."""

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]


class Tree(Protocol):
    """A place to look at, by listing and opening alone."""

    def children(self, folder: str) -> list[Entry]:
        """The direct entries of a folder by name; ``""`` is the tree itself."""

    def walk(self, folder: str) -> Iterator[Entry]:
        """Every entry below a folder, folders included where the store has them."""

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file's bytes; :class:`EntryUnreadable` when they cannot be had."""


class LocalTree:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def children(self, folder: str) -> list[Entry]:
        """See :class:`Tree`."""
        prefix = f"{folder}/" if folder else ""
        try:
            with os.scandir(self._root / folder) as found:
                entries = [_local_entry(prefix + item.name, item) for item in found]
        except OSError as error:
            raise EntryUnreadable(path=folder, reason=_reason(error)) from error
        return sorted(entries, key=lambda entry: entry.path)

    def walk(self, folder: str) -> Iterator[Entry]:
        """See :class:`Tree`. A folder that cannot be listed is ``unreadable``."""
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            try:
                entries = self.children(current)
            except EntryUnreadable:
                yield Entry(current, "unreadable")
                continue
            yield from entries
            waiting.extend(entry.path for entry in entries if entry.kind == "directory")

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """See :class:`Tree`. A file that became a link or a pipe since is not opened."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self._root / path, flags | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise EntryUnreadable(path=path, reason=_reason(error)) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise EntryUnreadable(path=path, reason="not a file any more")
        return os.fdopen(descriptor, "rb", buffering=0)


class BackendTree:
    """A prefix of a storage backend, ending in ``/`` or empty.

    An unavailable or forbidden store is not a property of the tree: its error goes to the
    caller.
    """

    def __init__(self, backend: StorageBackend, prefix: str = "") -> None:
        self._backend = backend
        self._prefix = prefix

    def children(self, folder: str) -> list[Entry]:
        """See :class:`Tree`. Costs one listing of everything below the folder."""
        found: dict[str, Entry] = {}
        start = f"{folder}/" if folder else ""
        for entry in self.walk(folder):
            if entry.path == folder:
                raise EntryUnreadable(path=folder, reason="not listed")
            name, slash, _rest = entry.path[len(start) :].partition("/")
            path = start + name
            if slash:
                found[path] = Entry(path, "directory")
            else:
                found.setdefault(path, entry)
        return sorted(found.values(), key=lambda entry: entry.path)

    def walk(self, folder: str) -> Iterator[Entry]:
        """See :class:`Tree`."""
        prefix = f"{self._prefix}{folder}/" if folder else self._prefix
        try:
            for info in self._backend.list(prefix):
                yield self._entry(info)
        except _UNKNOWABLE:
            yield Entry(folder, "unreadable")

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """See :class:`Tree`."""
        try:
            with self._backend.open(self._prefix + path) as stream:
                yield stream
        except _UNKNOWABLE as error:
            raise EntryUnreadable(path=path, reason=error.code) from error

    def _entry(self, info: ObjectInfo) -> Entry:
        path = info.key[len(self._prefix) :].rstrip("/")
        return Entry(path, _KINDS.get(info.kind, "special"), info.size_bytes)


class Subtree:
    """A folder of another tree, seen as a tree of its own."""

    def __init__(self, tree: Tree, folder: str) -> None:
        self._tree = tree
        self._folder = folder

    def children(self, folder: str) -> list[Entry]:
        """See :class:`Tree`."""
        return [self._own(entry) for entry in self._tree.children(self._path(folder))]

    def walk(self, folder: str) -> Iterator[Entry]:
        """See :class:`Tree`."""
        return map(self._own, self._tree.walk(self._path(folder)))

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """See :class:`Tree`."""
        return self._tree.open(self._path(path))

    def _path(self, path: str) -> str:
        return f"{self._folder}/{path}" if path else self._folder

    def _own(self, entry: Entry) -> Entry:
        return replace(entry, path=entry.path[len(self._folder) + 1 :])


def read_capped(tree: Tree, path: str, limit_bytes: int) -> bytearray | None:
    """A file's bytes, or None when they are more than the limit."""
    content = bytearray()
    try:
        with tree.open(path) as stream:
            while chunk := stream.read(1024 * 1024):
                content += chunk
                if len(content) > limit_bytes:
                    return None
    except OSError as error:
        raise EntryUnreadable(path=path, reason=_reason(error)) from error
    return content


def _local_entry(path: str, item: os.DirEntry[str]) -> Entry:
    try:
        facts = item.stat(follow_symlinks=False)
    except OSError:
        return Entry(path, "unreadable")
    if stat.S_ISLNK(facts.st_mode):
        return Entry(path, "link")
    if stat.S_ISDIR(facts.st_mode):
        return Entry(path, "directory")
    if stat.S_ISREG(facts.st_mode):
        return Entry(path, "file", facts.st_size, facts.st_nlink)
    return Entry(path, "special")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
