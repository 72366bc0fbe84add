"""``kho ingest`` killed for real, twelve times: by the count of its file operations, not by time.

The kill comes from inside, before the Nth operation below the archive's folder, so that where it
falls does not depend on how fast the machine is.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from kho.cli import edge
from kho.cli.session import Session
from kit.command_line import Shell
from kit.interrupting import source_of
from repository.archive import Repository

POINTS = 2
CHILD = """
import itertools, os, signal, sys

folder, at, told = sys.argv[1], int(sys.argv[2]), sys.argv[3]
numbers = itertools.count(1)
last = 0


def count(event, arguments):
    global last
    if (event == "open" or event.startswith("os.")) and arguments:
        if isinstance(arguments[0], (str, bytes)) and folder in os.fsdecode(arguments[0]):
            last = next(numbers)
            if last == at:
                os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(count)
sys.argv = ["kho", *sys.argv[4:]]
from kho.cli import main

try:
    main()
finally:
    final = last
    with open(told, "w") as out:
        out.write(str(final))
"""


def child(archive: Path, at: int, told: Path, arguments: Sequence[str]) -> int:
    """``kho`` in a process of its own, dead before operation ``at``; its exit code."""
    command = [sys.executable, "-c", CHILD, str(archive), str(at), str(told), "-C", str(archive)]
    finished = subprocess.run(
        [*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return finished.returncode


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    replicas = ("--replica", "a=file:a,site=a", "--replica", "b=file:b,site=b")
    asked = ["init", ".", *replicas, "--accept-shared-failure-domain"]
    assert edge.run(asked, Session(environment={"LANG": "en"}, here=folder)) == 0
    return folder


@pytest.mark.parametrize(
    ("kind", "outcome", "code"),
    [
        ("folder", "accepted", 0),
        ("bag", "held", 3),
        ("zip", "rejected", 3),
        ("tt05", "accepted", 0),
    ],
)
def test_a_reception_killed_for_real_is_finished_by_the_same_command(
    kind: str,
    outcome: str,
    code: int,
    empty: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = source_of(kind, outcome, tmp_path / "source")
    asked = ("ingest", str(source), "--fonds", "TL05")
    told = tmp_path / "told"
    shutil.copytree(empty, tmp_path / "count")
    assert child(tmp_path / "count", 0, told, asked) == code
    total = int(told.read_text())
    assert total > (20 if outcome == "rejected" else 200)
    points = random.Random(f"{kind}/{outcome}").sample(range(1, total * 9 // 10), POINTS)
    for at in points:
        archive = tmp_path / f"at-{at}"
        shutil.copytree(empty, archive)
        # Threads do not take the same number of steps in every run: a late point may not come.
        assert child(archive, at, told, asked) in (-signal.SIGKILL, code), at
        shell = Shell(archive, capsys, {"LANG": "en"})
        again = shell(*asked, "--json")
        (receipt,) = json.loads(again.out)["receipts"]
        assert again.code == (0 if receipt["outcome"] == "duplicate" else code), again.err
        assert outcome in (receipt["outcome"], receipt["earlier_outcome"])
        with Repository.open(shell.settings().repository) as opened:
            (only,) = opened.catalogue.receipts()
            assert only.receipt_id == receipt["receipt_id"]
            assert len(list(opened.catalogue.aips())) == int(outcome != "rejected")
        assert not list((archive / "staging").iterdir())
        assert shell("audit", "--all").code == 0
        for name in ("a", "b"):
            claims = archive / name / "kho" / "claims"
            assert not [path for path in claims.rglob("*") if path.is_file()]


def test_an_archive_whose_making_was_killed_is_made_by_the_same_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(folder: Path) -> list[str]:
        replicas = [f"--replica={name}={folder}/{name},site={name}" for name in ("a", "b")]
        return ["init", str(folder), *replicas, "--accept-shared-failure-domain"]

    told = tmp_path / "told"
    assert child(tmp_path / "count", 0, told, asked(tmp_path / "count")) == 0
    total = int(told.read_text())
    assert total > 60
    for at in random.Random("init").sample(range(1, total), 5):
        archive = tmp_path / f"at-{at}"
        assert child(archive, at, told, asked(archive)) == -signal.SIGKILL, at
        shell = Shell(tmp_path, capsys, {"LANG": "en"})
        begun = archive / "kho.toml.begun"
        if begun.exists():
            other = shell("init", archive, *asked(archive)[2:-1], "--min-copies", "1")
            assert (other.code, str(archive) in other.err) == (2, True)
        if (archive / "kho.toml").exists():
            continue
        assert shell(*asked(archive)).code == 0, at
        assert not begun.exists()
        within = Shell(archive, capsys, {"LANG": "en"})
        (archive / "nop").mkdir()
        (archive / "nop" / "a.txt").write_text("a\n")
        assert within("ingest", archive / "nop").code == 0
        assert within("audit", "--all").code == 0
