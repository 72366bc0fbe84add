"""The trust snapshots of the signature tests live as long as the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.signatures import close_trust


@pytest.fixture(scope="session", autouse=True)
def _trust_is_removed() -> Iterator[None]:
    yield
    close_trust()
