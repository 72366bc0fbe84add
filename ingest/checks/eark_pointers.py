"""CSIP105–112: the divisions that lead to the METS files of representations."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.checks.eark_files import REPRESENTATIONS
from ingest.checks.eark_reading import xlink
from ingest.checks.eark_rules import MUST, SHOULD, MetsFile, Version, broken, requirement
from ingest.checks.tt05_tree import Tree
from schemas.xml_nodes import Node
from schemas.xml_text import decode_href


@requirement("CSIP105", SHOULD)
def csip105(mets: MetsFile) -> Iterator[str]:
    """Each representation's METS file has a division that points to it."""
    led_to = {target for pointer in _pointers(mets) for target in _targets(mets, pointer)}
    for path in representation_mets(mets.tree) if mets.is_root else ():
        yield from broken(path not in led_to, path)


@requirement("CSIP106", MUST)
def csip106(mets: MetsFile) -> Iterator[str]:
    """That division has an ID."""
    for div in _representations(mets):
        yield from broken(not div.get("ID"), div.get("LABEL"))


@requirement("CSIP107", MUST)
def csip107(mets: MetsFile) -> Iterator[str]:
    """That division is labelled by the path to the representation, as its group's USE is."""
    uses = {group.use for group in mets.outline.groups}
    for div in _representations(mets):
        said = div.get("LABEL")
        if mets.version is Version.V2_2_0:
            yield from broken(not said.startswith(f"{REPRESENTATIONS}/") or said not in uses, said)
        else:
            yield from broken(not said)


@requirement("CSIP108", MUST)
def csip108(mets: MetsFile) -> Iterator[str]:
    """The pointer's title is the ID of a group."""
    known = {group.id for group in mets.outline.groups}
    for pointer in _pointers(mets):
        title = xlink(pointer, "title")
        yield from broken(not title or title not in known, title)


@requirement("CSIP109", MUST)
def csip109(mets: MetsFile) -> Iterator[str]:
    """A division of a representation has one pointer."""
    for div in _representations(mets):
        yield from broken(len(div.all("mptr")) != 1, div.get("LABEL"))


@requirement("CSIP110", MUST)
def csip110(mets: MetsFile) -> Iterator[str]:
    """The pointer says where the METS file lies."""
    for pointer in _pointers(mets):
        yield from broken(not xlink(pointer, "href"), xlink(pointer, "title"))


@requirement("CSIP111", MUST)
def csip111(mets: MetsFile) -> Iterator[str]:
    """The pointer's link is simple."""
    for pointer in _pointers(mets):
        yield from broken(xlink(pointer, "type") != "simple", xlink(pointer, "href"))


@requirement("CSIP112", MUST)
def csip112(mets: MetsFile) -> Iterator[str]:
    """The pointer is a URL."""
    for pointer in _pointers(mets):
        yield from broken(pointer.get("LOCTYPE") != "URL", xlink(pointer, "href"))


def representation_mets(tree: Tree) -> list[str]:
    """The METS files of representations, by their paths."""
    return sorted(
        path
        for path in tree.below("representations/")
        if path.count("/") == 2 and path.lower().endswith("/mets.xml")
    )


def _representations(mets: MetsFile) -> list[Node]:
    """The divisions of single representations."""
    return [
        div
        for div in mets.outline.main.all("div")
        if div.all("mptr") or div.get("LABEL").startswith(f"{REPRESENTATIONS}/")
    ]


def _pointers(mets: MetsFile) -> Iterator[Node]:
    return (pointer for div in _representations(mets) for pointer in div.all("mptr"))


def _targets(mets: MetsFile, pointer: Node) -> tuple[str, ...]:
    href = xlink(pointer, "href")
    return mets.tree.resolve(href, decode_href(href), mets.base)


RULES = (csip105, csip106, csip107, csip108, csip109, csip110, csip111, csip112)
