"""A held submission as it was handed in: read again from the holding area, every byte proved.

Each file is taken from the first replica that gives it unharmed, so that a release is possible
while any union of the copies is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from ingest.approval import NotHeld, NotWhole
from ingest.desk import Desk
from ingest.staged import Admission, Passing, StagedEntry, StagingArea
from ingest.submission import Submission, gathered
from repository.aip.admission import Admission as AdmissionRecord
from repository.aip.facts_reader import read_facts
from repository.aip.paths import ADMISSION, is_submission_map
from repository.aip.submission_map import empty_directories_of, raw_path_of
from repository.aip.views import CopyView, read_verified
from repository.archive import Repository
from repository.facts import AipFacts
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import read_object
from schemas.bag_algorithms import algorithms_needed
from schemas.digests import CHUNK_BYTES
from schemas.errors import KhoError
from schemas.findings import Finding, Severity
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Container, Place
from schemas.records import FindingRecord, MapEntry, MapHeader
from storage_backends.interface import StorageError

_T = TypeVar("_T")
_OF_ADMISSION = ("ARCHIVE-", "PACKAGE-", "NAME-")
_OF_SHAPING = ("NAME-TWINS-", "NAME-ENCODING-")
"""Findings about names that the profile makes anew when it looks again."""


class HeldSubmission:
    """The held object on every replica that shows it."""

    def __init__(self, archive: Repository, aip_id: AipId) -> None:
        self.aip_id = aip_id
        prefix = object_prefix(Place.HOLDING, ocfl_id(aip_id))
        self._views: list[CopyView] = []
        for replica in archive.replicas:
            with suppress(KhoError):
                self._views.append(CopyView(read_object(replica.backend, prefix)))
        if not self._views:
            raise NotHeld(named=aip_id)
        self.facts: AipFacts = self._first(read_facts, what=ADMISSION)
        content = self._first(lambda view: read_verified(view, ADMISSION), what=ADMISSION)
        self.admission = msgspec.json.decode(content, type=AdmissionRecord)
        self._stored = {file.logical_path: file for file in self.facts.files}

    def small(self, logical_path: str) -> bytes:
        """A small file of the held AIP, verified. :class:`NotWhole`."""
        return self._first(lambda view: read_verified(view, logical_path), what=logical_path)

    def submission(self, staging: Path, desk: Desk) -> Submission:
        """The submission, staged and identified anew; what was noticed while its container was
        read is taken over, because the container itself is not kept. :class:`NotWhole`."""
        path = next(f.logical_path for f in self.facts.files if is_submission_map(f.logical_path))
        lines = self.small(path).splitlines()
        header = msgspec.json.decode(lines[0], type=MapHeader)
        decoder = msgspec.json.Decoder(MapEntry)
        entries = [decoder.decode(line) for line in lines[1:]]
        admission = self._admission(header)
        submission = gathered(
            Path(self.admission.source),
            self._staged(entries, staging, desk),
            admission,
            identifier=desk.identifier,
            progress=desk.progress,
        )
        admission.complete = True
        return submission

    def _admission(self, header: MapHeader) -> Admission:
        admission = Admission(empty_directories=list(empty_directories_of(header)))
        if header.container_name:
            admission.container = Container(
                header.container_name, header.container_size, header.container_sha256
            )
        admission.findings.extend(
            Finding(found.code, Severity(found.severity), found.where, found.fields)
            for found in self.admission.findings
            if _is_of_admission(found)
        )
        return admission

    def _staged(self, entries: list[MapEntry], staging: Path, desk: Desk) -> Iterator[StagedEntry]:
        area = StagingArea(staging)
        area.reserve(sum(entry.size for entry in entries))
        algorithms = sorted(algorithms_needed(raw_path_of(entry) for entry in entries))
        for entry in entries:
            yield self._take(entry, area, algorithms)
            desk.progress.advance(files=1, size_bytes=entry.size)

    def _take(self, entry: MapEntry, area: StagingArea, algorithms: list[str]) -> StagedEntry:
        stored = self._stored[entry.logical_path]
        for view in self._views:
            passing = Passing(algorithms)
            try:
                staged = area.write(_chunks(view, stored.content_path), passing)
            except StorageError:
                continue
            digests = passing.reader.digests
            if (digests.sha256, digests.sha512) == (entry.sha256, stored.sha512):
                return passing.entry(raw_path_of(entry), staged, entry.mode, entry.modified)
        raise NotWhole(aip_id=self.aip_id, where=entry.logical_path)

    def _first(self, read: Callable[[CopyView], _T], *, what: str) -> _T:
        for view in self._views:
            with suppress(KeyError, KhoError):
                return read(view)
        raise NotWhole(aip_id=self.aip_id, where=what)


def _is_of_admission(found: FindingRecord) -> bool:
    if found.code == "PACKAGE-MORE":
        return str(found.fields.get("of", "")).startswith(_OF_ADMISSION)
    return found.code.startswith(_OF_ADMISSION) and not found.code.startswith(_OF_SHAPING)


def _chunks(view: CopyView, content_path: str) -> Iterator[bytes]:
    with view.open(content_path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
