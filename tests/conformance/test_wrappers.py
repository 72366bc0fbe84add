"""Every wrapper keeps the contract of the store inside, while nothing goes wrong."""

from collections.abc import Callable

import pytest

from kit.stores import quick_disk
from storage_backends.conformance import BEHAVIOURS, Behaviour
from storage_backends.faulty import FaultyBackend
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend
from storage_backends.retrying import RetryingBackend
from storage_backends.throttled import Pace, ThrottledBackend

WRAPPERS: dict[str, Callable[[StorageBackend], StorageBackend]] = {
    "faulty": FaultyBackend,
    "retrying": RetryingBackend,
    "throttled": lambda inner: ThrottledBackend(inner, Pace(1, sleep=lambda _s: None)),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_around_memory(wrapper: str, behaviour: Behaviour) -> None:
    store = MemoryBackend("memory")
    behaviour(lambda: WRAPPERS[wrapper](store))


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_around_a_folder(wrapper: str, behaviour: Behaviour) -> None:
    with quick_disk() as disk:
        FilesystemBackend.create("disk", disk)
        behaviour(lambda: WRAPPERS[wrapper](FilesystemBackend("disk", disk)))
