"""``kho inspect``: judges without storing; needs no archive."""

from __future__ import annotations

import click

from kho.cli.command import Group

COMMANDS = {
    "bag": "kho.cli.inspect_bag:inspect_bag",
    "formats": "kho.cli.inspect_formats:inspect_formats",
    "ocfl": "kho.cli.inspect_ocfl:inspect_ocfl",
    "package": "kho.cli.inspect_package:inspect_package",
    "signatures": "kho.cli.inspect_signatures:inspect_signatures",
}


@click.group("inspect", cls=Group, modules=COMMANDS, help="CLI-INSPECT")
def inspect() -> None:
    """Nothing of its own."""
