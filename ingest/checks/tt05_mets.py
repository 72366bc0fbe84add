"""Rules 035–058: what the two METS files say in their heads and sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import MetsPart, type_of
from ingest.checks.tt05_rules import Check, Mark, Unchecked, hit
from schemas.mets_facts import MetsHeader
from schemas.tt05_names import read_aip_objid

_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SIP_OBJID = re.compile(rf"uuid-({_UUID})")
_ANY_UUID = re.compile(_UUID)
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")
_PROFILES: Mapping[str, str] = {
    "SIP": "https://earkcsip.dilcis.eu/profile/E-ARK-CSIP.xml",
    "AIP": "http://www.ra.ee/METS/v01/IP.xml",
    "DIP": "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml",
}
_TYPES = frozenset(("Mixed", "Collection", "MIXED", "AIP"))
_STATUSES = frozenset(("", "NEW", "SUPPLEMENT", "REPLACEMENT", "TEST", "OTHER"))
_USES = frozenset(("Schemas", "Representations/rep1", "Documentation", "Data", "Holeyfile"))
_DESCRIPTIVE = frozenset(("DC", "EAD", "OTHER"))
_ADMINISTRATIVE = frozenset(("PREMIS", "OTHER"))
_CLOCKS_DIFFER = timedelta(hours=24)


def objid(case: Case) -> Iterator[Mark]:
    """035–037: the package's identifier, its form, its capitals."""
    if case.package.root is None:
        return
    said = case.package.objid
    if not said:
        yield hit("TT05-035")
        return
    aip = read_aip_objid(said) is not None and _ANY_UUID.search(said) is not None
    sound = aip if case.package.type == "AIP" else _SIP_OBJID.fullmatch(said) is not None
    if not sound:
        yield hit("TT05-036", v=said)
    found = _ANY_UUID.search(said)
    if found and found[0] != found[0].upper():
        yield hit("TT05-037", v=said)


def package_type(case: Case) -> Iterator[Mark]:
    """039, 040: the package says what it is, in both METS files, and its fields agree.

    A DIP is made for a reader; it is no transfer to an archive.
    """
    package = case.package
    if package.root is None:
        return
    said = [(part.path, _header(part).oais_type) for part in package.parts]
    if not said[0][1]:
        yield hit("TT05-039")
    types = {each for _, each in said if each}
    described = type_of(package.ead.variant) if package.ead else None
    wrong = {each for each in types if described and each != described}
    if len(types) > 1 or "DIP" in types or wrong:
        yield hit("TT05-040", v=", ".join(sorted(types)))


def root_attributes(case: Case) -> Iterator[Mark]:
    """041–043: TYPE, PROFILE and CONTENTINFORMATIONTYPE."""
    for part in case.package.parts:
        root = part.facts.root
        if root.type not in _TYPES:
            yield hit("TT05-041", part.path, v=root.type)
        wanted = _PROFILES[case.package.type if part is case.package.root else "SIP"]
        if root.profile != wanted:
            yield hit("TT05-042", part.path, v=root.profile)
    rep = case.package.rep
    if rep is not None and rep.facts.root.content_information_type != "MIXED":
        yield hit("TT05-043", rep.path)


def dates(case: Case) -> Iterator[Mark]:
    """044, 045: when it was made, and that every moment says its zone."""
    for part in case.package.parts:
        header = _header(part)
        made = _moment(header.created)
        if made is None:
            yield hit("TT05-044", part.path, v=header.created)
        elif case.facts.now is None:
            yield Unchecked("TT05-044")
        elif made.tzinfo and made > case.facts.now + _CLOCKS_DIFFER:
            yield hit("TT05-044", part.path, v=header.created)
        bare = next((each for each in _moments(part) if each and not _ZONE.search(each)), None)
        if bare is not None:
            yield hit("TT05-045", part.path, v=bare)


def record_status(case: Case) -> Iterator[Mark]:
    """046, 047: the status is known, and no test package is taken for a real one."""
    if case.package.root is None:
        return
    status = _header(case.package.root).record_status
    if status not in _STATUSES:
        yield hit("TT05-046", v=status)
    if status == "TEST" and not case.facts.accepts_tests:
        yield hit("TT05-047")


def creator(case: Case) -> Iterator[Mark]:
    """049: somebody made it, and has a name."""
    root = case.package.root
    if root is not None and not any(
        agent.role == "CREATOR" and any(agent.names) for agent in _header(root).agents
    ):
        yield hit("TT05-049", root.path)


def fonds_agree(case: Case) -> Iterator[Mark]:
    """051: both METS files name the same fonds."""
    codes = {_header(part).identification_code for part in case.package.parts} - {""}
    if len(codes) > 1:
        yield hit("TT05-051", v=", ".join(sorted(codes)))


def sections(case: Case) -> Iterator[Mark]:
    """053–055: each section refers to one file, of a known kind; an AIP refers to PREMIS."""
    for part in case.package.parts:
        premis = False
        for section in part.facts.sections:
            descriptive = section.kind == "dmdSec"
            if descriptive and (len(section.references) != 1 or section.embedded):
                yield hit("TT05-053", part.path, v=section.id)
            known = _DESCRIPTIVE if descriptive else _ADMINISTRATIVE
            for reference in section.references:
                if reference.mdtype not in known:
                    yield hit("TT05-054", part.path, v=reference.mdtype)
                premis |= section.kind == "digiprovMD" and reference.mdtype == "PREMIS"
        if case.package.type == "AIP" and not premis:
            yield hit("TT05-055", part.path)


def groups(case: Case) -> Iterator[Mark]:
    """056: groups of files are those of the circular."""
    for part in case.package.parts:
        for use in {group.use: None for group in part.facts.groups}:
            if use not in _USES:
                yield hit("TT05-056", part.path, v=use)


def struct_map(case: Case) -> Iterator[Mark]:
    """057, 058: both METS files have the CSIP map, and it is a physical one."""
    for part in case.package.parts:
        types = {div.map_type for div in part.facts.divs if div.map_label == "CSIP"}
        if not types:
            yield hit("TT05-057", part.path)
        elif types != {"PHYSICAL"}:
            yield hit("TT05-058", part.path)


def _header(part: MetsPart) -> MetsHeader:
    return part.facts.header or MetsHeader("", "", "", "", (), ())


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None


def _moments(part: MetsPart) -> Iterator[str]:
    header = _header(part)
    yield from (header.created, header.modified)
    yield from (section.created for section in part.facts.sections)
    yield from (reference.said.created for reference in part.references)


CHECKS = (
    Check(("TT05-035", "TT05-036", "TT05-037"), objid),
    Check(("TT05-039", "TT05-040"), package_type),
    Check(("TT05-041", "TT05-042", "TT05-043"), root_attributes),
    Check(("TT05-044", "TT05-045"), dates),
    Check(("TT05-046", "TT05-047"), record_status),
    Check(("TT05-049",), creator),
    Check(("TT05-051",), fonds_agree),
    Check(("TT05-053", "TT05-054", "TT05-055"), sections),
    Check(("TT05-056",), groups),
    Check(("TT05-057", "TT05-058"), struct_map),
)
