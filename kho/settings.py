"""All settings of one archive, as its ``kho.toml`` writes them; ``kho.config`` reads it.

Each package has a settings record of its own; here they are put together. Every field is a
line in docs/reference/settings.md, made from these records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from ingest.settings import IngestSettings
from kho.notify.settings import NotifySettings
from kho.reports.media_settings import MediumSettings
from kho.scheduler.settings import ScheduleSettings
from preservation.signatures.signing_settings import SigningSettings
from preservation.trust_settings import TrustSettings
from repository.settings import ReplicaSettings, RepositorySettings, RepositoryTable
from schemas.text import Language

PLACES = frozenset({"policy", "format_policy", "schemas"})
"""Settings that name files or folders; seen from the archive's folder."""


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[people.USER]``: one person, by the operating system user's name."""

    name: str
    """The full name, as it stands in decisions, events and receipts."""
    roles: tuple[Literal["approver"], ...] = ()
    """What the person may do besides receiving and proposing: `approver` releases and refuses
    held submissions."""


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands before the first table, and the tables."""

    language: Language = "vi"
    """The language of messages, receipts and reports: `vi` or `en`; `--lang` wins."""
    people: dict[str, str | Person] = {}
    """Who acts: an operating system user's name, and the person's full name as it stands in
    decisions and events, or a table `[people.USER]` with `name` and `roles`
    (`roles = ["approver"]` releases and refuses held submissions). A user not listed acts under
    the user name, and decides about nothing that is held."""
    repository: RepositoryTable
    replica: tuple[ReplicaSettings, ...] = ()
    ingest: IngestSettings = IngestSettings()
    trust: TrustSettings = TrustSettings()
    signing: SigningSettings = SigningSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    notify: NotifySettings = NotifySettings()
    medium: tuple[MediumSettings, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one ``kho.toml`` says, in the records that the packages below take."""

    path: str
    """The file that was read."""
    language: Language
    people: dict[str, Person]
    repository: RepositorySettings
    ingest: IngestSettings
    trust: TrustSettings
    signing: SigningSettings
    schedule: ScheduleSettings
    notify: NotifySettings
    media: tuple[MediumSettings, ...] = ()
    """The register of media."""


def compose(stated: FileSettings, *, path: str, root: str) -> Settings:
    """The packages' own records of what the file states; ``root`` is the file's folder."""
    replicas = tuple(replica_located(replica, root) for replica in stated.replica)
    places = {
        name: str(Path(root) / value)
        for name, value in msgspec.structs.asdict(stated.ingest).items()
        if name in PLACES and value
    }
    return Settings(
        path=path,
        language=stated.language,
        people={
            user: Person(name=said) if isinstance(said, str) else said
            for user, said in stated.people.items()
        },
        trust=stated.trust,
        ingest=msgspec.structs.replace(stated.ingest, **places),
        signing=_seen_from(stated.signing, Path(root)),
        schedule=stated.schedule,
        notify=stated.notify,
        media=stated.medium,
        repository=RepositorySettings(
            **msgspec.structs.asdict(stated.repository), root=root, replicas=replicas
        ),
    )


def _seen_from(signing: SigningSettings, root: Path) -> SigningSettings:
    """The same files, named absolutely."""
    named = {
        name: str(root / value)
        for name in ("pkcs12", "key", "certificate", "passphrase_file")
        if (value := getattr(signing, name))
    }
    chain = tuple(str(root / each) for each in signing.chain)
    return msgspec.structs.replace(signing, chain=chain, **named)


def replica_located(replica: ReplicaSettings, root: str) -> ReplicaSettings:
    """The replica, its folder and the files of its options named absolutely."""
    options = {
        name: str(Path(root) / str(value)) if value and _names_file(name) else value
        for name, value in replica.options.items()
    }
    return msgspec.structs.replace(replica, url=located(replica.url, root), options=options)


def _names_file(option: str) -> bool:
    return option.endswith("_file") or option == "known_hosts"


def located(url: str, root: str) -> str:
    """The URL, with a folder named relative to the archive's made absolute."""
    scheme, _colon, place = url.partition(":")
    if scheme == "file" and place and not place.startswith("/"):
        return f"{Path(root).as_uri()}/{place.removeprefix('./')}"
    return url
