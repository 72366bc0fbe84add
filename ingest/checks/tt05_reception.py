"""Rules that need what the archive knows: 038, 048, 050, 052, 088, 100, 102, 108, 125–131.

Where the archive does not know, the rule is recorded as not checked; nothing is presumed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import chain

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_facts import Held
from ingest.checks.tt05_package import STUB, Tt05Package
from ingest.checks.tt05_rules import Check, Mark, Unchecked, hit
from ingest.checks.tt05_tree import DOCUMENTATION, nfc
from schemas.findings import Severity

_AMENDING = frozenset(("SUPPLEMENT", "REPLACEMENT"))
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_SECRET = "03"
_STUB_CAP_BYTES = 4096
_SHOWN = 5


def known_objid(case: Case) -> Iterator[Mark]:
    """038: no other content is kept under this OBJID. One that an officer has yet to decide
    about may be what this corrects: a warning."""
    objid = case.package.objid
    if not objid:
        return
    if case.facts.held_by_objid is None:
        yield Unchecked("TT05-038")
        return
    own = case.submission_digest
    others = [held for held in case.facts.held_by_objid(objid) if held.submission_digest != own]
    if others:
        severity = None if any(held.accepted for held in others) else Severity.WARNING
        yield hit("TT05-038", "", severity, v=objid, held=_named(others))


def amended(case: Case) -> Iterator[Mark]:
    """048: what is to be supplemented or replaced is held: same OBJID, or same dossier."""
    header = case.package.root.facts.header if case.package.root else None
    if header is None or header.record_status not in _AMENDING:
        return
    by_objid, by_code = case.facts.held_by_objid, case.facts.held_by_code
    if by_objid is None or by_code is None:
        yield Unchecked("TT05-048")
        return
    code = case.package.ead.dossier_code if case.package.ead else ""
    if not by_objid(case.package.objid) and not (code and by_code(code)):
        yield hit("TT05-048", v=header.record_status, k=code)


def fonds(case: Case) -> Iterator[Mark]:
    """050: the fonds is named, and registered here."""
    code = case.package.fonds or case.fonds
    if not code or ":" in code:
        yield hit("TT05-050", v=code)
    elif case.facts.fonds is None:
        yield Unchecked("TT05-050")
    elif nfc(code) not in case.facts.fonds:
        yield hit("TT05-050", v=code)


def agreement(case: Case) -> Iterator[Mark]:
    """052: the transfer was registered; some write the dossier's code in that place."""
    root = case.package.root
    header = root.facts.header if root else None
    ids = header.alt_record_ids if header else ()
    said = [value for kind, value in ids if kind == "SUBMISSIONAGREEMENT"]
    code = case.package.ead.dossier_code if case.package.ead else ""
    if not any(said):
        yield hit("TT05-052", v="")
    elif code and code in said:
        return
    elif case.facts.agreements is None:
        yield Unchecked("TT05-052")
    elif not {nfc(each) for each in said} & set(case.facts.agreements):
        yield hit("TT05-052", v=", ".join(said))


def permanent(case: Case) -> Iterator[Mark]:
    """088: a historical archive takes permanent dossiers only."""
    ead = case.package.ead
    kept = ead.get("maintenance") if ead else ""
    if ead is None or not kept or kept == "01":
        return
    if case.facts.historical is None:
        yield Unchecked("TT05-088")
    elif case.facts.historical:
        yield hit("TT05-088", ead.path, v=kept)


def organ_and_year(case: Case) -> Iterator[Mark]:
    """100: the dossier's code begins with a registered organ's, and holds a year."""
    code = nfc(case.package.ead.get("fileCode")) if case.package.ead else ""
    if not code:
        return
    if not any(_YEAR.fullmatch(part) for part in code.split(".")):
        yield hit("TT05-100", v=code)
    elif case.facts.organs is None:
        yield Unchecked("TT05-100")
    elif not any(code.startswith(f"{organ}.") for organ in case.facts.organs):
        yield hit("TT05-100", v=code)


def secret(case: Case) -> Iterator[Mark]:
    """102: classified items only where no network reaches."""
    ead = case.package.ead
    every = chain([ead] if ead else [], case.package.records)
    secrets = [each.path for each in every if each.get("mode") == _SECRET]
    if not secrets:
        return
    if case.facts.isolated is None:
        yield Unchecked("TT05-102")
    elif not case.facts.isolated:
        yield hit("TT05-102", secrets[0], v=len(secrets))


def linked_records(case: Case) -> Iterator[Mark]:
    """108: the record a stub stands for is held, in the same fonds."""
    code = case.package.fonds or case.fonds
    for path in case.package.data:
        if not path.lower().endswith(STUB) or case.package.type == "DIP":
            continue
        said = stub_text(case.package, path)
        if case.facts.linked is None:
            yield Unchecked("TT05-108")
            continue
        found = case.facts.linked(code, said) if said else None
        if found is None or found.fonds != code:
            yield hit("TT05-108", path, v=said[:200])


def stub_text(package: Tt05Package, path: str) -> str:
    """What a stub says: one line; ``""`` when it is no such thing."""
    with package.tree.files[path].open() as stream:
        content = stream.read(_STUB_CAP_BYTES + 1)
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return ""
    return text if len(content) <= _STUB_CAP_BYTES and "\n" not in text else ""


def dissemination(case: Case) -> Iterator[Mark]:
    """125–128: a DIP answers an approved request with nothing but what was asked for."""
    package = case.package
    if package.type != "DIP":
        return
    certificates = [p for p in package.tree.below(DOCUMENTATION) if p.lower().endswith(".pdf")]
    if not certificates:
        yield hit("TT05-126")
    else:
        yield Unchecked("TT05-126")  # that the eleven items are in it is for an officer to see
    stubs = [path for path in package.data if path.lower().endswith(STUB)]
    for path in stubs:
        yield hit("TT05-128", path, p=path)
    request_id = package.ead.get("requestID") if package.ead else ""
    if case.facts.request is None:
        yield from map(Unchecked, ("TT05-125", "TT05-127", "TT05-128"))
        return
    request = case.facts.request(request_id)
    if request is None or not request.approved or request.expired:
        yield hit("TT05-125", v=request_id)
        return
    for path in package.data:
        asked = request.sha256_by_name.get(posixpath.basename(path))
        if asked is None:
            yield hit("TT05-128", path, p=path)
        elif asked != package.tree.files[path].known_digests["sha256"]:
            yield hit("TT05-127", path, p=path)


def transfer_list(case: Case) -> Iterator[Mark]:
    """129: the dossier stands in the submitted list."""
    code = case.package.ead.dossier_code if case.package.ead else ""
    if case.facts.transfer_list is None:
        yield Unchecked("TT05-129")
    elif nfc(code) not in case.facts.transfer_list:
        yield hit("TT05-129", v=code)


def duplicates(case: Case) -> Iterator[Mark]:
    """130, 131: neither package nor record is here already. A package that comes twice in one
    delivery is refused (circular 05/2025, article 24), not held."""
    facts, package = case.facts, case.package
    if facts.same_submission is None:
        yield Unchecked("TT05-130")
    elif package.objid in facts.same_submission:
        yield hit("TT05-130", "", Severity.REJECT, v=package.objid)
    code = package.ead.dossier_code if package.ead else ""
    held: dict[str, Held] = {}
    if facts.held_by_code is not None and code:
        held |= {each.aip_id: each for each in facts.held_by_code(code)}
    if facts.held_by_digest is not None:
        for path in package.data:
            digest = package.tree.files[path].known_digests["sha256"]
            held |= {each.aip_id: each for each in facts.held_by_digest(digest)}
    if held:
        yield hit("TT05-131", v=code, held=_named(list(held.values())))
    if facts.held_by_code is None or facts.held_by_digest is None:
        yield Unchecked("TT05-131")


def _named(held: list[Held]) -> str:
    return ", ".join(each.aip_id for each in held[:_SHOWN])


CHECKS = tuple(
    Check(rules, judge, reception=True)
    for rules, judge in (
        (("TT05-038",), known_objid),
        (("TT05-048",), amended),
        (("TT05-050",), fonds),
        (("TT05-052",), agreement),
        (("TT05-088",), permanent),
        (("TT05-100",), organ_and_year),
        (("TT05-102",), secret),
        (("TT05-108",), linked_records),
        (("TT05-125", "TT05-126", "TT05-127", "TT05-128"), dissemination),
        (("TT05-129",), transfer_list),
        (("TT05-130", "TT05-131"), duplicates),
    )
)
