"""One OCFL object, whole: declaration, shape, inventories, history, content.

Source: OCFL 1.0 and 1.1, §3.
"""

from __future__ import annotations

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
    check_content_directories,
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
    fingerprint,
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
    folder: str = "",
    *,
    label: str = "",
    on_file: OnFile | None = None,
    limits: Limits | None = None,
) -> OcflReport:
    """The verdict on the object in ``folder`` of the tree; ``label`` is its path in the report.

    Never raises for what the object holds; a store that cannot be asked raises its own error.
    """
    judged = ObjectJudgement(tree, folder, limits or Limits())
    read = judged.run(on_file)
    findings = judged.found.all()
    return OcflReport(
        path=label or folder,
        outcome=outcome_of(findings),
        findings=findings,
        identifier=judged.current.identifier if judged.current else None,
        files=read.files,
        size_bytes=read.size_bytes,
    )


class ObjectJudgement:
    """The checks of one object, in their order; afterwards ``found`` holds the findings."""

    def __init__(self, tree: Tree, folder: str, limits: Limits) -> None:
        self.found = Findings(limits)
        self.current: Inventory | None = None
        """The root inventory's sound part."""
        self.specification: str | None = None
        """The declared version of OCFL."""
        self._tree = tree
        self._folder = folder
        self._limits = limits
        self._reader = InventoryReader(tree, folder, limits, self.found)
        self._files = ObjectFiles()
        self._expectations = Expectations()

    def run(self, on_file: OnFile | None = None) -> Read:
        """Everything is checked."""
        self._files = sort_entries(self._tree.walk(self._folder), self._folder, self.found)
        self._check_declaration()
        root = self._root_inventory()
        check_object_root(self._files, root.sidecar if root else None, self.found)
        check_version_folders(self._files, self.current, self.found)
        directory = (
            self.current.content_directory if self.current else DEFAULT_CONTENT_DIRECTORY
        )
        content = self._files.content_files(directory)
        if self.current is not None:
            self._expectations.add_inventory(self.current)
            check_listed(content, self.current, self.found)
        priors = self._version_folders(root, directory)
        self._check_history(priors, content)
        check_content_folders(self._files, content, directory, self.found)
        if self.current is not None:
            check_safety(self.current, self.found)
        return check_content(
            self._tree, self._folder, self._files, self._expectations, self.found, on_file
        )

    def _check_declaration(self) -> None:
        start = f"{self._folder}/" if self._folder else ""
        candidates = [
            _moved(entry, start + entry.path)
            for name, entry in sorted(self._files.top.items())
            if belongs_to_object_check(name)
        ]
        self.specification = check_declaration(
            self._tree, candidates, OBJECT, self._limits, self.found
        )

    def _root_inventory(self) -> StoredInventory | None:
        if INVENTORY not in self._files.top:
            self.found.add("E063")
            return None
        content = self._reader.content(self._files.top, "")
        if content is None:
            return None
        root = self._reader.judge(self._files.top, "", content)
        self.current = root.inventory
        declared, stated = self.specification, root.inventory and root.inventory.specification
        if declared and stated and declared != stated:
            self.found.add("E038", INVENTORY, found=stated, expected=declared)
        return root

    def _version_folders(
        self, root: StoredInventory | None, directory: str
    ) -> list[Inventory]:
        """The inventories of the version folders that are not the current one's copy."""
        holding = set()
        if self.current is not None:
            holding = {path.partition("/")[0] for path in self.current.content_paths()}
        priors = []
        for version in self._files.version_folders():
            stored = self._version_inventory(version, root)
            check_version_folder(
                self._files,
                version,
                _names(stored),
                content_directory=directory,
                holds_content=version in holding,
                found=self.found,
            )
            if stored is not None and stored.inventory not in (None, self.current):
                priors.append(stored.inventory)
        return [prior for prior in priors if prior is not None]

    def _version_inventory(
        self, version: str, root: StoredInventory | None
    ) -> StoredInventory | None:
        entries = self._files.second.get(version, {})
        place = f"{version}/"
        if INVENTORY not in entries:
            self.found.add("W010", version)
            return None
        content = self._reader.content(entries, place)
        if content is None:
            return StoredInventory(None, b"", None)
        if root is not None and version == self._newest():
            if fingerprint(content) == root.fingerprint:
                algorithm = self.current.algorithm if self.current else None
                sidecar = self._reader.check_sidecar(entries, place, content, algorithm)
                return StoredInventory(self.current, root.fingerprint, sidecar)
            self.found.add("E064", place + INVENTORY)
        known = self.current.versions if self.current else None
        return self._reader.judge(entries, place, content, known=known)

    def _newest(self) -> str | None:
        if self.current is not None and self.current.head is not None:
            return self.current.head
        folders = self._files.version_folders()
        return folders[-1] if folders else None

    def _check_history(self, priors: list[Inventory], content: dict[str, list[str]]) -> None:
        for prior in priors:
            self._expectations.add_inventory(prior)
            if self.current is not None:
                check_prior(prior, self.current, self.found)
            check_listed(content, prior, self.found)
        order = {prior.where: prior.specification for prior in priors}
        if self.current is not None:
            check_content_directories(priors, self.current, self.found)
            order[self.current.where] = self.current.specification
        check_specification_order(order, self.found)
