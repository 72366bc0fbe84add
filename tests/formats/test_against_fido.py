"""The shipped set against stock fido and against PRONOM, over the skeleton corpus.

``tests/data/fido-answers.tsv`` holds fido's answers (``scripts/fido_answers.py``), so that
the suite need not pay for them; a sample is asked of stock fido itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.identified import identify
from kit.oracles import PROJECT
from kit.skeletons import Skeleton, skeletons
from preservation.formats.engine import Identifier
from schemas.nouns import FormatResult

Answer = tuple[str, tuple[str, ...]]

OWN_ID_DROPPED = "fido adds an id of its own beside PRONOM's"
NEGATION = "PRONOM's [!00] is one byte, fido's is none"

IMPROVED = {
    "fmt-1128-signature-id-1510.pgf": (("signature", ("fmt/1128",)), OWN_ID_DROPPED),
    "fmt-1937-signature-id-2278.azw": (("signature", ("fmt/396",)), OWN_ID_DROPPED),
    "fmt-396-signature-id-632.mobi": (("signature", ("fmt/396",)), OWN_ID_DROPPED),
    "fmt-363-signature-id-532.segy": (("signature", ("fmt/363",)), NEGATION),
    "fmt-363-signature-id-533.segy": (("signature", ("fmt/363",)), NEGATION),
    "fmt-375-signature-id-558.cdx": (("signature", ("fmt/375",)), NEGATION),
    "x-fmt-150-signature-id-566.dcx": (("signature", ("x-fmt/150",)), NEGATION),
    "x-fmt-342-signature-id-555.fpt": (("signature", ("x-fmt/342",)), NEGATION),
    "x-fmt-342-signature-id-556.fpt": (("signature", ("x-fmt/342",)), NEGATION),
}

NOT_WHAT_THE_SET_ASKS = {
    "fmt-1242-container-signature-id-40000.zfo": "no summary/summary.xml",
    "x-fmt-243-container-signature-id-4000.mpp": "DocFile where the set asks for Docfile",
    "x-fmt-252-container-signature-id-5000.pub": "no CompObj",
    "x-fmt-253-container-signature-id-5010.pub": "no CompObj",
    "x-fmt-257-container-signature-id-5020.pub": "no CompObj",
}
"""Skeletons made from later container signatures than those of the shipped set."""


@pytest.fixture(scope="module")
def corpus() -> list[Skeleton]:
    return skeletons()


@pytest.fixture(scope="module")
def ours(corpus: list[Skeleton], engine: Identifier) -> dict[str, FormatResult]:
    return {one.name: identify(engine, one.content, one.name) for one in corpus}


def fidos(corpus: list[Skeleton]) -> dict[str, Answer]:
    """Fido's answers from the committed list."""
    answers: dict[str, Answer] = {
        one.name: ("container" if one.in_container else "signature", (one.puid,)) for one in corpus
    }
    for line in (PROJECT / "tests/data/fido-answers.tsv").read_text().splitlines():
        if not line.startswith("#"):
            name, method, puids = line.split("\t")
            answers[name] = (method, tuple(puids.split()))
    return answers


def test_outside_containers_we_say_what_fido_says_but_for_the_listed_improvements(
    corpus: list[Skeleton], ours: dict[str, FormatResult]
) -> None:
    expected = fidos(corpus)
    different = {
        one.name: (ours[one.name].method, ours[one.name].puids)
        for one in corpus
        if not one.in_container
        and "signature" in (ours[one.name].method, expected[one.name][0])
        and (ours[one.name].method, ours[one.name].puids) != expected[one.name]
    }
    assert different == {name: answer for name, (answer, _why) in IMPROVED.items()}


def test_by_extension_we_name_what_fido_names_or_the_one_format_without_a_signature(
    corpus: list[Skeleton], ours: dict[str, FormatResult]
) -> None:
    expected = fidos(corpus)
    for one in corpus:
        found = ours[one.name]
        if found.method == "extension":
            assert found.puids == expected[one.name][1] or len(found.puids) == 1
            assert set(found.puids) <= set(expected[one.name][1])


def test_every_container_that_the_set_has_a_signature_for_is_exact(
    corpus: list[Skeleton], ours: dict[str, FormatResult], engine: Identifier
) -> None:
    known = {signature.id for signature in engine.signature_set.containers}
    asked = [one for one in corpus if one.in_container and one.number in known]
    assert len(asked) == 179
    wrong = {one.name for one in asked if ours[one.name].puids != (one.puid,)}
    assert wrong == set(NOT_WHAT_THE_SET_ASKS)


def test_where_fido_was_right_about_a_container_we_are_too(
    corpus: list[Skeleton], ours: dict[str, FormatResult]
) -> None:
    expected = fidos(corpus)
    right = [one for one in corpus if one.in_container and expected[one.name][1] == (one.puid,)]
    assert len(right) > 100
    assert all(ours[one.name].puids == (one.puid,) for one in right)


def test_the_committed_answers_are_fidos(corpus: list[Skeleton], tmp_path: Path) -> None:
    sample = corpus[::40]
    for one in sample:
        (tmp_path / one.name).write_bytes(one.content)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "preservation.formats.fido_adapter"],
        input=b"\0".join(os.fsencode(tmp_path / one.name) for one in sample),
        capture_output=True,
        check=True,
    )
    said = {
        Path(line["path"]).name: (line["method"], tuple(dict.fromkeys(line["puids"])))
        for line in map(json.loads, done.stdout.splitlines())
    }
    expected = fidos(corpus)
    assert said == {one.name: expected[one.name] for one in sample}
