"""The forms in which an AIP is given back.

``folder``: the AIP's logical state, an E-ARK package. ``submission``: the submitted tree, names
and bytes as they came. ``bag``: the folder as the payload of a BagIt 1.0 bag. ``tt05``: the
folder form of an AIP of Circular 05/2025, in a folder named by its OBJID.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec

from repository.aip.packaging_tt05_fields import is_tt05
from repository.aip.paths import METS, is_submission_map
from repository.aip.submission_map import empty_directories_of, raw_path_of
from repository.aip.views import AipView, read_verified
from repository.facts import AipFacts
from schemas.bag_write import BagEntry, write_tag_files
from schemas.digests import Digests
from schemas.errors import ConfigError, RepositoryError
from schemas.mets_facts import MetsRoot
from schemas.mets_read import mets_items
from schemas.records import MapEntry, MapHeader
from schemas.tt05_names import folder_of


class FormUnsuitable(ConfigError):
    """The AIP cannot be given back in the form asked for; nothing of it was written."""

    code = "RESTORE-FORM-UNSUITABLE"


class UnsafePath(RepositoryError):
    """A stored path would lead out of the target; nothing was written there."""

    code = "RESTORE-UNSAFE-PATH"


@dataclass(frozen=True, slots=True)
class TargetFile:
    """One file to write: ``path`` is relative to the AIP's folder in the target."""

    path: Path
    content_path: str
    sha512: str
    size_bytes: int | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """Everything one AIP becomes in the target. ``folder`` is its folder there, ``""`` for the
    AIP's own identifier."""

    files: list[TargetFile]
    directories: list[Path] = field(default_factory=list)
    finish: Callable[[Path], object] | None = None
    """Told of the AIP's folder when all files are there: writes what stands around them."""
    folder: str = ""


RestoreForm = Callable[[AipView, AipFacts], RestorePlan]


def as_folder(_view: AipView, facts: AipFacts) -> RestorePlan:
    """The logical state, path by path."""
    return RestorePlan(_logical_files(facts, Path()))


def as_submission(view: AipView, facts: AipFacts) -> RestorePlan:
    """The submitted tree: raw names, modes, empty directories."""
    by_logical = {file.logical_path: file for file in facts.files}
    map_path = next(path for path in by_logical if is_submission_map(path))
    lines = read_verified(view, map_path).splitlines()
    header = msgspec.json.decode(lines[0], type=MapHeader)
    decoder = msgspec.json.Decoder(MapEntry)
    files = []
    for line in lines[1:]:
        entry = decoder.decode(line)
        stored = by_logical[entry.logical_path]
        files.append(
            TargetFile(
                safe_path(os.fsdecode(raw_path_of(entry))),
                stored.content_path,
                stored.sha512,
                entry.size,
                entry.mode,
            )
        )
    directories = [safe_path(os.fsdecode(raw)) for raw in empty_directories_of(header)]
    return RestorePlan(files, directories)


def as_bag(view: AipView, facts: AipFacts) -> RestorePlan:
    """The folder form under ``data/``, with BagIt 1.0 tag files around it."""
    files = _logical_files(facts, Path("data"))
    sizes = _sizes_of(view, facts)
    entries = [
        BagEntry(path, sizes[path], Digests(file.sha256, file.sha512))
        for path, file in ((file.logical_path, file) for file in facts.files)
        if not path.startswith("/")
    ]
    info = [
        ("External-Identifier", f"urn:uuid:{facts.aip_id}"),
        ("Bagging-Software", "Kho"),
    ]
    return RestorePlan(files, finish=partial(write_tag_files, entries=entries, info=info))


def as_tt05(view: AipView, facts: AipFacts) -> RestorePlan:
    """The folder form, in a folder as the circular names it.

    :class:`FormUnsuitable` for an AIP of another profile.
    """
    if not is_tt05(facts.profile):
        raise FormUnsuitable(aip_id=facts.aip_id, form="tt05", profile=facts.profile)
    with BytesIO(read_verified(view, METS)) as stream:
        root = next(item for item in mets_items(stream) if isinstance(item, MetsRoot))
    folder = safe_path(folder_of(root.objid))
    return RestorePlan(_logical_files(facts, Path()), folder=folder.parts[0])


FORMS: dict[str, RestoreForm] = {
    "folder": as_folder,
    "submission": as_submission,
    "bag": as_bag,
    "tt05": as_tt05,
}


def _sizes_of(view: AipView, facts: AipFacts) -> dict[str, int]:
    """The size of every file of the logical state; Kho's own small files are read for it."""
    return {
        file.logical_path: len(read_verified(view, file.logical_path))
        if file.size_bytes is None
        else file.size_bytes
        for file in facts.files
        if not file.logical_path.startswith("/")
    }


def safe_path(path: str) -> Path:
    """``path`` as one below the AIP's folder. :class:`UnsafePath` when it would lead out of it:
    a replica may be forged, and a restore writes what the replica says."""
    relative = Path(path)
    if relative.is_absolute() or not relative.parts or ".." in relative.parts:
        raise UnsafePath(path=path)
    return relative


def _logical_files(facts: AipFacts, base: Path) -> list[TargetFile]:
    return [
        TargetFile(
            base / safe_path(file.logical_path), file.content_path, file.sha512, file.size_bytes
        )
        for file in facts.files
        if not file.logical_path.startswith("/")
    ]
