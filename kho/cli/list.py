"""``kho list``: every dossier by reference code."""

from __future__ import annotations

import msgspec

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit
from kho.cli.listed import ListedAip, listed, print_listed
from kho.cli.named import waiting_or_kept
from kho.cli.output import print_json
from kho.cli.session import Session


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho list --json`` prints, by fonds and dossier code."""

    aips: tuple[ListedAip, ...]


@command("list", code="CLI-LIST", printed=Listing)
@option("--fonds", metavar="CODE", help="CLI-LIST-FONDS")
@json_option
def list_aips(session: Session, fonds: str | None, as_json: bool) -> int:
    """What the catalogue holds is printed."""
    with session.repository() as repository:
        aips = map(listed, waiting_or_kept(repository, repository.catalogue.aips(fonds=fonds)))
        if as_json:
            print_json(Listing(aips=tuple(aips)))
        else:
            print_listed(session, aips)
    return Exit.DONE
