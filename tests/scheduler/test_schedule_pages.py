"""What the how-to and the example unit tell people to write is what the program takes."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib

import click
import pytest

from kho.cli.app import root
from kho.cli.exits import Exit
from kho.cli.session import Session
from kho.config_checks import (
    ConfigInvalid,
    NoHours,
    NoSuchChoice,
    NumberTooLarge,
    UnknownSetting,
    checked,
)
from kho.scheduler.plan import TaskKind
from kit.oracles import PROJECT

PAGES = ("it-staff-fixity.md", "it-staff-fixity.vi.md")
ARCHIVE = """
[repository]
id = "11111111-2222-4333-8444-555555555555"
[[replica]]
name = "tape"
url = "file:tape"
site = "one"
"""


def fences(page: str, language: str) -> list[str]:
    text = (PROJECT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def refused(text: str) -> ConfigInvalid:
    whole = f"{ARCHIVE}\n{text}"
    with pytest.raises(ConfigInvalid) as caught:
        checked(tomllib.loads(whole), "kho.toml", whole)
    return caught.value


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_of_the_page_are_accepted(page: str) -> None:
    blocks = fences(page, "toml")
    assert len(blocks) == 2
    stated = checked(tomllib.loads(ARCHIVE + "\n".join(blocks)), page)
    assert stated.schedule.windows == {"tape": "08:00-17:00"}
    assert [one.password_file for one in stated.notify.smtp] == ["/etc/kho/mail-password"]
    assert stated.notify.command[0].argv == ("/usr/local/bin/page-it",)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_the_page_are_understood(page: str) -> None:
    lines = "".join(fences(page, "sh")).splitlines()
    ours = [words[1:] for words in map(shlex.split, lines) if words[:1] == ["kho"]]
    assert len(ours) == 4
    for words in ours:
        ctx = root.make_context("kho", list(words), obj=Session(environment={}))
        name, command, rest = root.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        while isinstance(command, click.Group):
            ctx = command.make_context(name, rest, parent=ctx)
            name, command, rest = command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        assert command is not None
        command.make_context(name, rest, parent=ctx)


@pytest.mark.parametrize("page", PAGES)
def test_every_task_is_on_the_page(page: str) -> None:
    text = (PROJECT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    assert [kind for kind in TaskKind if f"| `{kind}" not in text] == []


def test_both_pages_have_the_same_parts() -> None:
    shapes = [
        re.findall(
            r"^(#+|\||```\w*)", (PROJECT / "docs" / "how-to" / page).read_text(), re.MULTILINE
        )
        for page in PAGES
    ]
    assert shapes[0] == shapes[1]


def test_the_example_unit_starts_the_command_that_there_is() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(PROJECT / "examples" / "kho-schedule.service")
    service = unit["Service"]
    words = service["ExecStart"].split()[1:]
    ctx = root.make_context("kho", words, obj=Session(environment={}))
    assert [*ctx._protected_args, *ctx.args] == ["schedule", "run"]
    assert service["Type"] == "notify"
    kept_down = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert kept_down == {Exit.USAGE, Exit.NO_REPOSITORY, Exit.LOCKED}


def test_hours_that_are_none_are_refused_with_their_place() -> None:
    error = refused('[schedule]\nwindow = "at night"\n')
    assert isinstance(error, NoHours)
    assert error.fields["setting"] == "schedule.window"
    assert str(error.fields["where"]).endswith(":10")


def test_hours_of_a_replica_that_is_not_there_are_refused() -> None:
    error = refused('[schedule.windows]\ndisk = "22:00-06:00"\n')
    assert isinstance(error, NoSuchChoice)
    assert error.fields["known"] == "tape"


def test_a_cycle_beyond_three_years_is_refused() -> None:
    error = refused("[schedule]\ncycle_days = 1096\n")
    assert isinstance(error, NumberTooLarge)
    assert error.fields["most"] == 1095


@pytest.mark.parametrize("years", ["1e9", "inf"])
def test_a_medium_that_outlives_everything_is_refused(years: str) -> None:
    error = refused(
        f'[[medium]]\ncode = "M"\nkind = "disc"\nin_use_since = 2024-01-01\n'
        f"rated_life_years = {years}\n"
    )
    assert isinstance(error, NumberTooLarge)
    assert error.fields["most"] == 1000


def test_an_unknown_setting_of_a_channel_is_named_with_its_neighbour() -> None:
    error = refused('[[notify.smtp]]\nhost = "h"\nsender = "a"\nto = ["b"]\npasword_file = "x"\n')
    assert isinstance(error, UnknownSetting)
    assert error.fields["nearest"] == "password_file"
