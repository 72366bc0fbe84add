"""Rules 109–115 and 011, 012, 095: what judges of files said of the data files.

Identification is known when a package is judged; malware, signatures and what validators
measured come later, in a second look.
"""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import STUB, Described, links
from ingest.checks.tt05_rules import Check, Mark, Unchecked, hit
from ingest.examined import Examined
from schemas.nouns import SignatureReport

_UNKNOWN_MIME = "application/octet-stream"
_MISMATCH = "FORMAT-EXTENSION-MISMATCH"
_ENCRYPTED = "SIG-ENCRYPTED"
_BROKEN = frozenset(("SIG-BROKEN", "SIG-UNSIGNED-CHANGES"))
_LEAST_DPI = 200
_NAMES = mimetypes.MimeTypes(filenames=())
"""Python's own table: what the machine knows must not change a judgement."""
_ALIKE: Mapping[str, frozenset[str]] = {
    kind: group
    for group in (
        frozenset(("text/xml", "application/xml")),
        frozenset(("text/rtf", "application/rtf")),
        frozenset(("video/mpeg", "video/mp4", "application/mp4")),
        frozenset(("video/x-msvideo", "video/avi", "video/vnd.avi")),
        frozenset(("video/x-ms-wmv", "video/x-ms-asf", "audio/x-ms-wma")),
        frozenset(("audio/x-wav", "audio/wav", "audio/vnd.wave", "audio/x-pn-wav")),
        frozenset(("audio/mpeg", "audio/mp3")),
        frozenset(("text/csv", "text/plain", "application/csv")),
        frozenset(("text/html", "application/xhtml+xml")),
    )
    for kind in group
}


def accepted(case: Case) -> Iterator[Mark]:
    """109, 110: formats are of the circular's list, and no file is a program."""
    known = formats_by_puid()
    for path in _records(case):
        result = case.formats.get(path)
        families = {known.get(puid) for puid in result.puids} if result else set()
        if "program" in families:
            yield hit("TT05-110", path, p=path)
        elif result is not None and not families - {None, "encrypted"}:
            shown = ", ".join(result.puids)
            yield hit("TT05-109", path, p=path, v=shown)


def agreeing(case: Case) -> Iterator[Mark]:
    """111: the name's ending, the declared type and the identified format agree."""
    declared = {
        each.target: each.said.mime
        for each in (case.package.rep.references if case.package.rep else ())
    }
    for path in _records(case):
        result = case.formats.get(path)
        if result is None:
            continue
        mime = declared.get(path, "").strip().lower()
        if _MISMATCH in result.warnings or not _same_type(mime, result.mime, path):
            yield hit("TT05-111", path, p=path, v=mime, k=result.mime)


def _same_type(declared: str, identified: str, path: str) -> bool:
    if not declared or declared == _UNKNOWN_MIME or identified == _UNKNOWN_MIME:
        return True
    guessed = _NAMES.guess_type(posixpath.basename(path))[0]
    wanted = {identified.lower(), *_ALIKE.get(identified.lower(), ())}
    return declared in wanted or declared == guessed


def malware(_case: Case, examined: Examined) -> Iterator[Mark]:
    """011, 012: a scanner ran and found nothing."""
    for path in sorted(examined.infected):
        yield hit("TT05-011", path, p=path)
    if not examined.scanned:
        yield hit("TT05-012")


def pages(case: Case, examined: Examined) -> Iterator[Mark]:
    """095: a document has as many pages as its PDF."""
    for path, record in _main_files(case):
        said = record.get("numberOfPage")
        if not said.isascii() or not said.isdigit() or not path.lower().endswith(".pdf"):
            continue
        found = examined.measured.get(path, {}).get("pages")
        if found is None:
            yield Unchecked("TT05-095")
        elif str(found) != said.lstrip("0") and not (found == 0 and not said.strip("0")):
            yield hit("TT05-095", path, p=path, v=said, k=int(found))


def protection(case: Case, examined: Examined) -> Iterator[Mark]:
    """112: no file needs a password."""
    known = formats_by_puid()
    for path in _records(case):
        result = case.formats.get(path)
        families = {known.get(puid) for puid in result.puids} if result else set()
        report = examined.signatures.get(path)
        told = examined.measured.get(path, {}).get("encrypted")
        if "encrypted" in families or told or (report and _ENCRYPTED in report.findings):
            yield hit("TT05-112", path, p=path)
        elif told is None and not _cannot_hide(families, report):
            yield Unchecked("TT05-112")


def _cannot_hide(families: set[str | None], report: SignatureReport | None) -> bool:
    """Whether the file would have been noticed if it were protected: plain kinds cannot be,
    and a PDF that was examined for signatures was opened."""
    if families & {"plain", "program"}:
        return True
    return bool(report and report.kind == "pdf" and not report.not_checked)


def digitised(case: Case, examined: Examined) -> Iterator[Mark]:
    """113: a scan of paper is PDF/A with a text layer, of at least 200 dpi."""
    known = formats_by_puid()
    for path, record in _main_files(case):
        if record.get("confidenceLevel") != "02" or record.kind != "doc":
            continue
        result, facts = case.formats.get(path), examined.measured.get(path, {})
        families = {known.get(puid) for puid in result.puids} if result else set()
        needed = ("pdfa", "text_layer", "dpi")
        dpi = facts.get("dpi")
        short = isinstance(dpi, int | float) and dpi < _LEAST_DPI
        if "pdfa" not in families or short or any(facts.get(n) is False for n in needed[:2]):
            yield hit("TT05-113", path, p=path)
        elif any(facts.get(name) is None for name in needed):
            yield Unchecked("TT05-113")


def signatures(case: Case, examined: Examined) -> Iterator[Mark]:
    """114, 115: signed bytes are unchanged, and signers were trusted when they signed."""
    for path in _records(case):
        report = examined.signatures.get(path)
        if report is None or report.decision == "none":
            continue
        broken = any(one.integrity == "broken" for one in report.signatures)
        if broken or _BROKEN & set(report.findings):
            yield hit("TT05-114", path, p=path)
        elif not all(one.trust == "trusted" for one in report.signatures):
            yield hit("TT05-115", path, p=path)


@cache
def formats_by_puid() -> Mapping[str, str]:
    """What the circular makes of a format: ``pdfa``, ``plain`` or ``other`` are accepted,
    ``plain`` ones can bear no password; ``encrypted`` and ``program`` speak for themselves."""
    text = files("ingest.checks").joinpath("tt05-formats.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {puid: family for puid, family, _name in rows}


def _records(case: Case) -> Iterator[str]:
    """The data files that are records themselves, not stubs of linked ones."""
    return (path for path in case.package.data if not path.lower().endswith(STUB))


def _main_files(case: Case) -> Iterator[tuple[str, Described]]:
    """Each document's main file."""
    rep, records = case.package.rep, case.package.record_by_section
    if rep is None:
        return
    for div, ids in links(rep):
        path = rep.target_by_id.get(ids[0], "") if ids else ""
        record = next((records[key] for key in div.dmdid if key in records), None)
        if path and record is not None:
            yield path, record


CHECKS = (
    Check(("TT05-109", "TT05-110"), accepted),
    Check(("TT05-111",), agreeing),
)
