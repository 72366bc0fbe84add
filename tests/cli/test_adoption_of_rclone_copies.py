"""A replica that rclone copied elsewhere is adopted if every byte is right, and only then."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from kho.cli.replica import Replicas
from kho.cli.replica_add import Added
from kit.command_line import Shell
from kit.rclone import rclone, remote_path, s3_remote, sftp_remote
from kit.s3_server import S3Server
from kit.sftp_server import SftpServer

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]
CONTENT = "v1/content/representations/rep1/data/phu-luc/a.txt"


@pytest.fixture
def stated(
    request: pytest.FixtureRequest, archive: Shell, s3_server: S3Server, sftp_server: SftpServer
) -> str:
    """The place that rclone copied replica ``alpha`` to, as ``replica add`` takes it."""
    kind = request.param
    if kind == "folder":
        rclone("copy", archive.here / "a", archive.here / "c")
        return "gamma=file:c,site=three"
    server, servers = (
        (s3_server, s3_remote(s3_server))
        if kind == "s3"
        else (sftp_server, sftp_remote(sftp_server))
    )
    url = server.new_url()
    rclone("copy", archive.here / "a", remote_path(url), servers=servers)
    options = ",".join(f"option.{name}={value}" for name, value in server.options().items())
    return f"gamma={url},site=three,networked=true,{options}"


@pytest.mark.parametrize("stated", ["folder", "s3", "sftp"], indirect=True)
def test_what_rclone_copied_is_adopted_audited_and_given_back(
    archive: Shell, stated: str, tmp_path: Path
) -> None:
    ran = archive("replica", "add", stated, "--adopt", "--json")
    assert ran.code == 0, ran.err
    added = msgspec.json.decode(ran.out, type=Added)
    assert (added.verified, added.missing, added.adopted) == (2, 0, True)
    listed = msgspec.json.decode(archive("replica", "list", "--json").out, type=Replicas)
    assert [row.copies for row in listed.replicas] == [2, 2, 2]
    ran = archive("audit", "--all", "--replica", "gamma", "--json")
    assert ran.code == 0, ran.out
    assert json.loads(ran.out)["intact"] > 0
    ran = archive("restore", "--all", "--from", "gamma", "--to", tmp_path / "back")
    assert ran.code == 0, ran.err
    (given,) = (tmp_path / "back").rglob("a.txt")
    assert given.read_bytes() == b"phu luc a\n"


def spoilt(folder: Path, how: str) -> str:
    """One content file of the copy is spoilt; its key."""
    (victim,) = folder.rglob(f"*/{CONTENT}")
    victim.chmod(0o644)
    if how == "missing":
        victim.unlink()
    elif how == "longer":
        victim.write_bytes(victim.read_bytes() + b"x")
    else:
        content = victim.read_bytes()
        victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return str(victim.relative_to(folder))


@pytest.mark.parametrize("stated", ["folder"], indirect=True)
@pytest.mark.parametrize("how", ["flipped", "missing", "longer"])
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_a_copy_with_one_wrong_file_is_refused_and_the_file_is_named(
    archive: Shell, stated: str, how: str, lang: str
) -> None:
    key = spoilt(archive.here / "c", how)
    settings = (archive.here / "kho.toml").read_bytes()
    ran = archive("--lang", lang, "replica", "add", stated, "--adopt")
    assert ran.code == 3
    assert key in ran.err
    assert (archive.here / "kho.toml").read_bytes() == settings
    assert not (archive.here / "c" / "kho" / "RECOVERY.txt").read_text().count("gamma")
