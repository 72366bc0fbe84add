"""Listing a folder of a local store: every file, and every stray that is not a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from storage_backends.interface import ObjectInfo
from storage_backends.system import SystemCalls


def walk(
    system: SystemCalls, root: str, prefix: str, *, sizes: bool = True
) -> Iterator[ObjectInfo]:
    """Each entry below ``root``/``prefix`` once, in no promised order, following no link.

    Without ``sizes`` no file is asked for its own, and each is said to have none.

    Empty folders are listed as ``directory``, so that an auditor sees them; a folder with
    anything in it is seen through that. Raises OSError for a folder that cannot be read.
    """
    waiting = [prefix]
    while waiting:
        folder = waiting.pop()
        try:
            entries = system.scandir(f"{root}/{folder}")
        except FileNotFoundError:
            continue  # swept or moved aside while we looked
        if not entries and folder != prefix:
            yield ObjectInfo(folder[:-1], 0, "directory")
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{folder}{entry.name}/")
            elif not sizes and entry.is_file(follow_symlinks=False):
                yield ObjectInfo(f"{folder}{entry.name}", 0)
            elif (info := _described(entry, f"{folder}{entry.name}")) is not None:
                yield info


def folders_below(system: SystemCalls, root: str, folder: str) -> Iterator[str]:
    """``folder`` and every folder below it, without final slashes; nothing if it is absent."""
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = system.scandir(f"{root}/{current}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield current
        inside = f"{current}/" if current else ""
        waiting.extend(f"{inside}{e.name}" for e in entries if e.is_dir(follow_symlinks=False))


def kind_of(mode: int) -> str:
    """``file``, ``directory``, ``link`` or ``special``."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "directory" if stat.S_ISDIR(mode) else "special"


def _described(entry: os.DirEntry[str], key: str) -> ObjectInfo | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return ObjectInfo(key, status.st_size, kind_of(status.st_mode))
