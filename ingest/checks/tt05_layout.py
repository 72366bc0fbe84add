"""Rules 013–028: which files and folders a package has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import Tt05Package, record_kind
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import (
    DATA,
    DOCUMENTATION,
    EAD,
    METS,
    PREMIS,
    REP,
    REP_DESCRIPTIVE,
    REP_METS,
    REP_PREMIS,
    SCHEMAS,
)
from schemas.findings import Severity
from schemas.names import is_litter

_FOLDERS = frozenset(
    (
        "",
        "metadata/",
        "metadata/descriptive/",
        "metadata/preservation/",
        "metadata/other/",
        "representations/",
        REP,
        f"{REP}metadata/",
        REP_DESCRIPTIVE,
        f"{REP}metadata/preservation/",
        f"{REP}metadata/other/",
        DATA,
        SCHEMAS,
    )
)
_EAD_SCHEMA = re.compile(r"ead.*\.xsd", re.IGNORECASE | re.DOTALL)
_METS_SCHEMA = re.compile(r"(?!.*extension).*mets.*\.xsd", re.IGNORECASE | re.DOTALL)


def root_mets(case: Case) -> Iterator[Mark]:
    """013, 014: METS.xml in the package's folder, its name in capitals."""
    found = case.package.tree.find(METS)
    if found is None:
        yield hit("TT05-013")
    elif found != METS:
        yield hit("TT05-014", found, p=found)
    rep = case.package.tree.find(REP_METS)
    if rep not in {None, REP_METS}:
        yield hit("TT05-014", rep or "", p=rep or "")


def dossier_description(case: Case) -> Iterator[Mark]:
    """015: one EAD.xml."""
    if len(case.package.tree.alike(EAD)) != 1:
        yield hit("TT05-015")


def representation(case: Case) -> Iterator[Mark]:
    """016–020: rep1, alone, with its METS, data and descriptive files."""
    tree = case.package.tree
    others = {
        path.split("/")[1]
        for path in (*tree.files, *(f"{folder}/" for folder in tree.empty_folders))
        if path.startswith("representations/") and path.count("/") > 1
    }
    for name in sorted(others - {"rep1"}):
        yield hit("TT05-017", f"representations/{name}", p=name)
    if "rep1" not in others:
        yield hit("TT05-016")
    if tree.find(REP_METS) is None:
        yield hit("TT05-018")
    if not case.package.data:
        yield hit("TT05-019")
    if not any(path.lower().endswith(".xml") for path in tree.below(REP_DESCRIPTIVE)):
        yield hit("TT05-020")


def description_names(case: Case) -> Iterator[Mark]:
    """021: names of descriptive files say what they describe."""
    for path in case.package.tree.below(REP_DESCRIPTIVE):
        if record_kind(posixpath.basename(path)) is None:
            yield hit("TT05-021", path, p=path)


def schema_files(case: Case) -> Iterator[Mark]:
    """022, 023: schemas of METS and of the descriptive files lie in the package."""
    names = [path.removeprefix(SCHEMAS) for path in case.package.tree.below(SCHEMAS)]
    if not any(_METS_SCHEMA.fullmatch(name) for name in names):
        yield hit("TT05-022")
    if not any(_EAD_SCHEMA.fullmatch(name) for name in names):
        yield hit("TT05-023")


def preservation_files(case: Case) -> Iterator[Mark]:
    """024–026: an AIP has both PREMIS files, a SIP has none."""
    tree = case.package.tree
    if case.package.type == "AIP":
        if tree.find(PREMIS) is None:
            yield hit("TT05-024")
        if tree.find(REP_PREMIS) is None and not _rep_premis_elsewhere(case.package):
            yield hit("TT05-025")
    elif case.package.type == "SIP":
        folders = ("metadata/preservation/", f"{REP}metadata/preservation/")
        for path in (path for folder in folders for path in tree.below(folder)):
            yield hit("TT05-026", path, p=path)


def _rep_premis_elsewhere(package: Tt05Package) -> bool:
    """Whether rep1 has one PREMIS file per data file, as another implementation writes them."""
    return any(part.path.startswith(REP) for part in package.premis)


def layout(case: Case) -> Iterator[Mark]:
    """027: no folder that the circular does not know. One that holds records is an error:
    what lies there would not be kept as a record."""
    package = case.package
    records = {
        reference.target
        for reference in (package.rep.references if package.rep else ())
        if reference.use in {"Data", "Holeyfile"}
    }
    strange: dict[str, bool] = {}
    for path in (*package.tree.files, *(f"{folder}/" for folder in package.tree.empty_folders)):
        folder = _strange_folder(path)
        if folder:
            holds = path in records and not path.startswith(DATA)
            strange[folder] = strange.get(folder, False) or holds
    for folder, holds_records in strange.items():
        severity = Severity.ERROR if holds_records else None
        yield hit("TT05-027", folder, severity, p=folder)


def _strange_folder(path: str) -> str:
    """The outermost folder of ``path`` that is outside the layout; ``""`` for none."""
    if path.startswith(DOCUMENTATION):
        return ""
    folder = ""
    for segment in path.split("/")[:-1]:
        folder = f"{folder}{segment}/"
        if folder.startswith("representations/") and folder.count("/") == 2 and folder != REP:
            return ""  # rule 017
        if folder not in _FOLDERS:
            return folder
    return ""


def litter(case: Case) -> Iterator[Mark]:
    """028: no file that an operating system left behind, and no empty one."""
    for path, file in case.package.tree.files.items():
        if is_litter(posixpath.basename(path)) or not file.size_bytes:
            yield hit("TT05-028", path, p=path)


CHECKS = (
    Check(("TT05-013", "TT05-014"), root_mets),
    Check(("TT05-015",), dossier_description),
    Check(("TT05-016", "TT05-017", "TT05-018", "TT05-019", "TT05-020"), representation),
    Check(("TT05-021",), description_names),
    Check(("TT05-022", "TT05-023"), schema_files),
    Check(("TT05-024", "TT05-025", "TT05-026"), preservation_files),
    Check(("TT05-027",), layout),
    Check(("TT05-028",), litter),
)
