"""The hashed lists hold all that the project names, and nothing that only works here."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kit.oracles import PROJECT

LISTS = ("build", "run", "test", "oracle")


def text_of(name: str) -> str:
    return (PROJECT / "requirements" / name).read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    """Name → line of the pins of one list, hashes joined to the line."""
    logical = text_of(f"{name}.txt").replace("\\\n", " ")
    lines = [line for line in logical.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(re.split(r"[=\[ ;]", line)[0]): line for line in lines}


def project() -> dict[str, list[str]]:
    """The dependencies of pyproject.toml by group, ``""`` for those every user needs."""
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    build = stated["build-system"]["requires"]
    return {
        "": stated["project"]["dependencies"],
        "build": build,
        **stated["project"]["optional-dependencies"],
    }


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_is_exact_and_hashed(name: str) -> None:
    pins = pinned(name)
    assert pins
    for line in pins.values():
        assert re.match(r"[A-Za-z0-9._\[\],-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_no_registry(name: str) -> None:
    assert "://" not in text_of(f"{name}.txt")
    assert not re.search(r"^--", text_of(f"{name}.txt"), re.MULTILINE)


@pytest.mark.parametrize(
    ("group", "name"), [("", "run"), ("", "test"), ("test", "test"), ("build", "build")]
)
def test_a_list_pins_what_pyproject_names_at_a_version_it_allows(group: str, name: str) -> None:
    pins = pinned(name)
    for stated in map(Requirement, project()[group]):
        line = pins[canonicalize_name(stated.name)]
        version = line.split("==")[1].split()[0].rstrip(";")
        assert stated.specifier.contains(version), line


@pytest.mark.parametrize("name", ["build", "oracle"])
def test_a_list_pins_what_its_source_names(name: str) -> None:
    lines = [line.partition("#")[0].strip() for line in text_of(f"{name}.in").splitlines()]
    stated = {canonicalize_name(line) for line in lines if line}
    assert stated <= pinned(name).keys()


def test_what_is_tested_is_what_is_run() -> None:
    tested = pinned("test")
    assert {name: tested.get(name) for name in pinned("run")} == pinned("run")
