"""All settings of one archive, as its ``kho.toml`` writes them; ``kho.config`` reads it.

Each package has a settings record of its own; here they are put together. Every field is a
line in docs/reference/settings.md, made from these records.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ingest.settings import IngestSettings
from repository.settings import ReplicaSettings, RepositorySettings, RepositoryTable
from schemas.text import Language

PLACES = frozenset({"policy", "format_policy", "schemas"})
"""Settings that name files or folders; seen from the archive's folder."""


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands before the first table, and the tables."""

    language: Language = "vi"
    """The language of messages, receipts and reports: `vi` or `en`; `--lang` wins."""
    people: dict[str, str] = {}
    """Who acts: an operating system user's name, and the person's full name as it stands in
    decisions and events. A user not listed acts under the user name."""
    repository: RepositoryTable
    replica: tuple[ReplicaSettings, ...] = ()
    ingest: IngestSettings = IngestSettings()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one ``kho.toml`` says, in the records that the packages below take."""

    path: str
    """The file that was read."""
    language: Language
    people: dict[str, str]
    repository: RepositorySettings
    ingest: IngestSettings


def compose(stated: FileSettings, *, path: str, root: str) -> Settings:
    """The packages' own records of what the file states; ``root`` is the file's folder."""
    replicas = tuple(
        msgspec.structs.replace(replica, url=located(replica.url, root))
        for replica in stated.replica
    )
    places = {
        name: str(Path(root) / value)
        for name, value in msgspec.structs.asdict(stated.ingest).items()
        if name in PLACES and value
    }
    return Settings(
        path=path,
        language=stated.language,
        people=stated.people,
        ingest=msgspec.structs.replace(stated.ingest, **places),
        repository=RepositorySettings(
            **msgspec.structs.asdict(stated.repository), root=root, replicas=replicas
        ),
    )


def located(url: str, root: str) -> str:
    """The URL, with a folder named relative to the archive's made absolute."""
    scheme, _colon, place = url.partition(":")
    if scheme == "file" and place and not place.startswith("/"):
        return f"{Path(root).as_uri()}/{place.removeprefix('./')}"
    return url
