"""Processes that die: one fuse for all stores of an archive."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from storage_backends.faulty import Call, FaultyBackend, SimulatedCrash
from storage_backends.interface import StorageBackend


class Fuse:
    """Counts calls over several stores and ends the process at the Nth; then all are dead."""

    def __init__(self, crash_at: int = 0) -> None:
        self.calls = 0
        self.blown = False
        self._crash_at = crash_at
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> None:
        with self._lock:
            self.calls += 1
            if self.calls == self._crash_at:
                self.blown = True
        if self.blown:
            raise SimulatedCrash(call)


def fused(stores: Mapping[str, StorageBackend], fuse: Fuse) -> dict[str, StorageBackend]:
    """The stores behind one fuse, as one process sees them."""
    return {name: FaultyBackend(store, before=fuse) for name, store in stores.items()}
