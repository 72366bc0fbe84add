"""CSIPSTR1–16: the package's folders, whatever its METS files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.checks.eark_rules import MUST, SHOULD, broken, requirement
from ingest.checks.tt05_tree import METS, Tree

_NOT_PLAIN = re.compile(r"[^0-9A-Za-z]+")
REPRESENTATIONS = "representations/"


@dataclass(frozen=True, slots=True)
class Folders:
    """A package's tree, with what its own METS file says that concerns folders: the OBJID,
    and the files of descriptive and preservation metadata. ``bare`` says that an archive
    holds the package without a folder of its own."""

    tree: Tree
    objid: str = ""
    descriptive: tuple[str, ...] = ()
    preservation: tuple[str, ...] = ()
    bare: bool = False

    def has(self, folder: str) -> bool:
        """Whether the folder, given with its slash, is there, if only empty."""
        tree = self.tree
        empty = any(f"{each}/".startswith(folder) for each in tree.empty_folders)
        return empty or next(tree.below(folder), None) is not None

    @property
    def representations(self) -> list[str]:
        """The folders of representations, with their slashes."""
        tree = self.tree
        paths = (*tree.below(REPRESENTATIONS), *(f"{each}/" for each in tree.empty_folders))
        names = {
            path.split("/")[1]
            for path in paths
            if path.startswith(REPRESENTATIONS) and path.count("/") > 1
        }
        return [f"{REPRESENTATIONS}{name}/" for name in sorted(names)]


@requirement("CSIPSTR1", MUST)
def str1(of: Folders) -> Iterator[str]:
    """The package lies in one folder."""
    several = len(of.tree.top_folders) > 1 or of.tree.outside
    return broken(several or of.bare, ", ".join((*of.tree.top_folders, *of.tree.outside)[:5]))


@requirement("CSIPSTR2", SHOULD)
def str2(of: Folders) -> Iterator[str]:
    """The folder is named by the OBJID; signs that a name cannot have may be replaced."""
    folder = of.tree.folder
    different = folder is not None and _plain(folder) != _plain(of.objid)
    return broken(of.objid and different, folder or "")


@requirement("CSIPSTR4", MUST)
def str4(of: Folders) -> Iterator[str]:
    """There is a METS.xml."""
    return broken(METS not in of.tree.files, of.tree.find(METS) or "")


@requirement("CSIPSTR5", SHOULD)
def str5(of: Folders) -> Iterator[str]:
    """There is a folder of metadata."""
    return broken(not of.has("metadata/"))


@requirement("CSIPSTR6", SHOULD)
def str6(of: Folders) -> Iterator[str]:
    """Preservation metadata lies in its folder."""
    for path in of.preservation:
        yield from broken(not path.startswith(("metadata/preservation/", "metadata/other/")), path)


@requirement("CSIPSTR7", SHOULD)
def str7(of: Folders) -> Iterator[str]:
    """Descriptive metadata lies in its folder."""
    for path in of.descriptive:
        yield from broken(not path.startswith("metadata/descriptive/"), path)


@requirement("CSIPSTR9", SHOULD)
def str9(of: Folders) -> Iterator[str]:
    """There is a folder of representations."""
    return broken(not of.has(REPRESENTATIONS))


@requirement("CSIPSTR10", SHOULD)
def str10(of: Folders) -> Iterator[str]:
    """Each representation has a folder in it."""
    loose = [path for path in of.tree.below(REPRESENTATIONS) if path.count("/") == 1]
    none = of.has(REPRESENTATIONS) and not of.representations
    return broken(loose or none, loose[0] if loose else "")


@requirement("CSIPSTR11", SHOULD)
def str11(of: Folders) -> Iterator[str]:
    """A representation has its data in a folder of their own."""
    for folder in of.representations:
        yield from broken(not of.has(f"{folder}data/"), folder)


@requirement("CSIPSTR12", SHOULD)
def str12(of: Folders) -> Iterator[str]:
    """A representation has a METS.xml."""
    for folder in of.representations:
        yield from broken(folder + METS not in of.tree.files, folder)


@requirement("CSIPSTR13", SHOULD)
def str13(of: Folders) -> Iterator[str]:
    """A representation has a folder of metadata."""
    for folder in of.representations:
        yield from broken(not of.has(f"{folder}metadata/"), folder)


@requirement("CSIPSTR15", SHOULD)
def str15(of: Folders) -> Iterator[str]:
    """Schemas of structured metadata are in the package."""
    there = any(of.has(f"{each}schemas/") for each in ("", *of.representations))
    structured = any(path.lower().endswith(".xml") for path in (*of.descriptive, *of.preservation))
    return broken(structured and not there)


@requirement("CSIPSTR16", SHOULD)
def str16(of: Folders) -> Iterator[str]:
    """There is documentation."""
    return broken(not any(of.has(f"{each}documentation/") for each in ("", *of.representations)))


def _plain(name: str) -> str:
    return _NOT_PLAIN.sub("", name).casefold()


RULES = (
    str1, str2, str4, str5, str6, str7, str9, str10, str11, str12, str13, str15, str16,
)  # fmt: skip
