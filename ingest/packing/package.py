"""Writes one SIP_hoso of Circular 05/2025/TT-BNV as a folder (tt05-profile §1, §2, §3).

Records are copied and named after the dossier's code; the names they had stand in METS as
OWNERID, so that nothing is forgotten.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ingest.checks.tt05_tree import DATA, EAD, METS, REP, REP_DESCRIPTIVE, REP_METS, SCHEMAS
from ingest.packing.files import FolderFiles
from ingest.packing.general import General
from ingest.packing.order import OrderedDocument, OrderedDossier
from preservation.formats.engine import Identifier
from schemas.digests import CHUNK_BYTES, PassingReader
from schemas.mets import FileRef, MetadataRef, stable_id
from schemas.progress import Progress
from schemas.tt05 import fields_of, schema_of, write_simpledc
from schemas.tt05_mets import (
    Organ,
    Tt05Document,
    Tt05PackageMets,
    Tt05RepresentationMets,
    write_tt05_package_mets,
    write_tt05_representation_mets,
)
from schemas.tt05_schemas import own_schemas

_DOSSIER, _DOCUMENT = "sip_hoso.ead", "sip.ead_doc"
_SIP_SCHEMAS = {
    "EAD.xsd": _DOSSIER,
    "EAD_doc.xsd": _DOCUMENT,
    "EAD_pic.xsd": "sip.ead_pic",
    "EAD_media.xsd": "sip.ead_media",
}
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")
_MIMES: Mapping[str, str] = {"application/mp4": "video/mpeg", "video/mp4": "video/mpeg"}
"""Where the circular's list differs from what identification says."""
_STEM_BYTES = 200


@dataclass(frozen=True)
class SipWriter:
    """Writes packages of one run; ``software`` is name and version of this program."""

    folder: FolderFiles
    general: General
    identifier: Identifier
    software: tuple[str, str]
    created: str
    progress: Progress

    def write(self, dossier: OrderedDossier, objid: str, place: Path) -> None:
        """The package is in the new folder ``place``; OSError when it cannot be written."""
        _Package(self, dossier, objid, place).write()


@dataclass
class _Package:
    run: SipWriter
    dossier: OrderedDossier
    objid: str
    place: Path
    written: dict[str, FileRef] = field(default_factory=dict)
    documents: list[Tt05Document] = field(default_factory=list)

    def write(self) -> None:
        self.place.mkdir(parents=True)
        self._small(EAD, lambda out: write_simpledc(out, _DOSSIER, self._own(_DOSSIER)))
        for number, document in enumerate(self.dossier.documents, start=1):
            self.documents.append(self._document(document, number))
        for name, content in self._schemas.items():
            self._put(f"{SCHEMAS}{name}", content)
        self._small(REP_METS, lambda out: write_tt05_representation_mets(out, self._rep()))
        self._small(METS, lambda out: write_tt05_package_mets(out, self._root()))

    @cached_property
    def _schemas(self) -> dict[str, bytes]:
        found = {
            name: content
            for name, content in own_schemas().of_package("hoso").items()
            if name != "premis.xsd"
        }
        return found | {name: schema_of(variant) for name, variant in _SIP_SCHEMAS.items()}

    def _own(self, variant: str) -> dict[str, str]:
        fields = self.dossier.fields
        return {spec.name: fields[spec.name] for spec in fields_of(variant) if spec.name in fields}

    def _document(self, document: OrderedDocument, number: int) -> Tt05Document:
        stem = f"{_file_stem(self.dossier.code)}.{number:07d}"
        main = self._record(document.files.main, f"{stem}{_ending(document.files.main)}")
        attachments = [
            self._record(path, f"{stem}.PL{ordinal:02d}{_ending(path)}")
            for ordinal, path in enumerate(document.files.attachments, start=1)
        ]
        known = {spec.name for spec in fields_of(_DOCUMENT)}
        fields = {name: value for name, value in document.fields.items() if name in known}
        described = f"{REP_DESCRIPTIVE}EAD_doc_{stem}.xml"
        self._small(described, lambda out: write_simpledc(out, _DOCUMENT, fields))
        section = stable_id("uuid", self.objid, "section", described)
        metadata = MetadataRef(section, self._ref(described, REP), "DC", "", "1.0")
        return Tt05Document(metadata, main, attachments)

    def _record(self, path: str, name: str) -> FileRef:
        """A record copied into the package, its format identified while it passes."""
        target = self.place / DATA / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.run.folder.path(path)
        reader = PassingReader()
        with source.open("rb") as stream, target.open("xb") as out:
            while chunk := stream.read(CHUNK_BYTES):
                reader.update(chunk)
                out.write(chunk)
                self.run.progress.advance(size_bytes=len(chunk))
            out.flush()
            os.fsync(out.fileno())
        self.run.progress.advance(files=1)
        found = self.run.identifier.identify(
            name=name,
            size_bytes=reader.size_bytes,
            head=reader.head,
            tail=reader.tail,
            open_file=lambda: target.open("rb"),
        )
        return FileRef(
            stable_id("ID", self.objid, f"{DATA}{name}"),
            f"{DATA}{name}".removeprefix(REP),
            _MIMES.get(found.mime, found.mime),
            reader.size_bytes,
            self.run.created,
            reader.digests.sha256,
            original_name=path,
        )

    def _small(self, path: str, write: Callable[[BinaryIO], None]) -> None:
        out = BytesIO()
        write(out)
        self._put(path, out.getvalue())

    def _put(self, path: str, content: bytes) -> None:
        target = self.place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        reader = PassingReader()
        reader.update(content)
        mime = "text/xml" if path.endswith(".xml") else "application/xml"
        self.written[path] = FileRef(
            stable_id("ID", self.objid, path),
            path,
            mime,
            reader.size_bytes,
            self.run.created,
            reader.digests.sha256,
        )

    def _ref(self, path: str, base: str = "") -> FileRef:
        known = self.written[path]
        return FileRef(
            known.id,
            path.removeprefix(base),
            known.mime,
            known.size_bytes,
            known.created,
            known.sha256,
        )

    @property
    def _organ(self) -> Organ:
        return Organ(self.run.general.organ, self.run.general.fonds)

    def _rep(self) -> Tt05RepresentationMets:
        return Tt05RepresentationMets(
            objid=stable_id("uuid", self.objid, "rep1"),
            label=self.dossier.fields["title"],
            kind="hoso",
            created=self.run.created,
            organ=self._organ,
            documents=lambda: self.documents,
            package_type="SIP",
            schema_files=own_schemas().describing_mets,
        )

    def _root(self) -> Tt05PackageMets:
        section = stable_id("uuid", self.objid, "section", EAD)
        return Tt05PackageMets(
            objid=self.objid,
            label=self.dossier.fields["title"],
            kind="hoso",
            package_type="SIP",
            created=self.run.created,
            software=self.run.software,
            organ=self._organ,
            archive=None,
            submission_agreement=self.run.general.agreement or self.dossier.code,
            ead=MetadataRef(section, self._ref(EAD), "OTHER", "EAD", "1.0"),
            schemas=[self._ref(f"{SCHEMAS}{name}") for name in self._schemas],
            representation=self._ref(REP_METS),
            schema_files=own_schemas().describing_mets,
        )


def _file_stem(code: str) -> str:
    """The code as a part of a file's name: what no file system may hold becomes ``-``."""
    plain = _UNSAFE.sub("-", code).strip(" .") or "hoso"
    encoded = plain.encode()[:_STEM_BYTES]
    return encoded.decode("utf-8", "ignore")


def _ending(path: str) -> str:
    """``.pdf``; nothing when the name has no plain ending."""
    ending = posixpath.splitext(path)[1]
    return ending.lower() if _ENDING.fullmatch(ending) else ""
