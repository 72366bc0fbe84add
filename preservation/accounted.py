"""Keys that something accounts for, in eight bytes each: a million files cost 8 MB."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

_PARTS = 64
"""Sorted one after the other: a list of all hashes would cost five times what is kept."""


class KeySet:
    """A set of keys by the interpreter's own keyed 64-bit hash of each; made, then asked.

    The hash's key is new in every process, so nobody can make a stray key that collides with a
    known one; by accident it happens to one key in 10^13 of an archive of a million files.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._parts = [array("q") for _part in range(_PARTS)]
        for key in keys:
            hashed = hash(key)
            self._parts[hashed % _PARTS].append(hashed)
        for number, part in enumerate(self._parts):
            self._parts[number] = array("q", sorted(part))

    def __contains__(self, key: object) -> bool:
        wanted = hash(key)
        part = self._parts[wanted % _PARTS]
        at = bisect_left(part, wanted)
        return at < len(part) and part[at] == wanted

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    @property
    def size_bytes(self) -> int:
        """What the hashes take."""
        return sum(part.itemsize * len(part) for part in self._parts)
