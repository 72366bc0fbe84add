"""The memory store keeps the contract."""

import pytest

from storage_backends.conformance import BEHAVIOURS, Behaviour
from storage_backends.memory import MemoryBackend


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_memory(behaviour: Behaviour) -> None:
    store = MemoryBackend("memory")
    behaviour(lambda: store)
