"""File references and METS inputs made up for tests: no file behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from schemas.eark import PackageMets, RepresentationMets
from schemas.events import Agent
from schemas.mets import FileRef, MetadataRef, organization_agent, stable_id

MOMENT = "2026-03-02T09:15:00.000Z"
AGENTS = (Agent("Kho", version="0.1"), organization_agent("Trung tâm Lưu trữ", "LTLS99"))


def ref(href: str, *, mime: str = "text/xml") -> FileRef:
    """A reference to ``href`` with a digest that depends on it."""
    digest = hashlib.sha256(href.encode()).hexdigest()
    return FileRef(stable_id("ID", href), href, mime, len(href), MOMENT, digest)


def numbered_refs(count: int) -> Callable[[], Iterator[FileRef]]:
    """So many data files, made one at a time, each time they are asked for."""
    return lambda: (
        FileRef(f"ID-{n}", f"data/Tờ trình số {n}.pdf", "application/pdf", n, MOMENT, "ab" * 32)
        for n in range(count)
    )


def metadata(href: str, mdtype: str, other: str = "", version: str = "") -> MetadataRef:
    """A metadata section for ``href``."""
    return MetadataRef(stable_id("uuid", href), ref(href), mdtype, other, version)


def package(**changes: object) -> PackageMets:
    """A generic package with one of everything."""
    given: dict[str, object] = {
        "objid": "urn:uuid:5a7c0f0e-0000-4000-8000-000000000001",
        "label": "Hồ sơ hội nghị tổng kết",
        "created": MOMENT,
        "agents": AGENTS,
        "alt_record_ids": [("SUBMISSIONAGREEMENT", "12.NL.UBNDTL.01.2026")],
        "descriptive": [metadata("metadata/descriptive/EAD.xml", "OTHER", "EAD", "1.0")],
        "preservation": [metadata("metadata/preservation/PREMIS.xml", "PREMIS", "", "3.0")],
        "other": [metadata("metadata/other/admission.json", "OTHER", "ADMISSION")],
        "schemas": [ref("schemas/mets1_12.xsd"), ref("schemas/EAD.xsd")],
        "documentation": lambda: [ref("documentation/biên bản.txt")],
        "representations": [("rep1", ref("representations/rep1/METS.xml"))],
    }
    return PackageMets(**(given | changes))  # type: ignore[arg-type]  # fields by name


def representation(**changes: object) -> RepresentationMets:
    """A representation with three data files."""
    given: dict[str, object] = {
        "objid": "rep1",
        "name": "rep1",
        "label": "Hồ sơ hội nghị tổng kết",
        "created": MOMENT,
        "agents": AGENTS,
        "preservation": [metadata("metadata/preservation/PREMIS_rep1.xml", "PREMIS", "", "3.0")],
        "data": numbered_refs(3),
    }
    return RepresentationMets(**(given | changes))  # type: ignore[arg-type]  # fields by name
