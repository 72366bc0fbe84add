"""The public E-ARK validator finds no error in our packages that is not its own.

It knows the rules 2.0.4 and 2.1.0; what it says wrongly of a 2.2.0 package is listed with
reasons in ``eark_quarantine.toml``.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from kit.eark import generic_package, validator_remarks
from kit.oracles import oracle_python
from schemas.mets_read import read_mets

QUARANTINE = tomllib.loads(
    Path(__file__).with_name("eark_quarantine.toml").read_text(encoding="utf-8")
)


def errors(package: Path, rules: str) -> set[str]:
    """The rules that the validator says are broken."""
    remarks = validator_remarks(oracle_python(), package, rules)
    assert remarks, "the validator said nothing at all"
    return {remark.rule for remark in remarks if remark.severity == "Error"}


@pytest.mark.parametrize("rules", QUARANTINE)
def test_the_validator_finds_exactly_the_errors_that_are_its_own(
    tmp_path: Path, rules: str
) -> None:
    assert errors(generic_package(tmp_path), rules) == set(QUARANTINE[rules])


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('CREATEDATE="', 'X="', "CSIP7"),
        ('csip:OAISPACKAGETYPE="AIP"', 'csip:OAISPACKAGETYPE="PIA"', "CSIP9"),
        ('LABEL="Metadata"', 'LABEL="Other"', "CSIP88"),
    ],
)
def test_the_validator_sees_a_planted_fault(
    tmp_path: Path, before: str, after: str, rule: str
) -> None:
    package = generic_package(tmp_path)
    mets = package / "METS.xml"
    text = mets.read_text(encoding="utf-8")
    assert before in text
    mets.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert rule in errors(package, "V2_1_0")


def test_every_quarantined_rule_says_why() -> None:
    for rules in QUARANTINE.values():
        assert all(len(reason) > 40 for reason in rules.values())


def test_every_file_of_the_package_is_named_with_its_size_and_digest(tmp_path: Path) -> None:
    package = generic_package(tmp_path)
    named: set[Path] = {package / "METS.xml"}
    for mets in (package / "METS.xml", package / "representations" / "rep1" / "METS.xml"):
        with mets.open("rb") as stream:
            facts = read_mets(stream)
        refs = [entry.file for entry in facts.files]
        refs += [reference.file for section in facts.sections for reference in section.references]
        for file in refs:
            content = (mets.parent / file.path).read_bytes()
            assert file.size_bytes == len(content)
            assert file.checksum.lower() == hashlib.sha256(content).hexdigest()
            named.add(mets.parent / file.path)
    assert named == {path for path in package.rglob("*") if path.is_file()}
