"""Which folders of a local store were found to be there, so that nobody looks again each time."""

from __future__ import annotations

from storage_backends.settling import parent_of

_LIMIT = 10_000


class SeenFolders:
    """Folders that were found to be folders since the store was opened, so that the way to a
    new file is not gone from the root each time. One that is not seen costs a call."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def unseen(self, folder: str) -> list[str]:
        """What of the way to ``folder`` has yet to be looked at, outermost first."""
        found = []
        while folder and folder not in self._seen:
            found.append(folder)
            folder = parent_of(folder)
        return found[::-1]

    def add(self, folder: str) -> None:
        """``folder`` is one, and so is all of the way to it."""
        if len(self._seen) >= _LIMIT:
            self.none()
        self._seen[folder] = None

    def none(self) -> None:
        """Nothing is taken for granted any more."""
        self._seen = {}
