"""One E-ARK package, judged: its folders, each of its METS files, and all that these refer to.

Memory grows with the number of files by their paths and IDs only: METS files go by as streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ingest.checks import (
    eark_files,
    eark_folders,
    eark_map,
    eark_pointers,
    eark_root,
    eark_sections,
    eark_sip,
)
from ingest.checks.eark_folders import Folders
from ingest.checks.eark_links import Links, identities
from ingest.checks.eark_premis import premis_findings
from ingest.checks.eark_reading import GroupedFile, Outline, Part, csip, mets_parts, xlink
from ingest.checks.eark_rules import MetsFile, Version
from ingest.checks.tt05_tree import METS, Tree
from ingest.staged import Findings
from schemas.errors import PackageError
from schemas.findings import Finding, Severity
from schemas.mets_read import METS_CAPS
from schemas.tt05_schemas import Tt05Schemas
from schemas.xml_caps import XmlRefused
from schemas.xml_nodes import Node
from schemas.xml_text import decode_href

FILE_RULES = eark_files.FILE_RULES
SECTION_RULES = eark_sections.PARTS
WHOLE_RULES = (
    *eark_root.RULES,
    *eark_sections.RULES,
    *eark_files.RULES,
    *eark_map.RULES,
    *eark_pointers.RULES,
)
SIP_RULES = eark_sip.RULES
FOLDER_RULES = eark_folders.RULES
_SHOWN_FAULTS = 5


@dataclass(slots=True)
class EarkPackage:
    """What is known of a package once it was judged. ``outline`` is that of its own METS
    file; ``content`` are the files that METS files declare as content."""

    tree: Tree
    version: Version = Version.V2_2_0
    outline: Outline = field(default_factory=Outline)
    findings: Findings = field(default_factory=Findings)
    not_checked: set[str] = field(default_factory=set)
    content: set[str] = field(default_factory=set)
    descriptive: list[str] = field(default_factory=list)

    @property
    def objid(self) -> str:
        """The package's identifier."""
        return self.outline.root.get("OBJID")

    @property
    def label(self) -> str:
        """The package's label."""
        return self.outline.root.get("LABEL")

    @property
    def type(self) -> str:
        """SIP, AIP, DIP…, as the header says."""
        return csip(self.header, "OAISPACKAGETYPE")

    @property
    def header(self) -> Node:
        """The header; empty when there is none."""
        return self.outline.header or Node("metsHdr", {})

    @property
    def is_sip(self) -> bool:
        """Whether the requirements of SIPs are asked: by its type, or by its PROFILE."""
        return self.type == "SIP" or "e-ark-sip" in self.outline.root.get("PROFILE").lower()

    def alt_record_id(self, kind: str) -> str:
        """The first ``altRecordID`` of that TYPE."""
        found = (node.text for node in self.header.all("altRecordID") if node.get("TYPE") == kind)
        return next(found, "")


def judge_package(tree: Tree, schemas: Tt05Schemas, *, bare: bool = False) -> EarkPackage:
    """The package with everything that is wrong with it. ``bare``: an archive holds it without
    a folder of its own."""
    package = EarkPackage(tree)
    _Judging(package, schemas, bare).run()
    return package


class _Judging:
    """One run over one package."""

    def __init__(self, package: EarkPackage, schemas: Tt05Schemas, bare: bool) -> None:
        self._package = package
        self._tree = package.tree
        self._schemas = schemas
        self._bare = bare
        self._links = Links(package.tree)
        self._preservation: list[str] = []
        self._root_uses: frozenset[str] = frozenset()

    def run(self) -> None:
        """Every METS file, then what they say together."""
        package, found = self._package, self._package.findings
        own = self._tree.find(METS)
        if own is not None:
            package.version = Version.of(_profile(self._tree, own))
            found.extend(self._mets(own, "", package.outline))
            if package.is_sip:
                self._sip(own)
            self._root_uses = frozenset(group.use for group in package.outline.groups)
        for path in eark_pointers.representation_mets(self._tree):
            found.extend(self._mets(path, path.rpartition("/")[0] + "/", Outline()))
        self._folders()
        if own is not None:
            found.extend(self._links.undeclared())
        package.content = self._links.content
        package.not_checked = self._links.not_checked

    def _mets(self, path: str, base: str, outline: Outline) -> Iterator[Finding]:
        """What is wrong with one METS file."""
        mets = MetsFile(path, base, self._package.version, self._tree, outline, self._root_uses)
        referred: set[str] = set()
        try:
            with self._tree.files[path].open() as stream:
                for part in mets_parts(stream, outline):
                    yield from self._part(mets, part, referred)
            for fault in self._schemas.mets.faults_in(
                self._tree.files[path].open, METS_CAPS, limit=_SHOWN_FAULTS
            ):
                told = {"v": fault.message.replace("{http://www.loc.gov/METS/}", "")[:300]}
                yield Finding("EARK-METS-SCHEMA", Severity.ERROR, path, told)
        except PackageError as error:
            reason = " ".join((error.code, *(f"{n}={v}" for n, v in error.fields.items() if v)))
            yield Finding("EARK-METS-UNREADABLE", Severity.ERROR, path, {"reason": reason})
            return
        for rule in WHOLE_RULES:
            yield from rule.findings(mets, mets.version, path)
        yield from identities(outline, path, referred)
        for div in outline.main.all("div"):
            for pointer in div.all("mptr"):
                yield from self._links.point(pointer, mets=path, base=base)

    def _part(self, mets: MetsFile, part: Part, referred: set[str]) -> Iterator[Finding]:
        if isinstance(part, GroupedFile):
            for rule in FILE_RULES:
                yield from rule.findings(part.node, mets.version, mets.path)
            yield from self._file(mets, part)
            node = part.node
        else:
            node = part
            for rule in SECTION_RULES.get(node.name, ()):
                yield from rule.findings(node, mets.version, mets.path)
            for reference in node.all("mdRef"):
                href = xlink(reference, "href")
                yield from self._links.follow(reference, href, mets=mets.path, base=mets.base)
                yield from self._place(mets, node, reference, href)
        referred.update(node.get("ADMID").split(), node.get("DMDID").split())

    def _file(self, mets: MetsFile, part: GroupedFile) -> Iterator[Finding]:
        for location in part.node.all("FLocat"):
            href = xlink(location, "href")
            yield from self._links.follow(part.node, href, mets=mets.path, base=mets.base)
            targets = self._tree.resolve(href, decode_href(href), mets.base)
            content = part.use.startswith((eark_files.REPRESENTATIONS, "Data", "data"))
            if targets and content and not targets[0].lower().endswith("mets.xml"):
                self._links.content.add(targets[0])
        for inner in part.node.all("file"):
            yield from self._file(mets, GroupedFile(inner, part.use))

    def _place(
        self, mets: MetsFile, section: Node, reference: Node, href: str
    ) -> Iterator[Finding]:
        """Remembers where the package's metadata lie, and looks into preservation metadata."""
        targets = self._tree.resolve(href, decode_href(href), mets.base)
        premis = reference.get("MDTYPE").startswith("PREMIS")
        if not targets:
            return
        if section.name == "dmdSec" and mets.is_root:
            self._package.descriptive.append(targets[0])
        elif section.name != "dmdSec" and premis:
            if mets.is_root:
                self._preservation.append(targets[0])
            file, xsd = self._tree.files[targets[0]], self._schemas.premis
            yield from premis_findings(targets[0], file, xsd, self._links.not_checked)

    def _sip(self, path: str) -> None:
        package = self._package
        mets = MetsFile(path, "", package.version, self._tree, package.outline)
        for rule in SIP_RULES:
            package.findings.extend(rule.findings(mets, package.version, path))

    def _folders(self) -> None:
        package = self._package
        folders = Folders(
            self._tree,
            package.objid,
            tuple(package.descriptive),
            tuple(self._preservation),
            self._bare,
        )
        for rule in FOLDER_RULES:
            package.findings.extend(rule.findings(folders, package.version, ""))


def _profile(tree: Tree, path: str) -> str:
    """The PROFILE of a METS file, as far as it can be read."""
    outline = Outline()
    with suppress(PackageError, XmlRefused), tree.files[path].open() as stream:
        next(mets_parts(stream, outline), None)
    return outline.root.get("PROFILE")
