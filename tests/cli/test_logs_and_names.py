"""Logs and journals: a whole life at DEBUG of every logger, and no title, name or secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.command_line import Shell
from kit.s3_server import WRITER, S3Server, admin_client, secret_of
from kit.sftp_server import SftpServer
from kit.stores import put
from schemas.logs import without_names
from storage_backends.interface import BackendUnavailable
from storage_backends.memory import MemoryBackend
from storage_backends.retrying import Patience, RetryingBackend
from storage_backends.wrapping import WrappedBackend

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]

NAMES = ("Zebedeus", "Obadiah", "Nehemiah", "Khánh Huyền", "Kh%C3%A1nh")
FILES = {
    "Zebedeus.txt": "Họ và tên: Trần Khánh Huyền\n",
    "phu-luc/Obadiah.txt": "Nehemiah\n",
    "Đơn của Khánh Huyền.txt": "x",
}


class Records(logging.Handler):
    """Keeps every record as a file would have it, arguments and tracebacks too."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {self.format(record)} {record.args!r}")


@pytest.fixture
def everything() -> Iterator[list[str]]:
    """What an operator gets who asks the root logger for all there is, from DEBUG on.

    Not ``caplog``, which also listens to loggers that keep to themselves.
    """
    handler = Records()
    loggers: list[logging.Logger] = [logging.root]
    loggers += [
        each
        for each in logging.root.manager.loggerDict.values()
        if isinstance(each, logging.Logger)
    ]
    levels = [(each, each.level) for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    logging.root.addHandler(handler)
    yield handler.lines
    logging.root.removeHandler(handler)
    for each, level in levels:
        each.setLevel(level)


def telling(lines: list[str], words: list[str]) -> list[str]:
    return [line[:300] for line in lines if any(word in line for word in words)]


def with_two_servers(shell: Shell, s3: S3Server, sftp: SftpServer) -> None:
    for stated in (
        ("cloud", s3.new_url(), s3.options(client="fast")),
        ("far", sftp.new_url(), sftp.options()),
    ):
        name, url, options = stated
        told = ",".join(f"option.{key}={value}" for key, value in options.items())
        ran = shell("replica", "add", f"{name}={url},site={name},{told}")
        assert ran.code == 0, ran.err


def damage_on(shell: Shell, s3: S3Server) -> None:
    (victim,) = (shell.here / "a" / "ocfl").rglob("Obadiah.txt")
    victim.chmod(0o644)
    victim.write_text("other")
    client = admin_client(s3.endpoint, s3.credentials_file)
    url = next(r.url for r in shell.settings().repository.replicas if r.name == "cloud")
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    listed = client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/ocfl/")["Contents"]
    (key,) = [each["Key"] for each in listed if each["Key"].endswith("Zebedeus.txt")]
    client.put_object(Bucket=bucket, Key=key, Body=b"other")
    client.close()


def test_a_whole_life_leaves_no_name_and_no_secret_in_any_log(
    archive: Shell,
    s3_server: S3Server,
    sftp_server: SftpServer,
    everything: list[str],
) -> None:
    source = archive.here / "Hồ sơ Zebedeus"
    for name, text in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    assert archive("ingest", source, "--fonds", "TL05").code == 0
    with_two_servers(archive, s3_server, sftp_server)
    assert archive("replica", "fill").code == 0
    assert archive("audit", "--all").code == 0
    damage_on(archive, s3_server)
    assert archive("audit", "--all").code == 3
    assert archive("repair").code == 0
    assert archive("restore", "--all", "--from", "far", "--to", archive.here / "back").code == 0
    url = s3_server.new_url()
    wrong = ",".join(f"option.{k}={v}" for k, v in s3_server.options("mistyped").items())
    assert archive("replica", "add", f"no={url},site=x,{wrong}").code == 4
    wrong = f"option.host_key=ssh-ed25519 AAAA,option.key_file={sftp_server.key_file}"
    assert archive("replica", "add", f"no={sftp_server.new_url()},site=x,{wrong}").code == 4
    secrets = [
        part for who in (WRITER, "mistyped") for part in secret_of(s3_server.credentials_file, who)
    ]
    secrets += Path(sftp_server.key_file).read_text().splitlines()[1:-1]
    assert telling(everything, [*NAMES, *secrets]) == []
    kept = [path for path in archive.here.rglob("*") if path.is_file() and "kho" in path.parts]
    kept += [archive.here / "kho.toml", archive.here / "RECOVERY.txt"]
    everywhere = b"\n".join(path.read_bytes() for path in kept)
    assert [word for word in secrets if word.encode() in everywhere] == []


class Away(WrappedBackend):
    """Does not answer, and says where."""

    def stat(self, key: str):  # type: ignore[no-untyped-def]  # never returns
        raise BackendUnavailable(backend="x", key=key, reason=f"http://host/bucket/{key}")


def test_what_we_log_ourselves_is_there_and_names_no_file(
    everything: list[str],
) -> None:
    key = "ocfl/a/b/c/urn%3auuid%3a1/v1/content/representations/rep1/data/Obadiah.txt"
    store = RetryingBackend(Away(MemoryBackend("x")), patience=Patience(sleep=lambda _s: None))
    put(store.inner, key, b"x")
    with pytest.raises(BackendUnavailable):
        store.stat(key)
    text = "\n".join(everything)
    assert text.count("retry backend=x verb=stat") == 4
    assert "Obadiah" not in text
    assert without_names(key) in text
    assert without_names("ocfl/a/inventory.json") == "ocfl/a/inventory.json"
