"""Whatever is wrong with a replica's settings: a message of its own, and never damage."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from kho.cli import edge
from kho.cli.session import Session
from kit.command_line import Shell
from kit.s3_server import BUCKET, S3Server
from kit.s3_stub import refusal, stub
from kit.sftp_server import SftpServer
from schemas.text import Language, catalogue

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]


def session_in(folder: Path) -> Session:
    """What a new process would have."""
    return Session(environment={"LANG": "en"}, here=folder)


@pytest.fixture(scope="module")
def remote(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    s3_server: S3Server,
    sftp_server: SftpServer,
) -> Path:
    """An archive whose dossiers are also on S3 and SFTP."""
    folder = tmp_path_factory.mktemp("remote")
    shutil.copytree(template, folder, dirs_exist_ok=True)
    for name, server in (("cloud", s3_server), ("far", sftp_server)):
        told = ",".join(f"option.{key}={value}" for key, value in server.options().items())
        stated = f"{name}={server.new_url()},site={name},{told},option.attempts=1"
        assert edge.run(["replica", "add", stated], session_in(folder)) == 0
    assert edge.run(["replica", "fill"], session_in(folder)) == 0
    return folder


@pytest.fixture
def shell(remote: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A shell there; the settings are afterwards what they were."""
    before = (remote / "kho.toml").read_text()
    yield Shell(remote, capsys, {"LANG": "en"})
    (remote / "kho.toml").write_text(before)


def option(settings: str, name: str, value: str) -> str:
    """The settings with another value for an option that stands once in them."""
    lines = settings.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith(f"{name} = ")]
    lines[at] = f"{name} = {value}"
    return "\n".join(lines) + "\n"


def more(settings: str, name: str, line: str) -> str:
    """The settings with one more option beside the one named."""
    start, found, rest = settings.partition(f"\n{name} = ")
    assert found
    return f"{start}\n{line}{found}{rest}"


def wrong(kind: str, settings: str, shell: Shell, s3: S3Server) -> str:
    """kho.toml with one thing wrong in it."""
    if kind in {"unknown key", "wrong secret"}:
        profile = {"unknown key": "stranger", "wrong secret": "mistyped"}[kind]
        return option(settings, "profile", f'"{profile}"')
    if kind == "no credential":
        return option(settings, "profile", '"nobody"')
    if kind == "wrong bucket":
        return settings.replace(f"s3://{BUCKET}/", "s3://no-such-bucket/")
    if kind == "wrong prefix":
        return settings.replace(f"s3://{BUCKET}/t-", f"s3://{BUCKET}/u-")
    if kind == "not versioned":
        return more(settings, "endpoint", "versioned = true")
    if kind == "no lock":
        return more(settings, "endpoint", 'lock = "compliance"\nlock_days = 30')
    if kind == "nobody there":
        return option(settings, "endpoint", '"http://127.0.0.1:9"')
    if kind == "host key changed":
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        return option(settings, "host_key", f'"{" ".join(key.split()[:2])}"')
    if kind == "host key unknown":
        (shell.here / "known_hosts").write_text("")
        start, _, rest = settings.partition("\nhost_key = ")
        return f'{start}\nknown_hosts = "{shell.here}/known_hosts"\n{rest.partition(chr(10))[2]}'
    if kind == "another's login":
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(shell.here / "other")
        return option(settings, "key_file", f'"{shell.here}/other"')
    if kind == "no key file":
        return option(settings, "key_file", f'"{shell.here}/absent"')
    assert kind == "folder missing"
    return settings.replace("/data/", "/data/not-mounted/")


CODES = {
    "unknown key": "S3-CREDENTIAL-UNKNOWN",
    "wrong secret": "S3-CREDENTIAL-WRONG",
    "no credential": "S3-CREDENTIAL-MISSING",
    "wrong bucket": "S3-NO-BUCKET",
    "wrong prefix": "REPLICA-EMPTY",
    "not versioned": "S3-NOT-VERSIONED",
    "no lock": "S3-NOT-VERSIONED",
    "nobody there": "STORAGE-UNAVAILABLE",
    "host key changed": "SFTP-HOST-KEY-CHANGED",
    "host key unknown": "SFTP-HOST-KEY-UNKNOWN",
    "another's login": "SFTP-LOGIN-REFUSED",
    "no key file": "SFTP-KEY",
    "folder missing": "SFTP-FOLDER-MISSING",
}


def check_no_damage(shell: Shell, code: str) -> None:
    """An audit says that it did not look, and why; nothing is absent, nothing to be repaired."""
    ran = shell("audit", "--all", "--json")
    assert ran.code in {2, 4, 5}, (ran.out, ran.err)
    if ran.out:
        result = json.loads(ran.out)
        assert (result["damage"], result["absent"], result["altered"]) == ([], 0, 0)
        assert result["not_looked_at"] > 0
    assert start_of(code, "en") in ran.err, ran.err
    ran = shell("--lang", "vi", "repair")
    assert ran.code in {0, 2, 4}, (ran.out, ran.err)
    assert start_of(code, "vi") in ran.err, ran.err


def start_of(code: str, lang: Language) -> str:
    """The longest piece of the code's text that has no field in it."""
    return max(re.split(r"\{\w+\}", catalogue(lang)[code]), key=len)


@pytest.mark.parametrize("kind", list(CODES))
def test_a_wrong_setting_is_told_in_words_of_its_own_and_never_as_damage(
    shell: Shell, s3_server: S3Server, kind: str
) -> None:
    settings = (shell.here / "kho.toml").read_text()
    (shell.here / "kho.toml").write_text(wrong(kind, settings, shell, s3_server))
    check_no_damage(shell, CODES[kind])


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "RequestTimeTooSkewed", "S3-CLOCK"),
        (400, "ExpiredToken", "S3-CREDENTIAL-EXPIRED"),
        (507, "XMinioStorageFull", "STORAGE-FULL"),
    ],
)
def test_what_a_server_says_of_clocks_and_credentials_is_never_damage(
    shell: Shell, status: int, code: str, told: str
) -> None:
    settings = (shell.here / "kho.toml").read_text()
    with stub(lambda _verb, _path: refusal(status, code)) as endpoint:
        (shell.here / "kho.toml").write_text(option(settings, "endpoint", f'"{endpoint}"'))
        check_no_damage(shell, told)


def test_with_the_right_settings_again_everything_is_intact(shell: Shell) -> None:
    ran = shell("audit", "--all", "--json")
    assert ran.code == 0, ran.out
    assert json.loads(ran.out)["not_looked_at"] == 0


@pytest.mark.parametrize(
    "line", ['secret_key = "Abracadabra"', 'aws_secret_access_key = "Abracadabra"']
)
def test_a_secret_in_the_settings_is_refused_and_not_repeated(shell: Shell, line: str) -> None:
    settings = (shell.here / "kho.toml").read_text()
    (shell.here / "kho.toml").write_text(more(settings, "endpoint", line))
    ran = shell("replica", "list")
    assert ran.code == 2, ran.out
    assert start_of("STORAGE-SECRET-IN-SETTINGS", "en") in ran.err
    assert "Abracadabra" not in ran.out + ran.err
