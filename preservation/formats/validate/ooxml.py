"""Office Open XML: whole, its parts well-formed and where relationships say; macros told."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import unquote

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

KIND = "ooxml"

_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TYPES = "[Content_Types].xml"
_ROOT_RELATIONSHIPS = "_rels/.rels"
_MACROS = ("vbaproject.bin", "vbadata.xml")


def validate(file: BinaryIO, _wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when a part is damaged, missing, or not well-formed XML.

    Macros and links to outside are warnings. Source: ECMA-376 part 2 (packages).
    """
    looked = look_through(file, lambda name: name.endswith((".xml", ".rels", ".vml")))
    facts = _facts(looked)
    if looked.limited or looked.encrypted:
        reason = "FORMAT-ENCRYPTED" if looked.encrypted else "FORMAT-CONTAINER-LIMIT"
        return not_checked(KIND, reason, facts)
    findings = [*looked.findings, *_missing_core(looked)]
    external = 0
    for name, content in looked.parts.items():
        try:
            if name.endswith(".rels"):
                for target, outside in _targets(name, content):
                    external += outside
                    if not outside and target not in _folded(looked):
                        findings.append(error("OFFICE-PART-MISSING", name, target=target))
            elif not name.endswith(".vml"):
                for _ in events_untrusted(BytesIO(content)):
                    pass
        except XmlRefused as fault:
            findings.append(fault_of(fault, name))
    facts["external_links"] = external
    if facts["macros"]:
        findings.append(warning("OFFICE-MACROS"))
    if external:
        findings.append(warning("OFFICE-EXTERNAL-LINKS", count=external))
    result = judged(KIND, findings, facts)
    if looked.too_long and result.outcome is ValidationOutcome.VALID:
        return not_checked(KIND, "FORMAT-CONTAINER-LIMIT", facts)
    return result


def _facts(looked: Looked) -> dict[str, Fact]:
    lowered = [name.lower() for name in looked.names]
    return {
        "parts": len(lowered),
        "macros": any(name.endswith(_MACROS) for name in lowered),
        "embedded_objects": sum("/embeddings/" in name for name in lowered),
        "encrypted": looked.encrypted,
        "signed": any(name.startswith("_xmlsignatures/") for name in lowered),
    }


def _folded(looked: Looked) -> frozenset[str]:
    """Part names, lower-case: they are compared without case (ECMA-376 part 2, 6.2.2)."""
    return frozenset(name.lower() for name in looked.names)


def _missing_core(looked: Looked) -> Iterator[Finding]:
    names = _folded(looked)
    for needed in (_TYPES, _ROOT_RELATIONSHIPS):
        if needed.lower() not in names and not looked.damaged:
            yield error("OFFICE-PART-MISSING", "", target=needed)


def _targets(name: str, content: bytes) -> Iterator[tuple[str, bool]]:
    """(part name in lower case, whether it lies outside) of each relationship."""
    folder = posixpath.dirname(posixpath.dirname(name))
    for event in events_untrusted(BytesIO(content)):
        if event.kind != "start" or event.tag != _RELATIONSHIP:
            continue
        target = event.attributes.get("Target", "")
        outside = event.attributes.get("TargetMode") == "External"
        path = unquote(target.partition("#")[0])
        if outside or path:
            absolute = posixpath.normpath(posixpath.join("/", folder, path))
            yield target if outside else absolute.lstrip("/").lower(), outside
