"""For each requirement of E-ARK that a package can break: the one change that breaks it."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass

from kit.eark_packages import CSIP_NAME, PARTS, REP, XLINK_NAME, EarkSpec, q, spec

Pick = Callable[[EarkSpec], ET.Element]


@dataclass(frozen=True)
class EarkCase:
    """``code`` is found once ``spoil`` was done to a sound package."""

    code: str
    spoil: Callable[[EarkSpec], object]
    base: Callable[[], EarkSpec] = spec

    @property
    def id(self) -> str:
        """For pytest."""
        return self.code


def at(path: str, **having: str) -> Pick:
    """The first element at a path of the package's METS with these attributes."""

    def pick(package: EarkSpec) -> ET.Element:
        for each in package.mets.iterfind(q(path)):
            if all(each.get(name) == value for name, value in having.items()):
                return each
        raise LookupError(path)

    return pick


def root(package: EarkSpec) -> ET.Element:
    """The ``mets`` element."""
    return package.mets


def unset(pick: Pick, name: str) -> Callable[[EarkSpec], object]:
    """Takes an attribute away."""
    return lambda package: pick(package).attrib.pop(name)


def put(pick: Pick, name: str, value: str) -> Callable[[EarkSpec], object]:
    """Gives an attribute another value."""
    return lambda package: pick(package).set(name, value)


def drop(pick: Pick) -> Callable[[EarkSpec], object]:
    """Takes the element out."""

    def spoil(package: EarkSpec) -> None:
        element = pick(package)
        parent = next(p for p in package.mets.iter() if element in list(p))
        parent.remove(element)

    return spoil


def empty(pick: Pick, name: str) -> Callable[[EarkSpec], object]:
    """Takes every child of that name out of the element."""

    def spoil(package: EarkSpec) -> None:
        element = pick(package)
        for child in element.findall(q(name)):
            element.remove(child)

    return spoil


def double(pick: Pick, **changes: str) -> Callable[[EarkSpec], object]:
    """Puts a copy beside the element."""

    def spoil(package: EarkSpec) -> None:
        element = pick(package)
        parent = next(p for p in package.mets.iter() if element in list(p))
        copy = ET.fromstring(ET.tostring(element))
        copy.attrib |= changes
        parent.insert(list(parent).index(element) + 1, copy)

    return spoil


def agent(role: str, kind: str) -> Pick:
    """The agent with a role and a type."""
    return at("metsHdr/agent", ROLE=role, TYPE=kind)


def note(role: str, kind: str) -> Pick:
    """Its first note."""

    def pick(package: EarkSpec) -> ET.Element:
        found = agent(role, kind)(package).find(q("note"))
        assert found is not None
        return found

    return pick


def name(role: str, kind: str) -> Callable[[EarkSpec], object]:
    """Empties its name."""

    def spoil(package: EarkSpec) -> None:
        found = agent(role, kind)(package).find(q("name"))
        assert found is not None
        found.text = ""

    return spoil


def div(label: str) -> Pick:
    """A division of the second level."""
    return at("structMap/div/div", LABEL=label)


def group(use: str) -> Pick:
    """A file group."""
    return at("fileSec/fileGrp", USE=use)


def without(prefix: str) -> Callable[[EarkSpec], object]:
    """Takes files out of the package, not out of METS."""

    def spoil(package: EarkSpec) -> None:
        package.files = {p: c for p, c in package.files.items() if not p.startswith(prefix)}

    return spoil


def preserved(old: bytes, new: bytes) -> Callable[[EarkSpec], object]:
    """Changes the package's PREMIS file, and makes what METS says of it right."""

    def spoil(package: EarkSpec) -> None:
        path = "metadata/preservation/premis.xml"
        content = package.files[path].replace(old, new, 1)
        assert content != package.files[path]
        package.files[path] = content
        said = at("amdSec/digiprovMD/mdRef")(package)
        said.set("SIZE", str(len(content)))
        said.set("CHECKSUM", hashlib.sha256(content).hexdigest())

    return spoil


def moved(old: str, new: str) -> Callable[[EarkSpec], object]:
    """Moves a file, and METS' reference to it."""

    def spoil(package: EarkSpec) -> None:
        package.files[new] = package.files.pop(old)
        for element in package.mets.iter():
            if element.get(f"{XLINK_NAME}href") == old:
                element.set(f"{XLINK_NAME}href", new)

    return spoil


def set_field(field: str, value: object) -> Callable[[EarkSpec], object]:
    """Changes what surrounds the package."""
    return lambda package: setattr(package, field, value)


def no_rep_mets(package: EarkSpec) -> None:
    """A package whose content is listed in its own METS, without a division for it."""
    package.rep = None
    drop(div("Representations/rep1"))(package)
    drop(div("Representations"))(package)


def no_representations(package: EarkSpec) -> None:
    """Nothing but metadata."""
    without("representations/")(package)
    package.rep = None


def _references(first: int, section: str) -> list[EarkCase]:
    ref = at(f"{section}/mdRef")
    changes = [
        put(ref, "LOCTYPE", "OTHER"),
        unset(ref, f"{XLINK_NAME}type"),
        unset(ref, f"{XLINK_NAME}href"),
        put(ref, "MDTYPE", "KHAC"),
        put(ref, "MIMETYPE", "xml"),
        unset(ref, "SIZE"),
        put(ref, "CREATED", "hôm qua"),
        unset(ref, "CHECKSUM"),
        put(ref, "CHECKSUMTYPE", "SHA3"),
    ]
    return [EarkCase(f"CSIP{first + n}", change) for n, change in enumerate(changes)]


def _division(use: str, numbers: tuple[int, int, int, int]) -> list[EarkCase]:
    def pointer(package: EarkSpec) -> ET.Element:
        return next(iter(div(use)(package)))

    changes = [
        unset(div(use), "ID"),
        put(div(use), "LABEL", f"{use}?"),
        empty(div(use), "fptr"),
        put(pointer, "FILEID", "khac"),
    ]
    return [EarkCase(f"CSIP{n}", change) for n, change in zip(numbers, changes, strict=True)]


HEADER = at("metsHdr")
SOFTWARE = agent("CREATOR", "OTHER")
MD5 = hashlib.md5(PARTS["documentation/huong dan.txt"]).hexdigest()
FILE = at("fileSec/fileGrp/file")
LOCATION = at("fileSec/fileGrp/file/FLocat")
MAP = at("structMap")
MAIN = at("structMap/div")
REP_DIV = div("Representations/rep1")
POINTER = at("structMap/div/div/mptr")
RIGHTS, PROV, DMD = "amdSec/rightsMD", "amdSec/digiprovMD", "dmdSec"

CASES: tuple[EarkCase, ...] = (
    EarkCase("CSIP1", unset(root, "OBJID")),
    EarkCase("CSIP2", put(root, "TYPE", "Hồ sơ")),
    EarkCase("CSIP3", put(root, "TYPE", "OTHER")),
    EarkCase("CSIP4", unset(root, f"{CSIP_NAME}CONTENTINFORMATIONTYPE")),
    EarkCase("CSIP6", unset(root, "PROFILE")),
    EarkCase("CSIP117", drop(HEADER)),
    EarkCase("CSIP7", unset(HEADER, "CREATEDATE")),
    EarkCase("CSIP8", put(HEADER, "LASTMODDATE", "2020-01-01T00:00:00Z")),
    EarkCase("CSIP9", put(HEADER, f"{CSIP_NAME}OAISPACKAGETYPE", "PIA")),
    EarkCase("CSIP10", empty(HEADER, "agent")),
    EarkCase("CSIP11", put(SOFTWARE, "ROLE", "EDITOR")),
    EarkCase("CSIP12", put(SOFTWARE, "TYPE", "ORGANIZATION")),
    EarkCase("CSIP13", put(SOFTWARE, "OTHERTYPE", "MACHINE")),
    EarkCase("CSIP14", name("CREATOR", "OTHER")),
    EarkCase("CSIP15", empty(SOFTWARE, "note")),
    EarkCase("CSIP16", unset(note("CREATOR", "OTHER"), f"{CSIP_NAME}NOTETYPE")),
    EarkCase("CSIP17", drop(at("dmdSec"))),
    EarkCase("CSIP18", unset(at(DMD), "ID")),
    EarkCase("CSIP19", unset(at(DMD), "CREATED")),
    EarkCase("CSIP20", put(at(DMD), "STATUS", "OLD")),
    EarkCase("CSIP21", empty(at(DMD), "mdRef")),
    *_references(22, DMD),
    EarkCase("CSIP31", drop(at("amdSec"))),
    EarkCase("CSIP32", drop(at(PROV))),
    EarkCase("CSIP33", unset(at(PROV), "ID")),
    EarkCase("CSIP34", unset(at(PROV), "STATUS")),
    EarkCase("CSIP35", empty(at(PROV), "mdRef")),
    *_references(36, PROV),
    EarkCase("CSIP46", unset(at(RIGHTS), "ID")),
    EarkCase("CSIP47", unset(at(RIGHTS), "STATUS")),
    EarkCase("CSIP48", empty(at(RIGHTS), "mdRef")),
    *_references(49, RIGHTS),
    EarkCase("CSIP58", drop(at("fileSec"))),
    EarkCase("CSIP59", unset(at("fileSec"), "ID")),
    EarkCase("CSIP60", drop(group("Documentation"))),
    EarkCase("CSIP113", put(group("Schemas"), "USE", "XSD")),
    EarkCase("CSIP114", put(group("Representations/rep1"), "USE", "Data")),
    EarkCase("CSIP62", unset(group("Representations/rep1"), f"{CSIP_NAME}CONTENTINFORMATIONTYPE")),
    EarkCase("CSIP64", unset(group("Schemas"), "USE")),
    EarkCase("CSIP65", unset(group("Schemas"), "ID")),
    EarkCase("CSIP66", empty(group("Schemas"), "file")),
    EarkCase("CSIP67", unset(FILE, "ID")),
    EarkCase("CSIP68", unset(FILE, "MIMETYPE")),
    EarkCase("CSIP69", unset(FILE, "SIZE")),
    EarkCase("CSIP70", unset(FILE, "CREATED")),
    EarkCase("CSIP71", unset(FILE, "CHECKSUM")),
    EarkCase("CSIP72", unset(FILE, "CHECKSUMTYPE")),
    EarkCase("CSIP76", empty(FILE, "FLocat")),
    EarkCase("CSIP77", put(LOCATION, "LOCTYPE", "URN")),
    EarkCase("CSIP78", unset(LOCATION, f"{XLINK_NAME}type")),
    EarkCase("CSIP79", unset(LOCATION, f"{XLINK_NAME}href")),
    EarkCase("CSIP80", drop(MAP)),
    EarkCase("CSIP81", put(MAP, "TYPE", "LOGICAL")),
    EarkCase("CSIP82", put(MAP, "LABEL", "Cấu trúc")),
    EarkCase("CSIP83", unset(MAP, "ID")),
    EarkCase("CSIP84", double(MAIN, ID="second")),
    EarkCase("CSIP85", unset(MAIN, "ID")),
    EarkCase("CSIP88", drop(div("Metadata"))),
    EarkCase("CSIP89", unset(div("Metadata"), "ID")),
    EarkCase("CSIP90", put(div("Metadata"), "LABEL", "metadata")),
    EarkCase("CSIP91", unset(div("Metadata"), "ADMID")),
    EarkCase("CSIP92", unset(div("Metadata"), "DMDID")),
    EarkCase("CSIP93", drop(div("Documentation"))),
    *_division("Documentation", (94, 95, 96, 116)),
    EarkCase("CSIP97", drop(div("Schemas"))),
    *_division("Schemas", (98, 99, 100, 118)),
    *_division("Representations", (102, 103, 104, 119)),
    EarkCase("CSIP101", no_rep_mets),
    EarkCase("CSIP105", drop(REP_DIV)),
    EarkCase("CSIP106", unset(REP_DIV, "ID")),
    EarkCase("CSIP107", put(REP_DIV, "LABEL", "Representations/rep2")),
    EarkCase("CSIP108", put(POINTER, f"{XLINK_NAME}title", "khac")),
    EarkCase("CSIP109", empty(REP_DIV, "mptr")),
    EarkCase("CSIP110", unset(POINTER, f"{XLINK_NAME}href")),
    EarkCase("CSIP111", unset(POINTER, f"{XLINK_NAME}type")),
    EarkCase("CSIP112", put(POINTER, "LOCTYPE", "URN")),
    EarkCase("CSIPSTR1", set_field("top_folders", ("a", "b"))),
    EarkCase("CSIPSTR2", set_field("folder", "goi-tin-1")),
    EarkCase("CSIPSTR4", set_field("named", "mets.xml")),
    EarkCase("CSIPSTR5", without("metadata/")),
    EarkCase("CSIPSTR6", moved("metadata/preservation/premis.xml", "metadata/premis.xml")),
    EarkCase("CSIPSTR7", moved("metadata/descriptive/ead.xml", "metadata/ead.xml")),
    EarkCase("CSIPSTR9", no_representations),
    EarkCase("CSIPSTR10", lambda package: package.files.update({"representations/x.txt": b"x"})),
    EarkCase("CSIPSTR11", without(f"{REP}data/")),
    EarkCase("CSIPSTR12", set_field("rep", None)),
    EarkCase("CSIPSTR13", without(f"{REP}metadata/")),
    EarkCase("CSIPSTR15", without("schemas/")),
    EarkCase("CSIPSTR16", without("documentation/")),
    EarkCase(
        "SIP2", put(root, "PROFILE", "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml?-v2-2-0.xml")
    ),
    EarkCase("SIP4", put(HEADER, f"{CSIP_NAME}OAISPACKAGETYPE", "AIP")),
    EarkCase("SIP11", put(agent("ARCHIVIST", "ORGANIZATION"), "TYPE", "OTHER")),
    EarkCase("SIP12", name("ARCHIVIST", "ORGANIZATION")),
    EarkCase("SIP14", unset(note("ARCHIVIST", "ORGANIZATION"), f"{CSIP_NAME}NOTETYPE")),
    EarkCase(
        "SIP15",
        lambda package: (
            drop(agent("CREATOR", "ORGANIZATION"))(package),
            drop(agent("CREATOR", "INDIVIDUAL"))(package),
        ),
    ),
    EarkCase(
        "SIP16",
        lambda package: (
            put(agent("CREATOR", "ORGANIZATION"), "ROLE", "EDITOR")(package),
            drop(agent("CREATOR", "INDIVIDUAL"))(package),
        ),
    ),
    EarkCase(
        "SIP17",
        lambda package: (
            put(agent("CREATOR", "ORGANIZATION"), "TYPE", "OTHER")(package),
            drop(agent("CREATOR", "INDIVIDUAL"))(package),
        ),
    ),
    EarkCase("SIP18", name("CREATOR", "ORGANIZATION")),
    EarkCase("SIP20", unset(note("CREATOR", "ORGANIZATION"), f"{CSIP_NAME}NOTETYPE")),
    EarkCase("SIP24", name("CREATOR", "INDIVIDUAL")),
    EarkCase("SIP28", put(agent("PRESERVATION", "ORGANIZATION"), "TYPE", "INDIVIDUAL")),
    EarkCase("SIP29", name("PRESERVATION", "ORGANIZATION")),
    EarkCase("SIP31", unset(note("PRESERVATION", "ORGANIZATION"), f"{CSIP_NAME}NOTETYPE")),
    EarkCase("EARK-METS-UNREADABLE", set_field("doctype", True)),
    EarkCase("EARK-METS-SCHEMA", put(FILE, "SEQ", "một")),
    EarkCase("EARK-PREMIS-SCHEMA", preserved(b"<object", b"<thing/><object")),
    EarkCase("EARK-PREMIS-UNREADABLE", preserved(b"</premis>", b"")),
    EarkCase("EARK-FILE-ABSENT", without("schemas/")),
    EarkCase("EARK-OUTSIDE", put(LOCATION, f"{XLINK_NAME}href", "file:///etc/passwd")),
    EarkCase("EARK-SIZE", put(FILE, "SIZE", "1")),
    EarkCase("EARK-DIGEST", put(FILE, "CHECKSUM", "0" * 64)),
    EarkCase("EARK-DIGEST-KIND", put(FILE, "CHECKSUMTYPE", "TIGER")),
    EarkCase(
        "EARK-DIGEST-WEAK",
        lambda package: FILE(package).attrib.update({"CHECKSUMTYPE": "MD5", "CHECKSUM": MD5}),
    ),
    EarkCase(
        "EARK-UNDECLARED-DATA",
        lambda package: package.files.update({f"{REP}data/them.txt": b"x"}),
    ),
    EarkCase(
        "EARK-UNDECLARED", lambda package: package.files.update({"documentation/x.txt": b"x"})
    ),
    EarkCase("EARK-ID-TWICE", put(at(DMD), "ID", "rights-1")),
    EarkCase("EARK-ID-UNKNOWN", put(FILE, "ADMID", "khong-co")),
)
