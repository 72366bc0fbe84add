"""``kho init``: an archive with its settings, catalogue, replicas and recovery sheet."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.session import Session
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from kho.settings import FileSettings, Settings
    from repository.replica import Replica


FIELDS = ("site", "medium", "max_access", "networked", "deadline_s")
TEXTS = ("site", "medium", "max_access")


class BadReplica(ConfigError):
    """``--replica`` cannot be understood; nothing was done."""

    code = "CLI-INIT-BAD-REPLICA"


class UnknownReplicaField(BadReplica):
    """A part of ``--replica`` names no property of a replica."""

    code = "CLI-INIT-UNKNOWN-FIELD"


class ArchiveExists(ConfigError):
    """There is a ``kho.toml`` already; nothing was done."""

    code = "CLI-INIT-EXISTS"


class HalfMade(ConfigError):
    """An archive was begun here by another command and never finished; nothing was done."""

    code = "CLI-INIT-HALF-MADE"


class MadeReplica(msgspec.Struct, frozen=True, kw_only=True):
    """One replica that was made."""

    name: str
    url: str
    site: str
    medium: str
    replica_id: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho init --json`` prints."""

    config: str
    repository_id: str
    recovery_sheet: str
    shared_failure_domain_accepted: bool
    replicas: tuple[MadeReplica, ...]


@command("init", code="CLI-INIT", printed=Made)
@argument(
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="CLI-INIT-DIR",
)
@option("--replica", "stated", metavar="NAME=URL,site=…", multiple=True, help="CLI-INIT-REPLICA")
@option("--name", default="", help="CLI-INIT-NAME")
@option("--min-copies", type=click.IntRange(min=1), default=2, help="CLI-INIT-MIN-COPIES")
@option("--accept-shared-failure-domain", "accept", is_flag=True, help="CLI-INIT-ACCEPT")
@json_option
def init(
    session: Session,
    directory: Path,
    stated: tuple[str, ...],
    name: str,
    min_copies: int,
    accept: bool,
    as_json: bool,
) -> int:
    """The archive exists; kho.toml gets its name last, so that half an archive has none. Cut
    off, the same command finishes what it began."""
    from kho.config import FILE_NAME, begin_config, begun, finish_config
    from kho.config_checks import checked
    from kho.settings import compose
    from repository.creation import create_archive
    from schemas.ids import new_uuid

    path = (session.here / directory / FILE_NAME).resolve()
    if path.exists():
        raise ArchiveExists(where=str(path.parent))
    language = session.chosen_language or session.locale_language
    archive = {
        "id": new_uuid(),
        "name": name,
        "min_copies": min_copies,
        "accept_shared_failure_domain": accept,
    }
    replicas = [replica_table(text, session.here) for text in stated]
    table = {"language": language, "repository": archive, "replica": replicas}
    wanted = checked(table, "--replica")
    before = begun(path)
    if before is not None:
        wanted = _same(before, wanted, path)
    settings = compose(wanted, path=str(path), root=str(path.parent))
    made = create_archive(
        settings.repository,
        lang=language,
        begin=None if before else partial(begin_config, path, wanted),
        resuming=before is not None,
    )
    finish_config(path)
    _tell(session, settings, made, as_json=as_json)
    return Exit.DONE


def _same(before: FileSettings, wanted: FileSettings, path: Path) -> FileSettings:
    """What was begun, when it is what is wanted now but for the id. :class:`HalfMade`."""
    archive = msgspec.structs.replace(wanted.repository, id=before.repository.id)
    wanted = msgspec.structs.replace(wanted, repository=archive, language=before.language)
    if wanted != before:
        raise HalfMade(where=str(path.parent))
    return before


def _tell(session: Session, settings: Settings, made: Sequence[Replica], *, as_json: bool) -> None:
    from repository.creation import SHEET_FILE

    archive = settings.repository
    sheet = Path(archive.root) / SHEET_FILE
    if as_json:
        replicas = tuple(
            MadeReplica(
                name=replica.name,
                url=replica.backend.url,
                site=replica.settings.site,
                medium=replica.settings.medium,
                replica_id=replica.marker.replica_id,
            )
            for replica in made
        )
        document = Made(
            config=settings.path,
            repository_id=archive.id,
            recovery_sheet=str(sheet),
            shared_failure_domain_accepted=archive.accept_shared_failure_domain,
            replicas=replicas,
        )
        print_json(document)
        return
    click.echo(sheet.read_text(encoding="utf-8"))
    session.tell("CLI-INIT-DONE", where=archive.root, sheet=str(sheet))
    if archive.accept_shared_failure_domain:
        session.tell("CLI-INIT-SHARED")


def replica_table(text: str, here: Path) -> dict[str, Any]:
    """The ``[[replica]]`` that ``NAME=URL,site=…,medium=…`` states.

    A plain path stands for the ``file:`` URL of the folder, seen from ``here``. ``KEY=VALUE``
    with a key ``option.KEY`` is an option of the store.
    """
    first, *others = text.split(",")
    name, equals, url = first.partition("=")
    if not equals or not url:
        raise BadReplica(text=text)
    if ":" not in url:
        url = (here / url).resolve().as_uri()
    table: dict[str, Any] = {"name": name, "url": url}
    for part in others:
        key, equals, value = part.partition("=")
        if not equals:
            raise BadReplica(text=text)
        if key.startswith("option."):
            table.setdefault("options", {})[key.removeprefix("option.")] = plain(value)
        elif key in FIELDS:
            table[key] = value if key in TEXTS else plain(value)
        else:
            near = difflib.get_close_matches(key, FIELDS, n=1, cutoff=0)
            raise UnknownReplicaField(field=key, text=text, nearest=near[0])
    return table


def plain(value: str) -> str | int | bool:
    """``true`` and ``false`` as truth, digits as a number, anything else as it stands."""
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if value.isascii() and value.isdigit() else value
