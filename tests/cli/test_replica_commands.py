"""``kho replica``: what operators do with the backup repositories."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kho.cli.replica import Replicas
from kho.cli.replica_add import Added
from kho.cli.replica_fill import Filled
from kho.cli.replica_probe import Probed
from kit.command_line import Shell
from kit.s3_server import S3Server
from kit.sftp_server import SftpServer
from repository import joining
from repository.archive import Repository
from repository.replica import read_marker
from storage_backends.filesystem import FilesystemBackend


def listed(shell: Shell) -> Replicas:
    return msgspec.json.decode(shell("replica", "list", "--json").out, type=Replicas)


def test_the_list_says_where_replicas_are_and_what_they_hold(archive: Shell) -> None:
    ran = archive("replica", "list")
    assert ran.code == 0
    assert [line.split("\t")[::3] for line in ran.out.splitlines()[:2]] == [
        ["alpha", "complete: 2 dossiers"],
        ["beta", "complete: 2 dossiers"],
    ]
    assert listed(archive).shared_failure_domain


def test_a_replica_that_is_away_is_told_and_costs_four(archive: Shell) -> None:
    (archive.here / "b").rename(archive.here / "unmounted")
    ran = archive("replica", "list")
    assert ran.code == 4
    assert "cannot be reached" in ran.out
    ran = archive("replica", "probe", "beta")
    assert ran.code == 4


def test_a_probe_is_told_in_plain_words_and_kept_in_the_journal(archive: Shell) -> None:
    ran = archive("replica", "probe", "alpha")
    assert ran.code == 0, ran.err
    assert "yes  never overwrites what is there" in ran.out
    probed = msgspec.json.decode(archive("replica", "probe", "alpha", "--json").out, type=Probed)
    assert probed.usable
    journal = b"".join(p.read_bytes() for p in (archive.here / "b/kho/journal").glob("*/*"))
    assert journal.count(b"replica probe") == 2
    assert b'"creates-only":"holds"' in journal
    staging = archive.here / "a" / "kho" / "staging"
    assert not list(staging.glob("probe-*"))


def test_an_unknown_replica_is_not_probed(archive: Shell) -> None:
    assert archive("replica", "probe", "gamma").code == 2


def test_a_new_replica_is_added_filled_and_then_complete(archive: Shell) -> None:
    before = (archive.here / "kho.toml").read_text()
    ran = archive("replica", "add", "gamma=file:c,site=three,medium=tape", "--json")
    assert ran.code == 0, ran.err
    added = msgspec.json.decode(ran.out, type=Added)
    assert (added.missing, added.adopted) == (2, False)
    assert (archive.here / "kho.toml").read_text().startswith(before.rstrip())
    assert "gamma" in (archive.here / "c" / "kho" / "RECOVERY.txt").read_text()
    assert "gamma" in (archive.here / "a" / "kho" / "RECOVERY.txt").read_text()
    assert [row.lacking for row in listed(archive).replicas] == [0, 0, 2]
    ran = archive("replica", "fill", "--dry-run")
    assert "gamma lacks 2 dossiers" in ran.out
    filled = msgspec.json.decode(archive("replica", "fill", "--json").out, type=Filled)
    assert (filled.copied, filled.failures) == (2, ())
    assert [row.copies for row in listed(archive).replicas] == [2, 2, 2]
    assert archive("audit", "--all").code == 0


def test_settings_that_change_while_a_replica_is_added_stay_changed(
    archive: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = archive.here / "kho.toml"

    def join_slowly(*arguments: Any, **named: Any) -> Any:
        patched.undo()
        assert archive("replica", "add", "delta=file:d,site=four").code == 0
        settings.write_text(settings.read_text() + "# looked at by the operator\n")
        return joined(*arguments, **named)

    joined = joining.join
    with monkeypatch.context() as patched:
        patched.setattr(joining, "join", join_slowly)
        assert archive("replica", "add", "gamma=file:c,site=three").code == 0
    assert [row.name for row in listed(archive).replicas] == ["alpha", "beta", "delta", "gamma"]
    assert "# looked at by the operator" in settings.read_text()


def test_a_name_that_is_taken_is_refused(archive: Shell) -> None:
    before = (archive.here / "kho.toml").read_text()
    assert archive("replica", "add", "beta=file:c,site=x").code == 2
    assert archive("replica", "add", "gamma=file:c").code == 2
    assert (archive.here / "kho.toml").read_text() == before
    assert not (archive.here / "c").exists()


def test_a_copy_by_another_tool_is_adopted_after_every_byte_was_read(archive: Shell) -> None:
    shutil.copytree(archive.here / "a", archive.here / "c")
    ran = archive("replica", "add", "gamma=file:c,site=three", "--adopt", "--json")
    assert ran.code == 0, ran.err
    added = msgspec.json.decode(ran.out, type=Added)
    assert (added.verified, added.missing, added.adopted) == (2, 0, True)
    marker = read_marker(FilesystemBackend("gamma", archive.here / "c"))
    assert marker is not None
    assert (marker.name, marker.replica_id) == ("gamma", added.replica_id)
    assert [row.copies for row in listed(archive).replicas] == [2, 2, 2]
    assert archive("audit", "--all").code == 0


@pytest.mark.parametrize("where", ["a", "link"])
def test_a_replica_is_not_adopted_as_a_copy_of_itself(archive: Shell, where: str) -> None:
    (archive.here / "link").symlink_to("a", target_is_directory=True)
    before = {p: p.read_bytes() for p in (archive.here / "a").rglob("*") if p.is_file()}
    settings = (archive.here / "kho.toml").read_bytes()
    ran = archive("replica", "add", f"gamma=file:{where},site=three", "--adopt")
    assert ran.code == 2
    assert "that replica itself" in ran.err
    assert {p: p.read_bytes() for p in (archive.here / "a").rglob("*") if p.is_file()} == before
    assert (archive.here / "kho.toml").read_bytes() == settings
    assert archive("audit", "--all").code == 0


def test_a_copy_with_only_the_root_in_it_is_adopted(archive: Shell) -> None:
    for place in ("ocfl", "holding"):
        shutil.copytree(archive.here / "a" / place, archive.here / "c" / place)
    assert archive("replica", "add", "gamma=file:c,site=three", "--adopt").code == 0
    assert archive("audit", "--all").code == 0


def damage(folder: Path) -> None:
    victim = next(path for path in sorted(folder.rglob("*.txt")) if path.stat().st_size)
    victim.chmod(0o644)
    content = victim.read_bytes()
    victim.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@pytest.mark.parametrize("what", ["altered", "extra", "foreign"])
def test_a_copy_that_differs_is_not_adopted_and_stays_as_it_was(archive: Shell, what: str) -> None:
    shutil.copytree(archive.here / "a", archive.here / "c")
    if what == "altered":
        damage(archive.here / "c" / "ocfl")
    elif what == "extra":
        known = next((archive.here / "c" / "ocfl").rglob("0=ocfl_object_1.1")).parent
        shutil.copytree(known, archive.here / "c" / "ocfl" / "abc" / "def" / "012" / "stranger")
    else:
        marker = archive.here / "c" / "kho" / "replica.json"
        repository_id = archive.settings().repository.id
        text = marker.read_text().replace(repository_id, "0" * 8 + repository_id[8:])
        marker.write_text(text)
    before = (archive.here / "c" / "kho" / "replica.json").read_bytes()
    settings = (archive.here / "kho.toml").read_bytes()
    ran = archive("replica", "add", "gamma=file:c,site=three", "--adopt")
    assert ran.code in {3, 4}, ran.out
    assert (archive.here / "c" / "kho" / "replica.json").read_bytes() == before
    assert (archive.here / "kho.toml").read_bytes() == settings


def test_what_no_copy_can_prove_is_named_by_fill_and_costs_three(archive: Shell) -> None:
    for replica in ("a", "b"):
        damage(archive.here / replica / "ocfl")
    assert archive("replica", "add", "gamma=file:c,site=three").code == 0
    ran = archive("replica", "fill")
    assert ran.code == 3, ran.out
    assert "was not copied to gamma" in ran.out


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
def test_a_replica_on_s3_is_added_probed_and_filled(archive: Shell, s3_server: S3Server) -> None:
    options = ",".join(f"option.{name}={value}" for name, value in s3_server.options().items())
    stated = f"cloud={s3_server.new_url()},site=three,medium=object store,networked=true,{options}"
    ran = archive("replica", "add", stated)
    assert ran.code == 0, ran.err
    settings = archive.here / "kho.toml"
    written = settings.read_text()
    settings.write_text(written.replace('"writer"', '"reader"'))
    for command in ("fill", "probe"):
        ran = archive("replica", command, *(["cloud"] if command == "probe" else []))
        assert ran.code == 4, ran.out  # neither damage nor a store that can do too little
        assert "may not write" in ran.out + ran.err
        assert "NO   " not in ran.out
    assert archive("audit", "--all").code == 0
    settings.write_text(written)
    ran = archive("replica", "probe", "cloud")
    assert ran.code == 0, ran.out
    assert "NO   keeps old versions" in ran.out
    assert archive("replica", "fill").code == 0
    assert archive("audit", "--all").code == 0
    text = (archive.here / "kho.toml").read_text() + (archive.here / "RECOVERY.txt").read_text()
    for line in s3_server.credentials_file.read_text().splitlines():
        if "secret" in line:
            assert line.partition(" = ")[2] not in text


@pytest.mark.loopback
@pytest.mark.xdist_group("sftp")
def test_a_replica_on_sftp_is_added_and_filled(archive: Shell, sftp_server: SftpServer) -> None:
    options = ",".join(f"option.{name}={value}" for name, value in sftp_server.options().items())
    ran = archive("replica", "add", f"far={sftp_server.new_url()},site=three,{options}")
    assert ran.code == 0, ran.err
    assert archive("replica", "fill").code == 0
    assert archive("audit", "--all").code == 0
    with Repository.open(archive.settings().repository) as repository:
        assert repository.replica("far").backend.url.startswith("sftp://kho@127.0.0.1")


def test_the_files_of_a_replicas_options_are_seen_from_the_archives_folder(
    archive: Shell,
) -> None:
    settings = archive.here / "kho.toml"
    settings.write_text(
        settings.read_text()
        + '[[replica]]\nname = "far"\nurl = "sftp://kho@example.org/kho"\nsite = "x"\n'
        + '[replica.options]\nknown_hosts = "known"\nkey_file = "/etc/kho/key"\n'
        + 'passphrase_file = ""\n'
    )
    (_alpha, _beta, far) = archive.settings().repository.replicas
    assert far.options == {
        "known_hosts": str(archive.here / "known"),
        "key_file": "/etc/kho/key",
        "passphrase_file": "",
    }
