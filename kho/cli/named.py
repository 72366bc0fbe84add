"""The AIP or replica that a person means."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from schemas.errors import ConfigError
from schemas.ids import AipId

if TYPE_CHECKING:
    from repository.archive import Repository
    from repository.catalogue import AipSummary
    from repository.settings import RepositorySettings


class NoSuchAip(ConfigError):
    """Nothing in the catalogue has this id, the start of it, or this dossier code."""

    code = "CLI-SHOW-NONE"


class SeveralAips(ConfigError):
    """Several AIPs are named; one is needed."""

    code = "CLI-SEVERAL-AIPS"


class NoSuchFonds(ConfigError):
    """No dossier of the catalogue is of this fonds, or the AIP that is named is of another."""

    code = "CLI-AUDIT-NO-FONDS"


class NoSuchReplica(ConfigError):
    """The settings name no such replica."""

    code = "CLI-RESTORE-NO-REPLICA"


class WholeIdNeeded(ConfigError):
    """Without a catalogue an AIP must be named by its whole id."""

    code = "CLI-RESTORE-WHOLE-ID"


def aip_named(archive: Repository, text: str) -> AipId:
    """The one AIP that ``text`` names."""
    found = {summary.aip_id for summary in archive.catalogue.find(text)}
    if not found:
        raise NoSuchAip(named=text)
    if len(found) > 1:
        raise SeveralAips(named=text, found=", ".join(sorted(found)))
    return AipId(found.pop())


def check_fonds(archive: Repository, fonds: str, aip_id: AipId | None = None) -> None:
    """The archive has dossiers of the fonds, and the AIP is one of them, where they are named:
    else nothing would be looked at, and nothing be found amiss."""
    if not fonds:
        return
    kept = archive.catalogue.aips(fonds=fonds)
    if not any(aip_id in (None, summary.aip_id) for summary in kept):
        raise NoSuchFonds(fonds=fonds)


def waiting_or_kept(archive: Repository, summaries: Iterable[AipSummary]) -> Iterator[AipSummary]:
    """The summaries without what only still lies in the holding area: once released it is in
    the archive, once refused it is nobody's dossier. ``kho holding list --all`` has these."""
    decided = archive.catalogue.decided_holdings()
    for summary in summaries:
        if summary.place.value != "holding" or summary.aip_id not in decided:
            yield summary


def aip_by_id(text: str) -> AipId:
    """The AIP whose id ``text`` is, in any writing of a UUID; no catalogue is asked."""
    try:
        return AipId(str(uuid.UUID(text)))
    except ValueError as error:
        raise WholeIdNeeded(named=text) from error


def replicas_named(settings: RepositorySettings, named: Sequence[str]) -> tuple[str, ...]:
    """The names, every one of which the settings know."""
    known = [replica.name for replica in settings.replicas]
    for name in named:
        if name not in known:
            raise NoSuchReplica(replica=name, known=", ".join(known))
    return tuple(named)
