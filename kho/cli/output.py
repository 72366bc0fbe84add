"""What commands print: one JSON document, or tables that fit the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click
import msgspec

from schemas.records import encode, encode_line


def print_text(text: str, *, err: bool = False) -> None:
    """The text on standard output, or standard error.

    Through ``sys``, where a progress bar lets what is printed stand above it.
    """
    click.echo(text, file=sys.stderr if err else sys.stdout)


def print_json(document: msgspec.Struct) -> None:
    """The document on standard output, as UTF-8 whatever the locale."""
    _print_utf8(encode(document))


def print_line(record: msgspec.Struct) -> None:
    """The record as one line of NDJSON on standard output."""
    _print_utf8(encode_line(record))


def _print_utf8(content: bytes) -> None:
    if sys.stdout.isatty():
        click.echo(content.decode(), file=sys.stdout, nl=False)
    else:
        click.echo(content, nl=False)


def print_table(rows: Iterable[Sequence[str]], *, head: Sequence[str]) -> None:
    """Columns on a terminal; lines of tab-separated fields for whatever else reads them."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(one_line(field) for field in row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(one_line(field)) for field in row))
    Console().print(table)


def one_line(field: str) -> str:
    """The field without what would break a line or move a terminal's cursor."""
    return "".join(c if c.isprintable() else "�" for c in field)
