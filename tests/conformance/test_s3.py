"""The S3 store keeps the contract, against a real server."""

import pytest

from kit.s3_server import S3Server
from storage_backends.conformance import BEHAVIOURS, Behaviour

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_s3(behaviour: Behaviour, s3_server: S3Server) -> None:
    behaviour(s3_server.handles())
