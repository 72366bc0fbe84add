"""The edge of the command line: texts and exit codes, never a stack trace."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from kho.cli import edge
from kho.cli.app import root
from kho.cli.command import command
from kho.cli.exits import Exit, weightiest
from kho.cli.session import Session
from schemas.errors import KhoError
from schemas.text import LANGUAGES, say
from storage_backends.interface import BackendUnavailable

Run = Callable[..., int]
HEAVY = ("boto3", "botocore", "paramiko", "sqlalchemy", "alembic", "pyhanko", "lxml", "rich")


def raising(error: BaseException) -> click.Command:
    @command("planted", code="CLI-INIT")
    def planted(_session: Session) -> int:
        raise error

    return planted


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``kho planted``, a command that raises what it is given."""

    def plant(error: BaseException, **environment: str) -> int:
        monkeypatch.setitem(root.commands, "planted", raising(error))
        session = Session(environment=environment, here=tmp_path, chosen_language="en")
        return edge.run(["planted"], session)

    return plant


def test_an_error_with_a_code_ends_as_its_text_and_its_exit_code(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    error = BackendUnavailable(backend="tape", key="kho/replica.json", reason="no route")
    assert run(error) == 4
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tape" in printed.err
    assert "Traceback" not in printed.err


def test_an_unforeseen_error_leaves_its_trace_in_a_file_of_ours_alone(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(ZeroDivisionError("planted"), XDG_STATE_HOME=str(tmp_path)) == 1
    (trace,) = (tmp_path / "kho").glob("crash-*.txt")
    assert "ZeroDivisionError: planted" in trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0
    said = capsys.readouterr().err
    assert str(trace) in said
    assert "Traceback" not in said


def test_the_trace_is_shown_to_who_asks_for_it(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(KhoError(), KHO_DEBUG="1", XDG_STATE_HOME=str(tmp_path)) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_ends_with_130(run: Run) -> None:
    assert run(KeyboardInterrupt()) == 130


def test_a_full_disk_is_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/archive/staging")) == 1
    said = capsys.readouterr().err
    assert "full" in said
    assert "/archive/staging" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["init"], "DIR"),
        (["inti"], "init"),
        (["init", "--replika", "x", "y"], "--replica"),
        (["--lang", "fr"], "--lang"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_mistyped_command_is_answered_with_what_was_meant(
    arguments: list[str], expected: str, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge.run(["--lang", lang, *arguments], Session(environment={})) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "--help" in said


def test_a_command_outside_an_archive_ends_with_10(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @command("planted", code="CLI-INIT")
    def planted(session: Session) -> int:
        return len(session.settings.people)

    monkeypatch.setitem(root.commands, "planted", planted)
    assert edge.run(["planted"], Session(environment={}, here=tmp_path)) == 10
    assert "KHO_REPO" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "vi_VN.UTF-8", "KHO_LANG": "en"}, "en"),
    ],
)
def test_the_language_follows_the_environment(
    environment: dict[str, str], lang: str, tmp_path: Path
) -> None:
    assert Session(environment=environment, here=tmp_path).language == lang


def test_the_archives_language_wins_over_the_systems(tmp_path: Path) -> None:
    identity = '[repository]\nid = "6f9b1e2c-0d0e-4c5e-9a55-3a1f6b1c7d11"\n'
    (tmp_path / "kho.toml").write_text(f'language = "vi"\n{identity}')
    environment = {"LANG": "en_GB.UTF-8"}
    assert Session(environment, tmp_path).language == "vi"
    assert Session(environment, tmp_path, chosen_language="en").language == "en"


@pytest.mark.parametrize(
    ("found", "ends"),
    [
        ([], 0),
        ([Exit.DONE, Exit.STORAGE], 4),
        ([Exit.STORAGE, Exit.DAMAGE_FOUND], 3),
        ([Exit.DAMAGE_FOUND, Exit.CHECK_UNTRUSTED, Exit.STORAGE], 5),
    ],
)
def test_the_weightiest_finding_decides_the_exit_code(found: list[Exit], ends: int) -> None:
    assert weightiest(found) == ends


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_has_a_text(code: Exit, lang: str) -> None:
    assert not say(f"EXIT-{code}", LANGUAGES[LANGUAGES.index(lang)]).startswith("EXIT-")


def test_help_loads_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys\n"
        "from kho.cli.edge import run\n"
        "assert run(['--help']) == 0\n"
        f"print(sorted(set(sys.modules) & {set(HEAVY)!r}))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.splitlines()[-1] == "[]"


def test_what_does_not_fit_the_terminals_encoding_is_shown_escaped() -> None:
    program = (
        "import sys; sys.argv = ['kho', '--lang', 'vi', '--help']; import kho.cli as c; c.main()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert b"Kho l\\u01b0u gi\\u1eef" in finished.stdout
