"""A newer PRONOM set (v116), as an archive would bring it: usable as it is."""

from __future__ import annotations

import pytest

from kit.identified import identify
from kit.oracles import shared
from kit.skeletons import Skeleton, skeletons
from preservation.formats.engine import Identifier
from preservation.formats.shipped import files_in
from preservation.formats.signature_set import SignatureSet
from schemas.nouns import FormatResult

INVALID_IN_FIDO = ["fmt/1558", "fmt/1646", "fmt/1669", "fmt/1670", "fmt/1738"]


@pytest.fixture(scope="module")
def newer() -> Identifier:
    return Identifier(
        SignatureSet.load_files(files_in(shared("corpora", "pronom-signatures-v116")))
    )


@pytest.fixture(scope="module")
def answers(newer: Identifier) -> dict[str, tuple[Skeleton, FormatResult]]:
    return {one.name: (one, identify(newer, one.content, one.name)) for one in skeletons()}


def test_it_loads_and_names_each_invalid_pattern_once(newer: Identifier) -> None:
    loaded = newer.signature_set
    assert loaded.version == "PRONOM v116, container 20231127"
    assert [f.where for f in loaded.findings] == INVALID_IN_FIDO
    assert {f.code for f in loaded.findings} == {"FORMAT-PATTERN-REPAIRED"}
    assert len(loaded.containers) == 295


def test_of_2152_binary_skeletons_2074_are_exact(
    answers: dict[str, tuple[Skeleton, FormatResult]],
) -> None:
    binary = [(one, found) for one, found in answers.values() if not one.in_container]
    exact = sum(found.puids == (one.puid,) for one, found in binary)
    assert (len(binary), exact) == (2152, 2074)


def test_of_295_containers_292_are_exact_and_the_rest_is_not_in_the_set(
    newer: Identifier, answers: dict[str, tuple[Skeleton, FormatResult]]
) -> None:
    containers = [(one, found) for one, found in answers.values() if one.in_container]
    wrong = [one for one, found in containers if found.puids != (one.puid,)]
    assert (len(containers), len(wrong)) == (295, 3)
    known = {signature.puid for signature in newer.signature_set.containers}
    assert not {one.puid for one in wrong} & known


@pytest.mark.parametrize("puid", INVALID_IN_FIDO)
def test_what_fido_cannot_compile_is_identified(
    answers: dict[str, tuple[Skeleton, FormatResult]], puid: str
) -> None:
    found = [found for one, found in answers.values() if one.puid == puid]
    assert [(f.puids, f.method) for f in found] == [((puid,), "signature")]


def test_odf_1_3_is_not_taken_for_1_1(
    answers: dict[str, tuple[Skeleton, FormatResult]],
) -> None:
    for puid in ("fmt/1755", "fmt/1756"):
        assert [f.puids for one, f in answers.values() if one.puid == puid] == [(puid,)]
