"""From a Circular 05 package to a draft: documents and files are joined by METS, never by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import (
    STUB,
    Described,
    MetsPart,
    Tt05Package,
    attachments,
    links,
    section_references,
)
from ingest.checks.tt05_reception import stub_text
from ingest.checks.tt05_rules import Variant
from ingest.checks.tt05_tree import DATA
from ingest.logical import documentation_path
from ingest.profiles.base import Shaping
from ingest.profiles.tt05_places import Places
from ingest.submission import Submission
from repository.aip.packaging_tt05_fields import AGREEMENT, OBJID
from repository.aip.paths import submission_folder
from schemas.ids import ocfl_id
from schemas.nouns import Access, Document, Draft, FileRole, SubmittedFile

_SAFE_OBJID = re.compile(r"(?!\.)[\w.:-]+")
_FOLDER_BYTES = 200
_ACCESS: Mapping[str, Access] = {
    "01": Access.PUBLIC,
    "02": Access.RESTRICTED,
    "03": Access.SECRET,
}
_TITLES: Mapping[str, str] = {"doc": "subject", "pic": "imageTitle", "media": "movieTitle"}
_DATES: Mapping[str, str] = {"doc": "issuedDate", "pic": "photoTime", "media": "recordDate"}


def make_draft(
    submission: Submission, places: Places, case: Case, shaping: Shaping, variant: Variant
) -> Draft:
    """The dossier as its own files describe it; what they lack stays empty."""
    package = case.package
    ead = package.ead
    submission_id = _folder_name(package.objid)
    fonds = package.fonds or shaping.fonds
    stubs = dict(_rewritten(package, case, fonds))
    folder = submission_folder(submission_id or ocfl_id(shaping.aip_id))
    title = (ead.get("title") if ead else "") or _label(package) or submission.name
    code = ead.dossier_code if ead else ""
    return Draft(
        profile=variant,
        title=title,
        files=tuple(_placed(places, folder, stubs)),
        fonds=fonds,
        fonds_name=_fonds_name(package),
        dossier_code=code,
        access=_access(package),
        fields=_fields(package),
        documents=tuple(_documents(package)),
        empty_directories=tuple(submission.admission.empty_directories),
        container=submission.admission.container,
        submission_id=submission_id,
        submitter=_fonds_name(package),
        submitter_code=package.fonds,
        registration=_registration(package),
        backlog=ead is None or not code or not ead.get("title"),
        added=stubs,
    )


def _folder_name(objid: str) -> str:
    """The OBJID, where a folder can be named by it; ``""`` otherwise."""
    short = len(objid.encode("utf-8", "replace")) <= _FOLDER_BYTES
    return objid if short and _SAFE_OBJID.fullmatch(objid) else ""


def _placed(places: Places, folder: str, stubs: Mapping[str, bytes]) -> Iterator[SubmittedFile]:
    """Records under ``data`` keep their path; everything else lies in the submission's folder,
    and so does a stub that the AIP says otherwise."""
    for path, file in places.staged.items():
        if path.startswith(DATA) and path not in stubs:
            yield file.submitted(path, FileRole.DATA)
        else:
            yield file.submitted(documentation_path(folder, path), FileRole.DOCUMENTATION)
    for path, file in places.beside.items():
        place = f"~beside/{path}"
        while place in places.staged:
            place = f"~{place}"
        yield file.submitted(f"{folder}{place}", FileRole.DOCUMENTATION)


def _rewritten(package: Tt05Package, case: Case, fonds: str) -> Iterator[tuple[str, bytes]]:
    """Stubs of linked records as an AIP says them, where the record is known (tt05-profile
    §1 *Linked record*)."""
    linked = case.facts.linked
    if linked is None or package.type != "SIP":
        return
    for path in package.data:
        said = stub_text(package, path) if path.lower().endswith(STUB) else ""
        found = linked(fonds, said) if said else None
        if found is not None and found.fonds == fonds:
            parts = (
                f"urn_{fonds}_{found.aip_id.upper()}_{_spaced(found.path)}",
                str(found.size_bytes),
                _spaced(path.removeprefix(DATA)[: -len(STUB)]),
                _spaced(found.record_id),
            )
            yield path, f"{' '.join(parts)}\n".encode("utf-8", "surrogateescape")


def _spaced(text: str) -> str:
    return text.replace(" ", "%20")


def _label(package: Tt05Package) -> str:
    return package.root.facts.root.label if package.root else ""


def _fonds_name(package: Tt05Package) -> str:
    """The name of the creator that bears the fonds code."""
    for part in package.parts:
        for agent in part.facts.header.agents if part.facts.header else ():
            codes = [text for kind, text in agent.notes if kind == "IDENTIFICATIONCODE"]
            if agent.role == "CREATOR" and package.fonds in codes:
                return next((name for name in agent.names if name), "")
    return ""


def _access(package: Tt05Package) -> Access:
    """The most closed of what the dossier and its documents say; restricted when nobody says."""
    every = ((package.ead,) if package.ead else ()) + package.records
    said = [_ACCESS.get(each.get("mode"), Access.RESTRICTED) for each in every]
    return max(said, key=lambda access: access.rank, default=Access.RESTRICTED)


def _fields(package: Tt05Package) -> dict[str, str]:
    fields = dict(package.ead.values) if package.ead else {}
    beside = {OBJID: package.objid, AGREEMENT: _registration(package)}
    return fields | {name: value for name, value in beside.items() if value}


def _registration(package: Tt05Package) -> str:
    header = package.root.facts.header if package.root else None
    return dict(header.alt_record_ids).get("SUBMISSIONAGREEMENT", "") if header else ""


def _documents(package: Tt05Package) -> Iterator[Document]:
    """Every described document with its files, the main one first."""
    known = set()
    if package.rep is not None:
        mains = _files_by_section(package.rep, main=True)
        others = _files_by_section(package.rep, main=False)
        for section, _reference in section_references(package.rep):
            record = package.record_by_section.get(section.id)
            if section.kind == "dmdSec" and record is not None and record.path not in known:
                known.add(record.path)
                both = (*mains.get(section.id, ()), *others.get(section.id, ()))
                yield _document(record, tuple(dict.fromkeys(both)))
    for record in package.records:
        if record.path not in known:
            yield _document(record, ())


def _files_by_section(part: MetsPart, *, main: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for div, ids in links(part) if main else attachments(part):
        paths = [part.target_by_id.get(file_id, "") for file_id in ids]
        for section in div.dmdid:
            found.setdefault(section, []).extend(p for p in paths if p.startswith(DATA))
    return found


def _document(record: Described, files: tuple[str, ...]) -> Document:
    code = record.record_code
    if not code and record.get("docOrdinal"):
        code = f"{record.get('arcFileCode')}.{record.get('docOrdinal').zfill(7)}"
    return Document(
        code=code,
        title=record.get(_TITLES[record.kind]),
        date=record.get(_DATES[record.kind]),
        fields=record.values,
        kind=record.kind,
        files=files,
    )
