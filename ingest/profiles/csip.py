"""Profile ``csip``: generic E-ARK packages, CSIP and SIP 2.2.0 and 2.0.4.

Every file under a representation that is not its metadata, schemas or documentation is a
record; everything else is kept verbatim beside, so that the submission comes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.checks.eark_links import is_data
from ingest.checks.eark_package import EarkPackage, judge_package
from ingest.checks.tt05_tree import METS
from ingest.logical import DATA, documentation_path, readings
from ingest.profiles.base import Shaped, Shaping, emptiness, undescribed
from ingest.profiles.tt05_places import Places, places_of
from ingest.submission import Submission
from repository.aip.packaging_tt05_fields import AGREEMENT, OBJID
from schemas.findings import Finding, Severity
from schemas.mets import METS as NAMESPACE
from schemas.names import find_twins
from schemas.nouns import Draft, FileRole, SubmittedFile

_REPRESENTATIONS = "representations/"
_HEAD_BYTES = 64 * 1024
_UPDATES = frozenset(("SUPPLEMENT", "REPLACEMENT", "REVISED"))


class CsipProfile:
    """Asked after ``tt05``, whose packages are E-ARK packages too."""

    name = "csip"

    def claims(self, submission: Submission, /) -> bool:
        """The file METS.xml of the package's folder speaks of METS. It need not be readable: a
        package with a broken one is no plain folder either."""
        if not any(_may_be_mets(file.raw_path) for file in submission.files):
            return False  # the places of 200,000 files are not worked out for nothing
        tree = places_of(submission, {}).tree
        path = tree.find(METS)
        if path is None:
            return False
        with tree.files[path].open() as stream:
            return NAMESPACE.encode() in stream.read(_HEAD_BYTES)

    def shape(self, submission: Submission, shaping: Shaping) -> Shaped:
        """The draft, and what the requirements of E-ARK say of the package."""
        texts, findings = readings((f.raw_path, f.declared_utf8) for f in submission.files)
        places = places_of(submission, texts)
        bare = places.tree.folder is None
        package = judge_package(places.tree, shaping.schemas, bare=bare)
        files = tuple(_placed(places, package, shaping.documentation))
        findings += find_twins(sorted(texts.values()))
        findings += package.findings.all()
        findings += [*emptiness(files), *_received(package, shaping, submission)]
        if not shaping.fonds or not package.label:
            findings += undescribed(shaping.fonds)[0 if not package.label else 1 :]
        draft = Draft(
            profile=self.name,
            title=package.label or submission.name,
            files=files,
            fonds=shaping.fonds,
            dossier_code=package.alt_record_id("REFERENCECODE"),
            fields=_fields(package),
            empty_directories=tuple(submission.admission.empty_directories),
            container=submission.admission.container,
            backlog=not package.label,
        )
        return Shaped(draft, tuple(findings), tuple(sorted(package.not_checked)))


def _may_be_mets(raw_path: bytes) -> bool:
    """Whether the path is that of a METS file in a folder of the first level, or above."""
    return raw_path[-len(METS) :].lower() == METS.lower().encode() and raw_path.count(b"/") <= 1


def _placed(places: Places, package: EarkPackage, documentation: str) -> Iterator[SubmittedFile]:
    """Records keep their path below ``data``, with the representation's name before it where
    there are several; everything else lies in the submission's folder."""
    data = [path for path in places.staged if is_data(path) or path in package.content]
    names = {_representation(path) for path in data}
    taken: set[str] = set()
    for path, file in places.staged.items():
        if is_data(path) or path in package.content:
            below = _below(path, single=len(names) == 1)
            while below in taken:
                below = f"~{below}"
            taken.add(below)
            yield file.submitted(DATA + below, FileRole.DATA)
        else:
            yield file.submitted(documentation_path(documentation, path), FileRole.DOCUMENTATION)
    for path, file in places.beside.items():
        place = f"~beside/{path}"
        while place in places.staged:
            place = f"~{place}"
        yield file.submitted(documentation + place, FileRole.DOCUMENTATION)


def _representation(path: str) -> str:
    return path.split("/")[1] if path.startswith(_REPRESENTATIONS) else ""


def _below(path: str, *, single: bool) -> str:
    if not path.startswith(_REPRESENTATIONS):
        return path
    _, name, inner = (*path.split("/", 2), "")[:3]
    if not inner:
        return name
    inner = inner.removeprefix("data/")
    return inner if single else f"{name}/{inner}"


def _received(package: EarkPackage, shaping: Shaping, submission: Submission) -> Iterator[Finding]:
    """What concerns the arrival of the package, not the package as such."""
    if package.type == "DIP":
        yield Finding("EARK-NO-TRANSFER", Severity.ERROR, "", {"v": package.type})
    held = shaping.facts.held_by_objid
    if not package.objid or held is None:
        return
    status = package.header.get("RECORDSTATUS").upper()
    for known in held(package.objid):
        if known.submission_digest != submission.digest:
            severity = Severity.WARNING if status in _UPDATES else Severity.ERROR
            fields = {"v": package.objid, "aip": known.aip_id}
            yield Finding("EARK-OBJID-KNOWN", severity, "", fields)


def _fields(package: EarkPackage) -> dict[str, str]:
    said = {OBJID: package.objid, AGREEMENT: package.alt_record_id("SUBMISSIONAGREEMENT")}
    return {name: value for name, value in said.items() if value}
