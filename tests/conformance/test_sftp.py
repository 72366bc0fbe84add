"""The SFTP store keeps the contract, against a real server."""

import pytest

from kit.sftp_server import SftpServer
from storage_backends.conformance import BEHAVIOURS, Behaviour

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("sftp")]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_sftp(behaviour: Behaviour, sftp_server: SftpServer) -> None:
    behaviour(sftp_server.handles())
