"""What is installed is the whole house and nothing beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from kit.oracles import PROJECT

PACKAGES = {"schemas", "storage_backends", "repository", "preservation", "ingest", "kho"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names inside the wheel as the project stands now."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_every_file_of_the_packages(wheel: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    tracked = {name for name in listed.stdout.splitlines() if (PROJECT / name).exists()}
    assert any(name.endswith(".toml") for name in tracked)
    assert tracked - wheel == set()


def test_the_wheel_carries_nothing_but_the_packages(wheel: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel} == {*PACKAGES, "kho-0.1.0.dist-info"}
