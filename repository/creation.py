"""Making an archive: replicas, catalogue and the recovery sheet.

The recovery sheet tells a stranger with one surviving copy what to do; it names URLs, UUIDs
and commands, and no secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from repository.archive import catalogue_url
from repository.catalogue import Catalogue
from repository.replica import (
    RECOVERY_SHEET,
    Replica,
    ReplicaExists,
    SharedFailureDomain,
    attach_replica,
    create_replica,
    read_marker,
    require_distinct,
)
from repository.settings import ReplicaSettings, RepositorySettings
from schemas.digests import digests_of
from schemas.errors import ConfigError
from schemas.ids import RepositoryId
from schemas.moments import Clock, format_moment, utc_now
from schemas.nouns import Access
from schemas.records import ReplicaMarker
from schemas.text import Language, say
from storage_backends.interface import ObjectExists, StorageBackend
from storage_backends.places import place_of
from storage_backends.registry import open_backend
from storage_backends.sources import BytesSource

SHEET_FILE = "RECOVERY.txt"


class ArchiveExists(ConfigError):
    """There is an archive in the folder already; nothing was touched."""

    code = "REPO-EXISTS"


class TooFewReplicas(ConfigError):
    """Fewer replicas are configured than ``min_copies`` asks for."""

    code = "REPO-TOO-FEW-REPLICAS"


def create_archive(
    settings: RepositorySettings,
    *,
    backends: Mapping[str, StorageBackend] | None = None,
    now: Clock = utc_now,
    lang: Language = "vi",
    begin: Callable[[], object] | None = None,
    resuming: bool = False,
) -> tuple[Replica, ...]:
    """The archive exists: every replica marked, the catalogue empty, the sheet everywhere.

    Everything is looked at before anything is written: replicas that are replicas already,
    too few of them, or shared failure domains that were not accepted are refused first; then
    ``begin`` is called. ``resuming``: a making of this very archive was cut off, and what it
    left is taken for ours where it bears the archive's id.
    """
    root = Path(settings.root)
    if not resuming and (root / "catalogue.sqlite").exists():
        raise ArchiveExists(where=str(root))
    if len(settings.replicas) < settings.min_copies:
        raise TooFewReplicas(replicas=len(settings.replicas), min_copies=settings.min_copies)
    opened = dict(backends or {})
    for replica in settings.replicas:
        if replica.name not in opened:
            opened[replica.name] = open_backend(
                replica.name, replica.url, replica.options, create=True
            )
        marker = read_marker(opened[replica.name])
        if marker is not None and not (resuming and _is_ours(marker, replica, settings)):
            raise ReplicaExists(replica=replica.name, url=opened[replica.name].url)
    _require_distinct_stores(settings, opened)
    if begin is not None:
        begin()
    made = tuple(
        _made(replica, opened[replica.name], settings, now) for replica in settings.replicas
    )
    require_distinct(list(made), accept_shared=settings.accept_shared_failure_domain)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    Catalogue.open(catalogue_url(settings), create=True).close()
    write_recovery_sheets(settings, made, now=now, lang=lang)
    return made


def _is_ours(
    marker: ReplicaMarker, replica: ReplicaSettings, settings: RepositorySettings
) -> bool:
    return (marker.repository_id, marker.name) == (settings.id, replica.name)


def _made(
    replica: ReplicaSettings, backend: StorageBackend, settings: RepositorySettings, now: Clock
) -> Replica:
    """The replica, marked now or by the making that was cut off."""
    repository = RepositoryId(settings.id)
    if read_marker(backend) is not None:
        return attach_replica(replica, backend, repository=repository)
    return create_replica(replica, backend, repository=repository, now=now)


def write_recovery_sheets(
    settings: RepositorySettings,
    replicas: Sequence[Replica],
    *,
    now: Clock = utc_now,
    lang: Language = "vi",
) -> str:
    """The sheet stands in the archive's folder and on every replica; its text."""
    text = recovery_sheet(settings, replicas, moment=format_moment(now()), lang=lang)
    content = text.encode()
    (Path(settings.root) / SHEET_FILE).write_bytes(content)
    digest = digests_of(content).sha256
    for replica in replicas:
        try:
            replica.backend.put_new(
                RECOVERY_SHEET, BytesSource(content), size_bytes=len(content), sha256=digest
            )
        except ObjectExists:
            current, token = replica.backend.read_head(RECOVERY_SHEET)
            if current != content:
                replica.backend.put_head(RECOVERY_SHEET, content, replaces=token)
        replica.backend.settle("kho/")
    return text


def recovery_sheet(
    settings: RepositorySettings, replicas: Sequence[Replica], *, moment: str, lang: Language
) -> str:
    """What to do with one surviving copy and an empty machine."""
    rows = "\n".join(_sheet_row(replica, lang) for replica in replicas)
    # The command named gives all back, where one replica alone can.
    whole = next((each for each in replicas if each.may_hold(Access.SECRET)), replicas[0])
    return say(
        "RECOVERY-SHEET",
        lang,
        name=settings.name or settings.id,
        repository_id=settings.id,
        moment=moment,
        replicas=rows,
        url=place_of(whole.backend.url, whole.settings.options),
    )


def _sheet_row(replica: Replica, lang: Language) -> str:
    """Where the replica is, and which dossiers never go there."""
    row = say(
        "RECOVERY-SHEET-REPLICA",
        lang,
        name=replica.name,
        url=place_of(replica.backend.url, replica.settings.options),
        site=replica.settings.site,
        medium=replica.settings.medium,
        replica_id=replica.marker.replica_id,
    )
    if replica.may_hold(Access.SECRET):
        return row
    lacks = "SECRET" if replica.may_hold(Access.RESTRICTED) else "RESTRICTED"
    return f"{row}\n{say(f'RECOVERY-SHEET-NO-{lacks}', lang)}"


def _require_distinct_stores(
    settings: RepositorySettings, backends: Mapping[str, StorageBackend]
) -> None:
    by_url: dict[str, str] = {}
    for replica in settings.replicas:
        url = backends[replica.name].url
        other = by_url.setdefault(url, replica.name)
        if other != replica.name:
            raise ReplicaExists(replica=replica.name, url=url)
    if settings.accept_shared_failure_domain:
        return
    by_domain: dict[str, str] = {}
    for replica in settings.replicas:
        domain = backends[replica.name].failure_domain
        other = by_domain.setdefault(domain, replica.name)
        if other != replica.name:
            raise SharedFailureDomain(replicas=f"{other}, {replica.name}", domain=domain)
