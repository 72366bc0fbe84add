"""Stock fido behind its adapter: values come back, whatever the file does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit import awkward
from preservation.formats.fido_adapter import FidoAdapter


@pytest.fixture(scope="module")
def adapter() -> FidoAdapter:
    return FidoAdapter()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_pdf_is_answered_as_a_value_with_names_and_version(
    adapter: FidoAdapter, tmp_path: Path
) -> None:
    found = adapter.identify(write(tmp_path, "a.pdf", awkward.PDF_14))
    assert (found.puids, found.method) == (("fmt/18",), "signature")
    assert found.versions == ("1.4",)
    assert found.mime == "application/pdf"
    assert "1.6.1" in found.signature_set
    assert "v109" in found.signature_set


def test_a_docx_is_told_by_its_container(adapter: FidoAdapter, tmp_path: Path) -> None:
    found = adapter.identify(write(tmp_path, "a.docx", awkward.docx()))
    assert (found.puids, found.method) == (("fmt/412",), "container")


def test_corrupt_deflate_that_ends_a_run_of_fido_is_one_files_warning(
    adapter: FidoAdapter, tmp_path: Path
) -> None:
    found = adapter.identify(write(tmp_path, "a.docx", awkward.docx_with_corrupt_deflate()))
    assert (found.method, found.warnings) == ("none", ("FORMAT-TOOL-FAILED",))


def test_an_empty_file_has_no_format_whatever_its_extension(
    adapter: FidoAdapter, tmp_path: Path
) -> None:
    found = adapter.identify(write(tmp_path, "a.pdf", b""))
    assert (found.puids, found.method, found.warnings) == ((), "none", ("FORMAT-EMPTY",))


def test_a_member_that_declares_too_much_is_never_unpacked(
    adapter: FidoAdapter, tmp_path: Path
) -> None:
    bomb = awkward.zip_of({"[Content_Types].xml": b"\0" * (65 << 20)})
    found = adapter.identify(write(tmp_path, "a.docx", bomb))
    assert "FORMAT-CONTAINER-LIMIT" in found.warnings
    assert found.method == "signature"


def test_what_is_not_a_readable_file_is_a_result_and_never_blocks(
    adapter: FidoAdapter, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    answers = [adapter.identify(tmp_path / name) for name in ("fifo", "absent", ".")]
    assert [a.warnings for a in answers] == [
        ("FORMAT-NOT-A-FILE",),
        ("FORMAT-UNREADABLE",),
        ("FORMAT-NOT-A-FILE",),
    ]


def test_any_bytes_may_be_in_the_name(adapter: FidoAdapter, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xc6\xb0\xff\n'.pdf"
    Path(os.fsdecode(path)).write_bytes(awkward.PDF_14)
    assert adapter.identify(path).puids == ("fmt/18",)


def test_nothing_is_printed_and_the_cache_of_re_is_left_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = re._MAXCACHE  # type: ignore[attr-defined]  # the private size fido changes
    FidoAdapter().identify(write(tmp_path, "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9))
    assert before == re._MAXCACHE  # type: ignore[attr-defined]
    assert capfd.readouterr() == ("", "")


def test_in_its_own_process_it_answers_one_json_line_per_path(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.pdf", awkward.PDF_14), tmp_path / "absent"]
    done = subprocess.run(
        [sys.executable, "-I", "-m", "preservation.formats.fido_adapter"],
        input=b"\0".join(os.fsencode(p) for p in paths),
        capture_output=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["puids"] for line in lines] == [["fmt/18"], []]
    assert lines[1]["warnings"] == ["FORMAT-UNREADABLE"]
    assert done.stderr == b""
