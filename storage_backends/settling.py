"""Which folders hold names that a power cut could still lose.

A folder is named like a key prefix without its final slash; the store's root is ``""``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

_KNOWN_LIMIT = 50_000


class Unsettled:
    """Remembers, for one opened store, where names were made since the last settle.

    What another, dead process left unsettled cannot be remembered: a folder that is not
    *known* (made or settled by us) has to be walked once. Forgetting a known folder costs a
    walk, never a promise, so the memory is bounded.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._touched: set[str] = set()
        self._known: dict[str, None] = {}
        self._inside: dict[str, set[str]] = {}
        """The folders on the way from the root to what is known, by the folder they are in."""
        self._doubtful: set[str] = set()

    def touch(self, folder: str) -> None:
        """A name in ``folder`` was made, and nothing has made it durable yet."""
        with self._lock:
            self._touched.add(folder)

    def touch_way_to(self, key: str) -> None:
        """Every folder on the way to ``key`` may hold a name that its maker never settled."""
        with self._lock:
            self._touched.update(ways(parent_of(key)))

    def made(self, folder: str) -> None:
        """``folder`` is ours from its first name on; its parent holds a new name."""
        with self._lock:
            self._touched.add(parent_of(folder))
            self._know(folder)

    def knows(self, folder: str) -> bool:
        """Whether nothing unknown to us can be unsettled below ``folder``."""
        with self._lock:
            return any(way in self._known for way in ways(folder))

    def take_due(self, folder: str, *, below: bool) -> set[str]:
        """The touched folders from ``folder`` upwards, which the caller now makes durable.

        With ``below`` those inside ``folder`` too.
        """
        above = set(ways(folder))
        inside = f"{folder}/" if folder else ""
        with self._lock:
            due = {f for f in self._touched if f in above or (below and f.startswith(inside))}
            self._touched -= due
            return due

    def settled(self, folder: str) -> None:
        """Everything that was made below ``folder`` is durable."""
        with self._lock:
            self._unlearn_below(folder)
            self._know(folder)

    def failed(self, folders: set[str], *, lost: bool) -> None:
        """These are still not durable; ``lost`` when the medium failed under them.

        After a failed fsync the kernel forgets what it could not write, and the next fsync
        succeeds over nothing. A lost folder stays doubtful until the store is opened anew.
        """
        with self._lock:
            self._touched |= folders
            if lost:
                self._doubtful |= folders

    def any_doubtful(self, folders: set[str]) -> bool:
        """Whether one of ``folders`` was lost since this store was opened."""
        with self._lock:
            return not self._doubtful.isdisjoint(folders)

    def _know(self, folder: str) -> None:
        self._known[folder] = None
        while folder:
            parent = parent_of(folder)
            siblings = self._inside.setdefault(parent, set())
            if folder in siblings:
                break
            siblings.add(folder)
            folder = parent
        if len(self._known) > _KNOWN_LIMIT:
            self._unlearn(next(iter(self._known)))

    def _unlearn_below(self, folder: str) -> None:
        """Costs what is forgotten, not what is known: an archive settles for every dossier."""
        for inner in self._inside.pop(folder, ()):
            self._unlearn_below(inner)
            self._known.pop(inner, None)

    def _unlearn(self, folder: str) -> None:
        """``folder`` is not known, and nothing leads to it any more but to what is below it."""
        del self._known[folder]
        while folder and folder not in self._inside and folder not in self._known:
            parent = parent_of(folder)
            self._inside[parent].discard(folder)
            if not self._inside[parent]:
                del self._inside[parent]
            folder = parent


def parent_of(path: str) -> str:
    """The folder that holds ``path``'s name."""
    return path.rpartition("/")[0]


def ways(folder: str) -> Iterator[str]:
    """``folder`` and every folder above it, up to the root."""
    while folder:
        yield folder
        folder = parent_of(folder)
    yield ""
