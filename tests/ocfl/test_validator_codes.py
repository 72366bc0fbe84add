"""The codes: all of the specification's, each with a text, each found or said not to be."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from kit.ocfl_cases import LINK_CASES, OBJECT_CASES, Case
from kit.ocfl_objects import make_object
from kit.ocfl_root_cases import ROOT_CASES, ROOT_LINK_CASES, sound_root
from kit.oracles import shared
from repository.ocfl.validator import inspect_ocfl
from repository.ocfl.validator.codes import (
    NEVER_FOUND,
    OWN,
    PREFIX,
    SPECIFICATION_ERRORS,
    SPECIFICATION_WARNINGS,
    every_code,
    severity_of,
)
from repository.ocfl.validator.extensions import REGISTERED, REGISTERED_LAYOUTS
from repository.ocfl.validator.inventory import KEYS, judge_inventory
from repository.ocfl.validator.report import Findings, Limits
from repository.ocfl.validator.versions import is_moment
from schemas.findings import Severity
from schemas.text import LANGUAGES, Language, catalogue

TESTED_ELSEWHERE = {"KHO-NOT-OCFL", "KHO-UNREADABLE"}
"""Found of what is no object and no root: test_validator_roots, test_validator_trees."""


def test_every_code_is_given_to_something_or_has_a_reason_never_to_be() -> None:
    cases: list[Case] = [*OBJECT_CASES, *LINK_CASES, *ROOT_CASES, *ROOT_LINK_CASES]
    found = {case.code for case in cases} | TESTED_ELSEWHERE
    assert found & set(NEVER_FOUND) == set()
    assert found | set(NEVER_FOUND) == {
        *SPECIFICATION_ERRORS,
        *SPECIFICATION_WARNINGS,
        *OWN,
    }


def test_the_specifications_codes_are_complete() -> None:
    assert len(SPECIFICATION_ERRORS) == 110
    assert len(SPECIFICATION_WARNINGS) == 15
    assert {severity_of(code) for code in SPECIFICATION_ERRORS} == {Severity.ERROR}
    assert {severity_of(code) for code in SPECIFICATION_WARNINGS} == {Severity.WARNING}
    with pytest.raises(KeyError):
        severity_of("E113")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text_and_every_text_a_code(language: Language) -> None:
    texts = {code for code in catalogue(language) if code.startswith(PREFIX)}
    assert texts == set(every_code())


def test_both_languages_fill_in_the_same_fields() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)}

    english, vietnamese = catalogue("en"), catalogue("vi")
    for code in every_code():
        assert places(english[code]) == places(vietnamese[code]), code


def test_a_vietnamese_text_is_vietnamese() -> None:
    for code in every_code():
        text = catalogue("vi")[code]
        assert any(
            character in text for character in "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữự"
        )
        assert text != catalogue("en")[code]


@pytest.mark.parametrize("case", ROOT_CASES, ids=lambda case: case.id)
def test_the_findings_of_a_root_fill_their_texts(tmp_path: Path, case: Case) -> None:
    root = sound_root(tmp_path / "root")
    case.break_it(root)
    for report in inspect_ocfl(root):
        for finding in report.findings:
            for language in LANGUAGES:
                text = catalogue(language)[finding.code]
                fields = {n for _, n, _, _ in string.Formatter().parse(text) if n is not None}
                assert fields <= set(finding.fields), finding.code


def test_the_keys_we_know_are_those_of_the_official_schema(tmp_path: Path) -> None:
    schema = json.loads(shared("official-xsd", "ocfl-1.1-inventory.schema.json").read_text())
    assert set(schema["properties"]) == KEYS
    version = schema["properties"]["versions"]["patternProperties"]["^v\\d+$"]
    folder = make_object(tmp_path / "o")
    inventory = json.loads((folder / "inventory.json").read_text())
    block = inventory["versions"]["v2"]
    known = {**dict.fromkeys(version["properties"], 0), **block}
    user = dict.fromkeys(version["properties"]["user"]["properties"], "mailto:x")
    inventory["versions"]["v2"] = known | {"user": user}
    found = Findings(Limits())
    judge_inventory(inventory, "inventory.json", found)
    assert found.all() == ()


def test_layouts_are_registered_extensions() -> None:
    assert REGISTERED_LAYOUTS < REGISTERED
    assert "0003-hash-and-id-n-tuple-storage-layout" in REGISTERED_LAYOUTS


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T09:15:00Z",
        "2026-11-22T09:15:00.123456789+07:00",
        "2026-11-22t09:15:00z",
        "2024-02-29T23:59:60-00:00",
    ],
)
def test_a_moment_of_rfc_3339_is_taken(text: str) -> None:
    assert is_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T09:15Z",
        "2026-11-22T09:15:00",
        "2025-02-29T00:00:00Z",
        "2026-11-22T09:15:61Z",
        "2026-11-22T09:60:00Z",
        "2026-11-22T09:15:00+0700",
        "2026-11-22T09:15:00+07:60",
        "２０２６-11-22T09:15:00Z",
        "2026-11-22T09:15:00Z\n",
        "",
    ],
)
def test_what_is_no_moment_of_rfc_3339_is_refused(text: str) -> None:
    assert not is_moment(text)
