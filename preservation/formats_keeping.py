"""The signature set of an archive: brought offline, compared on held files, kept as an AIP.

A set takes effect when its administrative AIP is stored. Held files are then re-identified by
an audit of formats, which reports differences and changes nothing in the AIPs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from preservation.examine import key_of
from preservation.formats.engine import Identifier
from preservation.formats.signature_set import SignatureSet
from preservation.formats.updates import (
    Comparison,
    Sample,
    compare_sets,
    load_candidate,
    objections,
    refused,
)
from preservation.stored_file import open_stored
from repository.administrative import (
    FONDS,
    administrative_aips,
    cached_files,
    store_administrative,
)
from repository.archive import Repository
from repository.facts import FileFacts
from schemas.digests import HEAD_TAIL_BYTES
from schemas.errors import KhoError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.findings import Finding
from schemas.ids import AipId, new_uuid
from schemas.nouns import Place
from schemas.progress import NoProgress, Progress
from schemas.records import Receipt

KIND = "formats"
SAMPLES = 2000
"""How many held files a new set is compared on before it is accepted."""


@dataclass(frozen=True, slots=True)
class FormatsImport:
    """What became of a set that was brought: refused for reasons, or stored and in use."""

    version: str
    comparison: Comparison
    objections: tuple[Finding, ...]
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Reidentified:
    """One held file that the set in use calls something else than its AIP does."""

    aip_id: AipId
    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True)
class FormatAudit:
    """The result of re-identifying held files."""

    signature_set: str
    files: int
    unreadable: int
    differences: tuple[Reidentified, ...]


def current_identifier(archive: Repository) -> Identifier:
    """The identifier of the newest set imported, or of the one that is shipped."""
    imported = administrative_aips(archive, KIND)
    if not imported:
        return Identifier(SignatureSet.load_default())
    folder = cached_files(archive, imported[-1].aip_id)
    return Identifier(load_candidate(folder).signature_set)


def import_formats(
    archive: Repository, path: Path, *, agents: Sequence[Agent], progress: Progress | None = None
) -> FormatsImport:
    """The set in a folder or ZIP is stored and in use, unless it breaks what works."""
    archive.prepare_to_write()
    old = current_identifier(archive)
    candidate = load_candidate(path)
    new = Identifier(candidate.signature_set)
    samples = islice(held_samples(archive, progress or NoProgress()), SAMPLES)
    comparison = compare_sets(old, new, samples)
    needed = {puid for count in archive.catalogue.formats() for puid in count.puids}
    found = objections(old.signature_set, candidate.signature_set, comparison, needed=needed)
    if refused(found):
        return FormatsImport(candidate.signature_set.version, comparison, found, None)
    receipt = store_administrative(
        archive,
        kind=KIND,
        title=f"Format signatures: {candidate.signature_set.version}",
        files=dict(candidate.documents),
        agents=agents,
        detail=f"{candidate.signature_set.id}; compared on {comparison.compared} held files,"
        f" {len(comparison.differences)} differ",
    )
    return FormatsImport(candidate.signature_set.version, comparison, found, receipt)


def audit_formats(
    archive: Repository, *, fonds: str = "", agent: Agent, progress: Progress | None = None
) -> FormatAudit:
    """Held records are identified anew with the set in use; the summary is in the journal."""
    progress = progress or NoProgress()
    archive.prepare_to_write()
    identifier = current_identifier(archive)
    progress.phase("PROGRESS-FORMATS")
    files = unreadable = 0
    differences: list[Reidentified] = []
    for aip_id, file in _data_files(archive, fonds):
        progress.advance(files=1)
        sample = _sample(archive, aip_id, file)
        if sample is None:
            unreadable += 1
            continue
        files += 1
        found = identifier.identify(
            name=sample.name,
            size_bytes=sample.size_bytes,
            head=sample.head,
            tail=sample.tail,
            open_file=sample.open_file,
        )
        if found.puids != file.puids:
            differences.append(
                Reidentified(aip_id, file.logical_path, file.puids, found.puids, found.method)
            )
    result = FormatAudit(identifier.signature_set.id, files, unreadable, tuple(differences))
    archive.record(_event(archive, result, agent))
    return result


def held_samples(archive: Repository, progress: Progress) -> Iterator[Sample]:
    """Head and tail of held data files, from the first replica that has them."""
    for aip_id, file in _data_files(archive, ""):
        sample = _sample(archive, aip_id, file)
        if sample is not None:
            progress.advance(files=1, size_bytes=len(sample.head))
            yield sample


def _data_files(archive: Repository, fonds: str) -> Iterator[tuple[AipId, FileFacts]]:
    for summary in archive.catalogue.aips(fonds=fonds or None, place=Place.ARCHIVE):
        if summary.fonds == FONDS:
            continue
        for file in archive.catalogue.files(summary.aip_id, Place.ARCHIVE):
            if file.role == "data" and file.size_bytes is not None:
                yield summary.aip_id, file


def _sample(archive: Repository, aip_id: AipId, file: FileFacts) -> Sample | None:
    key = key_of(Place.ARCHIVE, aip_id, file.content_path)
    size_bytes = file.size_bytes or 0
    for replica in archive.replicas:
        backend = replica.backend
        try:
            head = _read(backend.open(key))
            tail = _read(backend.open(key, offset=max(0, size_bytes - HEAD_TAIL_BYTES)))
        except KhoError:
            continue

        return Sample(
            key=f"{aip_id}:{file.logical_path}",
            name=file.logical_path,
            size_bytes=size_bytes,
            head=head,
            tail=tail,
            open_file=partial(open_stored, backend, key, size_bytes),
        )
    return None


def _read(opened: AbstractContextManager[BinaryIO]) -> bytes:
    """At most the first 128 KiB of a stream that is then closed."""
    parts: list[bytes] = []
    left = HEAD_TAIL_BYTES
    with opened as stream:
        while left and (chunk := stream.read(left)):
            parts.append(bytes(chunk))
            left -= len(chunk)
    return b"".join(parts)


def _event(archive: Repository, result: FormatAudit, agent: Agent) -> Event:
    return Event(
        id=new_uuid(),
        type=EventType.FORMAT_IDENTIFICATION,
        moment=archive.now(),
        outcome=EventOutcome.WARNING if result.differences else EventOutcome.SUCCESS,
        detail=f"{result.files} held files identified anew, {len(result.differences)} differ;"
        f" {result.signature_set}",
        agents=(agent,),
        facts={"files": result.files, "differences": len(result.differences)},
    )
