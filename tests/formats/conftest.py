"""One loaded engine and one loaded fido for all tests of this folder."""

from __future__ import annotations

import pytest

from preservation.formats.engine import Identifier
from preservation.formats.fido_adapter import FidoAdapter
from preservation.formats.signature_set import SignatureSet


@pytest.fixture(scope="session")
def engine() -> Identifier:
    return Identifier(SignatureSet.load_default())


@pytest.fixture(scope="session")
def stock() -> FidoAdapter:
    return FidoAdapter()
