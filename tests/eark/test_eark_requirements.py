"""Each requirement of E-ARK CSIP and SIP, broken alone in a sound package, is reported by its id;
a sound package breaks none."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from ingest.checks import eark_package as rules
from ingest.checks.eark_rules import Level, Requirement, Version
from kit.eark_cases import CASES, EarkCase
from kit.eark_packages import EarkSpec, old_spec, q, spec
from kit.oracles import shared
from schemas.findings import Finding, Severity

METS_PROFILE = "{http://www.loc.gov/METS_Profile/v2}"
NOT_BROKEN = {
    "SIP10": "how the archival creator is known",
    "SIP22": "how a contact person is known",
    "SIP23": "how a contact person is known",
    "SIP27": "how the preserving agent is known",
}


def every_rule() -> Iterator[Requirement[object]]:
    groups = (
        rules.FILE_RULES,
        rules.WHOLE_RULES,
        rules.SIP_RULES,
        rules.FOLDER_RULES,
        *rules.SECTION_RULES.values(),
    )
    for group in groups:
        yield from group  # type: ignore[misc]  # of several subjects


def levels(version: str) -> dict[str, str]:
    """The levels of the standard's own profiles, by id."""
    found = {}
    names = (f"E-ARK-CSIP-v{version}.xml", "E-ARK-SIP-v2-2-0.xml")
    for name in names if version == "2-2-0" else names[:1]:
        tree = ET.parse(shared("official-profiles", name))
        for each in tree.iter(f"{METS_PROFILE}requirement"):
            if each.get("ID", "").startswith(("CSIP", "SIP")):
                found[each.get("ID", "")] = each.get("REQLEVEL", "")
    return found


@pytest.mark.parametrize("make", [spec, old_spec])
def test_a_sound_package_breaks_nothing(make: type[EarkSpec]) -> None:
    assert make().findings() == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_broken_is_reported(case: EarkCase) -> None:
    package = case.base()
    case.spoil(package)
    found = package.findings()
    assert case.code in {finding.code for finding in found}
    known = {rule.id: rule for rule in every_rule()}
    if case.code in known:
        weights = {finding.severity for finding in found if finding.code == case.code}
        assert weights == {known[case.code].level.value}


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    ids = [rule.id for rule in every_rule()]
    assert len(ids) == len(set(ids))
    older_only = {rule.id for rule in every_rule() if rule.level is Level.NONE}
    standard = {case.code for case in CASES if not case.code.startswith("EARK-")}
    assert standard == set(ids) - older_only
    assert older_only == {"CSIP86"}


def test_every_must_and_should_of_the_standard_is_judged_at_its_level() -> None:
    """Against the profiles that the DILCIS board publishes."""
    ours = {rule.id: rule for rule in every_rule()}
    for version in (Version.V2_0_4, Version.V2_2_0):
        for identifier, level in levels(version.value.replace(".", "-")).items():
            if level == "MAY" or identifier in NOT_BROKEN:
                continue
            rule = ours[identifier]
            weight = rule.level if version is Version.V2_2_0 else rule.older
            assert weight is Level[level], (identifier, version)


def test_what_may_be_is_never_a_finding() -> None:
    optional = {i for i, level in levels("2-2-0").items() if level == "MAY"}
    assert optional & {rule.id for rule in every_rule()} == set()


def test_the_main_label_is_asked_of_2_0_4_only() -> None:
    package = old_spec()
    main = package.mets.find(q("structMap/div"))
    assert main is not None
    main.set("LABEL", "khác")
    assert Finding("CSIP86", Severity.ERROR, "METS.xml", {"v": "khác"}) in package.findings()


def test_a_package_of_2_1_0_has_the_levels_of_2_0_4_and_a_free_main_label() -> None:
    package = old_spec()
    package.mets.set("PROFILE", "https://earksip.dilcis.eu/profile/E-ARK-SIP-v2-1-0.xml")
    main = package.mets.find(q("structMap/div"))
    assert main is not None
    main.set("LABEL", "khác")
    assert package.judged().version is Version.V2_1_0
    assert package.findings() == ()
    next(case for case in CASES if case.code == "CSIP96").spoil(package)
    assert {f.severity for f in package.findings()} == {Severity.ERROR}


@pytest.mark.parametrize("code", ["CSIP96", "CSIP100", "CSIP104"])
def test_what_2_2_0_recommends_2_0_4_demanded(code: str) -> None:
    case = next(case for case in CASES if case.code == code)
    package = old_spec()
    case.spoil(package)
    weights = {f.severity for f in package.findings() if f.code == code}
    assert weights == {Severity.ERROR}


@pytest.mark.parametrize("code", ["SIP12", "SIP18", "SIP29"])
def test_what_2_2_0_demands_2_0_4_left_open(code: str) -> None:
    case = next(case for case in CASES if case.code == code)
    package = old_spec()
    case.spoil(package)
    assert code not in {finding.code for finding in package.findings()}


def test_a_representation_is_judged_by_its_own_mets() -> None:
    package = spec()
    package.rep_mets.attrib.pop("OBJID")
    found = [(f.code, f.where) for f in package.findings()]
    assert ("CSIP1", "representations/rep1/METS.xml") in found
    assert ("CSIP1", "METS.xml") not in found


def test_an_altered_data_file_is_found_through_its_representation() -> None:
    package = spec()
    package.files["representations/rep1/data/to-trinh.txt"] = b"To trinh so 2\n"
    found = [(f.code, f.where) for f in package.findings()]
    assert found == [("EARK-DIGEST", "representations/rep1/data/to-trinh.txt")]
