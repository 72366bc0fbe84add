"""XML well-formedness, read as a stream within caps; a DOCTYPE is never followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
)
from schemas.findings import Finding
from schemas.xml import XmlHasDoctype, XmlRefused, XmlTooBig, XmlTooDeep, events_untrusted

KIND = "xml"


def validate(file: BinaryIO, _wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when the document is not well-formed or not in the encoding it declares.

    One with a DOCTYPE, or beyond the caps, is *not checked*: both can be well-formed.
    """
    facts: dict[str, Fact] = {}
    elements = 0
    try:
        for event in events_untrusted(file):
            if event.kind == "start":
                if not elements:
                    facts["root"] = event.tag
                elements += 1
    except (XmlHasDoctype, XmlTooBig, XmlTooDeep) as limit:
        return not_checked(KIND, limit.code, facts, **_fields(limit))
    except XmlRefused as fault:
        return judged(KIND, [fault_of(fault)], facts)
    facts["elements"] = elements
    return judged(KIND, [], facts)


def fault_of(fault: XmlRefused, where: str = "") -> Finding:
    """The finding that says why a document cannot be read."""
    return error(fault.code, where, **_fields(fault))


def _fields(fault: XmlRefused) -> dict[str, str | int]:
    return {
        name: value if isinstance(value, int) else str(value)
        for name, value in fault.fields.items()
    }
