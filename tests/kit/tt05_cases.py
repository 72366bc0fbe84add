"""For each of the circular's 137 rules, how to break exactly it; and what breaks with it.

``also`` names rules that cannot hold either when this one is broken: a data file whose bytes
are damaged in its zip is missing from the package, too.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.checks.tt05_facts import Held, LinkedRecord, Request
from kit.packages import Forged, forge_zip
from kit.tt05_packages import (
    AGREEMENT,
    CERTIFICATE,
    CODE,
    DATA,
    DESCRIPTIVE,
    EAD,
    FONDS,
    PREMIS,
    REP,
    REP_PREMIS,
    UUID,
    Files,
    Spec,
    file_id,
    signed,
    write_tree,
)
from schemas.events import EventType
from schemas.tt05_names import folder_of

ONE = f"{CODE}.0000001"
TWO = f"{CODE}.0000002"
DOC = f"{DESCRIPTIVE}EAD_doc_{ONE}.xml"
DOC_2 = f"{DESCRIPTIVE}EAD_doc_{TWO}.xml"
PDF = f"{DATA}{ONE}.pdf"
CSV = f"{DATA}{TWO}.PL01.csv"
STUB = f"{DATA}{CODE}.0000003.pdf.fetch.txt"
REP_METS = f"{REP}METS.xml"
HELD = Held("0b0e7a7c-0000-4000-8000-000000000001", "f" * 64)

Spoil = Callable[[Spec], object]
Deliver = Callable[[Spec, Path], Path]


@dataclass(frozen=True)
class Case:
    """One way to break one rule. ``facts`` and ``looked`` change what is known besides;
    ``weight`` is how heavily it weighs where the table tells cases apart."""

    rule: str
    spoil: Spoil = lambda _spec: None
    base: str = "sip"
    also: frozenset[str] = frozenset()
    deliver: Deliver | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    looked: Mapping[str, Any] = field(default_factory=dict)
    weight: str = ""
    note: str = ""

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"{self.rule}-{self.note}" if self.note else self.rule


def case(number: int, spoil: Spoil = lambda _spec: None, *also: int, **more: Any) -> Case:
    """The case for a rule by its number."""
    others = frozenset(f"TT05-{each:03d}" for each in also)
    return Case(f"TT05-{number:03d}", spoil, also=others, **more)


def late(edit: Callable[[Files], object]) -> Spoil:
    """Spoils the files after METS referred to them."""
    return lambda spec: spec.late.append(lambda files: _ignored(edit(files)))


def early(edit: Callable[[Files], object]) -> Spoil:
    """Spoils the files before METS refers to them."""
    return lambda spec: spec.early.append(lambda files: _ignored(edit(files)))


def root(old: str, new: str) -> Spoil:
    """Spoils the root METS."""
    return lambda spec: spec.root(old, new)


def rep(old: str, new: str) -> Spoil:
    """Spoils the METS of rep1."""
    return lambda spec: spec.rep(old, new)


def text(path: str, old: str, new: str) -> Spoil:
    """Spoils a descriptive file."""
    return lambda spec: spec.text(path, old, new)


def ead(**values: str) -> Spoil:
    """Sets fields of the dossier."""
    return lambda spec: spec.ead.update(values)


def doc(**values: str) -> Spoil:
    """Sets fields of the first document."""
    return lambda spec: spec.records[0].fields.update(values)


def docs(**values: str) -> Spoil:
    """Sets fields of every document."""
    return lambda spec: [record.fields.update(values) for record in spec.records]


def first(**facts: Any) -> Spoil:
    """Sets what the first document is."""

    def spoil(spec: Spec) -> None:
        spec.records[0] = replace(spec.records[0], **facts)

    return spoil


def premis(**how: Any) -> Spoil:
    """Has PREMIS written otherwise."""
    return lambda spec: spec.premis.update(how)


def both(*spoils: Spoil) -> Spoil:
    """Spoils several things that belong together."""
    return lambda spec: [spoil(spec) for spoil in spoils]


def in_root(pattern: str, new: str) -> Spoil:
    """Replaces what a pattern finds first in the root METS."""
    return lambda spec: spec.root_edits.append(lambda content: _sub(pattern, new, content))


def in_rep(pattern: str, new: str) -> Spoil:
    """Replaces what a pattern finds first in the METS of rep1."""
    return lambda spec: spec.rep_edits.append(lambda content: _sub(pattern, new, content))


def _sub(pattern: str, new: str, content: bytes) -> bytes:
    changed, count = re.subn(pattern.encode(), new.encode(), content, count=1, flags=re.DOTALL)
    assert count, f"nothing to spoil: {pattern}"
    return changed


def _ignored(_value: object) -> None:
    return None


def entries(spec: Spec, **changes: dict[str, Any]) -> list[Forged]:
    """The package as zip entries; ``changes`` of an entry by its path in the package."""
    top = folder_of(spec.objid)
    return [
        Forged(f"{top}/{path}".encode(), content, **changes.get(path, {}))
        for path, content in spec.files().items()
    ]


def zipped(
    more: Callable[[Spec], list[Forged]] = lambda _spec: [],
    changes: Mapping[str, dict[str, Any]] | None = None,
    name: str = f"1uuid-{UUID}.zip",
) -> Deliver:
    """Delivers a forged zip."""

    def deliver(spec: Spec, folder: Path) -> Path:
        path = folder / name
        path.write_bytes(forge_zip([*entries(spec, **(changes or {})), *more(spec)]))
        return path

    return deliver


def bomb(spec: Spec, folder: Path) -> Path:
    """Delivers a zip with a member that unpacks to far too much."""
    path = folder / f"uuid-{UUID}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in spec.files().items():
            archive.writestr(f"{folder_of(spec.objid)}/{name}", content)
        archive.writestr(f"{folder_of(spec.objid)}/documentation/0.bin", bytes(66 << 20))
    return path


def bare(spec: Spec, folder: Path) -> Path:
    """Delivers a zip with METS.xml at its top."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in spec.files().items():
            archive.writestr(name, content)
    path = folder / f"uuid-{UUID}.zip"
    path.write_bytes(out.getvalue())
    return path


def named(name: str) -> Deliver:
    """Delivers the package in a folder of another name."""

    def deliver(spec: Spec, folder: Path) -> Path:
        write_tree(folder / "in" / name, spec.files())
        return folder / "in"

    return deliver


def beside(spec: Spec, folder: Path) -> Path:
    """Delivers a second folder beside the package."""
    spec.folder(folder / "in")
    write_tree(folder / "in" / "khac", {"a.txt": b"a"})
    return folder / "in"


def member(path: str, content: bytes = b"x", **facts: Any) -> Callable[[Spec], list[Forged]]:
    """One more zip entry in the package's folder."""
    return lambda spec: [Forged(f"{folder_of(spec.objid)}/{path}".encode(), content, **facts)]


NOTHING = (13, 15, 16, 18, 19, 20, 22, 23, 50, 52)
"""What a package breaks of which nothing could be read."""

CONTAINER = (
    case(1, lambda s: None, 63, deliver=zipped(changes={PDF: {"crc": 1}})),
    case(2, deliver=zipped(member("documentation/mat.txt", flags=1))),
    case(3, deliver=zipped(lambda _s: [Forged(b"../../etc/passwd")])),
    case(4, lambda s: None, 8, 66, deliver=zipped(lambda _s: [Forged(b"a\\b.txt", host=0)])),
    case(5, deliver=zipped(member("documentation/l", b"/etc", mode=0o120777))),
    case(6, late(lambda f: f.update({f"{DATA}{ONE}.PDF": f[PDF]})), 61, 65),
    case(6, deliver=zipped(member("METS.xml")), note="twice-in-the-zip"),
    case(7, lambda s: None, *NOTHING, deliver=bomb),
    case(8, lambda s: None, 66, deliver=beside),
    case(8, deliver=bare, weight="warning", note="bare"),
    case(9, deliver=zipped(name="ho-so-cua-toi.zip")),
    case(10, lambda s: s.documentation.update({"documentation/Ba\u0301o ca\u0301o.txt": b"a"})),
)

TREE = (
    case(11, looked={"infected": (PDF,)}),
    case(12, looked={"scanned": False}),
    case(13, late(lambda f: f.pop("METS.xml")), 52),
    case(14, late(lambda f: f.update({"mets.xml": f.pop("METS.xml")}))),
    case(15, late(lambda f: f.pop(EAD)), 63),
    case(16, late(lambda f: [f.pop(p) for p in list(f) if p.startswith(REP)]),
         18, 19, 20, 59, 63, 93),
    case(17, late(lambda f: f.update({"representations/rep2/data/a.txt": b"a"})), 66),
    case(18, late(lambda f: f.pop(REP_METS)), 59, 63, 65, 66),
    case(19, late(lambda f: [f.pop(p) for p in list(f) if p.startswith(DATA)]), 63),
    case(20, late(lambda f: [f.pop(p) for p in list(f) if p.startswith(DESCRIPTIVE)]), 63, 93),
    case(21, both(rep(f"EAD_doc_{ONE}", "mo-ta-1"),
                  late(lambda f: f.update({f"{DESCRIPTIVE}mo-ta-1.xml": f.pop(DOC)})))),
    case(22, early(lambda f: (f.pop("schemas/METS.xsd")))),
    case(23, early(lambda f: [f.pop(p) for p in list(f) if p.startswith("schemas/EAD")])),
    case(24, late(lambda f: f.pop(PREMIS)), 63, 123, base="aip"),
    case(25, late(lambda f: f.pop(REP_PREMIS)), 63, 118, base="aip"),
    case(26, late(lambda f: f.update({"metadata/preservation/ghi-chu.txt": b"a"})), 66),
    case(27, late(lambda f: f.update({"khac/a.txt": b"a"})), 66),
    case(28, lambda s: s.documentation.update({"documentation/Thumbs.db": b"a"})),
    case(28, lambda s: s.documentation.update({"documentation/rong.txt": b""}), note="empty"),
    case(29, deliver=named("uuid-00000000-0000-4000-8000-000000000000")),
    case(29, deliver=named(f"UUID-{UUID}".lower()), weight="warning", note="case"),
)  # fmt: skip

XML = (
    case(30, late(lambda f: f.update({EAD: b"<!DOCTYPE simpledc><simpledc/>"})), 68, 71),
    case(30, late(lambda f: f.update({"metadata/other/a.xml": b"<a>"})), 66, note="other"),
    case(31, early(lambda f: f.update({EAD: f[EAD].replace(b"UTF-8", b"UTF-16", 1)
                                       .decode().encode("utf-16")}))),
    case(32, in_root('<structMap ', '<structMap ORDER="x" ')),
    case(32, both(root("<mets ", "<METS "), root("</mets>", "</METS>")), 52, note="no-mets"),
    case(32, in_rep('USE="Data"', 'USER="Data"'), weight="warning", note="mended"),
    case(33, lambda s: s.root('xmlns="http://www.loc.gov/METS/"',
                              'xmlns:mets="http://www.loc.gov/METS/"')),
    case(34, lambda s: s.rep("https://DILCIS.eu/XML/METS/CSIP", "https://dilcis.eu/XML/METS/CSIP")),
    case(35, in_root(r' OBJID="[^"]*"', "")),
    case(36, lambda s: setattr(s, "objid", "goi-1")),
    case(37, lambda s: setattr(s, "objid", f"uuid-{UUID.lower()}")),
    case(38, facts={"held_by_objid": lambda _o: [HELD]}),
    case(38, facts={"held_by_objid": lambda _o: [replace(HELD, accepted=False)]},
         weight="warning", note="undecided"),
    case(39, in_root(r' csip:OAISPACKAGETYPE="SIP"', "")),
    case(40, rep('OAISPACKAGETYPE="SIP"', 'OAISPACKAGETYPE="AIP"')),
    case(41, in_root('TYPE="Mixed"', 'TYPE="Hồ sơ"')),
    case(42, in_root(r'PROFILE="[^"]*"', 'PROFILE="https://example.org/a.xml"')),
    case(43, in_rep(r' csip:CONTENTINFORMATIONTYPE="MIXED"', "")),
    case(44, in_root(r'CREATEDATE="2026', 'CREATEDATE="2027')),
    case(44, in_root(r'CREATEDATE="[^"]*"', 'CREATEDATE="02/03/2026"'), 32, 45, note="form"),
    case(45, in_rep(r'(CREATED="[^"+]*)\+07:00', r"\1")),
    case(46, in_root('RECORDSTATUS="NEW"', 'RECORDSTATUS="MOI"')),
    case(47, in_root('RECORDSTATUS="NEW"', 'RECORDSTATUS="TEST"')),
    case(48, in_root('RECORDSTATUS="NEW"', 'RECORDSTATUS="SUPPLEMENT"')),
    case(49, lambda s: s.root('ROLE="CREATOR"', 'ROLE="EDITOR"')),
    case(50, both(lambda s: setattr(s, "fonds", "PX99"))),
    case(50, both(root(f">{FONDS}<", "><"), rep(f">{FONDS}<", "><")), note="none"),
    case(51, lambda s: s.rep(f">{FONDS}<", ">TL06<")),
    case(52, root(AGREEMENT, "99.NL.KHAC.01.2026")),
    case(52, in_root("<altRecordID.*?</altRecordID>", ""), note="none"),
    case(53, in_root(r'(<dmdSec.*?)(<mdRef[^>]*/>)', r'\1\2\2'), 32, 62),
    case(54, in_rep('MDTYPE="DC"', 'MDTYPE="MODS"')),
    case(55, in_root('MDTYPE="PREMIS"', 'MDTYPE="OTHER"'), base="aip"),
    case(56, in_root('USE="Schemas"', 'USE="Lược đồ"')),
    case(57, lambda s: s.root('LABEL="CSIP"', 'LABEL="khác"')),
    case(58, lambda s: s.rep('TYPE="PHYSICAL"', 'TYPE="LOGICAL"')),
)  # fmt: skip

LINKS = (
    case(59, in_root(r'(<mptr [^>]*xlink:href=")[^"]*', r"\1representations/rep2/METS.xml")),
    case(60, in_rep(r'<div ID="[^"]*" LABEL="MetadataLink/File".*?</div>', ""), 61),
    case(60, in_rep(r'(<div ID=")([^"]*)(" LABEL="MetadataLink/File".*?</div>)',
                    r"\1\2\3\1A\2\3"), weight="warning", note="twice"),
    case(61, in_rep(r'<div ID="[^"]*" LABEL="AttachmentFile">.*?</div>\s*</div>', "")),
    case(62, in_rep(r'DMDID="[^"]*"', 'DMDID="uuid-KHONG-CO"'), 60),
    case(62, in_rep(r'<file ID="([^"]*)"(.*?)<file ID="[^"]*"', r'<file ID="\1"\2<file ID="\1"'),
         60, 61, note="twice"),
    case(63, late(lambda f: f.pop(CSV))),
    case(63, in_rep(r'xlink:href="data/', 'xlink:href="file:///data/'), 61, 65, note="address"),
    case(63, in_rep(r'xlink:href="data/', 'xlink:href="../../../data/'), 61, 65, note="outside"),
    case(64, late(lambda f: f.update({f"data/{ONE}.pdf": b"khac"})), 27, 66),
    case(65, late(lambda f: f.update({f"{DATA}{CODE}.0000009.txt": b"a"})), 61),
    case(66, late(lambda f: f.update({"documentation/a.txt": b"a"}))),
    case(67, in_rep(r'(<file [^>]*) CHECKSUM="[^"]*"', r"\1")),
    case(68, late(lambda f: f.update({PDF: f[PDF].replace(b"obj", b"obk", 1)}))),
    case(69, in_rep(r'(<file [^>]*CHECKSUM=")[^"]*(" CHECKSUMTYPE=")SHA-256',
                    r"\1d41d8cd98f00b204e9800998ecf8427e\2MD5")),
    case(70, in_root(r'(<file [^>]*) CHECKSUM="[^"]*"', r"\1")),
    case(71, in_rep(r'(<file [^>]*SIZE=")(\d+)', r"\g<1>1\2")),
    case(72, in_rep(r'(<file [^>]*) SIZE="\d+"', r"\1")),
)  # fmt: skip

FIELDS = (
    case(73, text(DOC, "simpledc", "metadata")),
    case(73, text(DOC, "<simpledc>", '<simpledc xmlns="urn:x">'), weight="warning", note="ns"),
    case(74, text(EAD, "<title>", "<tieuDe>x</tieuDe><title>")),
    case(75, text(EAD, "<title>", "<title>x</title><title>")),
    case(76, early(lambda f: f.update({EAD: _sub(
        r"(<fileCode>.*?</fileCode>)(.*)(</simpledc>)", r"\2\1\3", f[EAD])}))),
    case(77, ead(fileCode="")),
    case(78, ead(title="")),
    case(79, doc(subject="")),
    case(79, ead(requestDate=""), 40, base="dip", note="request"),
    case(80, doc(organName="")),
    case(81, ead(keyword="ộ" * 101)),
    case(82, doc(mode="4")),
    case(83, doc(typeName="33")),
    case(83, ead(riskRecovery="2"), note="boolean"),
    case(83, ead(numberOfPaper="ba"), note="number"),
    case(84, doc(issuedDate="2024-06-20")),
    case(84, doc(issuedDate="tháng 6 năm 2024"), note="prose"),
    case(85, doc(issuedDate="31/02/2024")),
    case(86, ead(startDate="25/12/2024")),
    case(87, doc(issuedDate="25/12/2024")),
    case(88, both(ead(maintenance="02"), docs(maintenance="02"))),
    case(89, both(ead(confidenceLevel="02"))),
    case(90, ead(riskRecovery="1")),
    case(91, doc(process="")),
    case(92, doc(process="1")),
    case(93, ead(totalDoc="5")),
    case(94, ead(numberOfPage="9")),
    case(95, looked={"measured": {"pages": 3}}),
    case(96, doc(docCode=TWO)),
    case(97, doc(docCode=f"{CODE}.1")),
    case(98, text(DOC, "docCode", "arcDocCode")),
    case(99, doc(docId=f"{CODE}.2")),
    case(99, doc(docId="a" * 26), note="long"),
    case(100, facts={"organs": {"H98"}}),
    case(101, doc(maintenance="02")),
    case(102, both(ead(mode="03"), docs(mode="03")), facts={"isolated": False}),
    case(103, ead(mode="02")),
    case(104, doc(arcFileCode="LTLS99.KHAC"), base="aip"),
    case(105, doc(docOrdinal="7"), base="aip"),
    case(105, doc(docOrdinal="2"), base="aip", note="twice"),
    case(106, first(name="bao-cao.pdf")),
)  # fmt: skip

FILES = (
    case(107, lambda s: s.rep('USE="Holeyfile"', 'USE="Data"'), base="linked"),
    case(108, base="linked", facts={"linked": lambda _f, _s: None}),
    case(108, base="linked", note="other-fonds",
         facts={"linked": lambda _f, _s: LinkedRecord("x", "PX", "a", 1, "b")}),
    case(109, first(name=f"{ONE}.khac", content=bytes(range(200)))),
    case(110, first(name=f"{ONE}.bat", content=b"@echo off\r\n")),
    case(111, in_rep('MIMETYPE="application/pdf"', 'MIMETYPE="image/png"')),
    case(112, looked={"measured": {"encrypted": True}}),
    case(113, both(ead(confidenceLevel="02", paperFileCode="A"), docs(confidenceLevel="02"))),
    case(114, looked={"signatures": {PDF: signed(integrity="broken")}}),
    case(115, looked={"signatures": {PDF: signed(trust="untrusted")}}),
)  # fmt: skip


def _swap(old: str, new: str) -> list[Callable[[bytes], bytes]]:
    return [lambda content: _sub(old, new, content)]


def _all(old: str, new: str) -> list[Callable[[bytes], bytes]]:
    return [lambda content: content.replace(old.encode(), new.encode())]


PRESERVATION = (
    case(116, premis(edits=_swap("<eventType>.*?</eventType>", "")), 123, 124, base="aip"),
    case(116, premis(edits=_all("premis", "khac")), 123, base="aip", note="no-premis"),
    case(117, premis(edits=[
        *_all(' xmlns="http://www.loc.gov/premis/v3"', ' xmlns:premis="http://www.loc.gov/premis/v3"'),
        *_all('<object xsi:type="intellectualEntity">',
              "<object><objectCategory>intellectual entity</objectCategory>")]), base="aip"),
    case(118, premis(rep_edits=_swap(r'<object xsi:type="file">.*?</object>', "")), base="aip"),
    case(119, premis(rep_edits=_swap(r"<messageDigest>\w{4}", "<messageDigest>0000")),
         base="aip"),
    case(120, premis(puid="fmt/43"), base="aip"),
    case(120, premis(puid=""), base="aip", note="none"),
    case(121, premis(rep_edits=_swap(file_id(PDF), file_id(f"{DATA}{TWO}.pdf"))),
         118, 119, base="aip"),
    case(122, premis(edits=_swap(
        r"(<linkingObjectIdentifierValue>)[^<]*", r"\1uuid-KHONG-CO")), base="aip"),
    case(122, premis(edits=_swap(
        r"(<linkingAgentIdentifierValue>)[^<]*", r"\1ai do")), base="aip", note="agent"),
    case(123, premis(type=EventType.VALIDATION), base="aip"),
    case(124, premis(edits=_swap("(</object>\\s*)<event>(.*?)</event>",
        r"\1<event>\2</event><event><eventIdentifier><eventIdentifierType>UUID"
        r"</eventIdentifierType><eventIdentifierValue>2</eventIdentifierValue></eventIdentifier>"
        r"<eventType>chỉnh lý</eventType><eventDateTime>2026</eventDateTime></event>")),
        base="aip"),
)  # fmt: skip

RECEPTION = (
    case(125, lambda s: None, 40, base="dip", facts={"request": lambda _id: None}),
    case(126, lambda s: s.documentation.pop(CERTIFICATE), 40, base="dip"),
    case(127, lambda s: None, 40, base="dip", facts={"request": lambda _id: Request(
        approved=True, expired=False,
        sha256_by_name={f"{ONE}.pdf": "0" * 64, f"{TWO}.pdf": "0" * 64})}),
    case(128, lambda s: None, 40, base="dip", facts={"request": lambda _id: Request(
        approved=True, expired=False)}),
    case(128, first(name=f"{ONE}.pdf.fetch.txt"),
         40, base="dip", note="stub"),
    case(129, facts={"transfer_list": {"H99.khac"}}),
    case(130, facts={"same_submission": {f"uuid-{UUID}": "f" * 64}}, weight="reject"),
    case(131, facts={"held_by_code": lambda _c: [HELD]}),
    case(131, facts={"held_by_digest": lambda _d: [HELD]}, note="record"),
    case(136, early(lambda f: f.update({"schemas/EAD.xsd": b"<a/>"}))),
    case(137, early(lambda f: f.update({"schemas/EAD.xsd": (
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        b'<xs:import schemaLocation="http://example.org/a.xsd"/></xs:schema>')})), 136),
)  # fmt: skip

CASES = (*CONTAINER, *TREE, *XML, *LINKS, *FIELDS, *FILES, *PRESERVATION, *RECEPTION)
