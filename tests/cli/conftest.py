"""A shell in a folder, and an archive for it to work on."""

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


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with one accepted dossier and one that is held, made once."""
    folder = tmp_path_factory.mktemp("template")
    replicas = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")
    asked = ["init", ".", *replicas, "--accept-shared-failure-domain"]
    assert edge.run(asked, Session(environment={"LANG": "en"}, here=folder)) == 0
    with Repository.open(load(folder / "kho.toml").repository) as repository:
        store(repository)
        store(
            repository,
            {b"khac.txt": b"khac\n"},
            title="Quyết định khen thưởng",
            fonds="TL06",
            outcome=Outcome.HELD,
        )
    return folder


@pytest.fixture
def archive(shell: Shell, template: Path) -> Shell:
    """A copy of the archive: its replicas are named relative to it."""
    shutil.copytree(template, shell.here, dirs_exist_ok=True)
    return shell
