"""A package of many files is judged as a stream: memory grows by their paths and IDs only."""

from __future__ import annotations

import io
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from ingest.checks.eark_package import judge_package
from ingest.checks.tt05_tree import Tree
from kit.eark_packages import AGENTS, FOLDER, MOMENT, REP, spec
from kit.packages import MemoryFile
from schemas.eark import RepresentationMets, write_representation_mets
from schemas.mets import FileRef
from schemas.tt05_schemas import own_schemas

DIGEST = "ab" * 32
KNOWN: Mapping[str, str] = {"sha256": DIGEST}
PER_FILE_BYTES = 600


@dataclass(frozen=True, slots=True)
class Stub:
    """A file nobody opens: its digest was made when it passed."""

    size_bytes: int = 5

    @property
    def known_digests(self) -> Mapping[str, str]:
        return KNOWN

    def open(self) -> closing[BinaryIO]:
        raise AssertionError("a data file was opened again")


def data_files(count: int) -> Iterator[FileRef]:
    for n in range(count):
        yield FileRef(f"ID-{n}", f"data/{n // 1000}/to {n}.txt", "text/plain", 5, MOMENT, DIGEST)


def tree_of(count: int, size_bytes: int = 5) -> Tree:
    """A package of ``count`` data files, each of ``size_bytes``; METS says 5."""
    package = spec()
    out = io.BytesIO()
    made = RepresentationMets(
        objid="rep1",
        name="rep1",
        label="Hồ sơ",
        created=MOMENT,
        agents=AGENTS,
        oais_type="SIP",
        data=lambda: data_files(count),
    )
    write_representation_mets(out, made)
    package.rep = ET.fromstring(out.getvalue())
    files: dict[str, MemoryFile | Stub] = {
        path: MemoryFile(content, ("sha256", "sha512"))
        for path, content in package.all_files().items()
        if not path.startswith(f"{REP}data/")
    }
    for ref in data_files(count):
        files[REP + ref.href] = Stub(size_bytes)
    return Tree(files, FOLDER, (FOLDER,))


def peak_of(count: int) -> int:
    tree = tree_of(count)
    schemas = own_schemas()
    assert schemas.mets is not None
    tracemalloc.start()
    judged = judge_package(tree, schemas)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(judged.content) == count
    return peak


def test_memory_grows_by_paths_and_ids_only() -> None:
    few, many = peak_of(500), peak_of(3500)
    assert (many - few) / 3000 < PER_FILE_BYTES


def test_no_file_is_opened_for_a_digest_that_is_known() -> None:
    found = {finding.code for finding in judge_package(tree_of(50), own_schemas()).findings.all()}
    assert "EARK-DIGEST" not in found


def test_findings_about_many_files_stay_bounded() -> None:
    found = judge_package(tree_of(2000, 6), own_schemas()).findings.all()
    assert sum(finding.code == "EARK-SIZE" for finding in found) == 200
    (more,) = [f for f in found if f.fields.get("of") == "EARK-SIZE"]
    assert more.fields["more"] == 1800
