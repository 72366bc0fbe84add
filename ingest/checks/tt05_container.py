"""Rules 001–010: the container a package arrives in, and the names in it.

The container was judged while it was read (``schemas.archives``, ``schemas.names``); here its
findings get the ids that the circular's officers know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import METS
from schemas.findings import Severity
from schemas.names import find_twins

_RULES_BY_CODE: Mapping[str, str] = {
    "ARCHIVE-UNREADABLE": "TT05-001",
    "ARCHIVE-TRUNCATED": "TT05-001",
    "ARCHIVE-TRAILING": "TT05-001",
    "ARCHIVE-PREFIX": "TT05-001",
    "ARCHIVE-TWO-ENDS": "TT05-001",
    "ARCHIVE-OVERLAP": "TT05-001",
    "ARCHIVE-HEADERS-DIFFER": "TT05-001",
    "ARCHIVE-MEMBER-DAMAGED": "TT05-001",
    "ARCHIVE-METHOD": "TT05-001",
    "ARCHIVE-KIND": "TT05-001",
    "ARCHIVE-ENCRYPTED": "TT05-002",
    "ARCHIVE-PATH-ABSOLUTE": "TT05-003",
    "ARCHIVE-PATH-DRIVE": "TT05-003",
    "ARCHIVE-PATH-TRAVERSAL": "TT05-003",
    "ARCHIVE-PATH-BACKSLASH": "TT05-004",
    "ARCHIVE-LINK": "TT05-005",
    "ARCHIVE-HARD-LINK": "TT05-005",
    "ARCHIVE-SPECIAL": "TT05-005",
    "PACKAGE-LINK": "TT05-005",
    "PACKAGE-SPECIAL": "TT05-005",
    "ARCHIVE-DUPLICATE": "TT05-006",
    "ARCHIVE-FILE-AND-FOLDER": "TT05-006",
    "ARCHIVE-TOO-LARGE": "TT05-007",
    "ARCHIVE-TOO-MANY": "TT05-007",
    "ARCHIVE-RATIO": "TT05-007",
    "ARCHIVE-NESTED-BOMB": "TT05-007",
    "NAME-ENCODING-PROPOSED": "TT05-010",
    "NAME-ENCODING-AMBIGUOUS": "TT05-010",
}
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_KNOWN_NAME = re.compile(rf"\d*(?:uuid-|urn_.*uuid[_-])?\{{?{_UUID}\}}?", re.DOTALL)


def container(case: Case) -> Iterator[Mark]:
    """001–007, 010: what reading the container noticed, each place of a rule once."""
    seen = set()
    for finding in case.admission:
        rule = _RULES_BY_CODE.get(finding.code)
        if rule is not None and (rule, finding.where) not in seen:
            seen.add((rule, finding.where))
            yield hit(rule, finding.where, p=finding.where)


def twins(case: Case) -> Iterator[Mark]:
    """006: two names that some file systems cannot tell apart."""
    for finding in find_twins(sorted(case.package.tree.files)):
        yield hit("TT05-006", finding.where, p=finding.where, other=finding.fields["other"])


def top_folder(case: Case) -> Iterator[Mark]:
    """008: one top folder; METS.xml at the top of an archive is only worth a warning."""
    tree = case.package.tree
    if tree.outside or len(tree.top_folders) > 1:
        names = ", ".join([*tree.top_folders, *(p for p in tree.outside if "/" not in p)][:10])
        yield hit("TT05-008", names=names)
    elif tree.folder is None and tree.files:
        yield hit("TT05-008", severity=Severity.WARNING, names=METS)


def container_name(case: Case) -> Iterator[Mark]:
    """009: the archive is named after the package, or by a GUID."""
    if case.container is None:
        return
    name = case.container.name
    stem = re.sub(r"\.(?:zip|tar|tgz|tar\.gz)$", "", name, flags=re.IGNORECASE)
    objid = case.package.objid.replace(":", "_")
    if not _KNOWN_NAME.fullmatch(stem) and not (objid and stem.lstrip("0123456789") == objid):
        yield hit("TT05-009", name)


def composed_names(case: Case) -> Iterator[Mark]:
    """010: names are Unicode in the composed form."""
    for path in case.package.tree.files:
        if not unicodedata.is_normalized("NFC", path):
            yield hit("TT05-010", path, p=path)


CHECKS = (
    Check(tuple(f"TT05-{number:03d}" for number in (*range(1, 8), 10)), container, reception=True),
    Check(("TT05-006",), twins),
    Check(("TT05-008",), top_folder, reception=True),
    Check(("TT05-009",), container_name, reception=True),
    Check(("TT05-010",), composed_names, reception=True),
)
