"""An archive with a past: one copy damaged and healed, another damaged still."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kho.cli import edge
from kho.cli.session import Session
from kho.config import load
from kit.archives import store
from kit.command_line import Shell
from repository.archive import Repository
from schemas.nouns import Outcome

HOSTILE = '<script>alert("1")</script> & =1+1'
MEDIA = f"""
[[medium]]
code = "OC-01"
kind = "hard disk"
in_use_since = 2015-01-01
rated_life_years = 5
replica = "alpha"
replaced_by = "OC-02"

[[medium]]
code = "OC-02"
kind = '{HOSTILE}'
in_use_since = 2026-01-01
rated_life_years = 40
"""


REPLICAS = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")


def run_in(folder: Path, *asked: str) -> int:
    return edge.run(list(asked), Session(environment={"LANG": "en"}, here=folder))


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two replicas, `alpha` and `beta`, that nobody has audited."""
    folder = tmp_path_factory.mktemp("untouched")
    assert run_in(folder, "init", ".", *REPLICAS, "--accept-shared-failure-domain") == 0
    with (folder / "kho.toml").open("a", encoding="utf-8") as settings:
        settings.write(MEDIA)
    with Repository.open(load(folder / "kho.toml").repository) as archive:
        store(archive, title=HOSTILE, fonds=HOSTILE)
        store(archive, {b"khac.txt": b"khac\n"}, fonds="TL06", outcome=Outcome.HELD)
    return folder


def stored(folder: Path, replica: str, ending: str) -> Path:
    """The one stored file of a replica whose path ends so."""
    (found,) = (folder / replica / "ocfl").rglob(f"*{ending}")
    return found


@pytest.fixture(scope="session")
def hurt(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file was damaged on `alpha` and healed; one is missing on `beta`, and known to be."""
    folder = tmp_path_factory.mktemp("hurt")
    shutil.copytree(untouched, folder, dirs_exist_ok=True)
    altered = stored(folder, "a", "phu-luc/a.txt")
    altered.chmod(0o600)
    altered.write_bytes(b"khac han")
    assert run_in(folder, "audit", "--all") == 3
    assert run_in(folder, "repair") == 0
    assert run_in(folder, "audit", "--all") == 0
    stored(folder, "b", "phu-luc/b.txt").unlink()
    assert run_in(folder, "audit", "--all") == 3
    return folder


@pytest.fixture
def shell(untouched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in a copy of the archive that nobody has audited."""
    shutil.copytree(untouched, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})


@pytest.fixture
def damaged(hurt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in a copy of the archive with a past."""
    shutil.copytree(hurt, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})
