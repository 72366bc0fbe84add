"""CSIP58–79, CSIP113–114: the file section, its groups and its files."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.checks.eark_reading import Group, csip, xlink
from ingest.checks.eark_rules import MUST, SHOULD, MetsFile, broken, requirement
from ingest.checks.eark_words import CHECKSUM_TYPES, is_datetime, is_number
from schemas.xml_nodes import Node

DOCUMENTATION = "Documentation"
SCHEMAS = "Schemas"
REPRESENTATIONS = "Representations"


@requirement("CSIP58", SHOULD)
def csip58(mets: MetsFile) -> Iterator[str]:
    """Content has a file section, and only one."""
    count = len(mets.outline.file_sections)
    return broken(count > 1 or (not count and _has_content(mets)), str(count))


@requirement("CSIP59", MUST)
def csip59(mets: MetsFile) -> Iterator[str]:
    """The file section has an ID."""
    return broken(any(not each.get("ID") for each in mets.outline.file_sections))


@requirement("CSIP60", MUST)
def csip60(mets: MetsFile) -> Iterator[str]:
    """Documentation has a group."""
    return _ungrouped(mets, "documentation/", DOCUMENTATION)


@requirement("CSIP113", MUST)
def csip113(mets: MetsFile) -> Iterator[str]:
    """Schemas have a group."""
    return _ungrouped(mets, "schemas/", SCHEMAS)


@requirement("CSIP114", MUST)
def csip114(mets: MetsFile) -> Iterator[str]:
    """Representations have a group in the package's own METS file."""
    there = next(mets.tree.below("representations/"), "") if mets.is_root else ""
    return broken(there and not groups_for(mets, REPRESENTATIONS), there)


@requirement("CSIP62", SHOULD)
def csip62(mets: MetsFile) -> Iterator[str]:
    """A group of a representation says what kind of content it is."""
    for group in groups_for(mets, REPRESENTATIONS):
        yield from broken(not csip(group.node, "CONTENTINFORMATIONTYPE"), group.use)


@requirement("CSIP64", MUST)
def csip64(mets: MetsFile) -> Iterator[str]:
    """A group says what it is for."""
    for group in mets.outline.groups:
        yield from broken(not group.use, group.id)


@requirement("CSIP65", MUST)
def csip65(mets: MetsFile) -> Iterator[str]:
    """A group has an ID."""
    for group in mets.outline.groups:
        yield from broken(not group.id, group.use)


@requirement("CSIP66", MUST)
def csip66(mets: MetsFile) -> Iterator[str]:
    """A group holds files."""
    for group in mets.outline.groups:
        yield from broken(not group.files, group.use)


@requirement("CSIP67", MUST)
def csip67(file: Node) -> Iterator[str]:
    """A file has an ID."""
    return broken(not file.get("ID"), _name(file))


@requirement("CSIP68", MUST)
def csip68(file: Node) -> Iterator[str]:
    """A file has a media type."""
    return broken("/" not in file.get("MIMETYPE"), _name(file))


@requirement("CSIP69", MUST)
def csip69(file: Node) -> Iterator[str]:
    """A file has a size."""
    return broken(not is_number(file.get("SIZE")), _name(file))


@requirement("CSIP70", MUST)
def csip70(file: Node) -> Iterator[str]:
    """A file has a date."""
    return broken(not is_datetime(file.get("CREATED")), _name(file))


@requirement("CSIP71", MUST)
def csip71(file: Node) -> Iterator[str]:
    """A file has a checksum."""
    return broken(not file.get("CHECKSUM"), _name(file))


@requirement("CSIP72", MUST)
def csip72(file: Node) -> Iterator[str]:
    """A file's checksum is of a kind that METS knows."""
    return broken(file.get("CHECKSUMTYPE") not in CHECKSUM_TYPES, _name(file))


@requirement("CSIP76", MUST)
def csip76(file: Node) -> Iterator[str]:
    """A file has one location."""
    return broken(len(file.all("FLocat")) != 1, _name(file))


@requirement("CSIP77", MUST)
def csip77(file: Node) -> Iterator[str]:
    """The location is a URL."""
    return broken(any(f.get("LOCTYPE") != "URL" for f in file.all("FLocat")), _name(file))


@requirement("CSIP78", MUST)
def csip78(file: Node) -> Iterator[str]:
    """The location's link is simple."""
    return broken(any(xlink(f, "type") != "simple" for f in file.all("FLocat")), _name(file))


@requirement("CSIP79", MUST)
def csip79(file: Node) -> Iterator[str]:
    """The location says where the file lies."""
    return broken(any(not xlink(f, "href") for f in file.all("FLocat")), _name(file))


def groups_for(mets: MetsFile, use: str) -> list[Group]:
    """The groups whose USE is ``use``, or begins with it and a slash."""
    return [g for g in mets.outline.groups if g.use == use or g.use.startswith(f"{use}/")]


def _ungrouped(mets: MetsFile, folder: str, use: str) -> Iterator[str]:
    """Files of a folder that neither this METS file nor the package's own has a group for."""
    there = next(mets.tree.below(mets.base + folder), "")
    elsewhere = any(each.partition("/")[0] == use for each in mets.root_uses)
    return broken(there and not groups_for(mets, use) and not elsewhere, there)


def _has_content(mets: MetsFile) -> bool:
    below = ("data/",) if mets.base else ("representations/", "documentation/", "schemas/")
    return any(next(mets.tree.below(mets.base + each), "") for each in below)


def _name(file: Node) -> str:
    return xlink(file.first("FLocat"), "href") or file.get("ID")


RULES = (csip58, csip59, csip60, csip113, csip114, csip62, csip64, csip65, csip66)
FILE_RULES = (csip67, csip68, csip69, csip70, csip71, csip72, csip76, csip77, csip78, csip79)
