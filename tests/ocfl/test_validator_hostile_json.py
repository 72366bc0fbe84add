"""Inventories made to break a parser: a finding each, never a crash, never a large memory."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.ocfl_objects import make_object, rewrite
from repository.ocfl.validator import Limits, LocalTree, OcflReport, validate_object
from repository.ocfl.validator.strict_json import JsonRefused, read_json

DEEP = 100_000
HOSTILE = {
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep lists under a key": b'{"id":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "lists that never end": b"[" * DEEP,
    "NaN": b'{"head": NaN}',
    "Infinity": b'{"head": -Infinity}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"id": "a"}'.encode("utf-16"),
    "UTF-32": '{"id": "a"}'.encode("utf-32"),
    "bytes that are no UTF-8": b'{"id": "\xff\xfe"}',
    "an overlong slash": b'{"id": "\xc0\xaf"}',
    "a lone surrogate": b'{"id": "\\ud800"}',
    "a lone surrogate as key": b'{"manifest": {"\\uDFFF": []}}',
    "a lone surrogate in bytes": b'{"id": "\xed\xa0\x80"}',
    "nothing": b"",
    "white space": b" \n\t",
    "two values": b"{} {}",
    "a comment": b"{} // x",
    "a control character": b'{"id": "a\x01b"}',
    "a number": b"7",
    "null": b"null",
}


def _report(folder: Path, limits: Limits | None = None) -> OcflReport:
    return validate_object(LocalTree(folder), limits=limits)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_inventory_is_refused_as_json(tmp_path: Path, content: bytes) -> None:
    folder = make_object(tmp_path / "o")
    rewrite(folder, content)
    report = _report(folder)
    assert report.outcome == "invalid"
    assert "OCFL-E033" in report.codes


@pytest.mark.parametrize("digits", ["9" * 1_000_000, "1e999999", "-0.0e-9999"])
def test_a_huge_number_is_just_a_wrong_value(tmp_path: Path, digits: str) -> None:
    folder = make_object(tmp_path / "o")
    text = (folder / "inventory.json").read_text()
    rewrite(folder, text.replace('"head": "v2"', f'"head": {digits}').encode())
    report = _report(folder)
    assert "OCFL-E040" in report.codes
    assert "OCFL-E033" not in report.codes


def test_surrogates_in_pairs_are_one_character(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    text = (folder / "inventory.json").read_text().replace("version 2", "\\ud83d\\ude00")
    rewrite(folder, text.encode())
    assert _report(folder).findings == ()


def test_a_key_given_twice_is_found_even_where_both_values_are_right(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    text = (folder / "inventory.json").read_text()
    rewrite(folder, text.replace('"head": "v2"', '"head": "v2", "head": "v2"').encode())
    (finding,) = _report(folder).findings
    assert finding.code == "OCFL-KHO-DUPLICATE-KEY"
    assert finding.fields == {"key": "head"}


def test_two_manifests_are_found_however_deep_the_second_hides(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    text = (folder / "inventory.json").read_text()
    block = f', "manifest": {{"{"f" * 128}": []}}}}'
    rewrite(folder, (text.rstrip()[:-1] + block).encode())
    assert "OCFL-KHO-DUPLICATE-KEY" in _report(folder).codes


def test_an_inventory_beyond_the_limit_is_not_read_and_said_not_to_be(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    report = _report(folder, Limits(inventory_bytes=100))
    assert report.outcome == "invalid"
    (root, *_versions) = [f for f in report.findings if f.code == "OCFL-KHO-TOO-LARGE"]
    assert root.where == "inventory.json"
    assert root.fields == {"limit": 100}


def test_more_values_than_the_limit_are_not_parsed(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    rewrite(folder, b"[" + b"[]," * 5000 + b"[]]")
    report = _report(folder, Limits(json_values=1000))
    assert {f.fields["reason"] for f in report.findings if f.code == "OCFL-E033"} == {
        "more than 1000 values"
    }


def test_a_hostile_value_is_not_repeated_at_length(tmp_path: Path) -> None:
    folder = make_object(tmp_path / "o")
    text = (folder / "inventory.json").read_text()
    rewrite(folder, text.replace('"head": "v2"', f'"head": "{"x" * 100_000}"').encode())
    assert all(len(str(v)) < 400 for f in _report(folder).findings for v in f.fields.values())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**16), 10**16)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON)
def test_what_python_reads_alike_is_read_alike(value: object) -> None:
    text = json.dumps(value)
    read = read_json(text.encode(), max_values=1000)
    assert read.value == value
    assert read.duplicate_keys == ()


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(JsonRefused):
        read_json(content, max_values=1000)
