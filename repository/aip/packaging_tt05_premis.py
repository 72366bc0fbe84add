"""The PREMIS files of a Circular 05 AIP (tt05-profile §4).

``PREMIS.xml`` tells of the package and its history, ``PREMIS_rep1.xml`` of its files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from repository.aip.paths import REPRESENTATION
from repository.aip.plan import AipPlan
from schemas.digests import Digests
from schemas.events import Agent, Event, EventType
from schemas.premis import (
    Identifier,
    ObjectLink,
    PremisFormat,
    PremisObject,
    PreservationLevel,
    Relationship,
    write_premis,
)
from schemas.tt05_names import vietnam_moment

_PUID = re.compile(r"(?:x-)?fmt/\d+")
_CODE_TYPES = {"doc": "Doc", "pic": "Pic", "media": "Media"}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rep1's ``data``; ``original_name`` is as it was received."""

    logical_path: str
    original_name: bytes
    size_bytes: int
    digests: Digests


@dataclass(frozen=True, kw_only=True)
class Tt05Premis:
    """Writes both files. ``codes`` are (kind, archival code) of the document that a file
    belongs to, by logical path; ``files`` gives every data file, each time anew."""

    plan: AipPlan
    objid: str
    source: str
    dossier_code: str
    software: Agent
    codes: Mapping[str, tuple[str, str]]
    file_id: Callable[[str], str]
    files: Callable[[], Iterable[DataFile]]

    def write_package(self, out: BinaryIO) -> None:
        """``PREMIS.xml``: the package as an intellectual entity, events, agents."""
        write_premis(
            out,
            objects=lambda: [self._entity()],
            events=self.plan.events,
            agents=[*self.plan.agents, self.software],
            links=self._links,
        )

    def write_representation(self, out: BinaryIO) -> None:
        """``PREMIS_rep1.xml``: rep1, and an object for each data file."""
        write_premis(out, objects=self._rep_objects, events=[], agents=[])

    @property
    def _package(self) -> Identifier:
        return Identifier("UUID", self.objid)

    @property
    def _representation(self) -> Identifier:
        return Identifier("local", f"{self.objid}/rep1")

    @property
    def _level(self) -> PreservationLevel:
        day = vietnam_moment(self.plan.created)[:10]
        return PreservationLevel("Bit preservation", "High", assigned=day)

    def _entity(self) -> PremisObject:
        draft = self.plan.draft
        relationships = [Relationship("structural", "has part", [self._representation])]
        if self.source:
            source = [Identifier("UUID", self.source)]
            relationships.append(Relationship("derivation", "has source", source))
        local = [Identifier("local", self.dossier_code)] if self.dossier_code else []
        return PremisObject(
            category="intellectual entity",
            xml_id="ip",
            identifiers=[self._package, *local],
            preservation_levels=[self._level],
            significant_properties=[("submission digest", self.plan.submission_digest)],
            original_name=draft.container.name if draft.container else self.source,
            relationships=relationships,
        )

    def _links(self, event: Event) -> Iterator[ObjectLink]:
        if self.source:
            yield ObjectLink(Identifier("UUID", self.source), "source")
        if event.type is EventType.PACKAGE_CREATION or not self.source:
            yield ObjectLink(self._package, "outcome")

    def _rep_objects(self) -> Iterator[PremisObject]:
        files = (Identifier("File", self.file_id(each.logical_path)) for each in self.files())
        first = next(files, None)
        parts = [] if first is None else [self._parts()]
        yield PremisObject(
            category="representation",
            xml_id="rep1",
            identifiers=[self._representation],
            preservation_levels=[self._level],
            original_name="rep1",
            relationships=parts,
        )
        for file in self.files():
            yield self._file(file)

    def _parts(self) -> Relationship:
        def related() -> Iterator[Identifier]:
            for file in self.files():
                yield Identifier("File", self.file_id(file.logical_path))

        return Relationship("structural", "has part", related)

    def _file(self, file: DataFile) -> PremisObject:
        path = file.logical_path
        kind, code = self.codes.get(path, ("", ""))
        named = [Identifier(_CODE_TYPES[kind], code)] if code else []
        whole = Relationship("structural", "is part of", [self._representation])
        return PremisObject(
            category="file",
            identifiers=[Identifier("File", self.file_id(path)), *named],
            sha256=file.digests.sha256,
            digest_originator=f"{self.software.name} {self.software.version}",
            size_bytes=file.size_bytes,
            formats=list(self._formats(path)),
            original_name=file.original_name,
            content_location=path.removeprefix(REPRESENTATION),
            relationships=[whole],
        )

    def _formats(self, path: str) -> Iterator[PremisFormat]:
        result = self.plan.formats.get(path)
        if result is None:
            if path in self.plan.draft.added:
                yield PremisFormat("Plain Text File", "", "x-fmt/111")
            return
        names = (*result.names, *[""] * len(result.puids))
        versions = (*result.versions, *[""] * len(result.puids))
        note = f"{result.method}; {result.signature_set}"
        for puid, name, version in zip(result.puids, names, versions, strict=False):
            key = puid if _PUID.fullmatch(puid) else ""
            yield PremisFormat(name or puid, version, key, note)
