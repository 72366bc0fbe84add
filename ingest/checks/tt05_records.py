"""Rules 086–106 that compare: a dossier with its documents, documents with each other.

Codes are opaque (tt05-profile §6): they are compared as wholes and as prefixes that end at a
dot, never taken apart for their meaning.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_dates import Written, read_date
from ingest.checks.tt05_package import STUB, Described, Tt05Package, attachments
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import nfc
from schemas.findings import Severity

_RECORD_CODE = re.compile(r"(?P<dossier>.+)\.(?P<ordinal>\d{7})", re.DOTALL)
_LAST_NUMBER = re.compile(r"\d+(?=\D*\Z)")
_AFTER_CODE = re.compile(r"\.\d+(?:_signed)?(?:\.[^/]+)*|(?:_signed)?\.[^./]+", re.DOTALL)
_DOC_ID_LIMIT = 25


def periods(case: Case) -> Iterator[Mark]:
    """086, 087: the dossier does not end before it begins, and its documents lie within."""
    ead = case.package.ead
    if ead is None:
        return
    start, end = _date(ead, "startDate"), _date(ead, "endDate")
    if start and end and start.first > end.last:
        yield hit("TT05-086", ead.path, v=ead.get("startDate"), k=ead.get("endDate"))
        return
    for record in case.package.records:
        date = _date(record, "issuedDate")
        if date and ((start and date.last < start.first) or (end and date.first > end.last)):
            yield hit("TT05-087", record.path, v=record.get("issuedDate"))


def workflow_files(case: Case) -> Iterator[Mark]:
    """092: a document that says it has a workflow file has an attachment."""
    package = case.package
    attached, loose = set(), False
    for div, ids in attachments(package.rep) if package.rep else ():
        attached |= set(div.dmdid)
        loose |= bool(ids) and not div.dmdid
    sections = {record.path: key for key, record in package.record_by_section.items()}
    if loose:
        return  # somebody attached files without saying to what
    for record in package.records:
        if record.get("process") == "1" and sections.get(record.path) not in attached:
            yield hit("TT05-092", record.path)


def totals(case: Case) -> Iterator[Mark]:
    """093, 094: the dossier counts its documents and pages rightly.

    A whole dossier that was scanned into one file may count otherwise.
    """
    ead = case.package.ead
    if ead is None:
        return
    said, found = ead.get("totalDoc"), len(case.package.records)
    if said and _number(said) != found:
        severity = Severity.WARNING if _is_one_scan(case.package) else None
        yield hit("TT05-093", ead.path, severity, v=said, k=found)
    pages = [record.get("numberOfPage") for record in case.package.records]
    counted = [_number(each) for each in pages if each]
    total = _number(ead.get("numberOfPage"))
    if total is not None and counted and len(counted) == len(pages):
        summed = sum(each or 0 for each in counted)
        if total != summed:
            yield hit("TT05-094", ead.path, v=total, k=summed)


def record_codes(case: Case) -> Iterator[Mark]:
    """096–099: documents' codes are unique, built on the dossier's, and named as they should."""
    package = case.package
    codes = Counter(record.record_code for record in package.records if record.record_code)
    for code, count in codes.items():
        if count > 1:
            yield hit("TT05-096", v=code)
    ids = Counter(record.get("docId") for record in package.records if record.get("docId"))
    dossier = package.ead.dossier_code if package.ead else ""
    wanted = dossier_codes(dossier, archival=package.type != "SIP")
    for record in package.records:
        code = record.record_code
        if code and dossier and not _built_on(code, wanted):
            yield hit("TT05-097", record.path, v=code, k=dossier)
        named = next((s.name for s in record.specs if s.name in {"docCode", "arcDocCode"}), "")
        other = {"docCode": "arcDocCode", "arcDocCode": "docCode"}.get(named)
        if code and other and not record.get(named):
            yield hit("TT05-098", record.path, n=other, m=named)
        doc_id = record.get("docId")
        if ids[doc_id] > 1 or len(doc_id) > _DOC_ID_LIMIT:
            yield hit("TT05-099", record.path, v=doc_id)


def inherited(case: Case) -> Iterator[Mark]:
    """101, 103: documents keep the dossier's retention, and are not more open than it."""
    ead = case.package.ead
    if ead is None:
        return
    kept, mode = ead.get("maintenance"), _number(ead.get("mode"))
    for record in case.package.records:
        own = record.get("maintenance")
        if own and kept and own != kept:
            yield hit("TT05-101", record.path, v=own, k=kept)
        own_mode = _number(record.get("mode"))
        if mode is not None and own_mode is not None and own_mode < mode:
            yield hit("TT05-103", record.path, v=record.get("mode"), k=ead.get("mode"))


def archival_codes(case: Case) -> Iterator[Mark]:
    """104, 105: in an AIP, documents name their dossier and their place in it."""
    package = case.package
    if package.type != "AIP":
        return
    dossier = package.ead.get("arcFileCode") if package.ead else ""
    ordinals: Counter[str] = Counter(
        str(_number(record.get("docOrdinal"))) for record in package.records
    )
    for record in package.records:
        named = record.get("arcFileCode")
        if named and dossier and nfc(named) != nfc(dossier):
            yield hit("TT05-104", record.path, v=named, k=dossier)
        said = record.get("docOrdinal")
        if said:
            number, last = _number(said), _LAST_NUMBER.search(record.get("docCode"))
            wrong = number is None or ordinals[str(number)] > 1
            if wrong or (last is not None and _number(last[0]) != number):
                yield hit("TT05-105", record.path, v=said)


def data_names(case: Case) -> Iterator[Mark]:
    """106: data files are named after the dossier and their place in it."""
    package = case.package
    dossier = package.ead.dossier_code if package.ead else ""
    if not dossier:
        return
    wanted = dossier_codes(dossier, archival=package.type != "SIP")
    for path in package.data:
        name = nfc(posixpath.basename(path))
        rests = (name[len(code) :] for code in wanted if name.startswith(code))
        if not any(_AFTER_CODE.fullmatch(rest) for rest in rests):
            yield hit("TT05-106", path, p=path)


def stub_places(case: Case) -> Iterator[Mark]:
    """107: stubs of linked records are in dossiers only, and in the group for them."""
    package = case.package
    holey = {
        each.target
        for each in (package.rep.references if package.rep else ())
        if each.use == "Holeyfile"
    }
    for path in package.data:
        if path.lower().endswith(STUB):
            if package.kind != "hoso" or path not in holey:
                yield hit("TT05-107", path, p=path)
        elif path in holey:
            yield hit("TT05-107", path, p=path)


def dossier_codes(code: str, *, archival: bool) -> tuple[str, ...]:
    """The codes that a document of the dossier may be built on.

    An archival code is the archive's code, a dot and the dossier's code, perhaps a dot and a
    list number. Where the one ends and the other begins cannot be told: each dot may be it.
    """
    if not archival:
        return (nfc(code),)
    parts = nfc(code).split(".")
    ends = (parts[at:] for at in range(len(parts)))
    listed = (parts[at:-1] for at in range(len(parts) - 1))
    return tuple(dict.fromkeys(".".join(part) for part in (*ends, *listed)))


def _built_on(code: str, dossiers: tuple[str, ...]) -> bool:
    match = _RECORD_CODE.fullmatch(nfc(code))
    return match is not None and match["dossier"] in dossiers


def _is_one_scan(package: Tt05Package) -> bool:
    code = nfc(package.ead.dossier_code) if package.ead else ""
    names = [nfc(posixpath.basename(path)) for path in package.data]
    return bool(code) and len(names) == 1 and posixpath.splitext(names[0])[0] == code


def _date(each: Described, name: str) -> Written | None:
    date = read_date(each.get(name))
    return date if date is not None and date.exists else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


CHECKS = (
    Check(("TT05-086", "TT05-087"), periods),
    Check(("TT05-092",), workflow_files),
    Check(("TT05-093", "TT05-094"), totals),
    Check(("TT05-096", "TT05-097", "TT05-098", "TT05-099"), record_codes),
    Check(("TT05-101", "TT05-103"), inherited),
    Check(("TT05-104", "TT05-105"), archival_codes),
    Check(("TT05-106",), data_names),
    Check(("TT05-107",), stub_places),
)
