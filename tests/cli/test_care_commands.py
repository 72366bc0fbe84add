"""``kho audit``, ``repair`` and ``restore`` on an archive on disk, damage and all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest

from kit.archives import FILES
from kit.command_line import Ran, Shell
from preservation.audit_result import AuditResult
from preservation.repair_result import RepairResult
from preservation.restore import RestorePreflight
from preservation.restore_proof import RestoredAip, RestoreProof


def audited(ran: Ran) -> AuditResult:
    return msgspec.json.decode(ran.out, type=AuditResult)


def content_of(archive: Shell, replica: str, ending: str) -> Path:
    """The one stored file of a replica whose path ends so."""
    (found,) = (archive.here / replica / "ocfl").rglob(f"*{ending}")
    return found


def flip(path: Path) -> bytes:
    """The file has one other byte; what it was is returned."""
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    return before


def test_an_audit_of_whole_copies_finds_its_canaries_and_nothing_else(archive: Shell) -> None:
    ran = archive("audit", "--all", "--json")
    result = audited(ran)
    assert ran.code == 0
    assert result.complete
    assert (result.damage, result.unexpected) == ((), 0)
    assert result.canaries.planted == result.canaries.found > 0
    assert result.files == result.due == result.intact > 0


def test_an_audit_names_what_was_damaged_and_repair_heals_it(archive: Shell) -> None:
    altered = content_of(archive, "a", "phu-luc/a.txt")
    whole = flip(altered)
    absent = content_of(archive, "b", "phu-luc/b.txt")
    absent.unlink()
    ran = archive("audit", "--all", "--json")
    assert ran.code == 3
    assert {(d.replica, d.verdict) for d in audited(ran).damage} == {
        ("alpha", "altered"),
        ("beta", "absent"),
    }
    dry = archive("repair", "--dry-run", "--json")
    assert dry.code == 3
    assert altered.read_bytes() != whole
    healed = msgspec.json.decode(archive("repair", "--json").out, type=RepairResult)
    assert (healed.healed, healed.not_healed) == (2, 0)
    assert altered.read_bytes() == whole
    assert absent.exists()
    assert archive("audit", "--all").code == 0
    assert "nothing to repair" in archive("repair").out


def test_a_folder_in_the_place_of_a_file_is_told_in_words(archive: Shell) -> None:
    path = content_of(archive, "a", "phu-luc/a.txt")
    path.unlink()
    path.mkdir()
    assert archive("audit", "--all").code == 3
    ran = archive("repair")
    assert ran.code == 3
    assert "NOT HEALED" in ran.out
    assert "STORAGE-" not in ran.out
    assert "folder" in ran.out
    assert "STORAGE-" not in archive("--lang", "vi", "repair").out


def test_strangers_alone_are_not_for_repair(archive: Shell) -> None:
    stranger = content_of(archive, "a", "phu-luc/a.txt").with_name("la.txt")
    stranger.write_bytes(b"?")
    ran = archive("audit", "--all")
    assert ran.code == 3
    assert "NOT AS IT SHOULD BE" in ran.out
    assert "Next: kho repair" not in ran.out


def test_repair_says_where_damaged_bytes_are_kept_and_that_there_were_none(
    archive: Shell,
) -> None:
    flip(content_of(archive, "a", "phu-luc/a.txt"))
    content_of(archive, "b", "phu-luc/b.txt").unlink()
    archive("audit", "--all")
    altered, absent = [
        line for line in archive("repair").out.splitlines() if line.startswith("HEALED ")
    ]
    assert "damaged bytes kept in kho/set-aside/" in altered
    assert absent.endswith("from alpha; it was not there")


def test_an_audit_says_in_words_what_it_found(archive: Shell) -> None:
    flip(content_of(archive, "a", "phu-luc/a.txt"))
    ran = archive("audit", "--all")
    assert ran.code == 3
    assert any(
        line.startswith("ALTERED") and "alpha" in line and "phu-luc/a.txt" in line
        for line in ran.out.splitlines()
    )
    assert "kho repair" in ran.out
    *lines, last = archive("audit", "--all", "--jsonl").out.splitlines()
    assert [msgspec.json.decode(line)["verdict"] for line in lines] == ["altered"]
    assert msgspec.json.decode(last, type=AuditResult).altered == 1


def test_what_every_copy_has_lost_is_said_so(archive: Shell) -> None:
    for replica in ("a", "b"):
        flip(content_of(archive, replica, "phu-luc/a.txt"))
    archive("audit", "--all")
    ran = archive("repair")
    assert ran.code == 3
    assert "no reachable replica has it intact" in ran.out


@pytest.mark.parametrize(
    "asked",
    [
        ("--aip", "zzzz"),
        ("--replica", "gamma"),
        ("--fonds", "TL99"),
        ("--fonds", "TL99", "--formats"),
        ("--fonds", "TL99", "--signatures"),
    ],
)
def test_an_audit_of_what_is_not_there_is_a_mistake_in_the_command(
    archive: Shell, asked: tuple[str, ...]
) -> None:
    ran = archive("audit", *asked)
    assert ran.code == 2
    assert asked[1] in ran.err


def tree_of(folder: Path) -> dict[bytes, bytes]:
    """Every file of a folder by its path in it."""
    return {
        bytes(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_submission_comes_back_from_a_url_without_settings_or_catalogue(
    archive: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive.here / "kho.toml").unlink()
    (archive.here / "catalogue.sqlite").unlink()
    flip(content_of(archive, "a", "phu-luc/a.txt"))
    elsewhere = Shell(tmp_path / "empty", capsys, {})
    elsewhere.here.mkdir()
    url = (archive.here / "b").as_uri()
    asked = ("--from", url, "--fonds", "TL05", "--as", "submission")
    ran = elsewhere("restore", *asked, "--to", "back", "--json")
    proof = msgspec.json.decode(ran.out, type=RestoreProof)
    assert ran.code == 0
    assert proof.complete
    (aip,) = proof.aips
    assert tree_of(elsewhere.here / "back" / aip.aip_id) == FILES
    page = (elsewhere.here / "back" / "kho-restore-proof.html").read_text(encoding="utf-8")
    assert proof.lines_sha256 in page
    assert aip.aip_id in page
    refused = elsewhere("restore", "--from", url, "--aip", aip.aip_id[:8], "--to", "more")
    assert refused.code == 2
    assert "whole id" in refused.err


def test_a_restore_of_one_copy_with_damage_is_incomplete_and_of_the_union_complete(
    archive: Shell,
) -> None:
    flip(content_of(archive, "a", "phu-luc/a.txt"))
    ran = archive("restore", "--all", "--from", "alpha", "--to", "one")
    assert ran.code == 3
    assert "INCOMPLETE" in ran.out
    assert "phu-luc/a.txt" in ran.out
    ran = archive("restore", "--all", "--union", "--to", "two")
    assert (ran.code, ran.out.splitlines()[-1][:8]) == (0, "COMPLETE")
    again = archive("restore", "--all", "--to", "two", "--jsonl")
    *aips, last = again.out.splitlines()
    assert [msgspec.json.decode(line, type=RestoredAip).failed for line in aips] == [0]
    assert msgspec.json.decode(last, type=RestoreProof).complete


def test_a_dry_run_says_what_a_restore_takes_and_writes_nothing(archive: Shell) -> None:
    ran = archive("restore", "--all", "--to", "back", "--dry-run", "--json")
    taking = msgspec.json.decode(ran.out, type=RestorePreflight)
    assert (ran.code, taking.aips, taking.enough_space) == (0, 1, True)
    assert taking.bytes == sum(map(len, FILES.values()))
    assert "Nothing was written" in archive("restore", "--all", "--to", "back", "--dry-run").out
    assert not (archive.here / "back").exists()


def test_a_restore_onto_a_full_disk_names_the_file_that_did_not_fit(
    archive: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.endswith(".kho-partial"):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    ran = archive("restore", "--all", "--to", "back")
    assert ran.code == 1
    assert str(archive.here / "back") in ran.err


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--all", "--fonds", "TL05"),
        ("--all", "--from", "alpha", "--union"),
        ("--all", "--from", "gamma"),
    ],
)
def test_a_restore_that_does_not_say_what_or_from_where_does_nothing(
    archive: Shell, asked: tuple[str, ...]
) -> None:
    ran = archive("restore", *asked, "--to", "back")
    assert ran.code == 2
    assert "Nothing was done" in ran.err
    assert not (archive.here / "back").exists()


def test_replicas_of_two_archives_are_not_mixed(
    archive: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Shell(tmp_path / "other", capsys, {})
    other.here.mkdir()
    assert other("init", ".", "--replica", "x=file:x,site=s", "--min-copies", "1").code == 0
    sources = ("--from", archive.here / "a", "--from", other.here / "x")
    ran = archive("restore", "--all", *sources, "--to", "back")
    assert ran.code == 2
    assert "different archives" in ran.err
