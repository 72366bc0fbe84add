"""A package as a tree of raw paths: what a bag is judged on, wherever its bytes lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from schemas.bag_algorithms import DECLARATION
from schemas.digests import CHUNK_BYTES
from schemas.findings import Finding, Severity
from schemas.names import is_litter, printable


class TreeFile(Protocol):
    """One file of a package."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def known_digests(self) -> Mapping[str, str]:
        """Digests made already, lower-case hex by hashlib's name; the others are made anew."""

    def open(self) -> BinaryIO:
        """The file's bytes, from the start."""


class PackageTree(Protocol):
    """Files by raw path (``/`` separated, relative), and what is there besides files."""

    @property
    def files(self) -> Mapping[bytes, TreeFile]: ...
    @property
    def empty_directories(self) -> Collection[bytes]: ...
    @property
    def strays(self) -> Mapping[bytes, str]:
        """Links, devices and the like by raw path; the value names the kind."""


_MAC_FOLDER = b"__MACOSX"
_NAMES_SHOWN = 5


def digests_of(file: TreeFile, algorithms: Iterable[str]) -> dict[str, str]:
    """The asked-for digests; what is not known yet is made in one reading."""
    known = file.known_digests
    wanted = list(algorithms)
    missing = [hashlib.new(name, usedforsecurity=False) for name in wanted if name not in known]
    if missing:
        with file.open() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                for made in missing:
                    made.update(chunk)
    fresh = {made.name: made.hexdigest() for made in missing}
    return {name: known.get(name) or fresh[name] for name in wanted}


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of a folder tree."""

    path: bytes
    size_bytes: int
    known_digests: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> BinaryIO:
        """The file's bytes; a link put in its place is not followed."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return os.fdopen(descriptor, "rb")


@dataclass(frozen=True, slots=True)
class Tree:
    """A package tree held in memory."""

    files: Mapping[bytes, TreeFile]
    empty_directories: Collection[bytes] = ()
    strays: Mapping[bytes, str] = field(default_factory=dict)


def folder_tree(root: Path) -> Tree:
    """The tree of a local folder; nothing is followed, nothing is opened yet."""
    files: dict[bytes, TreeFile] = {}
    empty: list[bytes] = []
    strays: dict[bytes, str] = {}
    top = os.fsencode(root)
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(top + b"/" + folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        if not entries and folder:
            empty.append(folder)
        for entry in entries:
            path = folder + b"/" + entry.name if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                size = entry.stat(follow_symlinks=False).st_size
                files[path] = LocalFile(entry.path, size)
            else:
                strays[path] = "symlink" if entry.is_symlink() else "special"
    return Tree(files, empty, strays)


def subtree(tree: PackageTree, root: bytes) -> PackageTree:
    """The part of ``tree`` below the folder ``root``, with paths relative to it."""
    if not root:
        return tree
    prefix = root + b"/"
    cut = len(prefix)
    return Tree(
        {path[cut:]: file for path, file in tree.files.items() if path.startswith(prefix)},
        [path[cut:] for path in tree.empty_directories if path.startswith(prefix)],
        {path[cut:]: kind for path, kind in tree.strays.items() if path.startswith(prefix)},
    )


def bag_root(tree: PackageTree) -> bytes | None:
    """The folder that holds the bag: the tree's own root, or one folder in it; None: no bag.

    With several candidates the first in byte order; :func:`beside_bag` tells of the others.
    """
    if DECLARATION in tree.files:
        return b""
    suffix = b"/" + DECLARATION
    found = [path.removesuffix(suffix) for path in tree.files if path.endswith(suffix)]
    return min((root for root in found if b"/" not in root), default=None)


def beside_bag(tree: PackageTree, root: bytes) -> Finding | None:
    """What to say of things beside a bag's folder; None when it stands alone (RFC 8493 §4).

    What macOS and Windows leave behind on their own is a warning, anything else an error.
    """
    if not root:
        return None
    paths = (*tree.files, *tree.empty_directories, *tree.strays)
    names = {path.partition(b"/")[0] for path in paths} - {root}
    if not names:
        return None
    foreign = [name for name in names if name != _MAC_FOLDER and not is_litter(printable(name))]
    shown = ", ".join(printable(name) for name in sorted(names)[:_NAMES_SHOWN])
    severity = Severity.ERROR if foreign else Severity.WARNING
    return Finding("BAG-NOT-ALONE", severity, printable(root), {"names": shown})
