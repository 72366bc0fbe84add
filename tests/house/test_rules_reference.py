"""docs/reference names every rule that packages meet, as the program judges it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from ingest.checks.tt05_rules import rules
from kit.eark_cases import CASES
from kit.oracles import PROJECT
from kit.tt05_cases import CASES as TT05_CASES


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "scripts" / "rules.py"))


def test_the_pages_are_as_the_program_makes_them(script: dict[str, Any]) -> None:
    for name, text in script["pages"]().items():
        page: Path = PROJECT / "docs" / "reference" / name
        assert page.read_text(encoding="utf-8") == text, "run scripts/rules.py"


def test_every_rule_is_on_its_page(script: dict[str, Any]) -> None:
    pages = script["pages"]()
    assert [rule for rule in rules() if f"| `{rule}` |" not in pages["tt05-rules.md"]] == []
    wanted = {case.code for case in CASES if not case.code.startswith("EARK-")}
    page = pages["eark-requirements.md"]
    assert [code for code in wanted if f"| `{code}` |" not in page] == []


def test_what_is_said_of_undecided_rules_is_of_rules_that_exist(script: dict[str, Any]) -> None:
    assert set(script["HOW_TT05"]) <= set(rules())


def test_a_rule_said_to_be_decided_from_the_package_alone_needs_no_facts(
    script: dict[str, Any],
) -> None:
    """A case that brings facts of the archive along belongs to a rule whose row says so."""
    needing = {case.rule for case in TT05_CASES if case.facts}
    assert needing - set(script["HOW_TT05"]) - USUAL == set()


USUAL = {"TT05-040", "TT05-044", "TT05-046", "TT05-047"}
"""They ask the clock or a setting that is always there."""
