"""Progress: how work in hand tells whoever waits for it; knows nothing of terminals."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of phases and of what was done in them; may be called from several threads.

    Totals are None when they are not known beforehand. ``name`` is a text code
    (``PROGRESS-READ``), so that the phase is named in the reader's language; ``replica`` fills
    it where a phase belongs to one replica.
    """

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        """A new phase begins; the one before it is over."""

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """So many more files and bytes of the present phase are done."""


class NoProgress:
    """Tells nobody."""

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        """Nobody is waiting."""

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """Nobody is waiting."""
