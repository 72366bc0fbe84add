"""Rules 073–085 and 089–091: each descriptive file by itself, field by field.

What fields a file has, how long they are and what codes they take comes from the circular's
tables (``schemas.tt05``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_dates import DateForm, read_date
from ingest.checks.tt05_package import Described, Tt05Package
from ingest.checks.tt05_rules import Check, Mark, hit
from schemas.findings import Severity
from schemas.tt05 import FieldSpec, codes

_CODES = ("fileCode", "arcFileCode")
_RECORD_CODES = frozenset(("docCode", "arcDocCode"))
_WEIGHTY = frozenset(("maintenance", "mode", "subject", "imageTitle", "movieTitle", "docOrdinal"))
_WEIGHTY_CODES = frozenset(("maintenance", "mode"))
_REPEATABLE = frozenset(("language",))
_CONDITIONAL: Mapping[str, str] = {
    "paperFileCode": "TT05-089",
    "riskRecoveryStatus": "TT05-090",
    "process": "TT05-091",
}
_SEPARATORS = re.compile(r"[;,]")
_BOOLEANS = frozenset(("0", "1"))


def root_elements(case: Case) -> Iterator[Mark]:
    """073: the root is simpledc, in no namespace."""
    for each in _described(case.package):
        if each.content.root != "simpledc":
            yield hit("TT05-073", each.path, p=each.path, v=each.content.root)
        elif each.content.namespace:
            v = each.content.namespace
            yield hit("TT05-073", each.path, Severity.WARNING, p=each.path, v=v)


def names(case: Case) -> Iterator[Mark]:
    """074–076: fields are known, come once, and in the circular's order."""
    for each in _described(case.package):
        order = [spec.name for spec in each.specs]
        found = [name for name, _ in each.content.fields]
        strange = [n for n in dict.fromkeys(found) if n not in order and n not in _RECORD_CODES]
        for name in dict.fromkeys((*strange, *each.content.nested)):
            yield hit("TT05-074", each.path, n=name)
        for name, count in Counter(found).items():
            if count > 1 and name not in _REPEATABLE:
                yield hit("TT05-075", each.path, n=name)
        places = [order.index(name) for name in found if name in order]
        if places != sorted(places):
            yield hit("TT05-076", each.path)


def mandatory(case: Case) -> Iterator[Mark]:
    """077–080: mandatory fields have a value."""
    for each in _described(case.package):
        for spec in each.specs:
            if spec.requirement == "M" and not _value(each, spec.name):
                yield from _missing(each, spec)


def _missing(each: Described, spec: FieldSpec) -> Iterator[Mark]:
    if each.kind == "ead" and spec.name in _CODES:
        yield hit("TT05-077", each.path, n=spec.name)
    elif each.kind == "ead" and spec.name == "title":
        yield hit("TT05-078", each.path)
    elif spec.name in _WEIGHTY or each.variant == "dip.ead":
        yield hit("TT05-079", each.path, n=spec.name)
    else:
        yield hit("TT05-080", each.path, n=spec.name)


def conditional(case: Case) -> Iterator[Mark]:
    """089–091: fields that others make mandatory have a value."""
    for each in _described(case.package):
        for spec in each.specs:
            if spec.requirement != "K" or _value(each, spec.name):
                continue
            name, _, wanted = spec.condition.partition("=")
            if each.get(name) in wanted.split("|"):
                yield hit(_CONDITIONAL[spec.name], each.path, n=spec.name)


def lengths(case: Case) -> Iterator[Mark]:
    """081: values are no longer than their fields; rule 099 looks at docId."""
    for each in _described(case.package):
        for spec in each.specs:
            value = _value(each, spec.name)
            if spec.length and len(value) > spec.length and spec.name != "docId":
                yield hit("TT05-081", each.path, n=spec.name, k=len(value), m=spec.length)


def coded(case: Case) -> Iterator[Mark]:
    """082, 083: coded, yes-or-no and numeric fields hold what they may."""
    for each in _described(case.package):
        for spec in each.specs:
            value = _value(each, spec.name)
            if value and not _allowed(spec, value):
                rule = "TT05-082" if spec.name in _WEIGHTY_CODES else "TT05-083"
                yield hit(rule, each.path, n=spec.name, v=value)


def _allowed(spec: FieldSpec, value: str) -> bool:
    known = {code.code for code in codes(spec.codes)} if spec.codes else set()
    match spec.type:
        case "C":
            return not known or value in known
        case "CL":
            parts = [part.strip() for part in _SEPARATORS.split(value)]
            return all(part in known for part in parts if part) and any(parts)
        case "B":
            return value in _BOOLEANS
        case "N":
            return value.isascii() and value.isdigit()
    return True


def dates(case: Case) -> Iterator[Mark]:
    """084, 085: dates have the circular's form, and are in the calendar."""
    for each in _described(case.package):
        for spec in each.specs:
            value = _value(each, spec.name)
            if spec.type not in {"D", "DF"} or not value:
                continue
            date = read_date(value)
            if date is None:
                yield hit("TT05-084", each.path, n=spec.name, v=value)
            elif not date.exists:
                yield hit("TT05-085", each.path, n=spec.name, v=value)
            elif date.form is DateForm.ISO or (spec.type == "D" and date.form is DateForm.PART):
                yield hit("TT05-084", each.path, n=spec.name, v=value)


def _described(package: Tt05Package) -> Iterator[Described]:
    if package.ead is not None:
        yield package.ead
    yield from package.records


def _value(each: Described, name: str) -> str:
    """The field's value; a document's code counts under either name (rule 098)."""
    return each.record_code if name in _RECORD_CODES else each.get(name)


CHECKS = (
    Check(("TT05-073",), root_elements),
    Check(("TT05-074", "TT05-075", "TT05-076"), names),
    Check(("TT05-077", "TT05-078", "TT05-079", "TT05-080"), mandatory),
    Check(("TT05-081",), lengths),
    Check(("TT05-082", "TT05-083"), coded),
    Check(("TT05-084", "TT05-085"), dates),
    Check(("TT05-089", "TT05-090", "TT05-091"), conditional),
)
