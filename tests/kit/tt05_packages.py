"""Sound packages of Circular 05, described so that a test can spoil exactly one thing.

Nothing here needs anything beside the project: packages are written by the project's own
writers and spoiled before or after METS refers to what was spoiled.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from ingest.checks.tt05_facts import LinkedRecord, ReceptionFacts, Request
from ingest.checks.tt05_rules import Variant
from ingest.examined import Examined
from ingest.profiles.base import Shaped, Shaping
from ingest.profiles.tt05 import Tt05Profile
from ingest.settings import IngestSettings
from ingest.submission import Submission, admit
from kit.signed_pdfs import plain_pdf
from preservation.formats.engine import Identifier
from preservation.formats.signature_set import SignatureSet
from schemas.digests import digests_of
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.findings import Finding
from schemas.ids import AipId
from schemas.mets import FileRef, MetadataRef, stable_id
from schemas.nouns import SignatureReport, SignatureResult
from schemas.premis import (
    Identifier as PremisId,
)
from schemas.premis import (
    ObjectLink,
    PremisFormat,
    PremisObject,
    Relationship,
    write_premis,
)
from schemas.progress import NoProgress
from schemas.tt05 import schema_of, write_simpledc
from schemas.tt05_mets import (
    Organ,
    Tt05Document,
    Tt05PackageMets,
    Tt05RepresentationMets,
    write_tt05_package_mets,
    write_tt05_representation_mets,
)
from schemas.tt05_names import folder_of
from schemas.tt05_schemas import own_schemas

MOMENT = "2026-03-02T09:15:00.000+07:00"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CODE = "H99.10.05.2024.07.VP"
LOOSE_CODE = "H99.10.05.2025.01.0000001"
FONDS = "TL05"
ARCHIVE = "LTLS99"
AGREEMENT = "12.NL.UBNDTL.01.2026"
UUID = "3BBCCEBC-B379-5392-9063-1C0942CF587D"
AIP_ID = AipId("a132db32-73e5-5c11-a697-d5555175860a")
REQUEST = "YC.2026.0000042"
CERTIFICATE = "documentation/XacThuc.pdf"

REP = "representations/rep1/"
DATA = f"{REP}data/"
DESCRIPTIVE = f"{REP}metadata/descriptive/"
EAD = "metadata/descriptive/EAD.xml"
PREMIS = "metadata/preservation/PREMIS.xml"
REP_PREMIS = f"{REP}metadata/preservation/PREMIS_rep1.xml"

Files = dict[str, bytes]
Edit = Callable[[Files], None]


@dataclass
class RecordSpec:
    """One document: the fields of its descriptive file, its main file, its attachments.

    ``described`` names its descriptive file otherwise; ``shared`` says that the document
    before it has the same main file.
    """

    name: str
    content: bytes
    fields: dict[str, str]
    kind: str = "doc"
    attachments: Files = field(default_factory=dict)
    described: str = ""
    shared: bool = False

    @property
    def path(self) -> str:
        """Where its descriptive file lies."""
        if self.described:
            return f"{DESCRIPTIVE}{self.described}"
        stem = self.name.removesuffix(".fetch.txt").rpartition(".")[0]
        return f"{DESCRIPTIVE}EAD_{self.kind}_{stem}.xml"


@dataclass
class Spec:
    """A package to be written. ``early`` edits happen before METS refers to the files,
    ``late`` ones after; ``root_edits`` and ``rep_edits`` change the METS texts in between."""

    ead: dict[str, str]
    records: list[RecordSpec]
    type: Literal["SIP", "AIP", "DIP"] = "SIP"
    kind: Literal["hoso", "tailieu"] = "hoso"
    objid: str = f"uuid-{UUID}"
    fonds: str = FONDS
    documentation: Files = field(default_factory=dict)
    early: list[Edit] = field(default_factory=list)
    rep_edits: list[Callable[[bytes], bytes]] = field(default_factory=list)
    root_edits: list[Callable[[bytes], bytes]] = field(default_factory=list)
    late: list[Edit] = field(default_factory=list)
    premis: dict[str, Any] = field(default_factory=dict)

    def files(self) -> Files:
        """Every file by its path in the package."""
        return Written(self).files

    def folder(self, parent: Path) -> Path:
        """The package as a folder named by its OBJID, with nothing beside it."""
        return write_tree(parent / folder_of(self.objid), self.files())

    def zipped(self, path: Path) -> Path:
        """The package as a zip with one top folder."""
        top = folder_of(self.objid)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in self.files().items():
                archive.writestr(f"{top}/{name}", content)
        return path

    def root(self, old: str, new: str) -> None:
        """The root METS says ``new`` where it said ``old``."""
        self.root_edits.append(_replacing(old, new))

    def rep(self, old: str, new: str) -> None:
        """The METS of rep1 says ``new`` where it said ``old``."""
        self.rep_edits.append(_replacing(old, new))

    def text(self, path: str, old: str, new: str) -> None:
        """A file says ``new`` where it said ``old``, before METS refers to it."""
        change = _replacing(old, new)
        self.early.append(lambda files: files.update({path: change(files[path])}))


def _replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old.encode() in content, f"nothing to spoil: {old}"
        return content.replace(old.encode(), new.encode())

    return change


class Written:
    """One package being written."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.files: Files = {}
        self._describe()
        for edit in spec.early:
            edit(self.files)
        if spec.type == "AIP":
            self._preserve()
        self.files[f"{REP}METS.xml"] = self._edited(self._rep_mets(), spec.rep_edits)
        self.files["METS.xml"] = self._edited(self._root_mets(), spec.root_edits)
        for edit in spec.late:
            edit(self.files)

    @staticmethod
    def _edited(content: bytes, edits: list[Callable[[bytes], bytes]]) -> bytes:
        for edit in edits:
            content = edit(content)
        return content

    def _describe(self) -> None:
        spec, variant = self.spec, self.spec.type.lower()
        kind = f"{variant}_{spec.kind}" if variant != "dip" else variant
        self.files[EAD] = simpledc(f"{kind}.ead", spec.ead)
        for record in spec.records:
            named = kind if variant == "aip" and record.kind != "doc" else variant
            self.files[record.path] = simpledc(f"{named}.ead_{record.kind}", record.fields)
            self.files[f"{DATA}{record.name}"] = record.content
            for name, content in record.attachments.items():
                self.files[f"{DATA}{name}"] = content
        for name, content in own_schemas().of_package(spec.kind).items():
            self.files[f"schemas/{name}"] = content
        if variant != "aip":
            self.files["schemas/EAD.xsd"] = schema_of(f"{kind}.ead")
        self.files |= spec.documentation

    def _preserve(self) -> None:
        spec = self.spec
        package = PremisId("UUID", spec.objid)
        whole = PremisId("local", f"{spec.objid}/rep1")
        software = Agent("Kho", "software", "0.1")
        event = Event(
            id=spec.premis.get("event", "e73c46a8-987a-5d7b-8f28-3f59b4c2c0ae"),
            type=spec.premis.get("type", EventType.PACKAGE_CREATION),
            moment=NOW,
            outcome=EventOutcome.SUCCESS,
            agents=(software,),
        )
        entity = PremisObject(category="intellectual entity", identifiers=[package])
        out = io.BytesIO()
        write_premis(
            out,
            objects=lambda: [entity],
            events=[event],
            agents=[],
            links=lambda _event: [ObjectLink(package)],
        )
        self.files[PREMIS] = self._edited(out.getvalue(), spec.premis.get("edits", []))
        out = io.BytesIO()
        write_premis(out, objects=lambda: self._rep_objects(whole), events=[], agents=[])
        self.files[REP_PREMIS] = self._edited(out.getvalue(), spec.premis.get("rep_edits", []))

    def _rep_objects(self, whole: PremisId) -> Iterator[PremisObject]:
        yield PremisObject(category="representation", identifiers=[whole])
        for path in self._data():
            content = self.files[path]
            yield PremisObject(
                category="file",
                identifiers=[PremisId("File", file_id(path))],
                sha256=digests_of(content).sha256,
                size_bytes=len(content),
                formats=[PremisFormat("PDF", "1.7", self.spec.premis.get("puid", "fmt/276"))],
                original_name=path.rpartition("/")[2],
                content_location=path.removeprefix(REP),
                relationships=[Relationship("structural", "is part of", [whole])],
            )

    def _data(self) -> list[str]:
        return [path for path in self.files if path.startswith(DATA)]

    def _rep_mets(self) -> bytes:
        spec = self.spec
        documents = [
            Tt05Document(
                MetadataRef(stable_id("uuid", record.path), self._ref(record.path, REP), "DC"),
                self._ref(f"{DATA}{record.name}", REP),
                [self._ref(f"{DATA}{name}", REP) for name in record.attachments],
                linked=record.name.endswith(".fetch.txt"),
                shared=record.shared,
            )
            for record in spec.records
        ]
        premis = [REP_PREMIS] if REP_PREMIS in self.files else []
        rep = Tt05RepresentationMets(
            objid=stable_id("uuid", spec.objid, "rep1"),
            label=spec.ead.get("title", ""),
            kind=spec.kind,
            created=MOMENT,
            organ=Organ("Uỷ ban nhân dân phường Tân Lập", spec.fonds),
            documents=lambda: documents,
            package_type=spec.type,
            preservation=[self._section(path, REP) for path in premis],
            schema_files=own_schemas().describing_mets,
        )
        out = io.BytesIO()
        write_tt05_representation_mets(out, rep)
        return out.getvalue()

    def _root_mets(self) -> bytes:
        spec = self.spec
        premis = [PREMIS] if PREMIS in self.files else []
        package = Tt05PackageMets(
            objid=spec.objid,
            label=spec.ead.get("title", ""),
            kind=spec.kind,
            package_type=spec.type,
            created=MOMENT,
            software=("Kho", "0.1"),
            organ=Organ("Uỷ ban nhân dân phường Tân Lập", spec.fonds),
            archive=None if spec.type == "SIP" else Organ("Trung tâm Lưu trữ", ARCHIVE),
            submission_agreement=AGREEMENT,
            ead=MetadataRef("uuid-EAD", self._ref(EAD, ""), "OTHER", "EAD", "1.0"),
            preservation=[self._section(path, "") for path in premis],
            schemas=[self._ref(path, "") for path in self.files if path.startswith("schemas/")],
            documentation=lambda: (self._ref(path, "") for path in spec.documentation),
            representation=self._ref(f"{REP}METS.xml", ""),
            schema_files=own_schemas().describing_mets,
        )
        out = io.BytesIO()
        write_tt05_package_mets(out, package)
        return out.getvalue()

    def _section(self, path: str, base: str) -> MetadataRef:
        return MetadataRef(stable_id("uuid", path), self._ref(path, base), "PREMIS", "", "3.0")

    def _ref(self, path: str, base: str) -> FileRef:
        content = self.files.get(path, b"")
        mime = next((m for end, m in _MIMES.items() if path.endswith(end)), "text/plain")
        digest = hashlib.sha256(content).hexdigest()
        href = path.removeprefix(base)
        return FileRef(file_id(path), href, mime, len(content), MOMENT, digest)


_MIMES = {
    ".xml": "text/xml",
    ".xsd": "application/xml",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".jpg": "image/jpeg",
}


def file_id(path: str) -> str:
    """The ID of the element for the file at ``path``."""
    return stable_id("ID", path)


def simpledc(variant: str, fields: Mapping[str, str]) -> bytes:
    """A descriptive file."""
    out = io.BytesIO()
    write_simpledc(out, variant, fields)
    return out.getvalue()


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files below ``folder``."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def doc_fields(number: int, code: str = CODE) -> dict[str, str]:
    """The fields of a document of a SIP."""
    return {
        "docId": f"{code}.{number}"[-25:],
        "docCode": f"{code}.{number:07d}",
        "maintenance": "01",
        "typeName": "14",
        "codeNumber": str(number),
        "codeNotation": "BC-UBND",
        "issuedDate": "20/06/2024",
        "organName": "Uỷ ban nhân dân phường Tân Lập",
        "subject": f"Báo cáo số {number}",
        "language": "01",
        "numberOfPage": "1",
        "mode": "01",
        "confidenceLevel": "01",
        "process": "0",
        "riskRecovery": "0",
    }


def sip() -> Spec:
    """SIP_hoso: two documents, the second with an attachment."""
    ead = {
        "fileCode": CODE,
        "title": "Hồ sơ Hội nghị tổng kết năm 2024",
        "maintenance": "01",
        "mode": "01",
        "language": "01",
        "startDate": "10/01/2024",
        "endDate": "24/12/2024",
        "totalDoc": "2",
        "numberOfPaper": "0",
        "numberOfPage": "2",
        "confidenceLevel": "01",
        "riskRecovery": "0",
    }
    attached = {f"{CODE}.0000002.PL01.csv": "số;tên\n1;a\n".encode()}
    return Spec(
        ead,
        [
            RecordSpec(f"{CODE}.0000001.pdf", plain_pdf(), doc_fields(1)),
            RecordSpec(f"{CODE}.0000002.pdf", plain_pdf(7), doc_fields(2), attachments=attached),
        ],
    )


def linked_sip() -> Spec:
    """SIP_hoso whose third document is a stub of a record of another dossier."""
    spec = sip()
    spec.ead |= {"totalDoc": "3", "numberOfPage": "3"}
    name = f"{CODE}.0000003.pdf.fetch.txt"
    spec.records.append(RecordSpec(name, b"H99.10.05.2023.01.VP.7\n", doc_fields(3)))
    return spec


@cache
def picture() -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (16, 12), (180, 30, 30)).save(out, "JPEG", dpi=(300, 300))
    return out.getvalue()


def pic_fields(number: int) -> dict[str, str]:
    """The fields of a picture of a SIP."""
    return {
        "docCode": f"{LOOSE_CODE}.{number:07d}",
        "maintenance": "01",
        "typePic": "02",
        "imageTitle": "Đoàn kiểm tra tại điểm kè số 3",
        "photoTime": "09/2025",
        "mode": "01",
        "riskRecovery": "0",
    }


def loose_sip() -> Spec:
    """SIP_tailieu: a document and a picture."""
    ead = {
        "fileCode": LOOSE_CODE,
        "title": "Tài liệu rời lẻ tháng 9 năm 2025",
        "source": "0",
        "totalDoc": "2",
    }
    records = [
        RecordSpec(f"{LOOSE_CODE}.0000001.pdf", plain_pdf(), doc_fields(1, LOOSE_CODE)),
        RecordSpec(f"{LOOSE_CODE}.0000002.jpg", picture(), pic_fields(2), kind="pic"),
    ]
    return Spec(ead, records, kind="tailieu", objid="uuid-FCA70E93-DCC7-5DEA-8A7A-3DC33D7A3195")


def aip() -> Spec:
    """AIP_hoso of another archive: two documents."""
    spec = sip()
    code = f"{ARCHIVE}.{CODE}"
    ead = {n: v for n, v in spec.ead.items() if n != "fileCode"} | {"arcFileCode": code}
    dropped = {"docId", "maintenance", "riskRecovery", "riskRecoveryStatus"}
    records = [
        RecordSpec(
            f"{CODE}.{number:07d}.pdf",
            plain_pdf(number),
            {n: v for n, v in doc_fields(number).items() if n not in dropped}
            | {"arcFileCode": code, "docOrdinal": str(number)},
        )
        for number in (1, 2)
    ]
    return replace(
        spec, ead=ead, records=records, type="AIP", objid=f"urn:{FONDS}:uuid:{AIP_ID.upper()}"
    )


def dip() -> Spec:
    """DIP: two documents of a dossier for an approved request."""
    ead = {
        "requestID": REQUEST,
        "requestDate": "01/10/2026",
        "purpose": "02",
        "purposeContent": "Công vụ",
        "feeObjectType": "01",
        "researchTopic": "Lịch sử địa phương",
    }
    records = [
        RecordSpec(
            f"{CODE}.{number:07d}.pdf",
            plain_pdf(number),
            {n: v for n, v in doc_fields(number).items() if n not in {"docCode", "organName"}}
            | {"arcDocCode": f"{ARCHIVE}.{CODE}.{number:07d}"},
        )
        for number in (1, 2)
    ]
    return Spec(ead, records, type="DIP", documentation={CERTIFICATE: plain_pdf(3)})


BASES: Mapping[str, Callable[[], Spec]] = {
    "sip": sip,
    "linked": linked_sip,
    "loose": loose_sip,
    "aip": aip,
    "dip": dip,
}


def known(spec: Spec | None = None, **changes: Any) -> ReceptionFacts:
    """An archive that knows everything, and nothing against the sound packages."""
    asked = {r.name: digests_of(r.content).sha256 for r in spec.records} if spec else {}
    linked = LinkedRecord(str(AIP_ID), FONDS, f"{DATA}a b.pdf", 1234, f"{ARCHIVE}.X.0000007")
    given: dict[str, Any] = {
        "now": NOW,
        "fonds": {FONDS},
        "organs": {"H99.10.05"},
        "agreements": {AGREEMENT},
        "historical": True,
        "isolated": True,
        "held_by_objid": lambda _objid: [],
        "held_by_code": lambda _code: [],
        "held_by_digest": lambda _digest: [],
        "linked": lambda _fonds, _said: linked,
        "request": lambda _id: Request(approved=True, expired=False, sha256_by_name=asked),
        "transfer_list": {CODE, LOOSE_CODE, f"{ARCHIVE}.{CODE}", ""},
        "same_submission": {},
    }
    return ReceptionFacts(**(given | changes))


MEASURED: Mapping[str, Any] = {
    "pages": 1,
    "encrypted": False,
    "pdfa": True,
    "text_layer": True,
    "dpi": 300,
}


def examined(spec: Spec, **changes: Any) -> Examined:
    """Judges of files that found nothing wrong; a change of ``measured`` holds for each file."""
    paths = [f"{DATA}{name}" for r in spec.records for name in (r.name, *r.attachments)]
    measured = {**MEASURED, **changes.pop("measured", {})}
    return Examined(
        **{"scanned": True, "measured": {path: dict(measured) for path in paths}, **changes}
    )


def signed(**facts: str) -> SignatureReport:
    """A report on one signature."""
    result = SignatureResult("Chữ ký 1", "TOTAL-PASSED", integrity="intact", trust="trusted")
    return SignatureReport("accept", (replace(result, **facts),), kind="pdf")  # type: ignore[arg-type]  # texts only


@cache
def identifier() -> Identifier:
    """The shipped signatures, loaded once a run."""
    return Identifier(SignatureSet.load_default())


@dataclass(frozen=True)
class Judged:
    """What the profile said of one source."""

    shaped: Shaped
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]

    @property
    def codes(self) -> set[str]:
        """The rules that were broken."""
        return {finding.code for finding in self.findings if finding.code.startswith("TT05-")}

    def weight(self, code: str) -> set[str]:
        """How heavily a rule was broken."""
        return {str(finding.severity) for finding in self.findings if finding.code == code}


def received(source: Path, staging: Path) -> Submission:
    """The source, admitted as ingest does."""
    return admit(
        source,
        staging,
        settings=IngestSettings(),
        identifier=identifier(),
        progress=NoProgress(),
    )


def judge(
    source: Path,
    staging: Path,
    facts: ReceptionFacts,
    looked: Examined,
    *,
    variant: Variant = "tt05",
    fonds: str = "",
) -> Judged:
    """What the profile says of the source, at both looks."""
    submission = received(source, staging)
    shaping = Shaping(aip_id=AIP_ID, fonds=fonds, facts=facts)
    shaped = Tt05Profile(variant).shape(submission, shaping)
    again = shaped.follow_up.look_again(looked)
    findings = (*submission.admission.findings.all(), *shaped.findings, *again.findings)
    return Judged(shaped, findings, (*shaped.not_checked, *again.not_checked))
