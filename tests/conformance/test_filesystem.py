"""The filesystem store keeps the contract; every handle is opened anew, like a process."""

from pathlib import Path

import pytest

from storage_backends.conformance import BEHAVIOURS, Behaviour
from storage_backends.filesystem import FilesystemBackend


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_filesystem(behaviour: Behaviour, tmp_path: Path) -> None:
    FilesystemBackend.create("disk", tmp_path / "replica")
    behaviour(lambda: FilesystemBackend("disk", tmp_path / "replica"))
