"""One Circular 05 package, read: METS, descriptive files and PREMIS, each within caps, once.

Reading never raises for what a package is like: a file that cannot be read is a fault, and
what it would have said is absent.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ingest.checks.tt05_premis_reading import PremisPart, read_premis
from ingest.checks.tt05_tree import DATA, EAD, METS, REP, REP_DESCRIPTIVE, REP_METS, Tree
from schemas.errors import PackageError
from schemas.mets_facts import MetadataSection, MetsDiv, MetsFacts, Referred
from schemas.mets_read import read_mets
from schemas.tt05 import FieldSpec, SimpleDc, fields_of, read_simpledc

PackageType = Literal["SIP", "AIP", "DIP"]
PackageKind = Literal["hoso", "tailieu"]
RecordKind = Literal["ead", "doc", "pic", "media"]

STUB = ".fetch.txt"
_RECORD_NAME = re.compile(r"EAD_(?P<kind>doc|pic|media)_.*\.xml", re.IGNORECASE | re.DOTALL)
_MULTIPLE = frozenset({"language"})
_TYPES: Mapping[str, PackageType] = {"SIP": "SIP", "AIP": "AIP", "DIP": "DIP"}
_KINDS: Mapping[str, RecordKind] = {"doc": "doc", "pic": "pic", "media": "media"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that cannot be read, and why."""

    path: str
    error: PackageError


@dataclass(frozen=True, slots=True)
class Reference:
    """What one METS file says of one file; ``targets`` are the files it may mean.

    ``use`` is the USE of the file's group, or the kind of the metadata section.
    """

    origin: str
    use: str
    said: Referred
    targets: tuple[str, ...]

    @property
    def target(self) -> str:
        """The file meant, ``""`` when there is none."""
        return self.targets[0] if self.targets else ""


@dataclass(frozen=True)
class MetsPart:
    """One of the package's two METS files."""

    path: str
    facts: MetsFacts
    references: tuple[Reference, ...]

    @cached_property
    def target_by_id(self) -> dict[str, str]:
        """The file meant, by the ID of its ``file`` element."""
        entries = zip(self.facts.files, self._file_references(), strict=True)
        return {entry.file.id: reference.target for entry, reference in entries}

    @cached_property
    def ids_by_group(self) -> dict[str, list[str]]:
        """The IDs of the ``file`` elements of each group, by the group's ID."""
        found: dict[str, list[str]] = {}
        for entry in self.facts.files:
            found.setdefault(entry.group_id, []).append(entry.file.id)
        return found

    def _file_references(self) -> Iterator[Reference]:
        return iter(self.references[: len(self.facts.files)])


@dataclass(frozen=True)
class Described:
    """One descriptive file: ``EAD.xml``, or a document's."""

    path: str
    kind: RecordKind
    variant: str
    content: SimpleDc

    @cached_property
    def values(self) -> dict[str, str]:
        """The first value of each field; several languages are joined by ``;``."""
        found: dict[str, str] = {}
        for name, value in self.content.fields:
            if name in _MULTIPLE and found.get(name) and value:
                found[name] = f"{found[name]};{value}"
            else:
                found.setdefault(name, value)
        return found

    @property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The fields that the circular gives this kind of file."""
        return fields_of(self.variant)

    def get(self, name: str) -> str:
        """The field's value, ``""`` when it has none."""
        return self.values.get(name, "")

    @property
    def record_code(self) -> str:
        """The document's archival code, under either name."""
        return self.get("docCode") or self.get("arcDocCode")

    @property
    def dossier_code(self) -> str:
        """The dossier's code, under either name."""
        return self.get("fileCode") or self.get("arcFileCode")


@dataclass
class Tt05Package:
    """What a package says of itself, as far as it can be read."""

    tree: Tree
    root: MetsPart | None = None
    rep: MetsPart | None = None
    ead: Described | None = None
    records: tuple[Described, ...] = ()
    premis: tuple[PremisPart, ...] = ()
    faults: list[Fault] = field(default_factory=list)

    @property
    def objid(self) -> str:
        """The package's identifier, ``""`` when it has none."""
        return self.root.facts.root.objid if self.root else ""

    @cached_property
    def type(self) -> PackageType:
        """SIP, AIP or DIP: what the METS header says, else what the dossier's fields are."""
        header = self.root.facts.header if self.root else None
        said = _TYPES.get(header.oais_type) if header else None
        return said or (type_of(self.ead.variant) if self.ead else "SIP")

    @cached_property
    def kind(self) -> PackageKind:
        """A dossier, or loose documents (*tài liệu rời lẻ*)."""
        if self.ead is not None:
            return "tailieu" if self.ead.get("source") or _has(self.ead, "source") else "hoso"
        said = self.root.facts.root.type if self.root else ""
        return "tailieu" if said.casefold() == "collection" else "hoso"

    @property
    def parts(self) -> tuple[MetsPart, ...]:
        """The METS files that could be read, the root's first."""
        return tuple(part for part in (self.root, self.rep) if part is not None)

    @cached_property
    def data(self) -> tuple[str, ...]:
        """The data files, stubs of linked records included."""
        return tuple(self.tree.below(DATA))

    @cached_property
    def record_by_section(self) -> dict[str, Described]:
        """The descriptive file by the ID of its section in the representation's METS."""
        if self.rep is None:
            return {}
        by_path = {record.path: record for record in self.records}
        sections = {
            section.id: by_path.get(reference.target)
            for section, reference in section_references(self.rep)
            if section.kind == "dmdSec"
        }
        return {key: record for key, record in sections.items() if record is not None}

    @property
    def fonds(self) -> str:
        """The fonds code: the first IDENTIFICATIONCODE of a creator, the root's first."""
        for part in self.parts:
            if part.facts.header and part.facts.header.identification_code:
                return part.facts.header.identification_code
        return ""


def read_package(tree: Tree) -> Tt05Package:
    """The package in ``tree``, as far as it can be read."""
    package = Tt05Package(tree)
    package.root = _mets(package, METS, "")
    package.rep = _mets(package, REP_METS, REP)
    package.ead = _described(package, EAD)
    named = (path for path in sorted(tree.below(REP_DESCRIPTIVE)) if path.lower().endswith(".xml"))
    records = (_described(package, path) for path in named)
    package.records = tuple(record for record in records if record is not None)
    parts = (_premis(package, path) for path in sorted(tree.files) if _is_premis(path))
    package.premis = tuple(part for part in parts if part is not None)
    return package


def section_references(part: MetsPart) -> Iterator[tuple[MetadataSection, Reference]]:
    """Each metadata section that refers to a file, with the reference."""
    references = iter(part.references[len(part.facts.files) :])
    for section in part.facts.sections:
        for _ in section.references:
            yield section, next(references)


def links(part: MetsPart) -> Iterator[tuple[MetsDiv, list[str]]]:
    """The divisions that join descriptive files to files, and the files' IDs."""
    for div in part.facts.divs:
        if len(div.labels) == 3 and div.labels[1] == "MetadataLink":
            yield div, _file_ids(part, div)


def attachments(part: MetsPart) -> Iterator[tuple[MetsDiv, list[str]]]:
    """The divisions of attachments, and the files' IDs."""
    for div in part.facts.divs:
        if len(div.labels) >= 2 and div.labels[1] == "AttachmentFile":
            yield div, _file_ids(part, div)


def type_of(variant: str) -> PackageType:
    """The type of package that a variant of ``EAD.xml`` belongs to."""
    return "AIP" if variant.startswith("aip") else "DIP" if variant.startswith("dip") else "SIP"


def _file_ids(part: MetsPart, div: MetsDiv) -> list[str]:
    found: list[str] = []
    for file_id in div.file_ids:
        if file_id in part.target_by_id:
            found.append(file_id)
        else:
            found += part.ids_by_group.get(file_id, ())
    return found


def _mets(package: Tt05Package, path: str, base: str) -> MetsPart | None:
    found = package.tree.find(path)
    if found is None:
        return None
    try:
        with package.tree.files[found].open() as stream:
            facts = read_mets(stream)
    except PackageError as error:
        package.faults.append(Fault(found, error))
        return None
    said: list[tuple[str, Referred]] = [(entry.use, entry.file) for entry in facts.files]
    said += [(s.kind, reference.file) for s in facts.sections for reference in s.references]
    references = tuple(
        Reference(found, use, each, package.tree.resolve(each.href, each.path, base))
        for use, each in said
    )
    return MetsPart(found, facts, references)


def _described(package: Tt05Package, path: str) -> Described | None:
    found = package.tree.find(path)
    if found is None:
        return None
    try:
        with package.tree.files[found].open() as stream:
            content = read_simpledc(stream)
    except PackageError as error:
        package.faults.append(Fault(found, error))
        return None
    if path == EAD:
        return Described(found, "ead", _dossier_variant(content), content)
    kind = record_kind(posixpath.basename(found)) or _kind_by_fields(content)
    return Described(found, kind, _record_variant(package, kind, content), content)


def record_kind(name: str) -> RecordKind | None:
    """What a descriptive file's name says it describes; None for a name off the pattern."""
    match = _RECORD_NAME.fullmatch(name)
    return _KINDS[match["kind"].lower()] if match else None


def _dossier_variant(content: SimpleDc) -> str:
    names = {name for name, _ in content.fields}
    if "requestID" in names:
        return "dip.ead"
    kind = "tailieu" if "source" in names else "hoso"
    return f"aip_{kind}.ead" if "arcFileCode" in names else f"sip_{kind}.ead"


def _record_variant(package: Tt05Package, kind: RecordKind, content: SimpleDc) -> str:
    """The variant by the package's type; the file's own fields decide where that is unknown."""
    type_ = package.type
    if package.root is None and package.ead is None and "arcFileCode" in content.first():
        type_ = "AIP"
    if type_ == "AIP" and kind == "doc":
        return "aip.ead_doc"
    if type_ == "AIP":
        return f"aip_{package.kind}.ead_{kind}"
    return f"{type_.lower()}.ead_{kind}"


def _kind_by_fields(content: SimpleDc) -> RecordKind:
    names = {name for name, _ in content.fields}
    if names & {"typePic", "imageTitle"}:
        return "pic"
    return "media" if names & {"typeMedia", "movieTitle"} else "doc"


def _is_premis(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder in {"metadata/preservation", f"{REP}metadata/preservation"} and (
        name.lower().startswith("premis") and name.lower().endswith(".xml")
    )


def _premis(package: Tt05Package, path: str) -> PremisPart | None:
    try:
        with package.tree.files[path].open() as stream:
            return read_premis(path, stream)
    except PackageError as error:
        package.faults.append(Fault(path, error))
        return None


def _has(described: Described, name: str) -> bool:
    return any(name == found for found, _ in described.content.fields)
