"""Ways to break a valid OCFL object, each one fault, to be put together by cases."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit.ocfl_objects import (
    Json,
    Style,
    edit,
    make_object,
    read_inventory,
    rewrite,
    write,
    write_inventory,
)

Break = Callable[[Path], None]
"""Breaks the object in a folder."""


def changed(change: Callable[[Json], Any], only: str | None = None) -> Break:
    return lambda folder: edit(folder, lambda inventory: void(change(inventory)), only=only)


def void(_value: Any) -> None:
    return None


def put(*keys: str, to: Any) -> Break:
    def change(inventory: Json) -> None:
        for key in keys[:-1]:
            inventory = inventory[key]
        inventory[keys[-1]] = to

    return changed(change)


def drop(*keys: str) -> Break:
    def change(inventory: Json) -> None:
        for key in keys[:-1]:
            inventory = inventory[key]
        del inventory[keys[-1]]

    return changed(change)


def add(path: str, content: bytes = b"stray") -> Break:
    return lambda folder: write(folder / path, content)


def make_folder(path: str) -> Break:
    return lambda folder: (folder / path).mkdir(parents=True)


def rename(old: str, new: str) -> Break:
    return lambda folder: void((folder / old).rename(folder / new))


def remove(path: str) -> Break:
    return lambda folder: (folder / path).unlink()


def again(style: Style) -> Break:
    def break_it(folder: Path) -> None:
        shutil.rmtree(folder)
        make_object(folder, style=style)

    return break_it


def in_turn(*steps: Break) -> Break:
    def break_it(folder: Path) -> None:
        for step in steps:
            step(folder)

    return break_it


def any_digest(inventory: Json) -> str:
    return str(next(iter(inventory["manifest"])))


def content_path(path: object) -> Break:
    """One more content path, beside a sound one."""
    return changed(lambda inv: inv["manifest"][any_digest(inv)].append(path))


def logical_path(path: object) -> Break:
    def change(inventory: Json) -> None:
        next(iter(inventory["versions"]["v2"]["state"].values())).append(path)

    return changed(change)


def fixity(algorithm: str, value: object) -> Break:
    return put("fixity", algorithm, to=value)


def rename_version(old: str, new: str) -> Break:
    """A version renamed everywhere: folder, keys, head, content paths."""

    def break_it(folder: Path) -> None:
        (folder / old).rename(folder / new)
        text = (folder / "inventory.json").read_text()
        inventory = json.loads(text.replace(f'"{old}', f'"{new}'))
        write_inventory(folder, inventory)
        write_inventory(folder / inventory["head"], inventory)

    return break_it


def rename_key(old: str, new: str) -> Callable[[Json], None]:
    def change(inventory: Json) -> None:
        inventory["versions"][new] = inventory["versions"].pop(old)

    return change


def swap_digest_case(inventory: Json) -> None:
    digest = any_digest(inventory)
    inventory["manifest"][digest.upper()] = inventory["manifest"][digest]


def swap_fixity_case(inventory: Json) -> None:
    block = inventory["fixity"]["sha256"]
    digest = next(d for d in block if d.upper() != d)
    block[digest.upper()] = block[digest]


def mixed_algorithms(inventory: Json) -> None:
    inventory["manifest"]["a" * 64] = ["v1/content/empty"]


def link(target: str, path: str) -> Break:
    def break_it(folder: Path) -> None:
        (folder / path).unlink(missing_ok=True)
        (folder / path).symlink_to(target)

    return break_it


def hard_link(folder: Path) -> None:
    (folder / "v1/content/empty").unlink()
    os.link(folder / "v1/content/data/a.txt", folder / "v1/content/empty")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "v1/content/pipe")


def second_declaration(folder: Path) -> None:
    (folder / "0=ocfl_object_1.0").write_bytes(b"ocfl_object_1.0\n")


def declaration_folder(folder: Path) -> None:
    (folder / "0=ocfl_object_1.1").unlink()
    (folder / "0=ocfl_object_1.1").mkdir()


def older_specification(folder: Path) -> None:
    """v1 of OCFL 1.1 under a current inventory of OCFL 1.0."""
    (folder / "0=ocfl_object_1.1").unlink()
    (folder / "0=ocfl_object_1.0").write_bytes(b"ocfl_object_1.0\n")
    put("type", to="https://ocfl.io/1.0/spec/#inventory")(folder)


def rewritten_first_state(folder: Path) -> None:
    def change(inventory: Json) -> None:
        state = inventory["versions"]["v1"]["state"]
        next(iter(state.values())).append("smuggled.txt")

    edit(folder, change)


def sidecar(content: bytes) -> Break:
    return lambda folder: write(folder / "inventory.json.sha512", content)


def upper_sidecar(folder: Path) -> None:
    path = folder / "inventory.json.sha512"
    digest, _, rest = path.read_text().partition(" ")
    path.write_text(f"{digest.upper()} {rest}")


def nested_object(folder: Path) -> None:
    make_object(folder / "stray" / "inner")


def no_versions(folder: Path) -> None:
    put("versions", to={})(folder)


def gap(folder: Path) -> None:
    rename_version("v2", "v3")(folder)


def two_names_of_one_version(folder: Path) -> None:
    changed(lambda inv: inv["versions"].update({"v02": inv["versions"]["v2"]}))(folder)


def empty_version(folder: Path) -> None:
    """A third version without content."""
    inventory = read_inventory(folder)
    inventory["versions"]["v3"] = dict(inventory["versions"]["v2"])
    inventory["head"] = "v3"
    (folder / "v3").mkdir()
    write_inventory(folder / "v3", inventory)
    write_inventory(folder, inventory)


def empty_content_directory(folder: Path) -> None:
    empty_version(folder)
    (folder / "v3" / "content").mkdir()


def no_content_directory(folder: Path) -> None:
    shutil.rmtree(folder / "v2" / "content")


def other_algorithm_sidecar(folder: Path) -> None:
    (folder / "inventory.json.sha512").rename(folder / "inventory.json.sha256")


def broken_off(folder: Path) -> None:
    """The current inventory is still the first version's, the second folder is there."""
    first = read_inventory(folder / "v1")
    write_inventory(folder, first)


def changed_note(folder: Path) -> None:
    edit(folder, lambda inv: inv["versions"]["v1"].update(message="otherwise"))


def duplicate_key(folder: Path) -> None:
    text = (folder / "inventory.json").read_text()
    rewrite(folder, text.replace('"head"', '"head": "v1", "head"', 1).encode())


def many_strays(folder: Path) -> None:
    for number in range(200):
        write(folder / f"stray{number}", b"")


padded = again(Style(padding=2))
