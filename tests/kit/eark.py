"""A generic E-ARK package on disk, and what the public validator says of one."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.eark import (
    PackageMets,
    RepresentationMets,
    write_package_mets,
    write_representation_mets,
)
from schemas.events import Agent
from schemas.mets import FileRef, MetadataRef, organization_agent, stable_id

MOMENT = "2026-03-02T09:15:00.000Z"
AGENTS = (Agent("Kho", version="0.1"), organization_agent("Trung tâm Lưu trữ lịch sử", "LTLS99"))

# Runs under the oracle's interpreter. The validator downloads four vocabularies when it is
# imported; it carries copies of them, and is given those.
_VALIDATE = """
import importlib.util, json, pathlib, sys, urllib.request
home = pathlib.Path(importlib.util.find_spec("eark_validator").origin).parent
def packaged(url, *_, **__):
    name = str(url).rsplit("/", 1)[-1]
    return open(home / "ipxml" / "resources" / "vocabs" / name, "rb")
urllib.request.urlopen = packaged
from eark_validator.packages import PackageValidator
from eark_validator.specifications.specification import SpecificationVersion
report = PackageValidator(pathlib.Path(sys.argv[1]), SpecificationVersion[sys.argv[2]])
report = report.validation_report
found = list(report.structure.messages)
if report.metadata:
    found += report.metadata.schema_results.messages
    found += report.metadata.schematron_results.messages
print(json.dumps([[m.rule_id or "", m.severity.value, m.message] for m in found]))
"""


@dataclass(frozen=True, slots=True)
class Remark:
    """One result of the validator; ``severity`` as it spells it."""

    rule: str
    severity: str
    message: str


def validator_remarks(python: Path, package: Path, rules: str) -> list[Remark]:
    """What eark-validator says of the package folder under ``rules`` (``V2_1_0``…)."""
    run = subprocess.run(
        [str(python), "-c", _VALIDATE, str(package), rules],
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return [Remark(*row) for row in json.loads(run.stdout)]


def file_ref(folder: Path, href: str, mime: str = "text/xml") -> FileRef:
    """The reference to a real file under ``folder``."""
    content = (folder / href).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return FileRef(stable_id("ID", href), href, mime, len(content), MOMENT, digest)


def put(folder: Path, href: str, content: bytes) -> Path:
    """A file under ``folder``, with its parents."""
    path = folder / href
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def section(
    folder: Path, href: str, mdtype: str, other: str = "", version: str = ""
) -> MetadataRef:
    """A metadata section that refers to a real file."""
    mime = "application/json" if href.endswith(".json") else "text/xml"
    ref = file_ref(folder, href, mime)
    return MetadataRef(stable_id("uuid", href), ref, mdtype, other, version)


def generic_package(parent: Path, *, objid: str = "urn:uuid:5a7c0f0e") -> Path:
    """An AIP folder with every part a generic package of ours has, its files real."""
    root = parent / objid.replace(":", "_")
    rep = root / "representations" / "rep1"
    put(root, "metadata/descriptive/EAD.xml", b"<simpledc/>")
    put(root, "metadata/preservation/PREMIS.xml", b"<premis/>")
    put(root, "metadata/other/admission.json", b"{}")
    put(root, "schemas/EAD.xsd", b"<schema/>")
    put(root, "documentation/submission/biên bản (1).txt", "bàn giao".encode())
    put(rep, "metadata/preservation/PREMIS_rep1.xml", b"<premis/>")
    for name in ("Tờ trình số 1.pdf", "100%.txt", "a'b\"c.txt"):
        put(rep, f"data/{name}", name.encode())
    _write_representation(rep)
    package = PackageMets(
        objid=objid,
        label="Hồ sơ hội nghị",
        created=MOMENT,
        agents=AGENTS,
        alt_record_ids=[("SUBMISSIONAGREEMENT", "12.NL.UBNDTL.01.2026")],
        descriptive=[section(root, "metadata/descriptive/EAD.xml", "OTHER", "EAD", "1.0")],
        preservation=[section(root, "metadata/preservation/PREMIS.xml", "PREMIS", "", "3.0")],
        other=[section(root, "metadata/other/admission.json", "OTHER", "ADMISSION")],
        schemas=[file_ref(root, "schemas/EAD.xsd", "application/xml")],
        documentation=lambda: [
            file_ref(root, "documentation/submission/biên bản (1).txt", "text/plain")
        ],
        representations=[("rep1", file_ref(root, "representations/rep1/METS.xml"))],
    )
    with (root / "METS.xml").open("wb") as out:
        write_package_mets(out, package)
    return root


def _write_representation(rep: Path) -> None:
    def data() -> Iterator[FileRef]:
        for path in sorted((rep / "data").iterdir()):
            yield file_ref(rep, f"data/{path.name}", "application/octet-stream")

    mets = RepresentationMets(
        objid="rep1",
        name="rep1",
        label="Hồ sơ hội nghị",
        created=MOMENT,
        agents=AGENTS,
        preservation=[section(rep, "metadata/preservation/PREMIS_rep1.xml", "PREMIS", "", "3.0")],
        data=data,
    )
    with (rep / "METS.xml").open("wb") as out:
        write_representation_mets(out, mets)
