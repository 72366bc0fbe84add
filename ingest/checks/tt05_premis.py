"""Rules 118–124: what the PREMIS files of an AIP say of its files and of its history."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import Tt05Package
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import PREMIS, REP, nfc
from schemas.premis import Identifier
from schemas.premis_facts import PremisObjectFacts
from schemas.xml_text import decode_href

_PUID = re.compile(r"(?:x-)?fmt/\d+")
_OWN_TYPES = frozenset(("Doc", "Pic", "Media"))
"""Name a document, not a file: its attachments bear them too."""
_CREATED = frozenset(("information package creation", "transfer"))
_ALGORITHMS: Mapping[str, str] = {"SHA256": "sha256", "SHA512": "sha512"}


def file_objects(case: Case) -> Iterator[Mark]:
    """118: each data file of an AIP has an object."""
    if case.package.type == "AIP" and case.package.premis:
        described = set(_objects_by_path(case.package).values())
        for path in case.package.data:
            if path not in described:
                yield hit("TT05-118", path, p=path)


def fixity(case: Case) -> Iterator[Mark]:
    """119: digests and sizes are those of the file."""
    by_object = _objects_by_path(case.package)
    for number, each in enumerate(_objects(case.package)):
        path = by_object.get(number)
        if path is None:
            continue
        file = case.package.tree.files[path]
        wrong = each.size_bytes not in {None, file.size_bytes}
        for name, digest in each.fixity:
            key = _ALGORITHMS.get("".join(sign for sign in name.upper() if sign.isalnum()), "")
            known = file.known_digests.get(key)
            wrong |= known is not None and known != digest.strip().lower()
        if wrong:
            yield hit("TT05-119", path, p=path)


def formats(case: Case) -> Iterator[Mark]:
    """120: formats have their PRONOM key, one that today's identification gives too."""
    by_object = _objects_by_path(case.package)
    for number, each in enumerate(_objects(case.package)):
        path = by_object.get(number)
        if path is None:
            continue
        keys = {form.puid for form in each.formats if _PUID.fullmatch(form.puid)}
        result = case.formats.get(path)
        today = {p for p in result.puids if _PUID.fullmatch(p)} if result else set()
        if (not keys and (today or result is None)) or (keys and today and not keys & today):
            yield hit("TT05-120", path, p=path, v=", ".join(sorted(keys)))


def identifiers(case: Case) -> Iterator[Mark]:
    """121: no two objects, events or agents share an identifier; files may share a document."""
    for part in case.package.premis:
        for (_kind, identifier), count in part.identifiers.items():
            if count > 1 and identifier.type not in _OWN_TYPES:
                yield hit("TT05-121", part.path, v=identifier.value)


def linked(case: Case) -> Iterator[Mark]:
    """122: objects and agents that are referred to exist, here or as the package's source."""
    package = case.package
    known: set[Identifier] = set()
    agents: set[Identifier] = set()
    for part in package.premis:
        known |= {each for kind, each in part.identifiers if kind == "object"} | part.sources
        agents |= {each for kind, each in part.identifiers if kind == "agent"}
    values = {each.value for each in known} | {package.objid}
    values |= {file_id for part in package.parts for file_id in part.target_by_id}
    for part in package.premis:
        dangling = {each.value for each in part.object_links - known} - values
        dangling |= {each.value for each in part.agent_links - agents}
        for value in sorted(dangling):
            yield hit("TT05-122", part.path, v=value)


def events(case: Case) -> Iterator[Mark]:
    """123, 124: an AIP tells how it came to be; kinds of events are of the common list."""
    package = case.package
    told = {kind for part in package.premis for kind in part.event_types}
    if package.type == "AIP" and package.premis and not told & _CREATED:
        yield hit("TT05-123", PREMIS)
    for part in package.premis:
        for kind in sorted(part.event_types.keys() - event_types()):
            yield hit("TT05-124", part.path, v=kind)


def event_types() -> frozenset[str]:
    """The event types of the Library of Congress."""
    text = files("ingest.checks").joinpath("event-types.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())


def _objects(package: Tt05Package) -> Iterator[PremisObjectFacts]:
    return (each for part in package.premis for each in part.objects)


def _objects_by_path(package: Tt05Package) -> dict[int, str]:
    """The data file that each object describes, by the object's number: by the METS file's ID,
    by where it says it is, or by the name it bears alone."""
    targets = package.rep.target_by_id if package.rep else {}
    names = Counter(nfc(posixpath.basename(path)) for path in package.data)
    by_name = {nfc(posixpath.basename(path)): path for path in package.data}
    found = {}
    for number, each in enumerate(_objects(package)):
        ids = (targets.get(i.value, "") for i in each.identifiers if i.type == "File")
        location = decode_href(each.content_location)
        places = package.tree.resolve(each.content_location, location, REP)
        name = nfc(posixpath.basename(each.original_name.decode("utf-8", "replace")))
        path = next((i for i in ids if i), "") or (places[0] if places else "")
        if not path and names[name] == 1:
            path = by_name[name]
        if path:
            found[number] = path
    return found


CHECKS = (
    Check(("TT05-118",), file_objects),
    Check(("TT05-119",), fixity),
    Check(("TT05-120",), formats),
    Check(("TT05-121",), identifiers),
    Check(("TT05-122",), linked),
    Check(("TT05-123", "TT05-124"), events),
)
