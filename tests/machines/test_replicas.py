"""Three replicas through outages, damage, rollback and crashes; planted bugs must be caught.

Invariants: what was acknowledged keeps an intact copy; an audit reports exactly the damage
that was done, no more and no less; after fill and repair everything is whole everywhere.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kit.archives import TestBed, make_bed, store
from kit.crashing import Fuse, fused
from kit.stores import quick_disk
from preservation import repair as healing
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.examine import Examined, Item, examine, key_of
from preservation.fixity import audit
from repository import fill as filling
from repository.archive import Repository
from repository.ocfl import writer as ocfl_writer
from repository.ocfl.layout import object_prefix
from repository.recovery import Recovery
from schemas.errors import KhoError
from schemas.events import Agent
from schemas.ids import ocfl_id
from schemas.nouns import Place, Verdict
from storage_backends.faulty import FaultyBackend, SimulatedCrash, flipped, truncated
from storage_backends.interface import BackendUnavailable
from storage_backends.memory import MemoryBackend

NAMES = ("alpha", "beta", "gamma")
OPERATOR = Agent("tester", "person")
EVERYTHING = AuditScope(everything=True)
replica_names = st.sampled_from(NAMES)


class Replicas(RuleBasedStateMachine):
    """An archive of three replicas, and a model of what was done to them."""

    aips = Bundle("aips")

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory(prefix="kho-machine-", dir=DISK)
        self.memories = {name: MemoryBackend(name) for name in NAMES}
        self.stores = {name: FaultyBackend(self.memories[name]) for name in NAMES}
        self.bed: TestBed
        self.counter = 0
        self.acknowledged: dict[str, dict[str, bytes]] = {}
        """The bytes of each acknowledged AIP, by key."""
        self.damaged: dict[tuple[str, str], Verdict] = {}
        """What was done to (replica, key) and not mended since."""

    @initialize()
    def make(self) -> None:
        self.bed = make_bed(Path(self.place.name) / "archive", self.stores, min_copies=2)

    def teardown(self) -> None:
        self.place.cleanup()

    @rule(target=aips, away=st.sampled_from((None, *NAMES)))
    def store(self, away: str | None) -> object:
        """A dossier comes in, perhaps while one replica is away."""
        self.counter += 1
        with self.outage(away), self.bed.open() as archive:
            receipt = store(archive, self.files())
        assert receipt.state == "stored"
        self.acknowledge(receipt.aip_id)
        return receipt.aip_id

    @rule(target=aips, crash_at=st.integers(1, 130))
    def store_and_die(self, crash_at: int) -> object:
        """The process dies while a dossier comes in; the next one recovers."""
        self.counter += 1
        archive = self.bed.open(fused(self.stores, Fuse(crash_at)))
        with suppress(SimulatedCrash):
            store(archive, self.files())
        if archive._writer is not None:
            archive._writer.release()
        archive.catalogue.close()
        with self.bed.open() as after:
            after.prepare_to_write()
            known = {summary.aip_id for summary in after.catalogue.aips()}
        new = known - self.acknowledged.keys()
        assert len(new) <= 1
        for aip_id in new:
            self.acknowledge(aip_id)
        return multiple(*new)

    @rule(
        aip=aips,
        name=replica_names,
        pick=st.integers(0, 99),
        how=st.sampled_from(("flip", "cut", "empty", "lose")),
    )
    def damage(self, aip: str, name: str, pick: int, how: str) -> None:
        self.harm(aip, name, pick, how)

    @rule(aip=aips, spared=replica_names, pick=st.integers(0, 99))
    def damage_all_but_one(self, aip: str, spared: str, pick: int) -> None:
        for name in NAMES:
            if name != spared:
                self.harm(aip, name, pick, "flip")

    @rule(name=replica_names)
    def audit_finds_exactly_the_damage(self, name: str) -> None:
        """While another replica is away: that is never taken for damage."""
        away = NAMES[(NAMES.index(name) + 1) % 3]
        with self.outage(away), self.bed.open() as archive:
            result = run_audit(archive)
        self.compare(result, {key for key in self.damaged if key[0] != away})
        assert result.unreachable == (away,)

    @rule()
    def mend_everything(self) -> None:
        """Audit, repair, fill, and an audit that finds nothing."""
        with self.bed.open() as archive:
            result = run_audit(archive)
            self.compare(result, set(self.damaged))
            mended = healing.repair(archive, agent=OPERATOR, beyond_breaker=True)
            assert mended.not_healed == 0
            self.damaged.clear()
            report = filling.fill(archive)
            assert report.failures == []
            after = run_audit(archive)
            assert not after.found_damage
            for aip_id in self.acknowledged:
                copies = {c.replica for c in archive.catalogue.copies(aip_id)}  # type: ignore[arg-type]  # AipId
                assert copies == set(NAMES)
        for wanted in self.acknowledged.values():
            for name in NAMES:
                assert self.holds(name, wanted)

    @rule(name=replica_names)
    def fill_one(self, name: str) -> None:
        """Fill copies what proves itself; damage never travels."""
        with self.bed.open() as archive:
            filling.fill(archive, only=(name,))

    @precondition(lambda self: self.acknowledged)
    @rule(aip=consumes(aips), name=replica_names)
    def roll_back(self, aip: str, name: str) -> None:
        """An operator's snapshot brings a replica back to before a dossier came."""
        prefix = prefix_of(aip)
        gone = [key for key in self.acknowledged[aip] if self.has(name, key)]
        if not gone or not self.is_whole_elsewhere(aip, name):
            return
        for info in list(self.memories[name].list(prefix)):
            self.memories[name].damage(info.key, None)
        for key in gone:
            self.damaged[name, key] = Verdict.ABSENT

    @invariant()
    def acknowledged_keep_an_intact_copy(self) -> None:
        for wanted in self.acknowledged.values():
            for key, content in wanted.items():
                assert any(
                    self.memories[name]._content_by_key.get(key) == content for name in NAMES
                ), f"no replica has {key}"

    def files(self) -> dict[bytes, bytes]:
        return {b"a.txt": b"van ban %d" % self.counter, b"b/c.txt": b"phu luc %d" % self.counter}

    def acknowledge(self, aip: str) -> None:
        """The truth is what the replicas agree on at the moment of the receipt."""
        prefix = prefix_of(aip)
        held = [
            {i.key: self.memories[n]._content_by_key[i.key] for i in self.memories[n].list(prefix)}
            for n in NAMES
        ]
        whole = [content for content in held if content]
        assert len(whole) >= 2
        assert all(content == whole[0] for content in whole)
        self.acknowledged[aip] = whole[0]

    def harm(self, aip: str, name: str, pick: int, how: str) -> None:
        """One file is damaged, unless it is the last intact copy."""
        keys = sorted(self.acknowledged[aip])
        key = keys[pick % len(keys)]
        content = self.memories[name]._content_by_key.get(key)
        wanted = self.acknowledged[aip][key]
        others = [n for n in NAMES if n != name]
        if content != wanted or not any(
            self.memories[n]._content_by_key.get(key) == wanted for n in others
        ):
            return
        if not self.is_whole_elsewhere(aip, name):
            return
        changes: dict[str, Callable[[bytes], bytes | None]] = {
            "flip": flipped,
            "cut": truncated,
            "empty": lambda _content: b"",
            "lose": lambda _content: None,
        }
        changed = changes[how](content)
        if changed == content:
            changed = None
        self.memories[name].damage(key, changed)
        self.damaged[name, key] = Verdict.ABSENT if changed is None else Verdict.ALTERED

    def is_whole_elsewhere(self, aip: str, name: str) -> bool:
        wanted = self.acknowledged[aip]
        return any(self.holds(other, wanted) for other in NAMES if other != name)

    def holds(self, name: str, wanted: dict[str, bytes]) -> bool:
        content = self.memories[name]._content_by_key
        return all(content.get(key) == expected for key, expected in wanted.items())

    def has(self, name: str, key: str) -> bool:
        return key in self.memories[name]._content_by_key

    def compare(self, result: AuditResult, wanted: set[tuple[str, str]]) -> None:
        found = {(line.replica, prefix_of(line.aip_id) + line.path): line for line in result.damage}
        assert set(found) == wanted
        assert len(found) == len(result.damage)
        for place, line in found.items():
            assert line.verdict == self.damaged[place].value
        assert result.unexpected == 0
        assert result.is_trustworthy

    @contextmanager
    def outage(self, name: str | None) -> Iterator[None]:
        if name is None:
            yield
            return
        self.stores[name].outage = True
        try:
            yield
        finally:
            self.stores[name].outage = False


def prefix_of(aip: str) -> str:
    return object_prefix(Place.ARCHIVE, ocfl_id(aip))  # type: ignore[arg-type]  # AipId


def run_audit(archive: Repository) -> AuditResult:
    return audit(archive, EVERYTHING, seed=7)


DISK: str | None = "/dev/shm" if Path("/dev/shm").is_dir() else None
