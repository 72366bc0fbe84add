"""Rules 132 to 135, each broken alone: what became of a package is held against the package."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_conversion import converted
from ingest.checks.tt05_package import read_package
from ingest.checks.tt05_rules import Hit
from ingest.checks.tt05_tree import DATA, Tree
from kit.packages import MemoryFile
from kit.tt05_packages import EAD, Spec, aip, sip

Files = dict[str, bytes]
SUBMISSION = "documentation/submission/"


def case(files: Files) -> Case:
    tree = Tree({path: MemoryFile(content, ("sha256",)) for path, content in files.items()})
    return Case(package=read_package(tree))


def made_of(submitted: Files) -> tuple[Files, dict[str, str]]:
    """A sound AIP of the submission, and where each submitted file stands in it."""
    built = {path: c for path, c in aip().files().items() if not path.startswith(DATA)}
    copies = {}
    for path, content in submitted.items():
        copies[path] = path if path.startswith(DATA) else SUBMISSION + path
        built[copies[path]] = content
    return built, copies


def marks(
    spoil: Callable[[Files, dict[str, str]], object], broken: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    submitted = sip().files()
    built, copies = made_of(submitted)
    spoil(built, copies)
    found = converted(case(submitted).package, case(built), copies, broken)
    return [(mark.rule, mark.where) for mark in found if isinstance(mark, Hit)]


def nothing(_built: Files, _copies: dict[str, str]) -> None:
    """The AIP stays sound."""


def test_a_sound_aip_breaks_none() -> None:
    assert marks(nothing) == []


def test_132_a_value_that_is_nowhere_in_the_aip_is_lost() -> None:
    spec: Spec = sip()
    spec.ead["description"] = "Chỉ có trong gói nộp"
    submitted = spec.files()
    built, copies = made_of(submitted)
    before = list(converted(case(submitted).package, case(built), copies, ()))
    del built[copies[EAD]]
    after = converted(case(submitted).package, case(built), copies, ())
    lost = [mark for mark in after if isinstance(mark, Hit) and mark.rule == "TT05-132"]
    assert before == []
    assert ("description", EAD) in {(str(mark.fields["n"]), mark.where) for mark in lost}


@pytest.mark.parametrize("change", ["gone", "altered"])
def test_133_a_data_file_that_is_not_the_same_is_told(change: str) -> None:
    path = next(path for path in sip().files() if path.startswith(DATA))

    def spoil(built: Files, _copies: dict[str, str]) -> None:
        if change == "gone":
            del built[path]
        else:
            built[path] += b"!"

    assert marks(spoil) == [("TT05-133", path)]


def test_134_only_an_aip_is_preserved() -> None:
    def spoil(built: Files, _copies: dict[str, str]) -> None:
        built["METS.xml"] = built["METS.xml"].replace(
            b'OAISPACKAGETYPE="AIP"', b'OAISPACKAGETYPE="SIP"'
        )

    assert marks(spoil) == [("TT05-134", "")]


def test_135_an_aip_that_breaks_a_rule_of_weight_is_told() -> None:
    assert marks(nothing, frozenset({"TT05-063"})) == [("TT05-135", "")]
