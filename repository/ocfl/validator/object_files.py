"""What lies in an object, sorted by the part it plays.

Source: OCFL 1.1 §3.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from repository.ocfl.validator.report import Findings
from repository.ocfl.validator.tree import Entry
from repository.ocfl.validator.version_names import parse_version_name


@dataclass(slots=True)
class ObjectFiles:
    """An object's entries. Paths are relative to the object root."""

    top: dict[str, Entry] = field(default_factory=dict)
    """Direct entries by name; folders that only files below them show are among them."""
    second: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """The direct entries of each top folder, by name."""
    files: dict[str, int] = field(default_factory=dict)
    """Size of every ordinary file, at any depth."""
    folders: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    """Folders that hold something."""
    not_looked_at: set[str] = field(default_factory=set)
    """Links, special files, and what could not be listed: nothing is known behind them."""

    def version_folders(self) -> list[str]:
        """Names of the folders that are named like versions, in their order."""
        named = []
        for name, entry in self.top.items():
            version = parse_version_name(name)
            if entry.kind == "directory" and version is not None:
                named.append((version.number, name))
        return [name for _number, name in sorted(named)]

    def content_files(self, content_directory: str) -> dict[str, list[str]]:
        """The files in each version's content directory, by version folder."""
        by_version: dict[str, list[str]] = {name: [] for name in self.version_folders()}
        for path in self.files:
            version, _, rest = path.partition("/")
            if version in by_version and rest.startswith(content_directory + "/"):
                by_version[version].append(path)
        return by_version

    def is_hidden(self, path: str) -> bool:
        """Whether a path is, or lies behind, something that was not looked at."""
        while path and self.not_looked_at:
            if path in self.not_looked_at:
                return True
            path = path.rpartition("/")[0]
        return False

    def empty_folders(self) -> list[str]:
        """The folders that hold nothing (on stores that have folders)."""
        return sorted(self.folders - self.filled - self.not_looked_at)


def sort_entries(entries: Iterable[Entry], found: Findings) -> ObjectFiles:
    """The object's files from a walk of it; links and the unreadable are found.

    Such entries count as present, but never as files: nothing reads them.
    """
    result = ObjectFiles()
    for entry in entries:
        judge_kind(entry, found)
        if entry.kind == "file":
            result.files[entry.path] = entry.size_bytes
        elif entry.kind != "directory":
            result.not_looked_at.add(entry.path)
        _place(result, entry)
    return result


def judge_kind(entry: Entry, found: Findings) -> None:
    """Links, special files and what could not be listed become findings."""
    if entry.kind == "link":
        found.add("E090", entry.path, how="symbolic link")
    elif entry.kind == "special":
        found.add("KHO-SPECIAL-FILE", entry.path)
    elif entry.kind == "unreadable":
        found.add("KHO-UNREADABLE", entry.path, reason="not listed")
    elif entry.names > 1 and entry.kind == "file":
        found.add("E090", entry.path, how="hard link")


def _place(result: ObjectFiles, entry: Entry) -> None:
    first, slash, rest = entry.path.partition("/")
    if not slash:
        result.top[first] = entry
    else:
        result.top.setdefault(first, Entry(first, "directory"))
        second, deeper, _ = rest.partition("/")
        known = result.second.setdefault(first, {})
        if deeper:
            known.setdefault(second, Entry(f"{first}/{second}", "directory"))
        else:
            known[second] = entry
    if entry.kind == "directory":
        result.folders.add(entry.path)
    _fill(result, entry.path)


def _fill(result: ObjectFiles, path: str) -> None:
    folder = path.rpartition("/")[0]
    while folder and folder not in result.filled:
        result.filled.add(folder)
        result.folders.add(folder)
        folder = folder.rpartition("/")[0]
