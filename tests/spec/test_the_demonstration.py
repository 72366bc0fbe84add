"""The first command of the README: the whole life of a small fonds, proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from kho.cli.edge import run
from kho.demo import compare


def test_the_demonstration_proves_the_whole_life_of_a_fonds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    assert run(["--lang", "en", "demo", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "PROVED" in told
    assert "both copies lie on this one disk" in told
    assert (folder / "archive" / "RECOVERY.txt").is_file()
    assert len(list((folder / "receipts").iterdir())) == 3
    assert run(["-C", str(folder / "archive"), "audit", "--all"]) == 0


def test_the_demonstration_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run(["demo", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_comparison_sees_a_changed_byte_a_missing_file_and_an_extra_one(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "a.txt").write_text("a")
        (tmp_path / name / "b.txt").write_text("b")
    assert not compare.differences(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "b.txt").write_text("x")
    (tmp_path / "two" / "c.txt").write_text("c")
    (tmp_path / "two" / "sub" / "a.txt").unlink()
    found = compare.differences(tmp_path / "one", tmp_path / "two")
    assert len(found) == 5
    assert any(line.startswith("content: b.txt") for line in found)
