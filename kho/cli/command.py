"""Commands and options whose help is in the reader's language, and that load when called.

The ``help`` of a command or option is a code; ``schemas.text`` holds its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from kho.cli.session import Session
from schemas.text import LANGUAGES, Language, say

F = TypeVar("F", bound=Callable[..., Any])


def language_of(ctx: click.Context) -> Language:
    """The language of the run that the context belongs to."""
    return ctx.ensure_object(Session).language


class Option(click.Option):
    """An option whose ``help`` is a text code."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option's names and its text in the reader's language."""
        record = super().get_help_record(ctx)
        return record and _spoken(record, self.help, ctx)


class Argument(click.Argument):
    """An argument whose ``help`` is a text code."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """The argument's name and its text in the reader's language."""
        return _spoken(super().get_help_record(ctx), self.help, ctx)


def _spoken(record: tuple[str, str], code: str | None, ctx: click.Context) -> tuple[str, str]:
    """The record with its code replaced by the text; click adds defaults and ranges to it."""
    if not code:
        return record
    return record[0], record[1].replace(code, say(code, language_of(ctx)))


class Command(click.Command):
    """A command whose ``help`` is a text code; ``printed`` is what ``--json`` writes."""

    printed: type[msgspec.Struct] | None = None

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """``Usage:`` in the reader's language."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, say("CLI-USAGE", language_of(ctx)) + " ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the command does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(say(self.help or "", language_of(ctx)))

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The arguments, each with its text."""
        records = [
            argument.get_help_record(ctx)
            for argument in self.get_params(ctx)
            if isinstance(argument, click.Argument)
        ]
        if records:
            with formatter.section(say("CLI-ARGUMENTS", language_of(ctx))):
                formatter.write_dl(records)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, each with its text."""
        lang = language_of(ctx)
        records = []
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue
            record = parameter.get_help_record(ctx)
            if parameter is self._help_option and record is not None:
                record = record[0], say("CLI-HELP-OPTION", lang)
            if record is not None:
                records.append(record)
        with formatter.section(say("CLI-OPTIONS", lang)):
            formatter.write_dl(records)


class Group(Command, click.Group):
    """Commands by name; each is imported when it is called, not when it is listed."""

    def __init__(self, *args: Any, modules: Mapping[str, str] | None = None, **kw: Any) -> None:
        """``modules`` maps a command's name to ``module:attribute``."""
        super().__init__(*args, **kw)
        self.modules = dict(modules or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which the table states them."""
        return [*self.modules, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in self.modules:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.modules[cmd_name].partition(":")
        found = getattr(import_module(module), attribute)
        return found if isinstance(found, click.Command) else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands with the first sentence of their help."""
        Command.format_options(self, ctx, formatter)
        lang = language_of(ctx)
        records = [
            (name, summary(say(help_code(ctx, name), lang))) for name in self.list_commands(ctx)
        ]
        with formatter.section(say("CLI-COMMANDS", lang)):
            formatter.write_dl(records)


def help_code(ctx: click.Context, name: str) -> str:
    """The text code of a command's help: ``CLI-CATALOGUE-DUMP``."""
    return "-".join(["CLI", *ctx.command_path.split()[1:], name]).upper()


def summary(text: str) -> str:
    """The first sentence."""
    return text.partition(". ")[0].rstrip(".")


def global_options(*, hidden: bool) -> list[click.Parameter]:
    """``-C`` and ``--lang``: before the command, and for the forgetful after it (hidden)."""
    return [
        Option(
            ["-C", "kho_directory"],
            metavar="DIR",
            type=click.Path(file_okay=False, path_type=Path),
            is_eager=True,
            expose_value=False,
            callback=_take_directory,
            help="CLI-ROOT-DIRECTORY",
            hidden=hidden,
        ),
        Option(
            ["--lang", "kho_language"],
            type=click.Choice(LANGUAGES),
            is_eager=True,
            expose_value=False,
            callback=_take_language,
            help="CLI-ROOT-LANG",
            hidden=hidden,
        ),
    ]


def _take_directory(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Session).named = value


def _take_language(ctx: click.Context, _option: click.Parameter, value: Language | None) -> None:
    if value is not None:
        ctx.ensure_object(Session).chosen_language = value


option = partial(click.option, cls=Option)
argument = partial(click.argument, cls=Argument)


def json_option(function: F) -> F:
    """``--json``: one JSON document on standard output instead of text."""
    flag: Callable[[F], F] = option("--json", "as_json", is_flag=True, help="CLI-JSON")
    return flag(function)


def command(
    name: str, *, code: str, printed: type[msgspec.Struct] | None = None
) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command: its first argument is the session, it returns an exit code.

    ``code`` is the text code of its help; ``printed`` the record that ``--json`` writes.
    """

    def make(function: Callable[..., Any]) -> Command:
        made = click.command(name, cls=Command, help=code)(click.pass_obj(function))
        made.params += global_options(hidden=True)
        made.printed = printed
        return made

    return make
