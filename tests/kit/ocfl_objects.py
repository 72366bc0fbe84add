"""Builds OCFL objects and storage roots from the specification alone, for tests to break.

Shares no code with the repository's writer and validator: what both would get wrong shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
State = Mapping[str, bytes]

IDENTIFIER = "urn:uuid:8b1a9953-c461-4d2f-9a3c-5d2f0b6c7a11"
USER = {"name": "Văn thư", "address": "mailto:luutru@example.vn"}
DOSSIER: tuple[State, ...] = (
    {"METS.xml": b"<mets/>", "data/a.txt": b"mot", "data/b.txt": b"mot", "empty": b""},
    {"METS.xml": b"<mets v='2'/>", "data/a.txt": b"mot", "Hồ sơ/Tờ trình.txt": b"hai"},
)
"""Two versions: a file changed, one added, one taken out; equal files and an empty one."""


@dataclass(frozen=True)
class Style:
    """How an object is written."""

    identifier: str = IDENTIFIER
    specification: str = "1.1"
    algorithm: str = "sha512"
    content_directory: str | None = None
    padding: int = 0
    fixity: tuple[str, ...] = ("sha256",)
    version_inventories: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the inventory, as they are."""


def make_object(
    folder: Path, versions: Sequence[State] = DOSSIER, style: Style | None = None
) -> Path:
    """A valid object in ``folder`` (returned), of one or more states: logical path → bytes."""
    style = style or Style()
    folder.mkdir(parents=True, exist_ok=True)
    declaration = f"ocfl_object_{style.specification}"
    (folder / f"0={declaration}").write_bytes(f"{declaration}\n".encode())
    manifest: dict[str, list[str]] = {}
    fixity: dict[str, dict[str, list[str]]] = {name: {} for name in style.fixity}
    blocks: Json = {}
    for number, state in enumerate(versions, start=1):
        name = version_name(number, style)
        block: dict[str, list[str]] = {}
        for logical, content in state.items():
            digest = digest_of(content, style.algorithm)
            block.setdefault(digest, []).append(logical)
            if digest not in manifest:
                path = f"{name}/{style.content_directory or 'content'}/{logical}"
                manifest[digest] = [path]
                write(folder / path, content)
                for algorithm, values in fixity.items():
                    values.setdefault(digest_of(content, algorithm), []).append(path)
        blocks[name] = {
            "created": f"2026-01-{number:02}T08:00:00Z",
            "message": f"version {number}",
            "user": USER,
            "state": block,
        }
        inventory = _inventory(style, name, manifest, blocks, fixity)
        (folder / name).mkdir(exist_ok=True)
        if style.version_inventories:
            write_inventory(folder / name, inventory)
        write_inventory(folder, inventory)
    return folder


def make_root(folder: Path, specification: str = "1.1") -> Path:
    """An empty storage root with layout 0003 in ``folder`` (returned)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"0=ocfl_{specification}").write_bytes(f"ocfl_{specification}\n".encode())
    extension = "0003-hash-and-id-n-tuple-storage-layout"
    layout = {"extension": extension, "description": "hashed"}
    write(folder / "ocfl_layout.json", json.dumps(layout).encode())
    config = {
        "extensionName": extension,
        "digestAlgorithm": "sha256",
        "tupleSize": 3,
        "numberOfTuples": 3,
    }
    write(folder / "extensions" / extension / "config.json", json.dumps(config).encode())
    return folder


def make_flat_root(folder: Path, specification: str = "1.1") -> Path:
    """An empty storage root that declares no layout."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"0=ocfl_{specification}").write_bytes(f"ocfl_{specification}\n".encode())
    return folder


def add_object(
    root: Path, identifier: str, versions: Sequence[State] = DOSSIER, **style: Any
) -> Path:
    """A valid object where layout 0003 wants it; its folder."""
    folder = root / hashed_path(identifier)
    return make_object(folder, versions, Style(identifier=identifier, **style))


def hashed_path(identifier: str) -> str:
    """Where extension 0003 puts an id of letters, digits, ``:`` and ``-``."""
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    encoded = identifier.replace(":", "%3a")
    return f"{digest[:3]}/{digest[3:6]}/{digest[6:9]}/{encoded}"


def version_name(number: int, style: Style) -> str:
    """``v1``, or padded as the style says."""
    return f"v{number:0{style.padding}}" if style.padding else f"v{number}"


def digest_of(content: bytes, algorithm: str) -> str:
    """A digest by its OCFL name."""
    if algorithm == "size":
        return str(len(content))
    if algorithm.startswith("blake2b-"):
        bits = int(algorithm.partition("-")[2])
        return hashlib.blake2b(content, digest_size=bits // 8).hexdigest()
    return hashlib.new(algorithm.replace("/", "_"), content).hexdigest()


def write(path: Path, content: bytes) -> None:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_inventory(folder: Path, inventory: Json) -> None:
    """The inventory and a sidecar that fits."""
    write_raw_inventory(folder, json.dumps(inventory, ensure_ascii=False, indent=1).encode())


def write_raw_inventory(folder: Path, content: bytes, algorithm: str | None = None) -> None:
    """Any bytes as an inventory, and a sidecar that fits them."""
    if algorithm is None:
        try:
            algorithm = json.loads(content).get("digestAlgorithm", "sha512")
        except (ValueError, AttributeError, RecursionError):
            algorithm = "sha512"
    if algorithm not in ("sha512", "sha256", "md5"):
        algorithm = "sha512"
    (folder / "inventory.json").write_bytes(content)
    line = f"{digest_of(content, algorithm)} inventory.json\n"
    (folder / f"inventory.json.{algorithm}").write_text(line)


def read_inventory(folder: Path) -> Json:
    """The inventory in a folder."""
    result: Json = json.loads((folder / "inventory.json").read_bytes())
    return result


def edit(folder: Path, change: Callable[[Json], None], *, only: str | None = None) -> None:
    """Applies ``change`` to the current inventory, in the root and in its version folder.

    ``only`` names another folder of the object instead (``""`` for the root alone).
    """
    inventory = read_inventory(folder / only if only else folder)
    places = [only] if only is not None else ["", inventory["head"]]
    change(inventory)
    for place in places:
        if (folder / place).is_dir():
            write_inventory(folder / place, inventory)


def rewrite(folder: Path, content: bytes) -> None:
    """Any bytes as the current inventory, with fitting sidecars, root and version alike."""
    head = read_inventory(folder)["head"]
    write_raw_inventory(folder, content)
    write_raw_inventory(folder / head, content)


def _inventory(
    style: Style,
    head: str,
    manifest: dict[str, list[str]],
    blocks: Json,
    fixity: dict[str, dict[str, list[str]]],
) -> Json:
    inventory: Json = {
        "id": style.identifier,
        "type": f"https://ocfl.io/{style.specification}/spec/#inventory",
        "digestAlgorithm": style.algorithm,
        "head": head,
        "manifest": manifest,
        "versions": blocks,
    }
    if style.fixity:
        inventory["fixity"] = fixity
    if style.content_directory is not None:
        inventory["contentDirectory"] = style.content_directory
    return inventory | dict(style.extra)
