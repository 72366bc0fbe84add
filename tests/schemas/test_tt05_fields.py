"""The circular's descriptive files: sixteen variants, in order, complete, valid."""

from __future__ import annotations

import io
import json

import pytest

from kit.official import example, simpledc_xsd
from kit.oracles import shared
from schemas.tt05 import (
    code_label,
    code_lists,
    codes,
    fields_of,
    read_simpledc,
    schema_of,
    variants,
    write_simpledc,
)
from schemas.xml import XmlHasDoctype, XmlTooBig, parse_untrusted

COUNTS = {
    "sip_hoso.ead": 18,
    "aip_hoso.ead": 18,
    "sip_tailieu.ead": 5,
    "aip_tailieu.ead": 4,
    "dip.ead": 7,
    "sip.ead_doc": 21,
    "aip.ead_doc": 19,
    "dip.ead_doc": 20,
    "sip.ead_pic": 18,
    "sip.ead_media": 19,
    "aip_hoso.ead_pic": 16,
    "aip_hoso.ead_media": 17,
    "aip_tailieu.ead_pic": 18,
    "aip_tailieu.ead_media": 19,
    "dip.ead_pic": 18,
    "dip.ead_media": 19,
}


def written(variant: str, fields: dict[str, str]) -> bytes:
    """The descriptive file."""
    out = io.BytesIO()
    write_simpledc(out, variant, fields)
    return out.getvalue()


def sample_value(variant: str, name: str) -> str:
    """A value that the field of the variant takes."""
    (spec,) = (spec for spec in fields_of(variant) if spec.name == name)
    if spec.codes:
        return codes(spec.codes)[-1].code
    if spec.type == "S":
        return "Bộ & <1> Nội vụ"[: spec.length].strip()
    return {"D": "20/12/2024", "DF": "12/2024", "N": "3", "B": "1"}[spec.type]


def test_the_variants_have_as_many_fields_as_the_circular_lists() -> None:
    assert {variant: len(fields_of(variant)) for variant in variants()} == COUNTS


@pytest.mark.parametrize("variant", COUNTS)
def test_a_complete_file_is_valid_and_comes_back(variant: str) -> None:
    fields = {spec.name: sample_value(variant, spec.name) for spec in fields_of(variant)}
    content = written(variant, fields)
    assert simpledc_xsd(variant).faults(parse_untrusted(io.BytesIO(content))) == []
    received = read_simpledc(io.BytesIO(content))
    assert (received.root, received.namespace) == ("simpledc", "")
    assert received.fields == tuple(fields.items())


@pytest.mark.parametrize("variant", COUNTS)
def test_an_unset_field_is_written_empty_in_its_place(variant: str) -> None:
    received = read_simpledc(io.BytesIO(written(variant, {})))
    assert received.fields == tuple((spec.name, "") for spec in fields_of(variant))


@pytest.mark.parametrize("variant", COUNTS)
def test_the_schema_refuses_a_file_without_its_mandatory_fields(variant: str) -> None:
    mandatory = {spec.name for spec in fields_of(variant) if spec.requirement == "M"}
    content = written(variant, {})
    faults = simpledc_xsd(variant).faults(parse_untrusted(io.BytesIO(content)))
    named = {name for name in mandatory for fault in faults if f"'{name}'" in fault.message}
    assert named == mandatory


@pytest.mark.parametrize("variant", COUNTS)
def test_the_reference_samples_are_judged_as_they_are_sorted(variant: str) -> None:
    xsd = simpledc_xsd(variant)
    valid = example("ead-samples", "valid", f"{variant}.xml").read_bytes()
    invalid = example("ead-samples", "invalid", f"{variant}.xml").read_bytes()
    assert xsd.faults(parse_untrusted(io.BytesIO(valid))) == []
    assert xsd.faults(parse_untrusted(io.BytesIO(invalid))) != []
    fields = read_simpledc(io.BytesIO(valid)).first()
    again = parse_untrusted(io.BytesIO(written(variant, fields)))
    assert xsd.faults(again) == []


def test_lengths_are_counted_in_characters() -> None:
    xsd = simpledc_xsd("aip_tailieu.ead")
    fields = {"arcFileCode": "LTLS99.H99", "title": "ộ" * 1000, "source": "1"}
    good = parse_untrusted(io.BytesIO(written("aip_tailieu.ead", fields)))
    assert xsd.faults(good) == []
    fields["title"] += "ộ"
    assert xsd.faults(parse_untrusted(io.BytesIO(written("aip_tailieu.ead", fields)))) != []


def test_a_field_the_variant_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="docId"):
        written("aip.ead_doc", {"docId": "H99.1"})
    with pytest.raises(KeyError):
        written("aip.ead", {})


def test_a_character_that_xml_cannot_hold_does_not_stop_the_file() -> None:
    received = read_simpledc(io.BytesIO(written("dip.ead", {"description": "a\x00b"})))
    assert received.first()["description"] == "a\ufffdb"


def test_repeated_and_unknown_fields_are_kept_in_order() -> None:
    content = (
        "<simpledc><language>01</language><tieuDe>x</tieuDe>"
        "<language> 02\n</language><title/></simpledc>"
    )
    received = read_simpledc(io.BytesIO(content.encode()))
    assert received.fields == (
        ("language", "01"),
        ("tieuDe", "x"),
        ("language", "02"),
        ("title", ""),
    )
    assert received.first()["language"] == "01"


def test_a_namespace_and_nested_elements_are_reported() -> None:
    content = b'<r xmlns="urn:x"><title>a<b>c</b></title><mode>01</mode></r>'
    received = read_simpledc(io.BytesIO(content))
    assert (received.root, received.namespace) == ("r", "urn:x")
    assert received.fields == (("title", "a"), ("mode", "01"))
    assert received.nested == ("title",)


def test_a_hostile_descriptive_file_is_refused() -> None:
    with pytest.raises(XmlHasDoctype):
        read_simpledc(io.BytesIO(b"<!DOCTYPE simpledc><simpledc/>"))
    with pytest.raises(XmlTooBig):
        read_simpledc(io.BytesIO(b"<simpledc>" + b"<a/>" * 2000 + b"</simpledc>"))


def test_codes_say_what_they_mean_in_both_languages() -> None:
    assert code_label("maintenance", "01") == "Vĩnh viễn"
    assert code_label("maintenance", "02", "en") == "70 years"
    assert code_label("typeName", "14") == "Báo cáo"
    assert code_label("mode", "09") == ""
    with pytest.raises(KeyError):
        code_label("colours", "01")


def test_every_coded_field_has_its_code_list() -> None:
    named = {spec.codes for variant in variants() for spec in fields_of(variant) if spec.codes}
    assert named <= set(code_lists())
    for name in code_lists():
        listed = [member.code for member in codes(name)]
        assert len(listed) == len(set(listed))
        assert all(member.vi and member.en for member in codes(name))


def test_conditions_name_fields_of_the_same_variant() -> None:
    for variant in variants():
        names = {spec.name for spec in fields_of(variant)}
        conditions = [spec for spec in fields_of(variant) if spec.condition]
        assert all(spec.condition.partition("=")[0] in names for spec in conditions)
        assert all(spec.requirement == "K" for spec in conditions)


def test_what_is_in_the_package_is_what_the_profile_gives() -> None:
    reference = shared("reference", "tt05-schemas")
    for variant in variants():
        assert schema_of(variant) == (reference / f"{variant}.xsd").read_bytes()
    given = json.loads((reference / "fields.json").read_text(encoding="utf-8"))
    ours = {v: [spec.name for spec in fields_of(v)] for v in variants()}
    assert ours == {v: [row["name"] for row in rows] for v, rows in given.items()}
