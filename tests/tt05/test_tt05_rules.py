"""Each of the circular's rules, broken alone: its id is reported, and nothing that it does not
drag along."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.checks.tt05_conversion import RULES as CONVERSION
from ingest.checks.tt05_registry import CHECKS, SECOND_LOOK, all_rules
from ingest.checks.tt05_rules import rules
from kit.tt05_cases import CASES, Case
from kit.tt05_packages import BASES, examined, judge, known

ALWAYS = {"dip": {"TT05-040"}}
"""A DIP is no transfer, however sound."""


@pytest.mark.parametrize("base", BASES)
def test_a_sound_package_breaks_no_rule(base: str, tmp_path: Path) -> None:
    spec = BASES[base]()
    spec.folder(tmp_path / "in")
    judged = judge(tmp_path / "in", tmp_path / "staging", known(spec), examined(spec))
    assert {finding.code for finding in judged.findings} == ALWAYS.get(base, set())
    assert judged.not_checked == (("tt05-126",) if base == "dip" else ())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_that_is_broken_is_reported(case: Case, tmp_path: Path) -> None:
    spec = BASES[case.base]()
    case.spoil(spec)
    (tmp_path / "in").mkdir()
    if case.deliver is None:
        spec.folder(tmp_path / "in")
        source = tmp_path / "in"
    else:
        source = case.deliver(spec, tmp_path)
    facts, looked = known(spec, **case.facts), examined(spec, **case.looked)
    judged = judge(source, tmp_path / "staging", facts, looked)
    assert judged.codes == {case.rule} | case.also
    assert judged.weight(case.rule) == {case.weight or str(rules()[case.rule].severity)}


def test_every_rule_has_a_function_and_a_case() -> None:
    assert set(all_rules()) == set(rules())
    assert {case.rule for case in CASES} | set(CONVERSION) == set(rules())
    assert len(rules()) == 137


def test_no_rule_is_decided_in_two_places() -> None:
    listed = [rule for check in CHECKS for rule in check.rules]
    listed += [rule for found, _ in SECOND_LOOK for rule in found]
    twice = {rule for rule in listed if listed.count(rule) > 1}
    # Names are judged while the archive is read, and once more as a whole.
    assert twice == {"TT05-006", "TT05-010"}
