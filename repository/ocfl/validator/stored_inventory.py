"""An inventory file and its sidecar as they lie in an object root or a version folder.

Source: OCFL 1.1 §3.5 to §3.7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from repository.ocfl.validator.digesting import CONTENT_ALGORITHMS, digest_of, is_known
from repository.ocfl.validator.inventory import Inventory, judge_inventory
from repository.ocfl.validator.report import Findings, Limits
from repository.ocfl.validator.strict_json import JsonRefused, read_json
from repository.ocfl.validator.tree import Entry, EntryUnreadable, Tree, read_capped
from repository.ocfl.validator.versions import VersionBlock

INVENTORY = "inventory.json"
_SIDECAR = re.compile(rb"(?P<digest>[0-9a-fA-F]+)[ \t]+inventory\.json(?:\r?\n)?\Z")


class InventoryBytes:
    """An inventory's digests and, until they are taken, its bytes (80 MB for 200,000 files)."""

    def __init__(self, content: bytearray) -> None:
        self._content = content
        self.digests = {name: digest_of(content, name) for name in CONTENT_ALGORITHMS}

    @property
    def fingerprint(self) -> str:
        """Equal for equal bytes."""
        return self.digests["sha512"]

    def take(self) -> bytearray:
        """The bytes, once: whoever parses them lets go of them as early as possible."""
        content, self._content = self._content, bytearray()
        return content


@dataclass(frozen=True, slots=True)
class StoredInventory:
    """One inventory file. ``inventory`` is None when its JSON could not be used."""

    inventory: Inventory | None
    fingerprint: str
    sidecar: str | None
    """The name of the sidecar that belongs to it, where one is known or lies there."""


class InventoryReader:
    """Reads and judges the inventories of one object."""

    def __init__(self, tree: Tree, limits: Limits, found: Findings) -> None:
        self._tree = tree
        self._limits = limits
        self._found = found

    def load(self, entries: Mapping[str, Entry], place: str) -> InventoryBytes | None:
        """The inventory file in ``place``; None, and a finding, when it cannot be had."""
        where = place + INVENTORY
        if entries[INVENTORY].kind != "file":
            return None
        try:
            content = read_capped(self._tree, where, self._limits.inventory_bytes)
        except EntryUnreadable as error:
            self._found.add("KHO-UNREADABLE", where, reason=error.fields["reason"])
            return None
        if content is None:
            self._found.add("KHO-TOO-LARGE", where, limit=self._limits.inventory_bytes)
            return None
        return InventoryBytes(content)

    def judge(
        self,
        entries: Mapping[str, Entry],
        place: str,
        file: InventoryBytes,
        *,
        known: Mapping[str, VersionBlock] | None = None,
    ) -> StoredInventory:
        """The inventory and sidecar in ``place`` (``""`` or ``v1/``); faults are found."""
        raw = self._parse(file, place + INVENTORY)
        inventory = None
        if raw is not None:
            inventory = judge_inventory(raw, place + INVENTORY, self._found, known=known)
        algorithm = raw.get("digestAlgorithm") if raw is not None else None
        sidecar = self.check_sidecar(entries, place, file, algorithm)
        return StoredInventory(inventory, file.fingerprint, sidecar)

    def check_sidecar(
        self, entries: Mapping[str, Entry], place: str, file: InventoryBytes, algorithm: object
    ) -> str | None:
        """The name of the sidecar that belongs to the inventory; its faults are found."""
        where = place + INVENTORY
        lying = [name for name in entries if name.startswith(INVENTORY + ".")]
        if not isinstance(algorithm, str) or not is_known(algorithm) or "/" in algorithm:
            fitting = [n for n in lying if n.rpartition(".")[2] in CONTENT_ALGORITHMS]
            if not fitting:
                self._found.add("E058", where, expected=f"{INVENTORY}.sha512")
                return lying[0] if lying else None
            name = fitting[0]
        else:
            name = f"{INVENTORY}.{algorithm}"
        if name not in entries or entries[name].kind == "directory":
            self._found.add("E058", where, expected=name)
            for other in sorted(set(lying) - {name}):
                self._found.add("E059", place + other, expected=name)
            return name
        if entries[name].kind == "file":
            self._compare(place + name, file.digests.get(name.rpartition(".")[2]))
        return name

    def _compare(self, where: str, computed: str | None) -> None:
        """The sidecar's form and, where ``computed`` is given, what it states."""
        try:
            sidecar = read_capped(self._tree, where, self._limits.small_file_bytes)
        except EntryUnreadable as error:
            self._found.add("KHO-UNREADABLE", where, reason=error.fields["reason"])
            return
        match = _SIDECAR.match(sidecar) if sidecar is not None else None
        if match is None:
            self._found.add("E061", where)
            return
        stated = match["digest"].decode("ascii")
        if computed is None:
            return
        if stated.lower() != computed:
            self._found.add("E060", where, expected=stated, computed=computed)
        elif stated != computed:
            self._found.add("KHO-SIDECAR-CASE", where)

    def _parse(self, file: InventoryBytes, where: str) -> dict[str, object] | None:
        try:
            read = read_json(file.take(), max_values=self._limits.json_values)
        except JsonRefused as error:
            self._found.add("E033", where, reason=error.reason)
            return None
        for key in read.duplicate_keys:
            self._found.add("KHO-DUPLICATE-KEY", where, key=key)
        if not isinstance(read.value, dict):
            self._found.add("E033", where, reason="not a JSON object")
            return None
        return read.value
