"""One broken storage root for every code that a root can be given (tables, read by tests).

Each case starts from a valid root of layout 0003 with two objects.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from kit import ocfl_breaking as b
from kit.ocfl_cases import Case
from kit.ocfl_objects import Style, add_object, hashed_path, make_object, make_root, write

FIRST = "urn:uuid:11111111-1111-4111-8111-111111111111"
SECOND = "urn:uuid:22222222-2222-4222-8222-222222222222"
OBJECT = hashed_path(FIRST)


def sound_root(folder: Path) -> Path:
    """The valid root that every case breaks."""
    make_root(folder)
    add_object(folder, FIRST)
    add_object(folder, SECOND)
    return folder


def _layout(content: object) -> b.Break:
    return b.add("ocfl_layout.json", json.dumps(content).encode())


def _config(content: object) -> b.Break:
    path = "extensions/0003-hash-and-id-n-tuple-storage-layout/config.json"
    return b.add(path, json.dumps(content).encode())


def _older_root(folder: Path) -> None:
    (folder / "0=ocfl_1.1").unlink()
    write(folder / "0=ocfl_1.0", b"ocfl_1.0\n")


def _older_root_with_stray(folder: Path) -> None:
    _older_root(folder)
    write(folder / "extensions/readme.txt", b"")


def _declaration_folder(folder: Path) -> None:
    (folder / "0=ocfl_1.1").unlink()
    (folder / "0=ocfl_1.1").mkdir()


def _second_declaration(folder: Path) -> None:
    write(folder / "0=ocfl_1.0", b"ocfl_1.0\n")


def _same_id_twice(folder: Path) -> None:
    make_object(folder / "aaa/bbb/ccc/copy", style=Style(identifier=FIRST))


def _flat_object(folder: Path) -> None:
    make_object(folder / "flat", style=Style(identifier="urn:flat"))


def _linked_folder(folder: Path) -> None:
    (folder / "zzz").symlink_to(folder / "extensions", target_is_directory=True)


def _linked_object(folder: Path) -> None:
    target = folder.parent / "elsewhere"
    (folder / OBJECT).rename(target)
    (folder / OBJECT).symlink_to(target, target_is_directory=True)


def _hard_linked_declaration(folder: Path) -> None:
    os.link(folder / "0=ocfl_1.1", folder.parent / "second name")


def _moved(folder: Path) -> None:
    shutil.move(folder / OBJECT, folder / OBJECT.replace("urn", "uri"))


ROOT_CASES: tuple[Case, ...] = (
    Case("E069", "no declaration", b.remove("0=ocfl_1.1")),
    Case("E070", "a layout that is a list", _layout([])),
    Case("E070", "a layout without extension", _layout({"description": "x"})),
    Case("E070", "a layout without description", _layout({"extension": "initial"})),
    Case("E070", "a layout that is no JSON", b.add("ocfl_layout.json", b"{")),
    Case("E070", "a layout of an impossible size", _config({"tupleSize": 99})),
    Case("E070", "a layout of an unknown digest", _config({"digestAlgorithm": "crc32"})),
    Case("E070", "a layout with one zero", _config({"tupleSize": 0, "numberOfTuples": 3})),
    Case("E070", "a layout whose size is a text", _config({"tupleSize": "3"})),
    Case("E071", "an unregistered layout", _layout({"extension": "ours", "description": "x"})),
    Case("E072", "a file between objects", b.add("aaa/notes.txt")),
    Case("E072", "a file beside an object", b.add(f"{Path(OBJECT).parent}/notes.txt")),
    Case("E073", "an empty folder", b.make_folder("aaa/bbb")),
    Case("E073", "an empty extensions folder", b.make_folder("extensions/initial")),
    Case("E075", "a folder as declaration", _declaration_folder),
    Case("E076", "two declarations", _second_declaration),
    Case("E077", "no tag", b.rename("0=ocfl_1.1", "0_ocfl_1.1")),
    Case("E078", "another tag", b.rename("0=ocfl_1.1", "1=ocfl_1.1")),
    Case("E079", "an unknown version", b.rename("0=ocfl_1.1", "0=ocfl_9.9")),
    Case("E079", "another word", b.rename("0=ocfl_1.1", "0=bagit_1.0")),
    Case("E080", "another line", b.add("0=ocfl_1.1", b"ocfl_1.0\n")),
    Case("E081", "an object newer than its root", _older_root),
    Case("E083", "two objects of one id", _same_id_twice),
    Case("E037", "two objects of one id", _same_id_twice),
    Case("E084", "a file on the way to objects", b.add(f"{OBJECT[:3]}/notes.txt")),
    Case("E085", "a folder of files", b.add("attic/notes.txt")),
    Case("E086", "a file in extensions of a 1.0 root", _older_root_with_stray),
    Case("E088", "a folder without objects", b.add("attic/deep/notes.txt")),
    Case("E112", "a file in extensions", b.add("extensions/readme.txt")),
    Case("W014", "an object elsewhere than its layout says", _moved),
    Case("W015", "objects at two depths", _flat_object),
    Case("W016", "an unregistered extension", b.add("extensions/0099-ours/config.json")),
    Case(
        "KHO-DUPLICATE-KEY",
        "a layout",
        b.add("ocfl_layout.json", b'{"extension":1,"extension":2}'),
    ),
    Case("KHO-TOO-LARGE", "a layout", b.add("ocfl_layout.json", b" " * 2_000_000)),
    Case(
        "KHO-NOT-CHECKED",
        "a layout that we do not compute",
        _layout({"extension": "0006-flat-omit-prefix-storage-layout", "description": "x"}),
    ),
)

ROOT_LINK_CASES: tuple[Case, ...] = (
    Case("E090", "a linked folder", _linked_folder),
    Case("E090", "a linked object", _linked_object),
    Case("E090", "a declaration of two names", _hard_linked_declaration),
    Case("KHO-SPECIAL-FILE", "a pipe", lambda folder: os.mkfifo(folder / "pipe")),
)
