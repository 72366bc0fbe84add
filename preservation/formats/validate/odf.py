"""OpenDocument: whole, ``mimetype`` first and stored, the manifest true; macros told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from preservation.formats.validate.result import (
    Fact,
    ValidationOutcome,
    ValidationResult,
    error,
    judged,
    not_checked,
    warning,
)
from preservation.formats.validate.xml_file import fault_of
from preservation.formats.validate.zipped import Looked, look_through
from schemas.findings import Finding
from schemas.xml import XmlRefused, events_untrusted

KIND = "odf"

_MANIFEST = "META-INF/manifest.xml"
_NS = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_MACRO_FOLDERS = ("Basic/", "Scripts/")


def validate(file: BinaryIO, _wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when a part is damaged, missing though listed, or not well-formed XML.

    Source: OASIS OpenDocument 1.3 part 2 (packages), sections 3.2, 3.3 and 4.
    """
    looked = look_through(file, lambda name: name.endswith(".xml") or name == "mimetype")
    facts: dict[str, Fact] = {
        "parts": len(looked.names),
        "macros": any(name.startswith(_MACRO_FOLDERS) for name in looked.names),
        "encrypted": looked.encrypted,
        "signed": any(name.startswith("META-INF/documentsignatures") for name in looked.names),
        "mimetype": looked.parts.get("mimetype", b"")[:100].decode("ascii", "replace"),
    }
    if looked.limited or looked.encrypted:
        reason = "FORMAT-ENCRYPTED" if looked.encrypted else "FORMAT-CONTAINER-LIMIT"
        return not_checked(KIND, reason, facts)
    findings = [*looked.findings, *_package_rules(looked, facts)]
    if not facts["encrypted"]:
        findings += _malformed(looked)
    if facts["macros"]:
        findings.append(warning("OFFICE-MACROS"))
    if facts["encrypted"]:
        return not_checked(KIND, "FORMAT-ENCRYPTED", facts)
    result = judged(KIND, findings, facts)
    if looked.too_long and result.outcome is ValidationOutcome.VALID:
        return not_checked(KIND, "FORMAT-CONTAINER-LIMIT", facts)
    return result


def _package_rules(looked: Looked, facts: dict[str, Fact]) -> Iterator[Finding]:
    if looked.damaged:
        return
    if looked.names[:1] != ["mimetype"]:
        yield warning("ODF-MIMETYPE-PLACE")
    names = set(looked.names)
    if _MANIFEST not in names:
        yield error("OFFICE-PART-MISSING", target=_MANIFEST)
        return
    folders = {name.rpartition("/")[0] + "/" for name in names}
    try:
        for path, encrypted in _listed(looked.parts.get(_MANIFEST, b"")):
            facts["encrypted"] = bool(facts["encrypted"]) or encrypted
            if path not in names and path not in folders and not path.endswith("/"):
                yield error("OFFICE-PART-MISSING", _MANIFEST, target=path)
    except XmlRefused as fault:
        yield fault_of(fault, _MANIFEST)


def _listed(manifest: bytes) -> Iterator[tuple[str, bool]]:
    """(path, whether encrypted) of each entry of the manifest."""
    path = ""
    for event in events_untrusted(BytesIO(manifest)):
        if event.kind != "start":
            continue
        if event.tag == _NS + "file-entry":
            path = event.attributes.get(_NS + "full-path", "")
            if path and path != "/":
                yield path, False
        elif event.tag == _NS + "encryption-data" and path:
            yield path, True


def _malformed(looked: Looked) -> Iterator[Finding]:
    for name, content in looked.parts.items():
        # LibreOffice leaves empty files among the toolbar settings.
        if name in ("mimetype", _MANIFEST) or name.startswith("Configurations2/"):
            continue
        try:
            for _ in events_untrusted(BytesIO(content)):
                pass
        except XmlRefused as fault:
            yield fault_of(fault, name)
