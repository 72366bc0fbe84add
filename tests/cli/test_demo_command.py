"""``kho demo`` writes into a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.command_line import Shell


def test_a_folder_with_something_in_it_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    ran = Shell(tmp_path, capsys, {})("demo", "mine")
    assert ran.code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
