"""SIARD: the container whole, metadata.xml readable, every declared table there."""

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
)
from preservation.formats.validate.xml_file import fault_of
from preservation.formats.validate.zipped import look_through
from schemas.findings import Finding
from schemas.xml import XmlRefused, events_untrusted

KIND = "siard"

_METADATA = "header/metadata.xml"
_VERSION = "header/siardversion/"


def validate(file: BinaryIO, _wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when the archive is damaged, its metadata unreadable, or a table is missing.

    Rows are not compared with the schema; that is *not checked* and said so in the facts.
    Source: eCH-0165 (SIARD 2.2), chapters 4 and 5.
    """
    looked = look_through(file, lambda name: name == _METADATA)
    names = set(looked.names)
    facts: dict[str, Fact] = {"files": len(names), "rows": "not checked"}
    if looked.limited:
        return not_checked(KIND, "FORMAT-CONTAINER-LIMIT", facts)
    findings = list(looked.findings)
    if _METADATA in looked.parts:
        try:
            findings += _missing_tables(looked.parts[_METADATA], names, facts)
        except XmlRefused as fault:
            findings.append(fault_of(fault, _METADATA))
    elif looked.too_long:
        return not_checked(KIND, "FORMAT-CONTAINER-LIMIT", facts)
    elif not looked.damaged:
        findings.append(error("SIARD-PART-MISSING", target=_METADATA))
    below = sorted(n.removeprefix(_VERSION) for n in names if n.startswith(_VERSION))
    facts["version_folder"] = below[-1].partition("/")[0] if below else ""
    result = judged(KIND, findings, facts)
    if result.outcome is ValidationOutcome.VALID and not facts.get("tables"):
        return judged(KIND, [*findings, error("SIARD-NO-TABLES")], facts)
    return result


def _missing_tables(metadata: bytes, names: set[str], facts: dict[str, Fact]) -> Iterator[Finding]:
    """A finding for each table whose data file is not in the archive."""
    schema, table, tables = "", "", 0
    path: list[str] = []
    for event in events_untrusted(BytesIO(metadata)):
        tag = event.tag.rpartition("}")[2]
        if event.kind == "start":
            if not path:
                facts["namespace"] = event.tag[1:].partition("}")[0]
            path.append(tag)
            continue
        path.pop()
        if tag == "folder" and path[-1:] == ["schema"]:
            schema = event.text.strip()
        elif tag == "folder" and path[-1:] == ["table"]:
            table = event.text.strip()
        elif tag == "table" and path[-1:] == ["tables"]:
            tables += 1
            place = f"content/{schema}/{table}/{table}.xml"
            if place not in names:
                yield error("SIARD-PART-MISSING", _METADATA, target=place)
    facts["tables"] = tables
