"""What a test knows about three replicas without asking Kho: the true bytes, and the damage done.

The truth of an AIP's version is taken from the replicas at the moment Kho says that they hold
it, and must then be the same on each. From there on only the test changes it: whatever else
differs is a bug.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from repository.archive import Repository
from repository.ocfl.claims import open_claims
from repository.ocfl.inventory import INVENTORY, SIDECAR, decode_inventory
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import list_objects
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place, Verdict
from storage_backends.memory import MemoryBackend

ROOT_FILES = (INVENTORY, SIDECAR)


def prefix_of(aip: AipId) -> str:
    return object_prefix(Place.ARCHIVE, ocfl_id(aip))


@dataclass
class ReplicaModel:
    """The memory stores behind everything, and what must be in them."""

    memories: Mapping[str, MemoryBackend]
    truth: dict[AipId, dict[int, dict[str, bytes]]] = field(default_factory=dict)
    """By AIP and version: the bytes of every key of the object, as of that version."""
    held: dict[str, dict[AipId, int]] = field(default_factory=lambda: defaultdict(dict))
    """By replica: the newest version of each AIP that Kho said to have read back there."""
    damaged: set[tuple[str, str]] = field(default_factory=set)
    """(replica, key) of what was done to them and is not mended."""
    planted: set[tuple[str, str]] = field(default_factory=set)
    """(replica, key) of strays that were put there."""
    submitted: list[frozenset[bytes]] = field(default_factory=list)
    """The data files of each submission."""

    def content(self, name: str) -> dict[str, bytes]:
        return self.memories[name]._content_by_key

    def learn(self, archive: Repository) -> None:
        """What Kho now says it holds becomes what it must hold."""
        copies = {
            (copy.aip_id, copy.version, copy.replica)
            for summary in archive.catalogue.aips()
            for copy in archive.catalogue.copies(summary.aip_id)
        }
        for aip_id, number in sorted({(AipId(aip), number) for aip, number, _name in copies}):
            names = [name for aip, n, name in copies if (aip, n) == (aip_id, number)]
            self.learn_version(aip_id, number, sorted(names))
            for name in names:
                self.held[name][aip_id] = max(self.held[name].get(aip_id, 0), number)
        self.forget_healed()

    def learn_version(self, aip_id: AipId, number: int, names: list[str]) -> None:
        if number in self.truth.get(aip_id, {}):
            return
        prefix = prefix_of(aip_id)
        before = self.truth.get(aip_id, {}).get(number - 1, {})
        root = {prefix + name for name in ROOT_FILES}
        seen = [
            {
                key: content
                for key, content in self.content(name).items()
                if key.startswith(prefix)
                and (name, key) not in self.planted
                and (key in root or key not in before)
            }
            for name in names
        ]
        assert all(one == seen[0] for one in seen), f"copies of v{number} differ: {aip_id}"
        truth = {**before, **seen[0]}
        assert any(files <= set(truth.values()) for files in self.submitted), "bytes are missing"
        self.truth.setdefault(aip_id, {})[number] = truth

    def forget_healed(self) -> None:
        """What is as it should be again is no longer damaged, whoever mended it."""
        self.damaged = {
            (name, key)
            for name, key in self.damaged
            if self.content(name).get(key) != self.wanted(name).get(key)
        }

    def wanted(self, name: str) -> dict[str, bytes]:
        """Everything that must be on the replica."""
        found: dict[str, bytes] = {}
        for aip_id, number in self.held[name].items():
            found |= self.truth[aip_id][number]
        return found

    def verdicts(self, names: set[str]) -> dict[tuple[str, str], Verdict]:
        """What an audit of these replicas must say, by (replica, key)."""
        return {
            (name, key): Verdict.ALTERED if key in self.content(name) else Verdict.ABSENT
            for name, key in self.damaged
            if name in names
        }

    def strays(self, names: set[str]) -> set[tuple[str, str]]:
        """The planted keys that are there, but for objects on which a claim stands."""
        found = set()
        for name in names:
            claimed = [ref.object_prefix for ref in open_claims(self.memories[name])]
            found |= {
                (name, key)
                for there, key in self.planted
                if there == name and key in self.content(name)
                if not key.startswith(tuple(claimed))
            }
        return found

    def change(self, name: str, key: str, change: Callable[[bytes], bytes | None]) -> bool:
        """One file is changed, unless nobody else could heal it; whether it was."""
        aip_id, number = self.owner(name, key)
        wanted = self.truth[aip_id][number][key]
        if self.content(name).get(key) != wanted or not self.can_be_healed(name, key):
            return False
        changed = change(wanted)
        if changed == wanted:
            return False
        self.memories[name].damage(key, changed)
        self.damaged.add((name, key))
        return True

    def owner(self, name: str, key: str) -> tuple[AipId, int]:
        return next(
            (aip, number)
            for aip, number in self.held[name].items()
            if key.startswith(prefix_of(aip))
        )

    def can_be_healed(self, name: str, key: str) -> bool:
        """Whether another replica holds the bytes: at the same key, or, for the root inventory
        of a copy that lacks the newest version, in that version's folder."""
        aip_id, number = self.owner(name, key)
        wanted = self.truth[aip_id][number][key]
        keys = {key}
        prefix, _slash, last = key.rpartition("/")
        if (
            f"{prefix}/" == prefix_of(aip_id)
            and last in ROOT_FILES
            and number < self.newest(aip_id)
        ):
            keys = {f"{prefix}/v{number}/{last}"}
        return any(
            self.content(other).get(one) == wanted
            for other in self.memories
            if other != name
            for one in keys
        )

    def newest(self, aip_id: AipId) -> int:
        return max(self.truth[aip_id])

    def assert_kept(self) -> None:
        """Of every file of every acknowledged version some replica has the true bytes."""
        for aip_id, versions in self.truth.items():
            for key, content in versions[self.newest(aip_id)].items():
                assert any(self.content(name).get(key) == content for name in self.memories), (
                    f"no replica has {key}"
                )

    def assert_copies_are_true(self) -> None:
        """Whatever Kho says was read back is there, but for the damage that was done since."""
        for name in self.memories:
            content = self.content(name)
            for key, wanted in self.wanted(name).items():
                if content.get(key) != wanted:
                    assert (name, key) in self.damaged, f"{name} does not hold {key}"

    def assert_never_half(self) -> None:
        """A root inventory names no file that is not there, but for the damage that was done."""
        for name, memory in self.memories.items():
            content = self.content(name)
            for prefix in list_objects(memory, Place.ARCHIVE):
                root = f"{prefix}{INVENTORY}"
                if root not in content or (name, root) in self.damaged:
                    continue
                inventory = decode_inventory(content[root], where=root)
                for path, _digest in inventory.content_files():
                    there = prefix + path in content or (name, prefix + path) in self.damaged
                    assert there, f"half a version on {name}: {path}"
