"""ocfl-py as a second judge: first that it rejects what is broken, then that we agree.

Known of ocfl-py 2.1: it passes links, unknown inventory keys, duplicate JSON keys and objects
newer than their root, and crashes on deeply nested JSON; its word is asked for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kit.ocfl_cases import OBJECT_CASES
from kit.ocfl_objects import DOSSIER, Style, add_object, make_object, make_root, write
from kit.ocfl_oracle import (
    assert_ocfl_py_accepts,
    ocfl_py_on_objects,
    ocfl_py_on_root,
    ocfl_py_on_roots,
)
from kit.ocfl_root_cases import FIRST, OBJECT, SECOND, sound_root
from repository.ocfl.validator import LocalTree, inspect_ocfl, validate_object

STYLES = {
    "plain": Style(),
    "1.0": Style(specification="1.0"),
    "content directory": Style(content_directory="stuff"),
    "fixity": Style(fixity=("md5", "sha1", "sha256", "blake2b-512", "blake2b-160")),
    "no fixity": Style(fixity=()),
    "padded": Style(padding=4),
    "sha256": Style(algorithm="sha256"),
}


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


FAULTS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a stray version folder": ("[E046", lambda root: write(root / OBJECT / "v3/content/x", b"x")),
    "a wrong root sidecar": ("[E060", lambda root: _flip(root / OBJECT / "inventory.json")),
    "a sidecar of nonsense": (
        "[E061",
        lambda root: write(root / OBJECT / "inventory.json.sha512", b"nonsense\n"),
    ),
    "a flipped bit": ("[E092", lambda root: _flip(root / OBJECT / "v1/content/data/a.txt")),
    "a foreign folder in an object": ("[E001", lambda root: write(root / OBJECT / "x/y", b"")),
    "a foreign file between objects": ("[E072", lambda root: write(root / "aaa/notes", b"x")),
    "no declaration of the root": ("[E069", lambda root: (root / "0=ocfl_1.1").unlink()),
    "an object without declaration": (
        "[E072",
        lambda root: (root / OBJECT / "0=ocfl_object_1.1").unlink(),
    ),
}


def test_the_second_judge_rejects_every_planted_fault(tmp_path: Path) -> None:
    roots = []
    for name, (_code, break_it) in FAULTS.items():
        root = sound_root(tmp_path / name)
        break_it(root)
        roots.append(root)
    for (code, _), root, verdict in zip(
        FAULTS.values(), roots, ocfl_py_on_roots(roots), strict=True
    ):
        assert any(message.startswith(code) for message in verdict.errors), (root.name, verdict)
        assert any(report.outcome == "invalid" for report in inspect_ocfl(root)), root.name


def test_an_accepting_helper_does_not_accept_a_planted_fault(tmp_path: Path) -> None:
    root = sound_root(tmp_path / "root")
    assert_ocfl_py_accepts(root, objects=2)
    _flip(root / OBJECT / "v1/content/data/a.txt")
    with pytest.raises(AssertionError):
        assert_ocfl_py_accepts(root)


def test_an_accepting_helper_does_not_accept_a_root_without_objects(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        assert_ocfl_py_accepts(make_root(tmp_path / "root"))


def test_a_warning_is_heard_too(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    add_object(root, FIRST, algorithm="sha256")
    add_object(root, SECOND)
    verdict = ocfl_py_on_root(root)
    assert verdict.errors == ()
    assert len(verdict.warnings) > 0
    assert all("[W004]" in message for message in verdict.warnings)


def test_what_we_call_valid_both_judges_accept(tmp_path: Path) -> None:
    folders = [make_object(tmp_path / name, DOSSIER, style) for name, style in STYLES.items()]
    for folder, theirs in zip(folders, ocfl_py_on_objects(folders), strict=True):
        ours = validate_object(LocalTree(folder))
        assert ours.outcome != "invalid"
        assert theirs.errors == (), folder.name
        assert _codes(theirs.warnings) == {code.removeprefix("OCFL-") for code in ours.codes}


def test_what_the_second_judge_rejects_we_reject(tmp_path: Path) -> None:
    """On every broken object of the tables; the other way round it has known holes."""
    folders = []
    for number, case in enumerate(OBJECT_CASES):
        folder = make_object(tmp_path / str(number))
        case.break_it(folder)
        folders.append(folder)
    rejected = 0
    for case, folder, theirs in zip(
        OBJECT_CASES, folders, ocfl_py_on_objects(folders), strict=True
    ):
        if theirs.errors and case.code != "KHO-SIDECAR-CASE":
            rejected += 1
            assert validate_object(LocalTree(folder)).outcome == "invalid", case.id
    assert rejected > len(OBJECT_CASES) // 2


def _codes(messages: tuple[str, ...]) -> set[str]:
    return {message[1:5] for message in messages}
