"""``kho demo``: the whole life of a small fonds, told while it happens."""

from __future__ import annotations

from pathlib import Path

import click

from kho.cli.command import argument, command
from kho.cli.exits import Exit
from kho.cli.session import Session
from schemas.errors import ConfigError


class DemoFolderExists(ConfigError):
    """The folder named for the demonstration is there already; nothing was done."""

    code = "CLI-DEMO-EXISTS"


@command("demo", code="CLI-DEMO")
@argument(
    "folder",
    metavar="[DIR]",
    required=False,
    type=click.Path(path_type=Path),
    help="CLI-DEMO-DIR",
)
def demo(session: Session, folder: Path | None) -> int:
    """Every step proves what it says, or the command fails."""
    from kho.demo.story import Story, free_folder

    if folder is None:
        folder = free_folder(session.here)
    folder = session.here / folder
    if folder.exists() and any(folder.iterdir()):
        raise DemoFolderExists(where=str(folder))
    language = session.chosen_language or session.locale_language
    with session.progress() as progress:
        Story(folder.resolve(), session.tell, language, progress).run()
    return Exit.DONE
