"""The descriptive files of Circular 05/2025/TT-BNV (*Thông tư 05/2025/TT-BNV*).

Sixteen variants of one flat form: no namespace, root ``simpledc``, an element per field. A
variant is named after its schema: ``aip_hoso.ead``, ``sip.ead_doc``… Field lists, code lists
and schemas lie in ``schemas/data/tt05`` and are ours (docs/reference on the profile).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, BinaryIO

from schemas.xml import events_untrusted
from schemas.xml_caps import XmlCaps
from schemas.xml_text import xml_safe
from schemas.xml_writing import XmlWriter, xml_writer

SIMPLEDC_CAPS = XmlCaps(total_bytes=1024 * 1024, depth=8, elements=2_000, text_chars=100_000)
"""A descriptive file of thirty short fields has no reason to be larger."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. ``type``: S text, N digits, B 1/0, C code, CL codes, D and DF dates.

    ``length`` is in characters, 0 for none. ``requirement``: M mandatory, O optional, K
    mandatory under ``condition``, which reads ``field=value|value``.
    """

    name: str
    type: str
    length: int
    requirement: str
    condition: str
    label_vi: str
    codes: str


@dataclass(frozen=True, slots=True)
class Code:
    """One member of a code list."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class SimpleDc:
    """A descriptive file as received: ``fields`` in order, repeats and unknown names kept.

    ``root`` is the root element's name, ``namespace`` what it should not have; ``nested``
    names elements that hold other elements, whose content is not a field.
    """

    root: str
    namespace: str
    fields: tuple[tuple[str, str], ...]
    nested: tuple[str, ...] = ()

    def first(self) -> dict[str, str]:
        """The first value of each field."""
        values: dict[str, str] = {}
        for name, value in self.fields:
            values.setdefault(name, value)
        return values


def variants() -> tuple[str, ...]:
    """The names of the sixteen variants."""
    return tuple(_fields())


def fields_of(variant: str) -> tuple[FieldSpec, ...]:
    """The variant's fields in the circular's order; KeyError for no variant of ours."""
    return _fields()[variant]


def code_lists() -> tuple[str, ...]:
    """The names of the code lists."""
    return tuple(_codes())


def codes(list_name: str) -> tuple[Code, ...]:
    """The members of a code list; KeyError when there is no such list."""
    return _codes()[list_name]


def code_label(list_name: str, code: str, lang: str = "vi") -> str:
    """What a code means in one language; ``""`` for a code outside its list."""
    for member in codes(list_name):
        if member.code == code:
            return member.vi if lang == "vi" else member.en
    return ""


def schema_of(variant: str) -> bytes:
    """The XSD of a variant, ours."""
    return _data(f"{variant}.xsd").read_bytes()


def mets_driver() -> bytes:
    """The XSD that joins METS 1.12.1 with the csip and sip attributes; it imports the official
    schemas by file name, from the operator's catalogue."""
    return _data("mets-csip.xsd").read_bytes()


def write_simpledc(out: BinaryIO, variant: str, fields: Mapping[str, str]) -> None:
    """The descriptive file is written with every element of the variant, in order, empty if
    unset. KeyError for an unknown variant, ValueError for a field it does not have."""
    specs = fields_of(variant)
    strangers = set(fields) - {spec.name for spec in specs}
    if strangers:
        raise ValueError(f"{variant} has no field {', '.join(sorted(strangers))}")
    with xml_writer(out) as xml, xml.element("simpledc"):
        _write_fields(xml, specs, fields)


def _write_fields(xml: XmlWriter, specs: Sequence[FieldSpec], fields: Mapping[str, str]) -> None:
    for spec in specs:
        xml.leaf(spec.name, xml_safe(fields.get(spec.name, "")))


def read_simpledc(stream: BinaryIO, caps: XmlCaps = SIMPLEDC_CAPS) -> SimpleDc:
    """The fields of an untrusted descriptive file, stripped of surrounding white space.

    Namespaces are taken off the names and the root's is reported. Raises ``XmlRefused``.
    """
    root = namespace = current = ""
    found: list[tuple[str, str]] = []
    nested: list[str] = []
    for event in events_untrusted(stream, caps):
        uri, _, name = event.tag.rpartition("}")
        if event.kind == "start" and event.depth == 1:
            root, namespace = name, uri.removeprefix("{")
        elif event.kind == "start" and event.depth == 3:
            nested.append(current)
        elif event.kind == "start" and event.depth == 2:
            current = name
        elif event.kind == "end" and event.depth == 2:
            found.append((name, event.text.strip()))
    return SimpleDc(root, namespace, tuple(found), tuple(dict.fromkeys(nested)))


def _data(name: str) -> Traversable:
    return files("schemas").joinpath("data", "tt05", name)


def _load(name: str) -> Any:
    return json.loads(_data(name).read_text(encoding="utf-8"))


@cache
def _fields() -> dict[str, tuple[FieldSpec, ...]]:
    return {
        variant: tuple(
            FieldSpec(
                name=row["name"],
                type=row["type"],
                length=row["len"] or 0,
                requirement=row["req"],
                condition=row["cond"] or "",
                label_vi=row["label_vi"],
                codes=row["codes"] or "",
            )
            for row in rows
        )
        for variant, rows in _load("fields.json").items()
    }


@cache
def _codes() -> dict[str, tuple[Code, ...]]:
    return {
        name: tuple(Code(row["code"], row["vi"], row["en"]) for row in rows)
        for name, rows in _load("codes.json").items()
    }
