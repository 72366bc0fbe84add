"""The OCFL community's own fixtures: each gets the verdict that its folder's name expects."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.oracles import shared
from repository.ocfl.validator import LocalTree, OcflReport, validate_object
from repository.ocfl.validator.codes import PREFIX

EXPECTED = {"good": 22, "warn": 27, "bad": 107}


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ocfl-fixtures")
    with tarfile.open(shared("corpora", "ocfl-fixtures.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    return folder / "ocfl-fixtures"


def _judged(fixtures: Path, kind: str) -> Iterator[tuple[str, set[str], OcflReport]]:
    """Each fixture's name, the codes in it, and what we say."""
    folders = [
        folder
        for version in ("1.0", "1.1")
        for folder in sorted((fixtures / version / f"{kind}-objects").iterdir())
        if folder.is_dir()
    ]
    assert len(folders) == EXPECTED[kind]
    for folder in folders:
        named = {PREFIX + code for code in re.findall(r"[EW]\d{3}", folder.name)}
        yield folder.name, named, validate_object(LocalTree(folder))


def test_every_good_object_is_valid_and_nothing_is_said_of_it(fixtures: Path) -> None:
    for name, _named, report in _judged(fixtures, "good"):
        assert (name, report.outcome, report.findings) == (name, "valid", ())


def test_every_warned_object_gets_the_named_warnings_and_no_other(fixtures: Path) -> None:
    for name, named, report in _judged(fixtures, "warn"):
        assert report.outcome == "warning", name
        assert report.codes == named, name


def test_every_bad_object_is_rejected_with_every_named_code(fixtures: Path) -> None:
    for name, named, report in _judged(fixtures, "bad"):
        assert report.outcome == "invalid", name
        assert named <= report.codes, name
