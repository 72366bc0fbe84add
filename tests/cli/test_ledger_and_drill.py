"""``kho ledger`` and ``kho drill`` as a person meets them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from kit.command_line import Shell
from preservation.drill_result import DrillResult


def one_content_file(archive: Shell, replica: str, ending: str) -> Path:
    (found,) = (archive.here / replica / "ocfl").rglob(f"*{ending}")
    return found


def test_sealing_names_the_lines_and_the_head_and_does_nothing_the_second_time(
    archive: Shell,
) -> None:
    first = archive("ledger", "seal")
    assert first.code == 0
    assert "Lines 1 to 6 are sealed in AIP" in first.out
    assert "Ledger head: " in first.out
    second = archive("ledger", "seal", "--json")
    assert second.code == 0
    assert second.json()["sealed"] == []
    assert str(second.json()["ledger_head"]) in first.out


def test_a_head_from_an_audit_is_found_in_the_ledger_of_any_one_replica(archive: Shell) -> None:
    head = str(archive("audit", "--all", "--json").json()["ledger_head"])
    archive("ledger", "seal")
    url = (archive.here / "b").as_uri()
    # From the replica alone: no settings, no catalogue.
    stranger = Shell(archive.here / "b", archive.capsys, {"LANG": "en"})
    ran = stranger("ledger", "verify", "--from", url, "--head", head)
    assert ran.code == 0
    assert "ledger AIP(s) tell the same" in ran.out
    assert "is in the chain" in ran.out
    assert stranger("ledger", "verify", "--from", url, "--head", "00" * 32).code == 3


def test_a_replica_for_public_dossiers_alone_keeps_no_ledger_and_that_is_no_fault(
    archive: Shell,
) -> None:
    assert archive("replica", "add", "open=file:c,site=three,max_access=public").code == 0
    ran = archive("ledger", "verify")
    assert ran.code == 0, ran.out
    assert "open: keeps no ledger" in ran.out


def test_a_broken_journal_is_named_written_anew_and_kept_aside(archive: Shell) -> None:
    damaged = min((archive.here / "b" / "kho" / "journal").rglob("*.ndjson"))
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    assert archive("ledger", "verify").code == 3
    planned = archive("ledger", "repair", "--dry-run")
    assert planned.code == 3
    assert "beta: the journal is broken" in planned.out
    healed = archive("ledger", "repair", "--json")
    assert healed.code == 0
    done: Any = healed.json()["healed"]
    assert (archive.here / "b" / done[0]["aside"]).is_dir()
    assert archive("ledger", "verify").code == 0
    assert "holds together" in archive("ledger", "repair").out


def test_a_lost_journal_is_said_and_read_from_the_ledger_aips(archive: Shell) -> None:
    archive("ledger", "seal")
    shutil.rmtree(archive.here / "b" / "kho" / "journal")
    ran = archive("ledger", "verify", "--from", (archive.here / "b").as_uri())
    assert ran.code == 3
    assert "THE JOURNAL IS GONE" in ran.out
    assert "6 lines" in ran.out


def test_a_drill_that_passes_says_how_long_everything_would_take(archive: Shell) -> None:
    ran = archive("drill", "--from", "beta", "--aips", "1", "--seed", "x")
    assert ran.code == 0
    assert "Drill passed" in ran.out
    assert "would take 0:00:0" in ran.out
    assert "Seed of the sample: x" in ran.out
    assert not (archive.here / "scratch").exists()


def test_a_drill_that_fails_names_the_files_and_ends_with_three(archive: Shell) -> None:
    path = one_content_file(archive, "b", "phu-luc/a.txt")
    path.chmod(0o600)
    path.write_bytes(b"another text")
    ran = archive("drill", "--from", "beta", "--json")
    assert ran.code == 3
    result = msgspec.json.decode(ran.out, type=DrillResult)
    assert [failure.path for failure in result.failures] == [
        "representations/rep1/data/phu-luc/a.txt"
    ]
    assert "DRILL FAILED" in archive("drill", "--from", "beta").out


def test_a_drill_of_a_replica_that_is_away_ends_with_four(archive: Shell) -> None:
    (archive.here / "b").rename(archive.here / "away")
    assert archive("drill", "--from", "beta").code == 4
    assert archive("drill").code in (0, 4)


def test_a_restore_says_the_ledgers_head(archive: Shell) -> None:
    ran = archive("restore", "--all", "--to", "back", "--from", "alpha")
    assert ran.code == 0
    assert "Ledger head of alpha: " in ran.out
