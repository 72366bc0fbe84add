"""The root command: global options, and where each command is found."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from kho.cli.command import Group, option
from kho.cli.session import Session
from schemas.text import LANGUAGES, Language

COMMANDS = {
    "init": "kho.cli.init:init",
}


def _directory(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    ctx.ensure_object(Session).named = value


def _language(ctx: click.Context, _parameter: click.Parameter, value: Language | None) -> None:
    ctx.ensure_object(Session).chosen_language = value


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"kho {version('kho')}")
        ctx.exit()


@click.group("kho", cls=Group, modules=COMMANDS, help="CLI-ROOT", no_args_is_help=True)
@option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_directory,
    help="CLI-ROOT-DIRECTORY",
)
@option(
    "--lang",
    type=click.Choice(LANGUAGES),
    is_eager=True,
    expose_value=False,
    callback=_language,
    help="CLI-ROOT-LANG",
)
@option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="CLI-ROOT-VERSION",
)
def root() -> None:
    """Nothing of its own; the commands act."""
