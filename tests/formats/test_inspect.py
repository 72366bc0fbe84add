"""Inspection where files lie: no file ends a walk, any bytes may be in the names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kit import awkward
from preservation.formats.engine import Identifier
from preservation.formats.inspect import inspect_file, inspect_paths


def put(folder: Path, name: bytes, content: bytes) -> bytes:
    path = os.fsencode(folder) + b"/" + name
    Path(os.fsdecode(path)).write_bytes(content)
    return path


def test_a_folder_is_walked_in_order_and_every_entry_is_a_result(
    tmp_path: Path, engine: Identifier
) -> None:
    (tmp_path / "b").mkdir()
    put(tmp_path, b"a.pdf", awkward.PDF_14)
    put(tmp_path, b"b/c.docx", awkward.docx())
    put(tmp_path, b"empty.txt", b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "z-link").symlink_to(tmp_path / "a.pdf")
    found = {
        Path(str(one["path"])).name: one
        for one in (inspection.as_json() for inspection in inspect_paths([tmp_path], engine))
    }
    assert list(found) == ["a.pdf", "c.docx", "empty.txt", "pipe", "z-link"]
    assert found["a.pdf"]["puids"] == ["fmt/18"]
    assert found["c.docx"] | {"path": ""} == {
        "path": "",
        "puids": ["fmt/412"],
        "method": "container",
        "warnings": [],
    }
    assert found["empty.txt"]["warnings"] == ["FORMAT-EMPTY"]
    assert found["pipe"]["warnings"] == ["FORMAT-NOT-A-FILE"]
    assert found["z-link"]["warnings"] == ["FORMAT-NOT-A-FILE"]


def test_a_link_that_is_named_is_followed(tmp_path: Path, engine: Identifier) -> None:
    put(tmp_path, b"a.pdf", awkward.PDF_14)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "a.pdf")
    (found,) = inspect_paths([tmp_path / "link.pdf"], engine)
    assert found.result.puids == ("fmt/18",)


def test_any_bytes_in_a_name_give_a_line_of_json(tmp_path: Path, engine: Identifier) -> None:
    names = [b"\xff\xfe.pdf", b"new\nline.pdf", "hồ sơ.pdf".encode()]
    for name in names:
        put(tmp_path, name, awkward.PDF_14)
    lines = [json.dumps(one.as_json()) for one in inspect_paths([tmp_path], engine)]
    shown = [Path(json.loads(line)["path"]).name for line in lines]
    assert shown == ["hồ sơ.pdf", "new%0Aline.pdf", "%FF%FE.pdf"]
    assert all(json.loads(line)["puids"] == ["fmt/18"] for line in lines)


def test_what_is_not_there_or_may_not_be_read_is_a_result(
    tmp_path: Path, engine: Identifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inspect_file(os.fsencode(tmp_path / "no"), engine).result.warnings == (
        "FORMAT-UNREADABLE",
    )
    assert inspect_file(b"nul\0name", engine).result.warnings == ("FORMAT-UNREADABLE",)

    def refuse(_path: bytes) -> object:
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refuse)
    (found,) = inspect_paths([tmp_path], engine)
    assert found.result.warnings == ("FORMAT-UNREADABLE",)


def test_a_file_that_shrinks_between_asking_and_reading_says_so(
    tmp_path: Path, engine: Identifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, b"a.pdf", awkward.PDF_14 + bytes(400_000))
    whole = os.pread

    def shrinking(descriptor: int, count: int, place: int) -> bytes:
        os.truncate(path, 200_000)
        return whole(descriptor, count, place)

    monkeypatch.setattr(os, "pread", shrinking)
    assert "FORMAT-FILE-CHANGED" in inspect_file(path, engine).result.warnings


def test_a_large_file_is_read_at_its_two_ends_only(
    tmp_path: Path, engine: Identifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, b"a.pdf", awkward.PDF_14 + bytes(5_000_000) + b"%%EOF")
    whole, read = os.pread, []

    def counting(descriptor: int, count: int, place: int) -> bytes:
        content = whole(descriptor, count, place)
        read.append(len(content))
        return content

    monkeypatch.setattr(os, "pread", counting)
    assert inspect_file(path, engine).result.puids == ("fmt/18",)
    assert read == [131072, 131072]
