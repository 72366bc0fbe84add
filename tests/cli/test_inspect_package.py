"""``kho inspect package``: the judgement of ingest, without an archive and without a trace."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import msgspec
import pytest

from kho.cli.exits import Exit
from kho.cli.inspect_package import PackageJudged
from kho.cli.judged import Judgements, Summary
from kit.command_line import Shell
from kit.eark_packages import spec
from kit.nasty_archives import PACKAGES as ARCHIVES
from kit.nasty_bags import PACKAGES as BAGS
from kit.nasty_records import PACKAGES as RECORDS
from kit.tt05_packages import sip

MAKERS = {**ARCHIVES, **BAGS, **RECORDS}
STATED = {
    row["number"]: row
    for row in tomllib.loads(
        Path(__file__).parents[1].joinpath("data", "outcomes.toml").read_text(encoding="utf-8")
    )["package"]
}
ALIKE = {"accepted": {"valid", "warning"}, "held": {"invalid"}, "rejected": {"invalid"}}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go meanwhile."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def judgement(shell: Shell, source: Path, *options: str) -> tuple[int, PackageJudged]:
    ran = shell("inspect", "package", source, "--json", *options)
    (one,) = msgspec.json.decode(ran.out, type=Judgements[PackageJudged]).inspected
    return ran.code, one


@pytest.mark.parametrize("number", [1, 6, 14, 22, 30, 36, 48, 57, 61, 67, 71, 72, 75, 76, 77])
def test_it_says_what_ingest_says(
    number: int, shell: Shell, tmp_path: Path, scratch: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    delivery = MAKERS[number](folder)
    before = set(tmp_path.rglob("*"))
    code, one = judgement(shell, delivery.source)
    stated = STATED[number]
    assert one.outcome in ALIKE[stated["outcome"]]
    assert code == (Exit.DAMAGE_FOUND if one.outcome == "invalid" else Exit.DONE)
    if stated["code"]:
        assert stated["code"] in {finding.code for finding in one.findings}
    assert set(tmp_path.rglob("*")) == before
    assert not list(scratch.iterdir())


def test_each_kind_of_package_is_told_by_itself(
    shell: Shell, tmp_path: Path, scratch: Path
) -> None:
    sources = [spec().write(tmp_path / "eark"), tmp_path / "tt05"]
    sources[1].mkdir()
    sip().folder(sources[1])
    ran = shell("inspect", "package", *sources, "--jsonl")
    lines = ran.out.splitlines()
    judged = [msgspec.json.decode(line, type=PackageJudged) for line in lines[:2]]
    assert [one.profile for one in judged] == ["csip", "tt05"]
    assert "virus" in judged[0].not_checked
    summary = msgspec.json.decode(lines[2], type=Summary)
    assert summary.inspected == 2
    assert not list(scratch.iterdir())


def test_a_profile_may_be_named(shell: Shell, tmp_path: Path, scratch: Path) -> None:
    source = spec().write(tmp_path / "eark")
    code, one = judgement(shell, source, "--profile", "folder")
    assert (one.profile, code) == ("folder", Exit.DONE)
    ran = shell("inspect", "package", source, "--profile", "khac")
    assert ran.code == Exit.USAGE
    assert "khac" in ran.err
    assert not list(scratch.iterdir())


def test_people_read_the_findings_in_their_language(shell: Shell, tmp_path: Path) -> None:
    package = spec()
    package.mets.attrib.pop("OBJID")
    source = package.write(tmp_path / "eark")
    vi, en = (shell("inspect", "package", source, "--lang", lang).out for lang in ("vi", "en"))
    assert "CSIP1" in vi
    assert "METS không có OBJID" in vi
    assert "METS has no OBJID" in en
    assert "not checked: virus" in en


def test_an_interruption_leaves_nothing_behind(
    shell: Shell, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ingest.inspection.judge", interrupted)
    ran = shell("inspect", "package", spec().write(tmp_path / "eark"))
    assert ran.code == Exit.INTERRUPTED
    assert not list(scratch.iterdir())
