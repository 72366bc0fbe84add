"""The backend contract as behaviours that any store can be held against. Needs no pytest.

    from storage_backends.conformance import BEHAVIOURS

    for behaviour in BEHAVIOURS:
        behaviour(make)

``make()`` opens one more handle on one store, which is empty at the first call; each behaviour
wants a store of its own. A behaviour that does not hold raises AssertionError and says what it
saw. Two handles stand for two processes: they share the store and no memory.
"""

from __future__ import annotations

from storage_backends.conformance.kit import Behaviour, Make
from storage_backends.conformance.mending import MENDING
from storage_backends.conformance.naming import NAMING
from storage_backends.conformance.racing import RACING
from storage_backends.conformance.reading import READING
from storage_backends.conformance.writing import WRITING

BEHAVIOURS: tuple[Behaviour, ...] = (*WRITING, *READING, *NAMING, *MENDING, *RACING)

__all__ = ["BEHAVIOURS", "Behaviour", "Make"]
