"""``kho inspect``: judges without an archive, for people and for programs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from kho.cli.inspect_formats import Identified
from kho.cli.inspect_signatures import Examined
from kho.cli.judged import Judged, Judgements, Summary
from kit.command_line import Ran, Shell
from kit.signed_pdfs import signed_pdf, spoiled
from repository.ocfl.layout import root_files

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    folder = tmp_path / "gói"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.txt").write_bytes(b"a\n")
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (folder / "bag-info.txt").write_text("Payload-Oxum: 2.1\n")
    digest = hashlib.sha512(b"a\n").hexdigest()
    (folder / "manifest-sha512.txt").write_text(f"{digest}  data/a.txt\n")
    return folder


def judgements(ran: Ran) -> tuple[Judged, ...]:
    return msgspec.json.decode(ran.out, type=Judgements[Judged]).inspected


def test_a_whole_bag_is_valid(shell: Shell, bag: Path) -> None:
    ran = shell("inspect", "bag", bag, "--json")
    assert ran.code == 0
    assert [(one.path, one.outcome) for one in judgements(ran)] == [(str(bag), "valid")]


def test_a_bag_with_a_flipped_byte_is_invalid_and_the_file_is_named(
    shell: Shell, bag: Path
) -> None:
    (bag / "data" / "a.txt").write_bytes(b"b\n")
    ran = shell("inspect", "bag", bag, "--json")
    (one,) = judgements(ran)
    assert (ran.code, one.outcome) == (3, "invalid")
    assert [finding.where for finding in one.findings] == ["data/a.txt"]
    assert one.findings[0].message != one.findings[0].code


def test_findings_are_told_in_the_readers_language(shell: Shell, bag: Path) -> None:
    (bag / "data" / "a.txt").write_bytes(b"b\n")
    vi, en = (shell("inspect", "bag", bag, "--lang", lang).out for lang in ("vi", "en"))
    assert "KHÔNG HỢP LỆ" in vi
    assert "INVALID" in en
    assert vi.splitlines()[1] != en.splitlines()[1]


def test_a_file_is_not_judged_as_a_bag(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bag.zip").write_bytes(b"PK")
    ran = shell("inspect", "bag", tmp_path / "bag.zip")
    assert ran.code == 3
    assert "Unpack it first" in ran.out


def test_a_line_for_each_judgement_and_one_that_counts(
    shell: Shell, bag: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    ran = shell("inspect", "bag", bag, tmp_path / "empty", "--jsonl")
    *lines, last = ran.out.splitlines()
    assert [msgspec.json.decode(line, type=Judged).outcome for line in lines] == [
        "valid",
        "invalid",
    ]
    summary = msgspec.json.decode(last, type=Summary)
    assert summary == Summary(inspected=2, outcomes={"valid": 1, "invalid": 1})


def test_an_empty_storage_root_is_valid_ocfl(shell: Shell, tmp_path: Path) -> None:
    for name, content in root_files().items():
        path = tmp_path / "ocfl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    ran = shell("inspect", "ocfl", tmp_path / "ocfl", "--json")
    assert (ran.code, [one.outcome for one in judgements(ran)]) == (0, ["valid"])
    (tmp_path / "ocfl" / "stray").mkdir()
    (tmp_path / "ocfl" / "stray" / "a.txt").write_bytes(b"x")
    ran = shell("inspect", "ocfl", tmp_path / "ocfl", "--json")
    assert ran.code == 3
    assert any("stray" in finding.where for finding in judgements(ran)[0].findings)


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_a_root_and_an_object_whose_names_are_no_text_are_judged(
    shell: Shell, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "kho\udcff" / "h\udcf4"
    path.mkdir(parents=True)
    (path.parent / "0=ocfl_1.1").write_bytes(b"ocfl_1.1\n")
    (path / "0=ocfl_object_1.1").write_bytes(b"ocfl_object_1.1\n")
    ran = shell("inspect", "ocfl", path.parent, form)
    assert ran.code == 3, ran.err
    assert "kho%FF/h%F4" in ran.out


def test_formats_are_told_by_bytes_and_not_by_name(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "công văn.doc").write_bytes(PDF)
    ran = shell("inspect", "formats", tmp_path, "--json")
    (one,) = msgspec.json.decode(ran.out, type=Judgements[Identified]).inspected
    assert (ran.code, one.puids, one.method) == (0, ("fmt/18",), "signature")
    assert one.path == str(tmp_path / "công văn.doc")
    assert one.warnings == ("FORMAT-EXTENSION-MISMATCH",)


def test_a_name_that_is_no_text_is_shown_escaped(shell: Shell, tmp_path: Path) -> None:
    Path(str(tmp_path), "c\udcf4ng.txt").write_bytes(b"x\n")
    ran = shell("inspect", "formats", tmp_path)
    assert "c%F4ng.txt\t" in ran.out


def test_a_path_that_is_not_there_is_a_mistake_in_the_command(shell: Shell) -> None:
    ran = shell("inspect", "formats", "nowhere")
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_signatures_are_told_file_by_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\n")
    (tmp_path / "b.pdf").write_bytes(signed_pdf())
    (tmp_path / "c.pdf").write_bytes(spoiled(signed_pdf()))
    ran = shell("inspect", "signatures", tmp_path, "--json")
    one, two, three = msgspec.json.decode(ran.out, type=Judgements[Examined]).inspected
    assert (one.decision, one.signatures) == ("none", ())
    assert [signature.integrity for signature in two.signatures] == ["intact"]
    assert [signature.integrity for signature in three.signatures] == ["broken"]
    assert three.decision in {"hold", "reject"}
    assert ran.code == 3
    text = shell("inspect", "signatures", tmp_path / "a.txt").out
    assert "no signature" in text
