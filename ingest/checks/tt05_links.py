"""Rules 059–072: what refers to what, and whether the bytes are those that were packed.

Digests are those made when the file was read on its way in; nothing is read twice, unless a
sender used SHA-384, which nobody makes in passing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import (
    MetsPart,
    Reference,
    attachments,
    links,
    section_references,
)
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import DATA, DOCUMENTATION, REP_METS, SCHEMAS, PackageFile
from schemas.digests import CHUNK_BYTES
from schemas.findings import Severity
from schemas.mets_facts import UNREADABLE_SIZE
from schemas.xml import events_untrusted

_ALGORITHMS = {"SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}


def pointer(case: Case) -> Iterator[Mark]:
    """059: the root METS leads to that of rep1."""
    root = case.package.root
    if root is None:
        return
    tree = case.package.tree
    pointers = [pointer for div in root.facts.divs for pointer in div.pointers]
    targets = {target for each in pointers for target in tree.resolve(each.href, each.path, "")}
    if tree.find(REP_METS) not in targets:
        yield hit("TT05-059", root.path, v=", ".join(each.href for each in pointers[:3]))


def described(case: Case) -> Iterator[Mark]:
    """060: every document's descriptive file is linked to its file, once."""
    rep = case.package.rep
    if rep is None:
        return
    linked = Counter(section for div, ids in links(rep) if ids for section in div.dmdid)
    for section, reference in section_references(rep):
        if section.kind == "dmdSec" and linked[section.id] != 1:
            severity = Severity.WARNING if linked[section.id] else None
            path = reference.target or reference.said.href
            yield hit("TT05-060", path, severity, p=path)
    sections = {reference.target for _, reference in section_references(rep)}
    for record in case.package.records:
        if record.path not in sections:
            yield hit("TT05-060", record.path, p=record.path)


def joined(case: Case) -> Iterator[Mark]:
    """061: every data file belongs to a document, or is attached."""
    rep = case.package.rep
    if rep is None:
        return
    both = (*links(rep), *attachments(rep))
    known = {rep.target_by_id.get(file_id, "") for _, ids in both for file_id in ids}
    for path in case.package.data:
        if path not in known:
            yield hit("TT05-061", path, p=path)


def identifiers(case: Case) -> Iterator[Mark]:
    """062: IDs are unique, and what refers to an ID finds it."""
    for part in case.package.parts:
        facts = part.facts
        sections = [section.id for section in facts.sections]
        files = [entry.file.id for entry in facts.files]
        groups = [group.id for group in facts.groups]
        others = [div.id for div in facts.divs]
        others += [ref.file.id for section in facts.sections for ref in section.references]
        counted = Counter(each for each in (*sections, *files, *groups, *others) if each)
        for each, count in counted.items():
            if count > 1:
                yield hit("TT05-062", part.path, v=each)
        for each in _dangling(case, part, set(sections), {*files, *groups}):
            yield hit("TT05-062", part.path, v=each)


def _dangling(case: Case, part: MetsPart, sections: set[str], files: set[str]) -> list[str]:
    """What is referred to and does not exist."""
    wanted = {each for div in part.facts.divs for each in (*div.dmdid, *div.admid)}
    wanted |= {
        each for entry in part.facts.files for each in (*entry.admid.split(), *entry.dmdid.split())
    }
    pointed = {each for div in part.facts.divs for each in div.file_ids}
    unknown = wanted - sections
    if unknown:  # some refer to the whole amdSec, whose ID is not among the facts
        with case.package.tree.files[part.path].open() as stream:
            unknown -= {event.attributes.get("ID", "") for event in events_untrusted(stream)}
    return sorted(unknown | (pointed - files))


def references(case: Case) -> Iterator[Mark]:
    """063, 064: every reference leads to one file inside the package."""
    for part in case.package.parts:
        for each in part.references:
            if not each.targets:
                yield hit("TT05-063", part.path, p=each.said.href)
            elif len(each.targets) > 1:
                yield hit("TT05-064", part.path, p=each.said.href)


def undeclared(case: Case) -> Iterator[Mark]:
    """065, 066: every file is declared; a data file by the METS of its representation."""
    package = case.package
    if package.root is None:
        return
    known = {each.target for part in package.parts for each in part.references}
    own = {each.target for each in package.rep.references} if package.rep else set()
    for path in package.tree.files:
        if path.startswith(DATA):
            if path not in own:
                yield hit("TT05-065", path, p=path)
        elif path not in known and path != package.root.path:
            yield hit("TT05-066", path, p=path)
    for path in package.tree.outside:
        yield hit("TT05-066", path, p=path)


def digests(case: Case) -> Iterator[Mark]:
    """067–070: every file has a digest of a kind that cannot be forged, and it is right."""
    for part in case.package.parts:
        for each in part.references:
            if each.target:
                yield from _digest(each, case.package.tree.files[each.target])


def _digest(reference: Reference, file: PackageFile) -> Iterator[Mark]:
    said, path = reference.said, reference.target
    if not said.checksum:
        secondary = path.startswith((SCHEMAS, DOCUMENTATION))
        yield hit("TT05-070" if secondary else "TT05-067", path, p=path)
        return
    kind = "".join(sign for sign in said.checksum_type.upper() if sign.isalnum())
    algorithm = _ALGORITHMS.get(kind)
    if algorithm is None:
        yield hit("TT05-069", path, v=said.checksum_type)
    elif said.checksum.strip().lower() != _made(file, algorithm):
        yield hit("TT05-068", path, p=path)


def _made(file: PackageFile, algorithm: str) -> str:
    known = file.known_digests.get(algorithm)
    if known is None:
        digest = hashlib.new(algorithm)
        with file.open() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        known = digest.hexdigest()
    return known


def sizes(case: Case) -> Iterator[Mark]:
    """071, 072: sizes are given and right."""
    for part in case.package.parts:
        for each in part.references:
            if not each.target:
                continue
            actual, said = case.package.tree.files[each.target].size_bytes, each.said.size_bytes
            if said is None:
                yield hit("TT05-072", each.target, p=each.target)
            elif said != actual:
                shown = "?" if said == UNREADABLE_SIZE else said
                yield hit("TT05-071", each.target, p=each.target, v=shown, k=actual)


CHECKS = (
    Check(("TT05-059",), pointer),
    Check(("TT05-060",), described),
    Check(("TT05-061",), joined),
    Check(("TT05-062",), identifiers),
    Check(("TT05-063", "TT05-064"), references),
    Check(("TT05-065", "TT05-066"), undeclared),
    Check(("TT05-067", "TT05-068", "TT05-069", "TT05-070"), digests),
    Check(("TT05-071", "TT05-072"), sizes),
)
