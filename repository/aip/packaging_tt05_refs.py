"""How the METS files of a Circular 05 AIP refer to its files."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from repository.aip.generated import GeneratedFile, mime_of
from repository.aip.plan import AipPlan
from schemas.mets import FileRef, MetadataRef, stable_id
from schemas.nouns import Document, SubmittedFile
from schemas.tt05_names import vietnam_moment

_STUB = ".fetch.txt"
_NAME_BYTES = 255
_MIMES: Mapping[str, str] = {"application/mp4": "video/mpeg", "video/mp4": "video/mpeg"}
"""Where the circular's list differs from what identification says."""


@dataclass(frozen=True)
class References:
    """References of one package; the same file always has the same ID."""

    plan: AipPlan
    objid: str

    @property
    def created(self) -> str:
        """The moment of the package, in the time of Viet Nam."""
        return vietnam_moment(self.plan.created)

    def file_id(self, logical_path: str) -> str:
        """The ID of a file's element."""
        return stable_id("ID", self.objid, logical_path)

    def submitted(self, file: SubmittedFile, base: str = "") -> FileRef:
        """A submitted file, relative to the folder ``base`` of the METS file."""
        result = self.plan.formats.get(file.logical_path)
        mime = result.mime if result else mime_of(file.logical_path)
        return FileRef(
            self.file_id(file.logical_path),
            file.logical_path.removeprefix(base),
            _MIMES.get(mime, mime),
            file.size_bytes,
            self.created,
            file.digests.sha256,
        )

    def generated(self, file: GeneratedFile, base: str = "") -> FileRef:
        """A file that Kho wrote."""
        return FileRef(
            self.file_id(file.logical_path),
            file.logical_path.removeprefix(base),
            file.mime,
            file.size_bytes,
            self.created,
            file.digests.sha256,
        )

    def metadata(
        self, file: GeneratedFile, mdtype: str, version: str, *, other: str = "", base: str = ""
    ) -> MetadataRef:
        """The section for a metadata file that Kho wrote."""
        section = stable_id("uuid", self.objid, "section", file.logical_path)
        return MetadataRef(section, self.generated(file, base), mdtype, other, version)


class DescriptionNames:
    """Names of descriptive files after the documents' main files, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, document: Document, position: int) -> str:
        """``EAD_doc_<stem>.xml``; with the extension where two stems are alike, with a number
        where the name could not be kept."""
        file = posixpath.basename(document.files[0])
        file = file[: -len(_STUB)] if file.lower().endswith(_STUB) else file
        stem = posixpath.splitext(file)[0]
        beginning = f"EAD_{document.kind}_"
        for candidate in (stem, file, f"{position:07d}", f"{stem}.{position:07d}"):
            name = f"{beginning}{candidate}.xml"
            free = name.casefold() not in self._taken
            if candidate and free and len(name.encode("utf-8", "replace")) <= _NAME_BYTES:
                break
        else:
            name = f"{beginning}{position:07d}~.xml"
        self._taken.add(name.casefold())
        return name
