"""Keys that something accounts for, in eight bytes each: a million files cost 8 MB."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class KeySet:
    """A set of keys by the interpreter's own keyed 64-bit hash of each; filled, then asked.

    The hash's key is new in every process, so nobody can make a stray key that collides with a
    known one; by accident it happens to one key in 10^13 of an archive of a million files.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._hashes = array("q", map(hash, keys))
        self._sorted = False

    def add(self, key: str) -> None:
        """``key`` is in the set."""
        self._hashes.append(hash(key))
        self._sorted = False

    def __contains__(self, key: object) -> bool:
        if not self._sorted:
            # Sorting needs a list; the array made of it is a quarter of its size.
            self._hashes = array("q", sorted(self._hashes))
            self._sorted = True
        wanted = hash(key)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted

    def __len__(self) -> int:
        return len(self._hashes)
