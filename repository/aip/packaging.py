"""The E-ARK shape of an AIP: descriptive files, PREMIS and METS around the data.

What is referred to is written first: descriptive files and schemas, PREMIS, the
representation's METS, at last the package's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version as installed_version

from repository.aip import paths
from repository.aip.generated import GeneratedFile, GeneratedFiles, mime_of
from repository.aip.plan import AipPlan
from schemas.eark import (
    PackageMets,
    RepresentationMets,
    write_package_mets,
    write_representation_mets,
)
from schemas.events import Agent
from schemas.ids import RepositoryId, ocfl_id
from schemas.mets import FileRef, MetadataRef, MetsAgent, software_agent, stable_id
from schemas.moments import format_moment
from schemas.nouns import Document, FileRole, SubmittedFile
from schemas.premis import (
    Identifier,
    ObjectLink,
    PremisFormat,
    PremisObject,
    Relationship,
    write_premis,
)
from schemas.tt05 import fields_of, schema_of, write_simpledc

SOFTWARE = "Kho"
_DOCUMENT_VARIANTS = {
    "doc": "aip.ead_doc",
    "pic": "aip_hoso.ead_pic",
    "media": "aip_hoso.ead_media",
}
_SCHEMA_FILES = {
    "EAD.xsd": "aip_hoso.ead",
    "EAD_doc.xsd": "aip.ead_doc",
    "EAD_pic.xsd": "aip_hoso.ead_pic",
    "EAD_media.xsd": "aip_hoso.ead_media",
}


class Packaging:
    """Writes the package's own files for one plan, each once, in dependency order."""

    def __init__(
        self, plan: AipPlan, generated: GeneratedFiles, repository_id: RepositoryId
    ) -> None:
        self._plan = plan
        self._generated = generated
        self._repository_id = repository_id
        self._objid = ocfl_id(plan.aip_id)
        self._created = format_moment(plan.created)

    def write(self) -> None:
        """Every file of the package exists in staging, ``METS.xml`` last."""
        ead = self._write_descriptive(paths.EAD, "aip_hoso.ead", self._dossier_fields())
        documents = self._write_documents()
        schemas = [self._write_schema(name, variant) for name, variant in _SCHEMA_FILES.items()]
        rep_premis = self._write_representation_premis()
        premis = self._write_package_premis()
        rep_mets = self._write_representation_mets(documents, rep_premis)
        self._write_package_mets(ead, premis, rep_mets, schemas)

    def _dossier_fields(self) -> Mapping[str, str]:
        draft = self._plan.draft
        known = {spec.name for spec in fields_of("aip_hoso.ead")}
        fields = {name: value for name, value in draft.fields.items() if name in known}
        return {"arcFileCode": draft.dossier_code, **fields, "title": draft.title}

    def _write_documents(self) -> list[GeneratedFile]:
        written = []
        for ordinal, document in enumerate(self._plan.draft.documents, start=1):
            variant = _DOCUMENT_VARIANTS[document.kind]
            name = f"{paths.REP_DESCRIPTIVE}EAD_{document.kind}_{ordinal:07d}.xml"
            fields = self._document_fields(document, variant)
            written.append(self._write_descriptive(name, variant, fields))
        return written

    def _document_fields(self, document: Document, variant: str) -> Mapping[str, str]:
        known = {spec.name for spec in fields_of(variant)}
        given = {
            "arcFileCode": self._plan.draft.dossier_code,
            "docCode": document.code,
            "subject": document.title,
            "imageTitle": document.title,
            "movieTitle": document.title,
            "issuedDate": document.date,
            **document.fields,
        }
        return {name: value for name, value in given.items() if name in known}

    def _write_descriptive(
        self, path: str, variant: str, fields: Mapping[str, str]
    ) -> GeneratedFile:
        return self._generated.write(path, lambda out: write_simpledc(out, variant, fields))

    def _write_schema(self, name: str, variant: str) -> GeneratedFile:
        content = schema_of(variant)
        return self._generated.write(f"{paths.SCHEMAS}{name}", lambda out: _put(out, content))

    def _write_representation_premis(self) -> GeneratedFile:
        def objects() -> Iterator[PremisObject]:
            yield PremisObject(
                category="representation",
                identifiers=[self._representation],
                relationships=[
                    Relationship("structural", "is part of", [Identifier("UUID", self._objid)])
                ],
            )
            for file in self._data():
                yield self._file_object(file)

        return self._generated.write(
            paths.REP_PREMIS,
            lambda out: write_premis(out, objects=objects, events=[], agents=[]),
        )

    def _file_object(self, file: SubmittedFile) -> PremisObject:
        result = self._plan.formats.get(file.logical_path)
        names = (*result.names, *[""] * len(result.puids)) if result else ()
        formats = (
            [
                PremisFormat(name=name, puid=puid, note=f"{result.method}; {result.signature_set}")
                for puid, name in zip(result.puids, names, strict=False)
            ]
            if result
            else []
        )
        return PremisObject(
            category="file",
            identifiers=[Identifier("File", self._file_id(file.logical_path))],
            sha256=file.digests.sha256,
            sha512=file.digests.sha512,
            digest_originator=SOFTWARE,
            size_bytes=file.size_bytes,
            formats=formats,
            original_name=file.raw_path,
            content_location=file.logical_path.removeprefix(paths.REPRESENTATION),
        )

    def _write_package_premis(self) -> GeneratedFile:
        plan = self._plan
        package = Identifier("UUID", self._objid)
        entity = PremisObject(
            category="intellectual entity",
            identifiers=[package, *self._local_codes()],
            original_name=plan.source,
            significant_properties=[("submission digest", plan.submission_digest)],
        )
        return self._generated.write(
            paths.PREMIS,
            lambda out: write_premis(
                out,
                objects=lambda: [entity],
                events=plan.events,
                agents=[*plan.agents, self._agent()],
                links=lambda _event: [ObjectLink(package)],
            ),
        )

    def _local_codes(self) -> list[Identifier]:
        code = self._plan.draft.dossier_code
        return [Identifier("local", code)] if code else []

    def _write_representation_mets(
        self, documents: list[GeneratedFile], premis: GeneratedFile
    ) -> GeneratedFile:
        base = paths.REPRESENTATION
        sections = self._sections(documents)
        mets = RepresentationMets(
            objid=self._representation.value,
            name="rep1",
            label="rep1",
            created=self._created,
            agents=self._agents(),
            descriptive=[self._metadata(file, "DC", base=base) for file in documents],
            preservation=[self._metadata(premis, "PREMIS", mdtype_version="3.0", base=base)],
            data=lambda: (self._data_ref(file, sections) for file in self._data()),
        )
        return self._generated.write(
            paths.REP_METS, lambda out: write_representation_mets(out, mets)
        )

    def _write_package_mets(
        self,
        ead: GeneratedFile,
        premis: GeneratedFile,
        rep_mets: GeneratedFile,
        schemas: list[GeneratedFile],
    ) -> None:
        draft = self._plan.draft
        reports = [
            file for file in self._generated.all() if file.logical_path.startswith(paths.OTHER)
        ]
        mets = PackageMets(
            objid=self._objid,
            label=draft.title,
            created=self._created,
            agents=self._agents(),
            alt_record_ids=[("DOSSIERCODE", draft.dossier_code)] if draft.dossier_code else [],
            descriptive=[self._metadata(ead, "OTHER", other="EAD")],
            preservation=[self._metadata(premis, "PREMIS", mdtype_version="3.0")],
            other=[self._metadata(file, "OTHER", other="KHO") for file in reports],
            schemas=[self._generated_ref(file) for file in schemas],
            documentation=self._documentation,
            representations=[("rep1", self._generated_ref(rep_mets))],
        )
        self._generated.write(paths.METS, lambda out: write_package_mets(out, mets))

    def _documentation(self) -> Iterable[FileRef]:
        for file in self._plan.draft.files:
            if file.role is FileRole.DOCUMENTATION:
                yield self._submitted_ref(file, base="")
        for generated in self._generated.all():
            if generated.logical_path.startswith(paths.SUBMISSIONS):
                yield self._generated_ref(generated)

    def _data(self) -> Iterator[SubmittedFile]:
        return (file for file in self._plan.draft.files if file.role is FileRole.DATA)

    def _sections(self, documents: Sequence[GeneratedFile]) -> dict[str, str]:
        """The section of the document that each described file belongs to, by logical path."""
        found: dict[str, str] = {}
        for document, description in zip(self._plan.draft.documents, documents, strict=True):
            section = self._section_id(description)
            for path in document.files:
                found.setdefault(path, section)
        return found

    def _data_ref(self, file: SubmittedFile, sections: Mapping[str, str]) -> FileRef:
        section = sections.get(file.logical_path, "")
        return self._submitted_ref(file, base=paths.REPRESENTATION, dmdid=section)

    def _submitted_ref(self, file: SubmittedFile, *, base: str, dmdid: str = "") -> FileRef:
        result = self._plan.formats.get(file.logical_path)
        return FileRef(
            self._file_id(file.logical_path),
            file.logical_path.removeprefix(base),
            result.mime if result else mime_of(file.logical_path),
            file.size_bytes,
            self._created,
            file.digests.sha256,
            original_name=file.raw_path,
            dmdid=dmdid,
        )

    def _generated_ref(self, file: GeneratedFile, *, base: str = "") -> FileRef:
        return FileRef(
            self._file_id(file.logical_path),
            file.logical_path.removeprefix(base),
            file.mime,
            file.size_bytes,
            self._created,
            file.digests.sha256,
        )

    def _metadata(
        self,
        file: GeneratedFile,
        mdtype: str,
        *,
        other: str = "",
        mdtype_version: str = "",
        base: str = "",
    ) -> MetadataRef:
        return MetadataRef(
            self._section_id(file),
            self._generated_ref(file, base=base),
            mdtype,
            other,
            mdtype_version,
        )

    def _section_id(self, file: GeneratedFile) -> str:
        return stable_id("uuid", self._objid, "section", file.logical_path)

    def _file_id(self, logical_path: str) -> str:
        return stable_id("ID", self._objid, logical_path)

    @property
    def _representation(self) -> Identifier:
        return Identifier("local", f"{self._objid}/rep1")

    def _agents(self) -> list[MetsAgent]:
        return [software_agent(SOFTWARE, kho_version())]

    @staticmethod
    def _agent() -> Agent:
        return Agent(SOFTWARE, "software", kho_version())


def kho_version() -> str:
    """The installed version of this software."""
    return installed_version("kho")


def _put(out: object, content: bytes) -> None:
    out.write(content)  # type: ignore[attr-defined]  # any binary stream
