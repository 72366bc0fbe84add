"""Servers that the conformance tests share: started once, when a test first needs one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.s3_server import S3Server, running_s3
from kit.sftp_server import SftpServer, running_sftp


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server for this worker."""
    with running_s3() as server:
        yield server


@pytest.fixture(scope="session")
def sftp_server() -> Iterator[SftpServer]:
    """A real SFTP server for this worker."""
    with running_sftp() as server:
        yield server
