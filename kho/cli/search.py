"""``kho search``: dossiers by the words in them, with or without Vietnamese marks."""

from __future__ import annotations

import click
import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.listed import ListedAip, listed, print_listed
from kho.cli.named import waiting_or_kept
from kho.cli.output import print_json
from kho.cli.session import Session


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho search --json`` prints, by fonds and dossier code.

    ``total`` stops counting where ``more`` is true.
    """

    total: int
    more: bool
    aips: tuple[ListedAip, ...]


@command("search", code="CLI-SEARCH", printed=Found)
@argument("words", metavar="TEXT", nargs=-1, required=True, help="CLI-SEARCH-TEXT")
@option("--fonds", metavar="CODE", help="CLI-LIST-FONDS")
@option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="CLI-SEARCH-LIMIT"
)
@json_option
def search(
    session: Session, words: tuple[str, ...], fonds: str | None, limit: int, as_json: bool
) -> int:
    """The dossiers that hold every word are printed."""
    with session.repository() as repository:
        page = repository.catalogue.search(" ".join(words), limit=limit, fonds=fonds)
        aips = tuple(map(listed, waiting_or_kept(repository, page.rows)))
    total = page.total_capped - (len(page.rows) - len(aips))
    if as_json:
        print_json(Found(total=total, more=page.more_than_cap, aips=aips))
        return Exit.DONE
    print_listed(session, aips)
    if total > len(aips) or not aips:
        code = "CLI-SEARCH-MORE" if aips else "CLI-SEARCH-NONE"
        session.note(code, shown=len(aips), total=total)
    return Exit.DONE
