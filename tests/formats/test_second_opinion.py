"""Two identifiers: how their answers are weighed, and that asking is safe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import awkward
from preservation.formats.policy import FormatPolicy
from preservation.formats.second_opinion import Agreement, SecondOpinion, compare, from_json
from preservation.workers import WorkerPool
from schemas.findings import Severity
from schemas.nouns import FormatResult

SET_109 = "PRONOM v109, container 20200121, sha256 00"
SET_125 = "DROID_SignatureFile_V125.xml; container-signature-20260119.xml"


def ours(*puids: str, name: str = "", method: str = "signature") -> FormatResult:
    return FormatResult(puids, method, names=(name,) * len(puids), signature_set=SET_109)


def theirs(*puids: str, name: str = "", by_bytes: bool = True) -> SecondOpinion:
    return SecondOpinion(
        puids, (name,) * len(puids), by_bytes, tool="siegfried 1", signature_set=SET_125
    )


def test_equal_answers_agree() -> None:
    found = compare(ours("fmt/18"), theirs("fmt/18"))
    assert (found.agreement, found.puids, found.findings) == (Agreement.SAME, ("fmt/18",), ())


def test_one_format_in_two_versions_follows_the_newer_set_and_records_both() -> None:
    found = compare(
        ours("fmt/290", name="OpenDocument Text"), theirs("fmt/1756", name="OpenDocument Text")
    )
    assert (found.agreement, found.puids) == (Agreement.VERSION, ("fmt/1756",))
    (finding,) = found.findings
    assert finding.severity is Severity.INFO
    assert (finding.fields["first"], finding.fields["second"]) == ("fmt/290", "fmt/1756")


def test_a_version_within_the_name_is_no_other_format() -> None:
    name = "Acrobat PDF {} - Portable Document Format"
    found = compare(
        ours("fmt/18", name=name.format("1.4")), theirs("fmt/276", name=name.format("1.7"))
    )
    assert found.agreement is Agreement.VERSION


def test_families_of_a_policy_count_too() -> None:
    policy = FormatPolicy.shipped()
    first, second = ours("fmt/61", name="Excel 97"), theirs("fmt/62", name="Something else")
    assert compare(first, second).agreement is Agreement.FAMILY
    found = compare(first, second, same_family=policy.same_family)
    assert found.agreement is Agreement.VERSION


def test_two_formats_go_to_an_officer() -> None:
    found = compare(ours("x-fmt/263", name="ZIP"), theirs("fmt/412", name="Word"))
    assert (found.agreement, found.puids) == (Agreement.FAMILY, ("x-fmt/263",))
    assert [f.severity for f in found.findings] == [Severity.WARNING]


def test_an_answer_by_the_name_alone_counts_as_none() -> None:
    found = compare(ours("x-fmt/111", method="extension"), theirs("x-fmt/16", by_bytes=False))
    assert found.agreement is Agreement.SAME
    found = compare(ours("x-fmt/111", method="extension"), theirs("fmt/818"))
    assert found.agreement is Agreement.ONE_SIDED


def test_what_both_name_among_several_is_taken() -> None:
    found = compare(ours("fmt/61", "x-fmt/17"), theirs("fmt/61"))
    assert (found.agreement, found.puids) == (Agreement.SAME, ("fmt/61",))


def test_without_the_tool_nothing_is_compared() -> None:
    found = compare(ours("fmt/18"), SecondOpinion(not_checked="pygfried"))
    assert (found.agreement, found.puids) == (Agreement.NOT_CHECKED, ("fmt/18",))


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    pytest.importorskip("pygfried", reason="pygfried is not installed")
    with WorkerPool(workers=1, scratch=tmp_path_factory.mktemp("scratch")) as opened:
        yield opened


def asked(pool: WorkerPool, path: Path, content: bytes) -> SecondOpinion:
    path.write_bytes(content)
    return from_json(pool.run("second-opinion", path, {"name": path.name}))


def test_in_a_worker_it_names_a_file_of_any_name(pool: WorkerPool, tmp_path: Path) -> None:
    found = asked(pool, tmp_path / "a\n'ư.docx", awkward.docx())
    assert (found.puids, found.by_bytes) == (("fmt/412",), True)
    assert found.tool.startswith("siegfried ")
    assert "container-signature" in found.signature_set


def test_damage_is_its_answer_and_the_worker_lives_on(pool: WorkerPool, tmp_path: Path) -> None:
    assert asked(pool, tmp_path / "a.docx", awkward.docx()[:300]).problem
    assert asked(pool, tmp_path / "empty.pdf", b"").problem == "empty source"
    assert asked(pool, tmp_path / "b.pdf", awkward.PDF_14).puids == ("fmt/18",)
