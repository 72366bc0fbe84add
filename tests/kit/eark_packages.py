"""A sound generic E-ARK submission package, held in memory, to be spoiled in one place."""

from __future__ import annotations

import hashlib
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.checks.eark_package import EarkPackage, judge_package
from ingest.checks.tt05_tree import Tree
from kit.packages import MemoryFile
from schemas.eark import (
    CSIP_PROFILE,
    SIP_PROFILE,
    PackageMets,
    RepresentationMets,
    write_package_mets,
    write_representation_mets,
)
from schemas.events import Agent
from schemas.findings import Finding
from schemas.mets import CSIP, METS, XLINK, FileRef, MetadataRef, organization_agent, stable_id
from schemas.premis import Identifier, PremisObject, write_premis
from schemas.tt05_schemas import own_schemas

MOMENT = "2026-03-02T09:15:00.000Z"
OBJID = "urn:uuid:5a7c0f0e-1111-4222-8333-444455556666"
FOLDER = OBJID.replace(":", "_")
REP = "representations/rep1/"
AGENTS = (Agent("Kho", version="0.1"), organization_agent("Sở Nội vụ", "H99"))
ET.register_namespace("", METS)
ET.register_namespace("csip", CSIP)
ET.register_namespace("xlink", XLINK)


def q(name: str) -> str:
    """The name in the METS namespace; a path's every step."""
    return "/".join(
        step if step in (".", "..", "") else f"{{{METS}}}{step}" for step in name.split("/")
    )


CSIP_NAME = f"{{{CSIP}}}"
XLINK_NAME = f"{{{XLINK}}}"


def _premis(name: str) -> bytes:
    out = io.BytesIO()
    thing = PremisObject(category="intellectual entity", identifiers=(Identifier("local", name),))
    write_premis(out, objects=lambda: [thing], events=(), agents=())
    return out.getvalue()


PARTS: dict[str, bytes] = {
    "metadata/descriptive/ead.xml": b"<ead/>",
    "metadata/preservation/premis.xml": _premis("goi tin"),
    "metadata/other/rights.xml": b"<rights/>",
    "schemas/ead.xsd": b"<schema/>",
    "documentation/huong dan.txt": "Hướng dẫn".encode(),
    f"{REP}metadata/descriptive/ead-rep.xml": b"<ead/>",
    f"{REP}metadata/preservation/premis-rep.xml": _premis("rep1"),
    f"{REP}data/to-trinh.txt": b"To trinh so 1\n",
    f"{REP}data/phu luc/bang.csv": b"a,b\n1,2\n",
}


@dataclass
class EarkSpec:
    """A package's files, and its two METS files as trees; :meth:`all_files` writes these.

    ``sealed`` False leaves what the root says of the representation's METS file as it is.
    """

    files: dict[str, bytes] = field(default_factory=lambda: dict(PARTS))
    root: ET.Element | None = None
    rep: ET.Element | None = None
    folder: str | None = FOLDER
    top_folders: tuple[str, ...] = (FOLDER,)
    outside: tuple[str, ...] = ()
    bare: bool = False
    doctype: bool = False
    """Whether METS.xml declares a document type."""
    named: str = "METS.xml"

    def __post_init__(self) -> None:
        if self.root is None:
            self.rep = ET.fromstring(_representation(self.files))
            self.root = _with_more(ET.fromstring(_package(self.files)))

    @property
    def mets(self) -> ET.Element:
        """The package's own METS."""
        assert self.root is not None
        return self.root

    @property
    def rep_mets(self) -> ET.Element:
        """The representation's METS."""
        assert self.rep is not None
        return self.rep

    def all_files(self) -> dict[str, bytes]:
        """Every file, the METS files as they are now, the root's word on the other made right."""
        files = dict(self.files)
        if self.rep is not None:
            files[f"{REP}METS.xml"] = _written(self.rep)
        for entry in self.mets.iter(q("file")):
            for location in entry.iter(q("FLocat")):
                content = files.get(location.get(f"{XLINK_NAME}href", ""))
                if content is not None and location.get(f"{XLINK_NAME}href", "").endswith(
                    "METS.xml"
                ):
                    entry.set("SIZE", str(len(content)))
                    entry.set("CHECKSUM", hashlib.sha256(content).hexdigest())
        files[self.named] = _written(self.mets)
        if self.doctype:
            head, mark, rest = files[self.named].partition(b"?>")
            files[self.named] = head + mark + b"<!DOCTYPE mets>" + rest
        return files

    def judged(self) -> EarkPackage:
        """What the requirements say."""
        files = {
            path: MemoryFile(content, ("sha256", "sha512"))
            for path, content in self.all_files().items()
        }
        tree = Tree(files, self.folder, self.top_folders, self.outside)
        return judge_package(tree, own_schemas(), bare=self.bare)

    def findings(self) -> tuple[Finding, ...]:
        """Every finding."""
        return self.judged().findings.all()

    def write(self, parent: Path) -> Path:
        """The package's folder, written below ``parent``."""
        root = parent / (self.folder or FOLDER)
        for path, content in self.all_files().items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return root


def spec() -> EarkSpec:
    """A sound SIP of version 2.2.0."""
    return EarkSpec()


def old_spec() -> EarkSpec:
    """A sound SIP of version 2.0.4."""
    made = EarkSpec()
    made.mets.set("PROFILE", "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml")
    made.rep_mets.set("PROFILE", "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml")
    for mets in (made.mets, made.rep_mets):
        div = mets.find(q("structMap/div"))
        assert div is not None
        div.set("LABEL", mets.get("OBJID", ""))
    return made


def _written(element: ET.Element) -> bytes:
    return bytes(ET.tostring(element, encoding="utf-8", xml_declaration=True))


def _ref(files: dict[str, bytes], path: str, base: str = "") -> FileRef:
    content = files[path]
    mime = "text/xml" if path.endswith(("xml", "xsd")) else "text/plain"
    digest = hashlib.sha256(content).hexdigest()
    href = path.removeprefix(base)
    return FileRef(stable_id("ID", path), href, mime, len(content), MOMENT, digest)


def _section(files: dict[str, bytes], path: str, mdtype: str, base: str = "") -> MetadataRef:
    return MetadataRef(stable_id("uuid", path), _ref(files, path, base), mdtype, "", "")


def _package(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    rep = FileRef(stable_id("ID", "rep"), f"{REP}METS.xml", "text/xml", 1, MOMENT, "00")
    made = PackageMets(
        objid=OBJID,
        label="Hồ sơ hội nghị tổng kết",
        created=MOMENT,
        agents=AGENTS,
        oais_type="SIP",
        profile=SIP_PROFILE,
        alt_record_ids=[("SUBMISSIONAGREEMENT", "12.NL.2026"), ("REFERENCECODE", "H99.01.2024")],
        descriptive=[_section(files, "metadata/descriptive/ead.xml", "EAD")],
        preservation=[_section(files, "metadata/preservation/premis.xml", "PREMIS")],
        schemas=[_ref(files, "schemas/ead.xsd")],
        documentation=lambda: [_ref(files, "documentation/huong dan.txt")],
        representations=[("rep1", rep)],
    )
    write_package_mets(out, made)
    return out.getvalue()


def _representation(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()

    def data() -> Iterator[FileRef]:
        return (_ref(files, p, REP) for p in files if p.startswith(f"{REP}data/"))

    described = _section(files, f"{REP}metadata/descriptive/ead-rep.xml", "EAD", REP)
    kept = _section(files, f"{REP}metadata/preservation/premis-rep.xml", "PREMIS", REP)
    made = RepresentationMets(
        objid="rep1",
        name="rep1",
        label="Hồ sơ hội nghị tổng kết",
        created=MOMENT,
        agents=AGENTS,
        oais_type="SIP",
        profile=CSIP_PROFILE,
        descriptive=[described],
        preservation=[kept],
        data=data,
    )
    write_representation_mets(out, made)
    return out.getvalue()


def _with_more(root: ET.Element) -> ET.Element:
    """The parts that Kho itself never writes: rights, and every kind of agent."""
    amd = root.find(q("amdSec"))
    sample = root.find(q("amdSec/digiprovMD"))
    header = root.find(q("metsHdr"))
    metadata = next(d for d in root.iter(q("div")) if d.get("LABEL") == "Metadata")
    assert amd is not None
    assert sample is not None
    assert header is not None
    rights = ET.fromstring(ET.tostring(sample))
    rights.tag = q("rightsMD")
    rights.set("ID", "rights-1")
    ref = rights.find(q("mdRef"))
    assert ref is not None
    path = "metadata/other/rights.xml"
    ref.attrib |= {
        "ID": "rights-ref",
        f"{XLINK_NAME}href": path,
        "MDTYPE": "METSRIGHTS",
        "SIZE": str(len(PARTS[path])),
        "CHECKSUM": hashlib.sha256(PARTS[path]).hexdigest(),
    }
    amd.insert(0, rights)
    metadata.set("ADMID", f"{metadata.get('ADMID')} rights-1")
    at = sum(child.tag == q("agent") for child in header)
    for role, kind, name, note in (
        ("CREATOR", "ORGANIZATION", "Sở Nội vụ", "H99.SNV"),
        ("CREATOR", "INDIVIDUAL", "Trần Thị Bình", ""),
        ("PRESERVATION", "ORGANIZATION", "Trung tâm Lưu trữ lịch sử", "LTLS"),
    ):
        agent = ET.Element(q("agent"), {"ROLE": role, "TYPE": kind})
        ET.SubElement(agent, q("name")).text = name
        if note:
            noted = ET.SubElement(agent, q("note"), {f"{CSIP_NAME}NOTETYPE": "IDENTIFICATIONCODE"})
            noted.text = note
        header.insert(at, agent)
        at += 1
    return root


Spoil = Callable[[EarkSpec], object]
