"""The example packages of the profile: accepted as they are, given back as they came, and
what we make of the submitted ones is what the examples show."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_facts import ReceptionFacts
from ingest.checks.tt05_fields import CHECKS as FIELD_CHECKS
from ingest.checks.tt05_package import Described, Tt05Package
from ingest.checks.tt05_records import CHECKS as RECORD_CHECKS
from ingest.checks.tt05_rules import Check, Hit
from ingest.checks.tt05_tree import Tree
from ingest.pipeline import ingest
from kho.demo.compare import differences
from kit.official import example
from kit.oracles import shared
from kit.tt05_reception import Reception, open_reception, rules_broken
from schemas.tt05 import read_simpledc, variants

ACCEPTED = ("SIP_hoso", "SIP_tailieu", "AIP_hoso", "AIP_tailieu")
EXPECTED = {"TT05-012", "TT05-099", "SIG-DOC-UNSIGNED"}
"""No scanner is configured; one docId is longer than the circular's 25 characters; nobody
signed these documents of after Decree 30/2020."""


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reception]:
    """An archive that keeps the official schemas."""
    folder = tmp_path_factory.mktemp("official")
    with open_reception(folder, schemas=str(shared("official-xsd"))) as opened:
        yield opened


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_example_is_accepted_as_it_is_and_comes_back_byte_for_byte(
    name: str, official: Reception
) -> None:
    source = example(name)
    receipt = ingest(source, official.desk)
    assert (receipt.outcome, receipt.profile) == ("accepted", "tt05")
    assert {finding.code for finding in receipt.findings} <= EXPECTED
    assert not differences(source, official.given_back(receipt, "submission"))
    assert rules_broken(official.given_back(receipt, "tt05")) <= {"TT05-136"}


def test_a_dip_is_made_for_a_reader_and_is_held(official: Reception) -> None:
    receipt = ingest(example("DIP"), official.desk, fonds="TL05")
    assert receipt.outcome == "held"
    errors = {finding.code for finding in receipt.findings if finding.severity == "error"}
    assert errors == {"TT05-040"}


@pytest.mark.parametrize(
    ("sip", "aip"), [("SIP_hoso", "AIP_hoso"), ("SIP_tailieu", "AIP_tailieu")]
)
def test_what_is_made_of_a_sip_is_what_the_example_aip_shows(
    sip: str, aip: str, tmp_path: Path
) -> None:
    (wanted,) = example(aip).iterdir()
    with open_reception(tmp_path, schemas=str(shared("official-xsd"))) as reception:
        receipt = ingest(example(sip), reception.desk)
        made = reception.given_back(receipt, "tt05")
    alike = [
        path.relative_to(wanted)
        for folder in ("metadata/descriptive", "representations/rep1/metadata/descriptive",
                       "representations/rep1/data", "schemas")
        for path in sorted((wanted / folder).iterdir())
    ]  # fmt: skip
    assert len(alike) > 12
    for path in alike:
        assert (made / path).read_bytes() == (wanted / path).read_bytes(), path
    kept = {p.relative_to(wanted) for p in (wanted / "documentation").rglob("*") if p.is_file()}
    for path in kept:
        assert (made / path).read_bytes() == (wanted / path).read_bytes(), path


def _judged(variant: str, content: bytes) -> set[str]:
    """What the rules about single descriptive files say of one."""
    described = read_simpledc(io.BytesIO(content))
    kind = variant.rpartition("_")[2] if "ead_" in variant else "ead"
    one = Described("EAD.xml", kind, variant, described)  # type: ignore[arg-type]  # ead, doc, pic or media
    package = Tt05Package(Tree({}))
    if kind == "ead":
        package.ead = one
    else:
        package.records = (one,)
    vars(package)["type"] = {"s": "SIP", "a": "AIP", "d": "DIP"}[variant[0]]
    case = Case(package=package, facts=ReceptionFacts())
    checks: tuple[Check, ...] = (*FIELD_CHECKS, *RECORD_CHECKS)
    marks = (mark for check in checks for mark in check.judge(case))
    return {mark.rule for mark in marks if isinstance(mark, Hit)}


@pytest.mark.parametrize("variant", variants())
def test_a_sample_of_metadata_is_judged_as_its_folder_says(variant: str) -> None:
    valid = example("ead-samples", "valid", f"{variant}.xml").read_bytes()
    invalid = example("ead-samples", "invalid", f"{variant}.xml").read_bytes()
    alone = {"TT05-093"}  # its documents are not here
    assert _judged(variant, valid) <= alone
    assert _judged(variant, invalid) - _judged(variant, valid)
