"""A storage root of any layout: its own files, its hierarchy, and every object in it.

Source: OCFL 1.0 and 1.1, §4.
"""

from __future__ import annotations

from collections.abc import Iterator

from repository.ocfl.validator.content import OnFile
from repository.ocfl.validator.declaration import (
    ROOT,
    check_declaration,
    claims_object,
    claims_root,
)
from repository.ocfl.validator.extensions import REGISTERED_LAYOUTS, check_extensions
from repository.ocfl.validator.layouts import LayoutUnusable, PathOf, layout_of
from repository.ocfl.validator.object import JudgedObject, judge_object
from repository.ocfl.validator.object_files import judge_kind, sort_entries
from repository.ocfl.validator.report import Findings, Limits, OcflReport, outcome_of
from repository.ocfl.validator.stored_inventory import INVENTORY
from repository.ocfl.validator.strict_json import JsonRefused, read_json
from repository.ocfl.validator.tree import Entry, EntryUnreadable, Subtree, Tree, read_capped

LAYOUT = "ocfl_layout.json"
EXTENSIONS = "extensions"


def validate_root(
    tree: Tree,
    *,
    label: str = "",
    on_file: OnFile | None = None,
    limits: Limits | None = None,
) -> Iterator[OcflReport]:
    """A report on each object as it is found, then one on the root's own structure.

    An object's path in its report is ``label/path``. Memory grows with the number of objects
    (their ids must be unique), not with their files.
    """
    judging = _Judging(tree, limits or Limits())
    judging.check_base()
    for path in judging.objects():
        judged = judge_object(Subtree(tree, path), judging.limits, on_file)
        judging.note_object(path, judged)
        yield judged.report(f"{label}/{path}" if label else path)
    yield judging.report(label)


def looks_like_object(entries: list[Entry]) -> bool:
    """Whether a folder with these entries is, or was, an object."""
    return any(
        entry.kind != "directory"
        and (claims_object(entry.name) or entry.name.startswith(INVENTORY))
        for entry in entries
    )


class _Judging:
    """The checks of one storage root."""

    def __init__(self, tree: Tree, limits: Limits) -> None:
        self.limits = limits
        self.found = Findings(limits)
        self._tree = tree
        self._specification: str | None = None
        self._path_of: PathOf | None = None
        self._path_by_id: dict[str, str] = {}
        self._flat = self._nested = False

    def check_base(self) -> None:
        """The declaration, the layout file and the extensions are judged."""
        base = self._children("") or []
        candidates = [e for e in base if claims_root(e.name) and e.kind != "directory"]
        tagged = [entry for entry in base if _is_tagged(entry)]
        self._specification = check_declaration(
            self._tree, tagged or candidates, ROOT, self.limits, self.found
        )
        for entry in base:
            judge_kind(entry, self.found)
        if any(entry.path == LAYOUT and entry.kind == "file" for entry in base):
            self._check_layout()

    def objects(self) -> Iterator[str]:
        """The path of every object; everything else in the hierarchy is judged."""
        for entry in self._children("") or []:
            if entry.kind != "directory" or _is_tagged(entry):
                continue
            if entry.name == EXTENSIONS:
                self._check_extensions()
            else:
                yield from self._hierarchy(entry.path)

    def note_object(self, path: str, judged: JudgedObject) -> None:
        """Takes an object into account for what concerns the whole root."""
        if "/" in path:
            self._nested = True
        else:
            self._flat = True
        if self._specification and (judged.specification or "") > self._specification:
            self.found.add("E081", path, found=judged.specification, root=self._specification)
        identifier = judged.identifier
        if identifier is None:
            return
        other = self._path_by_id.setdefault(identifier, path)
        if other != path:
            self.found.add("E037", path, found=identifier, other=other)
            self.found.add("E083", path, identifier=identifier, other=other)
        if self._path_of is not None and self._path_of(identifier) != path:
            self.found.add("W014", path, expected=self._path_of(identifier))

    def report(self, label: str) -> OcflReport:
        """The verdict on the root's own structure, after every object was noted."""
        if self._flat and self._nested:
            self.found.add("W015")
        findings = self.found.all()
        return OcflReport(label, outcome_of(findings), findings, kind="storage_root")

    def _hierarchy(self, top: str) -> Iterator[str]:
        has_object = has_stray = False
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            entries = self._children(folder)
            if entries is None:
                has_object = True  # unknown: no verdict on what the folder is for
                continue
            if looks_like_object(entries):
                has_object = True
                yield folder
                continue
            has_stray |= self._check_intermediate(folder, entries)
            waiting.extend(e.path for e in reversed(entries) if e.kind == "directory")
        if has_stray and not has_object:
            self.found.add("E088", top)

    def _check_intermediate(self, folder: str, entries: list[Entry]) -> bool:
        """Whether anything but folders lies in a folder of the hierarchy; it is found."""
        if not entries:
            self.found.add("E073", folder)
        strays = [entry for entry in entries if entry.kind != "directory"]
        leads_on = len(strays) < len(entries)
        for entry in strays:
            judge_kind(entry, self.found)
            if entry.kind == "file":
                self.found.add("E072", entry.path)
                if leads_on:
                    self.found.add("E084", entry.path)
        if strays and not leads_on:
            self.found.add("E085", folder)
        return bool(strays)

    def _check_extensions(self) -> None:
        code = "E086" if self._specification == "1.0" else "E112"
        entries = self._children(EXTENSIONS)
        if entries is None:
            return
        check_extensions(entries, misplaced=code, unregistered="W016", found=self.found)
        files = sort_entries(self._tree.walk(EXTENSIONS), self.found)
        for folder in files.empty_folders():
            self.found.add("E073", folder)
        if not entries:
            self.found.add("E073", EXTENSIONS)

    def _children(self, folder: str) -> list[Entry] | None:
        """A folder's entries; None when it cannot be listed, which is found."""
        try:
            return self._tree.children(folder)
        except EntryUnreadable as error:
            self.found.add("KHO-UNREADABLE", folder, reason=error.fields["reason"])
            return None

    def _check_layout(self) -> None:
        layout = self._json(LAYOUT)
        if not isinstance(layout, dict):
            if layout is not None:
                self.found.add("E070", LAYOUT, reason="not a JSON object")
            return
        for key in ("extension", "description"):
            if not isinstance(layout.get(key), str):
                self.found.add("E070", LAYOUT, reason=f'no text under "{key}"')
        extension = layout.get("extension")
        if not isinstance(extension, str):
            return
        if extension not in REGISTERED_LAYOUTS:
            self.found.add("E071", LAYOUT, found=extension)
            return
        self._path_of = self._layout(extension)
        if self._path_of is None:
            self.found.add("KHO-NOT-CHECKED", LAYOUT, what=extension)

    def _layout(self, extension: str) -> PathOf | None:
        """How the layout maps ids; None when it, or its configuration, cannot be had."""
        folder = f"{EXTENSIONS}/{extension}"
        where = f"{folder}/config.json"
        config: object = None
        for parent, child in (("", EXTENSIONS), (EXTENSIONS, folder), (folder, where)):
            entries = self._children(parent)
            if entries is None:
                return None
            if not any(entry.path == child for entry in entries):
                break
        else:
            config = self._json(where)
            if config is None:
                return None
        try:
            return layout_of(extension, config)
        except LayoutUnusable as error:
            self.found.add("E070", where, reason=str(error))
            return None

    def _json(self, path: str) -> object:
        """The value of a small JSON file; None when it is unusable, which is found."""
        try:
            content = read_capped(self._tree, path, self.limits.small_file_bytes)
        except EntryUnreadable as error:
            self.found.add("KHO-UNREADABLE", path, reason=error.fields["reason"])
            return None
        if content is None:
            self.found.add("KHO-TOO-LARGE", path, limit=self.limits.small_file_bytes)
            return None
        try:
            read = read_json(content, max_values=self.limits.json_values)
        except JsonRefused as error:
            self.found.add("E070", path, reason=error.reason)
            return None
        for key in read.duplicate_keys:
            self.found.add("KHO-DUPLICATE-KEY", path, key=key)
        return read.value


def _is_tagged(entry: Entry) -> bool:
    """Whether an entry can only be meant as the root's declaration, whatever it is."""
    return claims_root(entry.name) and "=" in entry.name
