"""Every command of the tutorial is run, in its order, in an empty folder."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from kit.command_line import Shell
from kit.oracles import PROJECT

PAGES = ("tutorial.md", "tutorial.vi.md")


def commands_of(page: str) -> list[tuple[list[str], int]]:
    """(words, exit code that the page expects) of every line in a box."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    return [
        (shlex.split(line), int(code or 0))
        for code, box in re.findall(r"```sh(?: fails (\d+))?\n(.*?)```", text, re.DOTALL)
        for line in box.splitlines()
    ]


def test_both_pages_have_the_same_commands() -> None:
    english, vietnamese = map(commands_of, PAGES)
    assert english == vietnamese
    assert len(english) > 15


def act(shell: Shell, words: list[str]) -> None:
    """What a line does that is not Kho's own."""
    places = [shell.here / word for word in words[1:] if not word.startswith("-")]
    if words[0] == "mkdir":
        places[0].mkdir(parents=True)
    elif words[0] == "cp":
        shutil.copy(*places)
    else:
        assert words[0] == "spoil"
        (found,) = (places[0] / "ocfl").rglob(words[2])
        found.chmod(0o600)
        found.write_bytes(b"?" + found.read_bytes()[1:])


@pytest.mark.parametrize("page", PAGES[:1])
def test_the_first_hour_goes_as_the_tutorial_says(
    shell: Shell, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.here)
    for words, code in commands_of(page):
        if words[0] != "kho":
            act(shell, words)
            continue
        ran = shell(*words[1:])
        assert ran.code == code, (words, ran.out, ran.err)
    (back,) = (shell.here / "back").rglob("thuyet-minh.txt")
    assert back.read_bytes() == (shell.here / "in/ho-so-2024/thuyet-minh.txt").read_bytes()
    for page_made in ("holdings.html", "fixity.html"):
        assert (shell.here / page_made).stat().st_size > 1000
