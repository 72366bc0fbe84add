"""The permanent canaries: files in ``kho/canary/`` of every replica, planted when it was made.

Some of them are deliberately not what the list below says. An audit that does not report
exactly those has not looked (promise 6).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from repository.ocfl.claims import put_small
from schemas.nouns import Verdict
from storage_backends.interface import ObjectExists, StorageBackend

CANARY = "kho/canary/"


@dataclass(frozen=True, slots=True)
class PermanentCanary:
    """One file of the permanent set: what its list says, and what is really there."""

    name: str
    listed: bytes
    planted: bytes | None
    verdict: Verdict

    @property
    def key(self) -> str:
        """Where it lies on every replica."""
        return CANARY + self.name

    @property
    def listed_sha256(self) -> str:
        """The digest an audit is told to expect."""
        return hashlib.sha256(self.listed).hexdigest()


_SONG = b"canary " * 64

PERMANENT: tuple[PermanentCanary, ...] = (
    PermanentCanary("intact", _SONG, _SONG, Verdict.INTACT),
    PermanentCanary("flipped", _SONG, b"Canary " + _SONG[7:], Verdict.ALTERED),
    PermanentCanary("truncated", _SONG, _SONG[:-1], Verdict.ALTERED),
    PermanentCanary("emptied", _SONG, b"", Verdict.ALTERED),
    PermanentCanary("absent", _SONG, None, Verdict.ABSENT),
)


def plant_permanent(backend: StorageBackend) -> None:
    """The permanent set is on the store; create-only, so planting again changes nothing."""
    for canary in PERMANENT:
        if canary.planted is None:
            continue
        try:
            put_small(backend, canary.key, canary.planted)
        except ObjectExists:
            continue
    backend.settle(CANARY)
