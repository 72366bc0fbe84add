"""One OCFL object, whole: declaration, shape, inventories, history, content.

Source: OCFL 1.0 and 1.1, §3.
"""

from __future__ import annotations

from dataclasses import dataclass

from repository.ocfl.validator.content import (
    Expectations,
    OnFile,
    Read,
    check_content,
    check_listed,
)
from repository.ocfl.validator.declaration import (
    OBJECT,
    belongs_to_object_check,
    check_declaration,
)
from repository.ocfl.validator.history import (
    check_content_directory,
    check_prior,
    check_specification_order,
)
from repository.ocfl.validator.inventory import DEFAULT_CONTENT_DIRECTORY, Inventory
from repository.ocfl.validator.object_files import ObjectFiles, sort_entries
from repository.ocfl.validator.report import Findings, Limits, OcflReport, outcome_of
from repository.ocfl.validator.safety import check_safety
from repository.ocfl.validator.stored_inventory import (
    INVENTORY,
    InventoryReader,
    StoredInventory,
)
from repository.ocfl.validator.structure import (
    check_content_folders,
    check_object_root,
    check_version_folder,
    check_version_folders,
)
from repository.ocfl.validator.tree import Tree


def validate_object(
    tree: Tree,
    *,
    label: str = "",
    on_file: OnFile | None = None,
    limits: Limits | None = None,
) -> OcflReport:
    """The verdict on the object that the tree is; ``label`` is its path in the report.

    Never raises for what the object holds; a store that cannot be asked raises its own error.
    """
    return judge_object(tree, limits or Limits(), on_file).report(label)


@dataclass(frozen=True, slots=True)
class JudgedObject:
    """What was found of one object."""

    found: Findings
    read: Read
    identifier: str | None
    specification: str | None
    """The version of OCFL that it declares."""

    def report(self, label: str) -> OcflReport:
        """The verdict under the path ``label``."""
        findings = self.found.all()
        return OcflReport(
            path=label,
            outcome=outcome_of(findings),
            findings=findings,
            identifier=self.identifier,
            files=self.read.files,
            size_bytes=self.read.size_bytes,
        )


def judge_object(tree: Tree, limits: Limits, on_file: OnFile | None = None) -> JudgedObject:
    """Every check of one object."""
    judging = _Judging(tree, limits)
    read = judging.run(on_file)
    current = judging.current
    return JudgedObject(
        judging.found, read, current.identifier if current else None, judging.specification
    )


class _Judging:
    """The checks of one object, in their order."""

    def __init__(self, tree: Tree, limits: Limits) -> None:
        self.found = Findings(limits)
        self.current: Inventory | None = None
        """The root inventory's sound part."""
        self.specification: str | None = None
        self._tree = tree
        self._limits = limits
        self._reader = InventoryReader(tree, limits, self.found)
        self._files = ObjectFiles()
        self._content: dict[str, list[str]] = {}
        self._expectations = Expectations()

    def run(self, on_file: OnFile | None) -> Read:
        """Checks everything; afterwards ``found`` holds the findings."""
        self._files = sort_entries(self._tree.walk(""), self.found)
        self._check_declaration()
        root = self._root_inventory()
        check_object_root(self._files, root.sidecar if root else None, self.found)
        check_version_folders(self._files, self.current, self.found)
        current = self.current
        directory = current.content_directory if current else DEFAULT_CONTENT_DIRECTORY
        self._content = self._files.content_files(directory)
        if current is not None:
            self._expectations.add_inventory(current)
            check_listed(self._content, current, self.found)
            check_safety(current, self.found)
        self._check_versions(root, directory)
        check_content_folders(self._files, self._content, directory, self.found)
        return check_content(self._tree, self._files, self._expectations, self.found, on_file)

    def _check_declaration(self) -> None:
        candidates = [
            entry
            for name, entry in sorted(self._files.top.items())
            if belongs_to_object_check(name)
        ]
        self.specification = check_declaration(
            self._tree, candidates, OBJECT, self._limits, self.found
        )

    def _root_inventory(self) -> StoredInventory | None:
        if INVENTORY not in self._files.top or self._files.top[INVENTORY].kind == "directory":
            self.found.add("E063")
            return None
        file = self._reader.load(self._files.top, "")
        if file is None:
            return None
        root = self._reader.judge(self._files.top, "", file)
        self.current = root.inventory
        declared = self.specification
        stated = root.inventory.specification if root.inventory else None
        if declared and stated and declared != stated:
            self.found.add("E038", INVENTORY, found=stated, expected=declared)
        return root

    def _check_versions(self, root: StoredInventory | None, directory: str) -> None:
        holding = set()
        if self.current is not None:
            holding = {path.partition("/")[0] for path in self.current.content_paths()}
        order: dict[str, str | None] = {}
        for index, version in enumerate(self._files.version_folders()):
            stored = self._version_inventory(version, root)
            names = [INVENTORY, stored.sidecar or INVENTORY] if stored is not None else []
            check_version_folder(
                self._files,
                version,
                names,
                content_directory=directory,
                holds_content=version in holding,
                found=self.found,
            )
            prior = stored.inventory if stored is not None else None
            if prior is None or prior is self.current:
                continue
            order[prior.where] = prior.specification
            self._check_prior(prior, is_first=index == 0)
        if self.current is not None:
            order[self.current.where] = self.current.specification
        check_specification_order(order, self.found)

    def _check_prior(self, prior: Inventory, *, is_first: bool) -> None:
        self._expectations.add_inventory(prior)
        check_listed(self._content, prior, self.found)
        if self.current is not None:
            check_prior(prior, self.current, self.found)
            check_content_directory(prior, self.current, is_first=is_first, found=self.found)

    def _version_inventory(
        self, version: str, root: StoredInventory | None
    ) -> StoredInventory | None:
        entries = self._files.second.get(version, {})
        place = f"{version}/"
        if INVENTORY not in entries:
            self.found.add("W010", version)
            return None
        file = self._reader.load(entries, place)
        if file is None:
            return StoredInventory(None, "", None)
        if root is not None and version == self._newest():
            if file.fingerprint == root.fingerprint:
                algorithm = (root.sidecar or "").removeprefix(f"{INVENTORY}.")
                sidecar = self._reader.check_sidecar(entries, place, file, algorithm)
                return StoredInventory(self.current, root.fingerprint, sidecar)
            self.found.add("E064", place + INVENTORY)
        known = self.current.versions if self.current else None
        return self._reader.judge(entries, place, file, known=known)

    def _newest(self) -> str | None:
        if self.current is not None and self.current.version_names:
            return self.current.version_names[-1]
        folders = self._files.version_folders()
        return folders[-1] if folders else None
