"""The shape of an object: what may lie where, and that folders and inventory agree.

Source: OCFL 1.1 §3.1, §3.3, §3.8, §3.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from repository.ocfl.validator.declaration import belongs_to_object_check, claims_object
from repository.ocfl.validator.extensions import check_extensions
from repository.ocfl.validator.inventory import Inventory
from repository.ocfl.validator.object_files import ObjectFiles
from repository.ocfl.validator.report import Findings
from repository.ocfl.validator.stored_inventory import INVENTORY
from repository.ocfl.validator.version_names import check_version_names, parse_version_name

LOGS = "logs"
EXTENSIONS = "extensions"


def check_object_root(files: ObjectFiles, sidecar: str | None, found: Findings) -> None:
    """Strays directly in the object root become findings."""
    for name, entry in sorted(files.top.items()):
        if entry.kind == "directory":
            if name not in {LOGS, EXTENSIONS} and parse_version_name(name) is None:
                found.add("E001", name)
        elif entry.kind == "file":
            if name in {INVENTORY, sidecar} or belongs_to_object_check(name):
                continue
            if name.casefold() == INVENTORY:
                found.add("E034", name)
            found.add("E001", name)
    for path in files.files:
        folder, _, name = path.rpartition("/")
        if folder and claims_object(name) and _is_stray_folder(folder.partition("/")[0]):
            found.add("E082", folder)
    if EXTENSIONS in files.top and files.top[EXTENSIONS].kind == "directory":
        entries = files.second.get(EXTENSIONS, {}).values()
        check_extensions(entries, misplaced="E067", unregistered="W013", found=found)


def check_version_folders(
    files: ObjectFiles, inventory: Inventory | None, found: Findings
) -> None:
    """Version folders and the inventory's versions are the same, and without gaps."""
    present = files.version_folders()
    if inventory is None:
        check_version_names(present, "", found)
        return
    listed = set(inventory.version_names)
    for name in sorted(set(present) - listed):
        found.add("E046", name)
    for name in sorted(listed - set(present)):
        found.add("E046", f"{inventory.where}#{name}")
    if present and set(present) != listed:
        check_version_names(present, "", found)


def check_version_folder(
    files: ObjectFiles,
    version: str,
    allowed_files: Iterable[str],
    *,
    content_directory: str,
    holds_content: bool,
    found: Findings,
) -> None:
    """Strays in a version folder, and a missing content directory, become findings.

    ``holds_content`` says that the manifest lists content of this version.
    """
    allowed = frozenset(allowed_files)
    entries = files.second.get(version, {})
    for name, entry in sorted(entries.items()):
        if entry.kind == "directory":
            if name != content_directory:
                found.add("W002", entry.path)
        elif entry.kind == "file" and name not in allowed:
            found.add("E015", entry.path)
    if holds_content and content_directory not in entries:
        found.add("E016", version, path=f"{version}/{content_directory}")


def check_content_folders(
    files: ObjectFiles, content: Mapping[str, list[str]], directory: str, found: Findings
) -> None:
    """Empty folders in content directories, and content directories without files, are found."""
    for version, paths in content.items():
        if f"{version}/{directory}" in files.folders and not paths:
            found.add("W003", f"{version}/{directory}")
    for folder in files.empty_folders():
        version, _, rest = folder.partition("/")
        if version in content and rest.startswith(directory + "/"):
            found.add("E024", folder)


def _is_stray_folder(name: str) -> bool:
    return name not in {LOGS, EXTENSIONS} and parse_version_name(name) is None
