"""The root command: global options, and where each command is found."""

from __future__ import annotations

from importlib.metadata import version

import click

from kho.cli.command import Group, global_options, option

COMMANDS = {
    "demo": "kho.cli.demo:demo",
    "init": "kho.cli.init:init",
    "ingest": "kho.cli.ingest:ingest",
    "list": "kho.cli.list:list_aips",
    "show": "kho.cli.show:show",
    "search": "kho.cli.search:search",
    "holding": "kho.cli.holding:holding",
    "receipt": "kho.cli.receipt:receipt",
    "pack": "kho.cli.pack:pack",
    "reconcile": "kho.cli.reconcile:reconcile",
    "inspect": "kho.cli.inspect:inspect",
    "audit": "kho.cli.audit:audit",
    "repair": "kho.cli.repair:repair",
    "restore": "kho.cli.restore:restore",
    "drill": "kho.cli.drill:drill",
    "formats": "kho.cli.formats:formats",
    "trust": "kho.cli.trust:trust",
    "ledger": "kho.cli.ledger:ledger",
    "schedule": "kho.cli.schedule:schedule",
    "notify": "kho.cli.notify:notify",
    "report": "kho.cli.report:report",
    "replica": "kho.cli.replica:replica",
    "catalogue": "kho.cli.catalogue:catalogue",
}


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"kho {version('kho')}")
        ctx.exit()


@click.group(
    "kho",
    cls=Group,
    modules=COMMANDS,
    help="CLI-ROOT",
    no_args_is_help=True,
    params=global_options(hidden=False),
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
