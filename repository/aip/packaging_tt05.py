"""The shape of an AIP of Circular 05/2025/TT-BNV: AIP_hoso and AIP_tailieu, written exactly.

As in :mod:`repository.aip.packaging`, what is referred to is written first. Nothing here
judges the draft: held dossiers, which lack anything, are packaged too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from repository.aip import paths
from repository.aip.generated import GeneratedFile, GeneratedFiles
from repository.aip.packaging import SOFTWARE, kho_version
from repository.aip.packaging_tt05_fields import AGREEMENT, OBJID, AipFields, package_objid
from repository.aip.packaging_tt05_premis import DataFile, Tt05Premis
from repository.aip.packaging_tt05_refs import DescriptionNames, References
from repository.aip.plan import AipPlan
from schemas.events import Agent
from schemas.ids import RepositoryId
from schemas.mets import FileRef, stable_id
from schemas.nouns import Document, FileRole, SubmittedFile
from schemas.tt05 import write_simpledc
from schemas.tt05_mets import (
    Organ,
    Tt05Document,
    Tt05PackageMets,
    Tt05RepresentationMets,
    write_tt05_package_mets,
    write_tt05_representation_mets,
)

_STUB = ".fetch.txt"


@dataclass(frozen=True, slots=True)
class _Written:
    """A document with its descriptive file; ``attached`` are the files that it is the first
    to name, ``shared`` says that its main file was another's before."""

    document: Document
    description: GeneratedFile
    attached: tuple[str, ...]
    shared: bool


class Tt05Packaging:
    """Writes the package's own files for one plan, each once, in dependency order."""

    def __init__(
        self, plan: AipPlan, generated: GeneratedFiles, _repository_id: RepositoryId
    ) -> None:
        self._plan = plan
        self._generated = generated
        self._objid = package_objid(plan.draft.fonds, plan.aip_id)
        self._refs = References(plan, self._objid)
        self._fields = AipFields(plan.draft, plan.archive_code)

    def write(self) -> None:
        """Every file of the package exists in staging, ``METS.xml`` last."""
        fields = self._fields
        ead = self._generated.write(
            paths.EAD, lambda out: write_simpledc(out, fields.dossier_variant, fields.dossier())
        )
        added = [self._write_added(path) for path in sorted(self._plan.draft.added)]
        documents = list(self._write_documents())
        schemas = [
            self._write_bytes(f"{paths.SCHEMAS}{name}", content)
            for name, content in self._plan.schemas.of_package(fields.kind).items()
        ]
        premis = self._premis(added)
        rep_premis = self._generated.write(paths.REP_PREMIS, premis.write_representation)
        package_premis = self._generated.write(paths.PREMIS, premis.write_package)
        rep = self._representation_mets(documents, added, rep_premis)
        rep_mets = self._generated.write(
            paths.REP_METS, lambda out: write_tt05_representation_mets(out, rep)
        )
        package = self._package_mets(ead, package_premis, rep_mets, schemas)
        self._generated.write(paths.METS, lambda out: write_tt05_package_mets(out, package))

    def _write_documents(self) -> Iterator[_Written]:
        """The descriptive file of each document that has a file."""
        names = DescriptionNames()
        known: set[str] = set()
        for position, document in enumerate(self._plan.draft.documents, start=1):
            present = [path for path in document.files if path in self._present]
            if not present or present[0] != document.files[0]:
                continue
            attached = tuple(path for path in present[1:] if path not in known)
            shared = present[0] in known
            known |= {present[0], *attached}
            path = f"{paths.REP_DESCRIPTIVE}{names.name(document, position)}"
            description = self._write_description(path, document, position)
            yield _Written(document, description, attached, shared)

    def _write_description(self, path: str, document: Document, position: int) -> GeneratedFile:
        variant = self._fields.variant(document)
        values = self._fields.document(document, position)
        return self._generated.write(path, lambda out: write_simpledc(out, variant, values))

    def _write_added(self, path: str) -> GeneratedFile:
        return self._write_bytes(path, self._plan.draft.added[path])

    def _write_bytes(self, path: str, content: bytes) -> GeneratedFile:
        return self._generated.write(path, lambda out: _ignore(out.write(content)))

    @cached_property
    def _present(self) -> dict[str, SubmittedFile | None]:
        """The AIP's data files by logical path; None for those that were added."""
        data: dict[str, SubmittedFile | None] = {file.logical_path: file for file in self._data()}
        return data | dict.fromkeys(self._plan.draft.added)

    def _data(self) -> Iterator[SubmittedFile]:
        return (file for file in self._plan.draft.files if file.role is FileRole.DATA)

    def _premis(self, added: list[GeneratedFile]) -> Tt05Premis:
        draft = self._plan.draft
        codes: dict[str, tuple[str, str]] = {}
        for position, document in enumerate(draft.documents, start=1):
            code = self._fields.document_code(document, position)
            for path in document.files:
                codes.setdefault(path, (document.kind, code))
        return Tt05Premis(
            plan=self._plan,
            objid=self._objid,
            source=draft.fields.get(OBJID, ""),
            dossier_code=self._fields.dossier_code,
            software=Agent(SOFTWARE, "software", kho_version()),
            codes=codes,
            file_id=self._refs.file_id,
            files=lambda: self._data_files(added),
        )

    def _data_files(self, added: list[GeneratedFile]) -> Iterator[DataFile]:
        for each in self._data():
            name = each.raw_path.rpartition(b"/")[2]
            yield DataFile(each.logical_path, name, each.size_bytes, each.digests)
        for made in added:
            name = made.logical_path.rpartition("/")[2].encode("utf-8", "surrogateescape")
            yield DataFile(made.logical_path, name, made.size_bytes, made.digests)

    def _representation_mets(
        self, documents: list[_Written], added: list[GeneratedFile], premis: GeneratedFile
    ) -> Tt05RepresentationMets:
        base = paths.REPRESENTATION
        made = {file.logical_path: file for file in added}

        def ref(path: str) -> FileRef:
            file = self._present[path]
            if file is None:
                return self._refs.generated(made[path], base)
            return self._refs.submitted(file, base)

        def listed() -> Iterator[Tt05Document]:
            for each in documents:
                main = each.document.files[0]
                yield Tt05Document(
                    self._refs.metadata(each.description, "DC", "1.0", base=base),
                    ref(main),
                    [ref(path) for path in each.attached],
                    linked=main.lower().endswith(_STUB),
                    shared=each.shared,
                )

        linked = {path for each in documents for path in (each.document.files[0], *each.attached)}
        return Tt05RepresentationMets(
            objid=stable_id("uuid", self._objid, "rep1"),
            label=self._plan.draft.title,
            kind=self._fields.kind,
            created=self._refs.created,
            organ=self._organ,
            documents=listed,
            unlinked=lambda: (ref(path) for path in self._present if path not in linked),
            preservation=[self._refs.metadata(premis, "PREMIS", "3.0", base=base)],
            schema_files=self._schema_files,
        )

    def _package_mets(
        self,
        ead: GeneratedFile,
        premis: GeneratedFile,
        rep_mets: GeneratedFile,
        schemas: list[GeneratedFile],
    ) -> Tt05PackageMets:
        plan, draft, refs = self._plan, self._plan.draft, self._refs
        reports = [
            file for file in self._generated.all() if file.logical_path.startswith(paths.OTHER)
        ]
        archive = Organ(plan.archive_name, plan.archive_code)
        return Tt05PackageMets(
            objid=self._objid,
            label=draft.title,
            kind=self._fields.kind,
            created=refs.created,
            software=(SOFTWARE, kho_version()),
            organ=self._organ,
            archive=archive if archive.name or archive.code else None,
            submission_agreement=draft.fields.get(AGREEMENT, ""),
            ead=refs.metadata(ead, "OTHER", "1.0", other="EAD"),
            preservation=[refs.metadata(premis, "PREMIS", "3.0")],
            other=[refs.metadata(file, "OTHER", "", other="KHO") for file in reports],
            schemas=[refs.generated(file) for file in schemas],
            schema_files=self._schema_files,
            documentation=self._documentation,
            representation=refs.generated(rep_mets),
        )

    def _documentation(self) -> Iterable[FileRef]:
        for file in self._plan.draft.files:
            if file.role is FileRole.DOCUMENTATION:
                yield self._refs.submitted(file)
        for generated in self._generated.all():
            if generated.logical_path.startswith(paths.SUBMISSIONS):
                yield self._refs.generated(generated)

    @property
    def _organ(self) -> Organ:
        return Organ(self._plan.draft.fonds_name, self._plan.draft.fonds)

    @property
    def _schema_files(self) -> tuple[str, ...]:
        return self._plan.schemas.describing_mets


def _ignore(_count: int) -> None:
    """Writers give nothing back."""
