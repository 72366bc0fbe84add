"""scripts/environment: installs in order, with every hash checked, once, and whole or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.oracles import PROJECT

PACKAGES = ("schemas", "storage_backends", "repository", "preservation", "ingest", "kho")
# Stands for a Python: makes environments that hold itself, and notes what pip is told.
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit "${FAKE_OLD:-0}" ;;
    *ensurepip*) exit "${FAKE_NO_VENV:-0}" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip "*)
        echo "$*" >>"$FAKE_LOG"
        case "$*" in *"${FAKE_FAILS:-nothing}"*) exit 1 ;; esac ;;
    *) exec "$REAL_PYTHON" "$@" ;;
esac
"""


@dataclass(frozen=True, slots=True)
class House:
    """A small project with the real scripts and a Python that installs nothing."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "pip.log"

    def environment(self, name: str = "run", **fake: str) -> subprocess.CompletedProcess[str]:
        """``scripts/environment ENV LIST``; the log holds what this call installed."""
        self.log.write_text("")
        return subprocess.run(
            [self.root / "scripts" / "environment", self.root / "env", name],
            env={
                **os.environ,
                "PYTHON": str(self.root / "python"),
                "REAL_PYTHON": sys.executable,
                "FAKE_LOG": str(self.log),
                **fake,
            },
            capture_output=True,
            text=True,
        )

    def installed(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def house(tmp_path: Path) -> House:
    root = tmp_path / "kho house"
    for name in (*PACKAGES, "scripts", "requirements"):
        (root / name).mkdir(parents=True)
    shutil.copy(PROJECT / "scripts" / "environment", root / "scripts")
    for name in ("build", "run", "test", "oracle"):
        (root / "requirements" / f"{name}.txt").write_text(name)
    for name in ("pyproject.toml", "README.md", "kho/cli.py"):
        (root / name).write_text(name)
    (root / "python").write_text(PYTHON)
    (root / "python").chmod(0o755)
    return House(root)


def test_build_tools_come_first_then_the_list_then_the_project_alone(house: House) -> None:
    assert house.environment().returncode == 0
    tools, libraries, project = house.installed()
    assert "--require-hashes" in tools
    assert tools.endswith("requirements/build.txt")
    assert "--require-hashes --no-build-isolation" in libraries
    assert libraries.endswith("requirements/run.txt")
    assert "--no-deps --no-build-isolation" in project
    assert project.endswith(str(house.root))


def test_an_environment_that_is_whole_is_left_alone(house: House) -> None:
    house.environment()
    assert house.environment().returncode == 0
    assert house.installed() == []


def test_a_changed_source_installs_the_project_again_and_nothing_else(house: House) -> None:
    house.environment()
    (house.root / "kho" / "cli.py").write_text("changed")
    house.environment()
    (project,) = house.installed()
    assert "--no-deps" in project


def test_a_changed_list_makes_the_environment_anew(house: House) -> None:
    house.environment()
    (house.root / "env" / "stray").touch()
    (house.root / "requirements" / "run.txt").write_text("changed")
    house.environment()
    assert len(house.installed()) == 3
    assert not (house.root / "env" / "stray").exists()


@pytest.mark.parametrize("step", ["build.txt", "run.txt", "--no-deps"])
def test_an_interrupted_environment_is_completed_by_the_next_call(house: House, step: str) -> None:
    assert house.environment(FAKE_FAILS=step).returncode != 0
    assert house.environment().returncode == 0
    assert "--no-deps" in house.installed()[-1]
    assert house.environment().returncode == 0
    assert house.installed() == []


def test_the_oracles_are_kept_apart_from_the_project(house: House) -> None:
    house.environment("oracle")
    assert [line.rsplit("/", 1)[1] for line in house.installed()] == ["build.txt", "oracle.txt"]


@pytest.mark.parametrize(
    ("fake", "named"), [("FAKE_NO_VENV", "python3-venv"), ("FAKE_OLD", "3.11")]
)
def test_what_is_missing_is_named_in_both_languages(house: House, fake: str, named: str) -> None:
    finished = house.environment(**{fake: "1"})
    assert finished.returncode == 1
    english, vietnamese = finished.stderr.splitlines()
    assert named in english
    assert named in vietnamese
    assert house.installed() == []
