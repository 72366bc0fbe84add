"""Administrative AIPs: what decides about records is itself kept like a record.

A policy, trust anchor, revocation list or signature set is stored as an AIP before it takes
effect (design §6), so that any one replica can say what was in force when. A local cache holds
verified copies of those in force; it can be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from repository.aip.paths import DATA
from repository.aip.plan import AipPlan
from repository.archive import Repository
from repository.catalogue import AipSummary
from repository.facts import FileFacts
from repository.ocfl.layout import object_prefix
from schemas.digests import digests_of
from schemas.errors import KhoError, RepositoryError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, aip_id_for, new_uuid, ocfl_id, submission_digest
from schemas.nouns import Access, Draft, FileRole, Outcome, Place, SubmittedFile
from schemas.records import Receipt

FONDS = "kho-administration"
"""The fonds of administrative AIPs: listed and audited with the rest, apart from records."""


class NoIntactCopy(RepositoryError):
    """No reachable replica has an intact copy of a file that is needed."""

    code = "REPO-NO-INTACT-COPY"
    exit_code = 4


def store_administrative(
    archive: Repository,
    *,
    kind: str,
    title: str,
    files: Mapping[str, bytes],
    agents: Sequence[Agent],
    detail: str,
    dossier_code: str = "",
    access: Access = Access.RESTRICTED,
    event_type: EventType = EventType.POLICY_ASSIGNMENT,
) -> Receipt:
    """The files are an AIP of this kind on every replica that may hold it, read back; or the
    receipt of the AIP that held exactly them before."""
    archive.prepare_to_write()
    with archive.submission_folder() as folder:
        staged = _staged(folder, files)
        digest = submission_digest((f.raw_path, f.size_bytes, f.digests.sha256) for f in staged)
        aip_id = aip_id_for(archive.id, digest)
        known = archive.receipt_for(aip_id)
        if known is not None and archive.catalogue.aip(aip_id) is not None:
            return known
        now = archive.now()
        plan = AipPlan(
            aip_id=aip_id,
            submission_digest=digest,
            draft=Draft(
                profile=f"administrative/{kind}",
                title=title,
                files=staged,
                fonds=FONDS,
                fonds_name="Kho",
                dossier_code=dossier_code,
                access=access,
            ),
            outcome=Outcome.ACCEPTED,
            source=title,
            received=now,
            created=now,
            events=(_event(event_type, f"{kind}: {detail}", agents, now),),
            agents=tuple(agents),
        )
        return archive.store(archive.build(plan, folder))


def administrative_aips(archive: Repository, kind: str) -> list[AipSummary]:
    """The administrative AIPs of a kind, oldest first."""
    wanted = f"administrative/{kind}"
    found = [
        summary
        for summary in archive.catalogue.aips(fonds=FONDS, place=Place.ARCHIVE)
        if (facts := archive.catalogue.aip(summary.aip_id)) is not None and facts.profile == wanted
    ]
    return sorted(found, key=lambda summary: (summary.created, summary.aip_id))


def cached_files(archive: Repository, aip_id: AipId) -> Path:
    """A local folder with the AIP's data files, each equal to its digest.

    What the cache lacks, or holds altered, is read from a replica that proves itself.
    :class:`NoIntactCopy` when none does.
    """
    folder = archive.root / "cache" / "administrative" / aip_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in archive.catalogue.files(aip_id, Place.ARCHIVE):
        if file.role != "data":
            continue
        target = folder / file.logical_path.removeprefix(DATA)
        if not _is(target, file.sha256):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(intact_bytes(archive, aip_id, file))
    return folder


def intact_bytes(archive: Repository, aip_id: AipId, file: FileFacts) -> bytes:
    """The whole of a small file of an AIP, from the first replica whose bytes match."""
    key = f"{object_prefix(Place.ARCHIVE, ocfl_id(aip_id))}{file.content_path}"
    for replica in archive.replicas:
        try:
            content = replica.backend.read_head(key)[0]
        except KhoError:
            continue
        if hashlib.sha256(content).hexdigest() == file.sha256:
            return content
    raise NoIntactCopy(aip_id=aip_id, path=file.logical_path)


def _staged(folder: Path, files: Mapping[str, bytes]) -> tuple[SubmittedFile, ...]:
    payload = folder / "payload"
    payload.mkdir(mode=0o700)
    staged = []
    for number, (name, content) in enumerate(sorted(files.items())):
        path = payload / f"{number:06d}"
        path.write_bytes(content)
        staged.append(
            SubmittedFile(
                raw_path=name.encode(),
                logical_path=f"{DATA}{name}",
                role=FileRole.DATA,
                staged=str(path),
                size_bytes=len(content),
                digests=digests_of(content),
            )
        )
    return tuple(staged)


def _is(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False


def _event(event_type: EventType, detail: str, agents: Sequence[Agent], moment: datetime) -> Event:
    return Event(
        id=new_uuid(),
        type=event_type,
        moment=moment,
        outcome=EventOutcome.SUCCESS,
        detail=detail,
        agents=tuple(agents),
    )
