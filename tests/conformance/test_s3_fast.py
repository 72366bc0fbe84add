"""The fast S3 client keeps the contract, against a real server."""

import pytest

pytest.importorskip("obstore", reason="obstore (extra fast) is not installed")

from kit.s3_server import S3Server
from storage_backends.conformance import BEHAVIOURS, Behaviour
from storage_backends.s3_fast import FastS3Store

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_s3_fast(behaviour: Behaviour, s3_server: S3Server) -> None:
    behaviour(s3_server.handles(FastS3Store))
