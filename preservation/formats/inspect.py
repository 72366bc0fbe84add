"""Identifies files where they lie: folders, any bytes in the names, nothing written.

No file ends a walk. What cannot be opened, is no ordinary file, or changes while it is read
is a result with a warning like any other.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from preservation.formats.engine import Identifier
from schemas.digests import HEAD_TAIL_BYTES
from schemas.names import printable
from schemas.nouns import FormatResult

UNREADABLE = "FORMAT-UNREADABLE"
NOT_A_FILE = "FORMAT-NOT-A-FILE"
CHANGED = "FORMAT-FILE-CHANGED"


@dataclass(frozen=True, slots=True)
class Inspection:
    """One file that was looked at. ``raw_path`` is the path as the system knows it."""

    raw_path: bytes
    size_bytes: int
    result: FormatResult

    def as_json(self) -> dict[str, object]:
        """What ``kho inspect formats`` prints; bytes that are no text become ``%XX``."""
        return {
            "path": printable(self.raw_path),
            "puids": list(self.result.puids),
            "method": self.result.method,
            "warnings": list(self.result.warnings),
        }


def inspect_paths(
    paths: Iterable[str | bytes | os.PathLike[str]], identifier: Identifier
) -> Iterator[Inspection]:
    """Every file of ``paths``, folders walked in the order of their names.

    Links are followed where they are named, never where they are met.
    """
    for path in paths:
        raw = os.fsencode(path)
        if _is_folder(raw):
            yield from _walk(raw, identifier)
        else:
            yield inspect_file(raw, identifier)


def inspect_file(path: bytes, identifier: Identifier) -> Inspection:
    """What the file at ``path`` is, read at its two ends and where a container needs it."""
    place = Path(os.fsdecode(path))
    try:
        # Asked before opening: opening a pipe waits, opening a tape rewinds it.
        if not stat.S_ISREG(place.stat().st_mode):
            return _unknown(path, identifier, NOT_A_FILE)
        with place.open("rb", buffering=0) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            head, tail = _ends(file.fileno(), size_bytes)
    except (OSError, ValueError):
        return _unknown(path, identifier, UNREADABLE)

    def again() -> BinaryIO:
        return place.open("rb")

    known = min(size_bytes, HEAD_TAIL_BYTES)
    result = identifier.identify(
        name=place.name,
        size_bytes=size_bytes if len(tail) == known else len(head),
        head=head,
        tail=tail if len(tail) == known else head,
        open_file=again,
    )
    if len(head) != known or len(tail) != known:
        result = replace(result, warnings=(*result.warnings, CHANGED))
    return Inspection(path, size_bytes, result)


def _ends(descriptor: int, size_bytes: int) -> tuple[bytes, bytes]:
    head = os.pread(descriptor, HEAD_TAIL_BYTES, 0)
    if size_bytes <= HEAD_TAIL_BYTES:
        return head, head
    return head, os.pread(descriptor, HEAD_TAIL_BYTES, size_bytes - HEAD_TAIL_BYTES)


def _walk(folder: bytes, identifier: Identifier) -> Iterator[Inspection]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        yield _unknown(folder, identifier, UNREADABLE)
        return
    for entry in entries:
        if entry.is_symlink():
            yield _unknown(entry.path, identifier, NOT_A_FILE)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, identifier)
        else:
            yield inspect_file(entry.path, identifier)


def _is_folder(path: bytes) -> bool:
    try:
        return Path(os.fsdecode(path)).is_dir()
    except (OSError, ValueError):
        return False


def _unknown(path: bytes, identifier: Identifier, warning: str) -> Inspection:
    nothing = FormatResult(
        (), "none", warnings=(warning,), signature_set=identifier.signature_set.id
    )
    return Inspection(path, 0, nothing)
