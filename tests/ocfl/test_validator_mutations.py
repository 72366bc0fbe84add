"""A valid object is changed at random: nothing crashes, and what digests cover is always found."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.ocfl_objects import IDENTIFIER, make_object, read_inventory, write_inventory
from repository.ocfl.validator import LocalTree, OcflReport, inspect_ocfl, validate_object

OUTCOMES = {"valid", "warning", "invalid"}
WHITE = b" \t"
"""What may stand between a sidecar's digest and its name; the specification allows either."""


@functools.cache
def _pristine() -> dict[str, bytes]:
    """Every file of a valid object, by path."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_object(Path(folder) / "o")
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


@contextmanager
def _object() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "o"
        for path, content in _pristine().items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        yield root


def _report(root: Path) -> OcflReport:
    return validate_object(LocalTree(root))


FEW = settings(max_examples=60)
PATHS = st.deferred(lambda: st.sampled_from(sorted(_pristine())))
FOLDERS = st.sampled_from(["", "v1", "v2", "v1/content", "v1/content/data", "v2/content", "v3"])
NAMES = st.text(
    st.characters(exclude_characters="/\x00", codec="utf-8"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in {".", ".."})


@FEW
@given(path=PATHS.filter(lambda p: len(_pristine()[p]) > 0), data=st.data())
def test_a_flipped_bit_is_always_found(path: str, data: st.DataObject) -> None:
    content = bytearray(_pristine()[path])
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    with _object() as root:
        (root / path).write_bytes(content)
        assert _report(root).outcome != "valid"


@FEW
@given(path=PATHS.filter(lambda p: len(_pristine()[p]) > 0), data=st.data())
def test_any_other_byte_in_place_of_one_is_always_found(path: str, data: st.DataObject) -> None:
    content = bytearray(_pristine()[path])
    position = data.draw(st.integers(0, len(content) - 1))
    old, new = content[position], data.draw(st.integers(0, 255))
    if old == new or (old in WHITE and new in WHITE and "inventory.json." in path):
        return
    content[position] = new
    with _object() as root:
        (root / path).write_bytes(content)
        assert _report(root).outcome != "valid"


@FEW
@given(path=PATHS, cut=st.integers(1, 40))
def test_a_truncated_file_is_found_unless_it_only_lost_a_line_end(path: str, cut: int) -> None:
    content = _pristine()[path]
    if not content or (cut == 1 and "inventory.json." in path):
        return
    with _object() as root:
        (root / path).write_bytes(content[:-cut])
        assert _report(root).outcome != "valid"


@FEW
@given(path=PATHS)
def test_a_deleted_file_is_always_found(path: str) -> None:
    with _object() as root:
        (root / path).unlink()
        assert _report(root).outcome != "valid"


@FEW
@given(folder=FOLDERS, name=NAMES, content=st.binary(max_size=8))
def test_an_added_file_is_always_found(folder: str, name: str, content: bytes) -> None:
    with _object() as root:
        target = root / folder / name
        if target.exists():
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError:
            return
        assert _report(root).outcome != "valid"


@FEW
@given(path=PATHS, name=NAMES)
def test_a_renamed_file_is_always_found(path: str, name: str) -> None:
    with _object() as root:
        target = (root / path).with_name(name)
        if target.exists():
            return
        try:
            (root / path).rename(target)
        except OSError:
            return
        assert _report(root).outcome != "valid"


@given(data=st.data())
def test_two_content_files_exchanged_are_found(data: st.DataObject) -> None:
    content = [path for path in _pristine() if "/content/" in path]
    one = data.draw(st.sampled_from(content))
    other = data.draw(st.sampled_from([p for p in content if _pristine()[p] != _pristine()[one]]))
    with _object() as root:
        (root / one).write_bytes(_pristine()[other])
        (root / other).write_bytes(_pristine()[one])
        assert "OCFL-E092" in _report(root).codes


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.text(max_size=6)
    | st.sampled_from(["v1", "v2", "v01", "../x", "/x", "v1/content/empty", "a" * 128, "sha256"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@settings(max_examples=120)
@given(data=st.data())
def test_no_change_of_an_inventory_crashes_the_validator(data: st.DataObject) -> None:
    """One value anywhere in the current inventory becomes any other; sidecars fit."""
    with _object() as root:
        inventory = read_inventory(root)
        before = json.dumps(inventory, sort_keys=True)
        place: Any = inventory
        for _ in range(data.draw(st.integers(0, 4))):
            inner = _inner(place)
            if not inner:
                break
            place = data.draw(st.sampled_from(inner))
        _put(place, data)
        for folder in ("", "v2"):
            write_inventory(root / folder, inventory)
        report = _report(root)
        assert report.outcome in OUTCOMES
        if json.dumps(inventory, sort_keys=True) == before:
            assert report.outcome == "valid"
        assert report.identifier is None or isinstance(report.identifier, str)


def _inner(place: Any) -> list[Any]:
    values = place.values() if isinstance(place, dict) else place
    return [value for value in values if isinstance(value, dict | list)]


def _put(place: Any, data: st.DataObject) -> None:
    value = data.draw(VALUES)
    if isinstance(place, dict):
        keys = st.sampled_from(sorted(place)) | st.text(max_size=4) if place else st.text()
        place[data.draw(keys)] = value
    elif place:
        place[data.draw(st.integers(0, len(place) - 1))] = value
    else:
        place.append(value)


@given(data=st.data())
def test_random_trees_are_judged_without_a_crash(data: st.DataObject) -> None:
    """Pieces of objects and roots thrown together at random."""
    pieces = ["0=ocfl_1.1", "0=ocfl_object_1.1", "inventory.json", "v1", "v2", "extensions", "a"]
    paths = data.draw(st.lists(st.lists(st.sampled_from(pieces), min_size=1, max_size=4)))
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            target = Path(folder).joinpath(*path)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data.draw(st.sampled_from([b"", b"{}", b"ocfl_1.1\n"])))
            except OSError:
                continue
        reports = list(inspect_ocfl(Path(folder)))
        assert reports
        assert all(report.outcome in OUTCOMES for report in reports)


def test_the_object_that_is_changed_is_valid_to_begin_with() -> None:
    with _object() as root:
        assert _report(root).findings == ()
        assert _report(root).identifier == IDENTIFIER
        shutil.rmtree(root / "v1" / "content" / "data")
        assert _report(root).outcome == "invalid"
