"""Rules 029–034, 116, 117, 136, 137: folder name, XML as such, schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import Tt05Package
from ingest.checks.tt05_rules import Check, Mark, hit
from ingest.checks.tt05_tree import DATA, DOCUMENTATION, SCHEMAS, PackageFile
from schemas.errors import PackageError
from schemas.findings import Severity
from schemas.mets_facts import CSIP_CASE, DIV_AMDID, FILEGRP_USER, NO_NAMESPACE
from schemas.mets_read import NotMets
from schemas.premis_read import NotPremis
from schemas.xml import Element, Xsd, XsdFault, events_untrusted, parse_untrusted
from schemas.xml_caps import XmlRefused
from schemas.xml_repairs import mend_mets, mend_premis

_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]")
_SHOWN_FAULTS = 5
_SCHEMA_LINKS = frozenset({"import", "include", "redefine", "override"})


def folder_name(case: Case) -> Iterator[Mark]:
    """029: the package's folder is named by its OBJID."""
    package = case.package
    folder, expected = package.tree.folder, package.objid.replace(":", "_")
    if folder is None or not expected or folder == expected:
        return
    alike = folder.casefold() == expected.casefold()
    severity = Severity.WARNING if alike else None
    yield hit("TT05-029", folder, severity, folder=folder, objid=package.objid)


def well_formed(case: Case) -> Iterator[Mark]:
    """030: every XML file that describes the package can be read, and declares no DTD."""
    read = {fault.path for fault in case.package.faults}
    for fault in case.package.faults:
        if not isinstance(fault.error, NotMets | NotPremis):
            yield hit("TT05-030", fault.path, p=fault.path, reason=_reason(fault.error))
    package = case.package
    read |= {part.path for part in package.parts} | {part.path for part in package.premis}
    read |= {record.path for record in package.records}
    read |= {package.ead.path} if package.ead else set()
    for path in _described_xml(package):
        if path not in read:
            error = _refusal(package.tree.files[path])
            if error is not None:
                yield hit("TT05-030", path, p=path, reason=_reason(error))


def encodings(case: Case) -> Iterator[Mark]:
    """031: XML is written in UTF-8."""
    for path in _described_xml(case.package):
        with case.package.tree.files[path].open() as stream:
            head = stream.read(256)
        declared = _DECLARED.search(head)
        name = declared[1].decode().lower() if declared else "utf-8"
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or name not in _UTF8:
            yield hit("TT05-031", path, p=path)


def mets_schema(case: Case) -> Iterator[Mark]:
    """032–034: METS is valid, after known mistakes were read through; those are told."""
    for fault in case.package.faults:
        if isinstance(fault.error, NotMets):
            yield hit("TT05-032", fault.path, msg=_reason(fault.error))
    for part in case.package.parts:
        repairs = part.facts.repairs
        for code, rule in ((NO_NAMESPACE, "TT05-033"), (CSIP_CASE, "TT05-034")):
            if code in repairs:
                yield hit(rule, part.path)
        for code, name in ((FILEGRP_USER, "fileGrp/@USER"), (DIV_AMDID, "div/@AMDID")):
            if code in repairs:
                yield hit("TT05-032", part.path, Severity.WARNING, msg=name)
        mend = mend_mets if repairs else None
        file = case.package.tree.files[part.path]
        yield from _faults("TT05-032", part.path, file, case.schemas.mets, mend)


def premis_schema(case: Case) -> Iterator[Mark]:
    """116, 117: PREMIS is valid, once read from the circular's own form; that form is told."""
    for fault in case.package.faults:
        if isinstance(fault.error, NotPremis):
            yield hit("TT05-116", fault.path, msg=_reason(fault.error))
    for part in case.package.premis:
        if part.repairs:
            yield hit("TT05-117", part.path)
        mend = mend_premis if part.repairs else None
        file = case.package.tree.files[part.path]
        yield from _faults("TT05-116", part.path, file, case.schemas.premis, mend)


def package_schemas(case: Case) -> Iterator[Mark]:
    """136, 137: the package's own schemas; none of them is ever used."""
    tree = case.package.tree
    for path in tree.below(SCHEMAS):
        if not path.lower().endswith(".xsd"):
            continue
        file = tree.files[path]
        if file.known_digests["sha256"] not in case.schemas.known:
            yield hit("TT05-136", path, p=path)
            address = _remote_address(file)
            if address:
                yield hit("TT05-137", path, p=path, address=address)


def _described_xml(package: Tt05Package) -> Iterator[str]:
    """The XML files that describe the package: not its records, not what documents it."""
    for path in package.tree.files:
        if path.lower().endswith(".xml") and not path.startswith((DATA, DOCUMENTATION)):
            yield path


def _refusal(file: PackageFile) -> PackageError | None:
    try:
        with file.open() as stream:
            for _ in events_untrusted(stream):
                pass
    except XmlRefused as error:
        return error
    return None


def _remote_address(file: PackageFile) -> str:
    """The first address outside the package that a schema names; ``""`` for none."""
    try:
        with file.open() as stream:
            for event in events_untrusted(stream):
                if event.tag.rpartition("}")[2] in _SCHEMA_LINKS:
                    address = event.attributes.get("schemaLocation", "")
                    if _REMOTE.match(address):
                        return address
    except XmlRefused:
        return ""
    return ""


def _faults(
    rule: str,
    path: str,
    file: PackageFile,
    xsd: Xsd,
    mend: Callable[[Element], object] | None,
) -> Iterator[Mark]:
    try:
        if mend:
            found = _mended(file, xsd, mend)
        else:  # the parts of a package were read within their caps, or they would not be parts
            found = xsd.faults_in(file.open, read_before=file.size_bytes)
    except XmlRefused as error:
        yield hit(rule, path, msg=_reason(error))
        return
    for fault in found[:_SHOWN_FAULTS]:
        yield hit(rule, path, msg=_told(fault))


def _mended(file: PackageFile, xsd: Xsd, mend: Callable[[Element], object]) -> list[XsdFault]:
    with file.open() as stream:
        tree = parse_untrusted(stream)
    mend(tree)
    return xsd.faults(tree)


def _told(fault: XsdFault) -> str:
    """The fault without the namespaces, which say nothing to a person."""
    message = re.sub(r"\{[^}]*\}", "", fault.message)
    return f"{message} ({fault.line})" if fault.line else message


def _reason(error: PackageError) -> str:
    told = ", ".join(f"{name}={value}" for name, value in error.fields.items() if value)
    return f"{error.code} {told}".strip()


CHECKS = (
    Check(("TT05-029",), folder_name),
    Check(("TT05-030",), well_formed),
    Check(("TT05-031",), encodings),
    Check(("TT05-032", "TT05-033", "TT05-034"), mets_schema),
    Check(("TT05-116", "TT05-117"), premis_schema),
    Check(("TT05-136", "TT05-137"), package_schemas),
)
