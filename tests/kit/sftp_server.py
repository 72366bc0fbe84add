"""A real SFTP server for the run: asyncssh in a child process, on the loopback interface only."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from storage_backends.sftp import SftpStore
from storage_backends.sftp.connection import Connections
from storage_backends.sftp.options import read_options, read_target

USER = "kho"


@dataclass(frozen=True)
class SftpServer:
    """A running server that serves the file system as the user who runs the tests."""

    port: int
    folder: Path
    host_key: str
    key_file: Path

    def options(self, **more: str | int | bool) -> dict[str, str | int | bool]:
        """Options of a replica on this server, as kho.toml would state them."""
        return {"host_key": self.host_key, "key_file": str(self.key_file), **more}

    def new_url(self) -> str:
        """A folder that no other test uses; it is there."""
        folder = self.folder / "data" / uuid4().hex
        folder.mkdir(parents=True)
        return f"sftp://{USER}@127.0.0.1:{self.port}{folder}"

    def handles(self) -> Callable[[], SftpStore]:
        """Makes handles on one new place. They share connections, which are dear to make, and
        nothing that a store remembers."""
        target = read_target("sftp", self.new_url())
        connections = Connections("sftp", target, read_options("sftp", self.options()))
        return lambda: SftpStore("sftp", target, connections)


@contextmanager
def running_sftp() -> Iterator[SftpServer]:
    """A server that answers; gone afterwards, with all its data."""
    asyncssh = pytest.importorskip("asyncssh", reason="asyncssh is not installed")
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="kho-sftp-", dir=place))
    for name in ("host", "client"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        key.write_public_key(folder / f"{name}.pub")
    process = subprocess.Popen(
        [sys.executable, "-I", __file__, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        yield SftpServer(port, folder, host_key, folder / "client")
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def serve(folder: Path) -> None:
    """Serves until killed; prints the port once it listens."""
    import asyncio

    import asyncssh

    async def run() -> None:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(folder / "host")],
            authorized_client_keys=str(folder / "client.pub"),
            sftp_factory=True,
        )
        print(server.get_port(), flush=True)  # noqa: T201  # the parent waits for it
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
