"""Servers that the tests of one worker share: started once, when a test first needs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kit.s3_server import S3Server
    from kit.sftp_server import SftpServer


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server; tests that use it are in the load group ``s3``."""
    from kit.s3_server import running_s3

    with running_s3() as server:
        yield server


@pytest.fixture(scope="session")
def sftp_server() -> Iterator[SftpServer]:
    """A real SFTP server; tests that use it are in the load group ``sftp``."""
    from kit.sftp_server import running_sftp

    with running_sftp() as server:
        yield server
