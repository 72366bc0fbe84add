"""Repair against every kind of damage and forgery on three replicas; planted bugs are caught.

The model knows nothing of repair: from the bytes as they lie it says what must be healed, what
must be left to a person, and what is lost. Nothing else may change by a single bit.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kit.archives import TestBed, make_bed, store
from kit.crashing import Fuse, fused
from kit.disk_archive import add_version, audited, repaired
from preservation import forgery, repair_wounds
from preservation import repair as healing
from preservation.audit_result import AuditResult
from preservation.examine import Examined, key_of
from preservation.repair_result import Healing, RepairedFile, RepairResult
from preservation.repair_wounds import Wound
from repository.archive import Repository
from repository.catalogue.damage import Damage
from repository.replica import Replica
from schemas.ids import AipId
from schemas.nouns import Place, Verdict
from storage_backends.faulty import Call, SimulatedCrash, flipped, truncated
from storage_backends.interface import Source
from storage_backends.memory import MemoryBackend
from storage_backends.sources import StoredSource

NAMES = ("alpha", "beta", "gamma")
SHARED_MEMORY = Path("/dev/shm")
DISK = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None
Content = dict[str, bytes]
pick = st.integers(0, 999)
names = st.sampled_from(NAMES)
ways = st.sampled_from(("flip", "cut", "empty", "lose", "replace"))
CHANGES: dict[str, Callable[[bytes], bytes | None]] = {
    "flip": flipped,
    "cut": truncated,
    "empty": lambda _content: b"",
    "lose": lambda _content: None,
    "replace": lambda content: b"\x01" * len(content),
}


VERBS = ("open", "set_aside", "replace_damaged", "settle", "put_new")


class VerbFuse(Fuse):
    """Ends the process at the Nth call of one verb."""

    def __init__(self, verb: str, number: int) -> None:
        super().__init__(number)
        self._verb = verb

    def __call__(self, call: Call) -> None:
        if self.blown or call.verb == self._verb:
            super().__call__(call)


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: which file or object, on which replica, how."""

    kind: str
    pick: int
    name: str
    how: str


KINDS = (
    "one", "all but one", "all", "inventory", "inventory", "swap", "roll back", "forge",
    "forge alike",
)  # fmt: skip
troubles = st.lists(
    st.builds(Trouble, st.sampled_from(KINDS), pick, names, ways), min_size=1, max_size=4
)


@dataclass(frozen=True)
class Template:
    """An archive as it is before anything happens, kept to begin from again and again."""

    folder: Path
    bed: TestBed
    truth: Content
    """Every key of the two OCFL roots; the same on each replica."""
    everything: dict[str, Content]

    @property
    def keys(self) -> list[str]:
        return sorted(self.truth)

    @property
    def objects(self) -> list[str]:
        """The prefix of each object."""
        ending = "0=ocfl_object_1.1"
        return [key.removesuffix(ending) for key in self.keys if key.endswith(ending)]


@cache
def template() -> Template:
    """Two dossiers on three replicas, one of them at its second version; made once."""
    folder = Path(tempfile.mkdtemp(prefix="kho-repair-", dir=DISK))
    memories = {name: MemoryBackend(name) for name in NAMES}
    bed = make_bed(folder / "archive", memories)
    with bed.open() as archive:
        store(archive, {b"a.txt": b"van ban a", b"b/c.txt": b"van ban b", b"rong.txt": b""})
        add_version(archive, "metadata/preservation/premis-0002.xml", b"<premis/>")
        store(archive, {b"x.txt": b"van ban x"})
    everything = {name: dict(memory._content_by_key) for name, memory in memories.items()}
    truth = {
        key: content
        for key, content in everything["alpha"].items()
        if key.startswith(("ocfl/", "holding/"))
    }
    shutil.copytree(folder / "archive", folder / "kept")
    return Template(folder, bed, truth, everything)


@pytest.fixture(scope="module", autouse=True)
def _template_is_removed() -> Iterator[None]:
    yield
    shutil.rmtree(template().folder)
    template.cache_clear()


class Repairs(RuleBasedStateMachine):
    """Damage upon damage, and repairs that are sometimes killed."""

    def __init__(self) -> None:
        super().__init__()
        self.template = template()
        self.truth = self.template.truth
        self.stores: dict[str, MemoryBackend] = {}

    @initialize()
    def begin(self) -> None:
        root = self.template.folder / "archive"
        shutil.rmtree(root)
        shutil.copytree(self.template.folder / "kept", root)
        for name in NAMES:
            memory = self.template.bed.backends[name]
            assert isinstance(memory, MemoryBackend)
            memory._content_by_key = dict(self.template.everything[name])
            self.stores[name] = memory

    @rule(troubles=troubles, seed=pick)
    def trouble_and_repair(self, troubles: list[Trouble], seed: int) -> None:
        """Whatever happens, an audit names it exactly and a repair does what the model says."""
        for trouble in troubles:
            self.suffer(trouble)
        self.audit_and_repair(seed)

    @rule(troubles=troubles, verb=st.sampled_from(VERBS), number=st.integers(1, 3))
    def trouble_and_death(self, troubles: list[Trouble], verb: str, number: int) -> None:
        """The process of a repair dies; the next rule's repair goes on from there."""
        for trouble in troubles:
            self.suffer(trouble)
        with self.template.bed.open() as archive:
            audited(archive, seed=number)
        self.die_at(VerbFuse(verb, number))

    def suffer(self, trouble: Trouble) -> None:
        """The trouble has come over one replica, all but one, or all."""
        key, how = self.key(trouble.pick), trouble.how
        if trouble.kind == "one":
            self.harm(trouble.name, key, how)
        elif trouble.kind == "inventory":
            chosen = [each for each in self.template.keys if "/inventory.json" in each]
            self.harm(trouble.name, chosen[trouble.pick % len(chosen)], how)
        elif trouble.kind in ("all", "all but one"):
            for name in NAMES:
                if trouble.kind == "all" or name != trouble.name:
                    self.harm(name, key, how)
        elif trouble.kind == "swap":
            self.swap(key, self.key(trouble.pick * 7 + 1), trouble.name)
        elif trouble.kind == "roll back":
            self.roll_back(trouble.name)
        else:
            self.forge(trouble.pick, trouble.name, as_others=trouble.kind == "forge alike")

    def swap(self, first: str, second: str, name: str) -> None:
        held = self.stores[name]._content_by_key
        if first in held and second in held and held[first] and held[second]:
            held[first], held[second] = held[second], held[first]

    def forge(self, which: int, name: str, *, as_others: bool) -> None:
        """Somebody changes a file and makes every inventory of the object vouch for it."""
        prefix = self.template.objects[which % len(self.template.objects)]
        forged = b"another decision" if as_others else b"decision by " + name.encode()
        keys = [k for k in self.template.keys if k.startswith(prefix) and k.endswith(".txt")]
        held = self.stores[name]._content_by_key
        if not keys or any(held.get(k) != self.truth[k] for k in self.truth if prefix in k):
            return
        held.update(forged_object(held, prefix, keys[0], forged))

    def roll_back(self, name: str) -> None:
        """A snapshot brings an object back to its first version, valid as it was then."""
        (prefix,) = [p for p in self.template.objects if f"{p}v2/inventory.json" in self.truth]
        held = self.stores[name]._content_by_key
        for key in [key for key in held if key.startswith(f"{prefix}v2/")]:
            del held[key]
        for ending in ("inventory.json", "inventory.json.sha512"):
            held[prefix + ending] = self.truth[f"{prefix}v1/{ending}"]

    def audit_and_repair(self, seed: int) -> None:
        before, wanted = self.held(), self.expected()
        with self.template.bed.open() as archive:
            self.compare_audit(audited(archive, seed=seed))
            result = repaired(archive)
            still_open = {
                (damage.replica, key_of_damage(damage)) for damage in archive.catalogue.damage()
            }
        after = self.held()
        self.compare_bytes(before, after, wanted)
        self.compare_result(result, wanted)
        assert still_open == {place for place, fate in wanted.items() if fate != Healing.HEALED}
        for (name, key), fate in wanted.items():
            spoilt = before[name].get(key)
            if fate == Healing.HEALED and spoilt is not None:
                assert spoilt in self.aside(name), "damaged bytes were thrown away"

    def die_at(self, fuse: Fuse) -> None:
        """Every key holds what it held or what it should."""
        before, wanted = self.held(), self.expected()
        archive = self.template.bed.open(fused(self.template.bed.backends, fuse))
        with suppress(SimulatedCrash):
            repaired(archive)
        if archive._writer is not None:
            archive._writer.release()
        archive.catalogue.close()
        for name, content in self.held().items():
            for key in before[name].keys() | content.keys():
                if content.get(key) != before[name].get(key):
                    assert wanted.get((name, key)) == Healing.HEALED
                    assert content.get(key) == self.truth[key]

    @invariant()
    def nothing_appears_that_nobody_stored(self) -> None:
        for content in self.held().values():
            assert content.keys() <= self.truth.keys()

    def key(self, number: int) -> str:
        return self.template.keys[number % len(self.truth)]

    def harm(self, name: str, key: str, how: str) -> None:
        held = self.stores[name]._content_by_key
        if key in held:
            changed = CHANGES[how](held[key])
            if changed is None:
                del held[key]
            else:
                held[key] = changed

    def held(self) -> dict[str, Content]:
        return {
            name: {
                key: content
                for key, content in memory._content_by_key.items()
                if key.startswith(("ocfl/", "holding/"))
            }
            for name, memory in self.stores.items()
        }

    def aside(self, name: str) -> list[bytes]:
        held = self.stores[name]._content_by_key
        return [content for key, content in held.items() if key.startswith("kho/set-aside/")]

    def expected(self) -> dict[tuple[str, str], Healing]:
        """What becomes of each file that is not what it must be, from the bytes alone."""
        held, fates = self.held(), {}
        left_alone = set()
        for prefix in self.template.objects:
            left_alone |= {(name, prefix) for name in suspects(held, self.truth, prefix)}
        for name in NAMES:
            for key, content in self.truth.items():
                if held[name].get(key) == content:
                    continue
                prefix = next((p for p in self.template.objects if key.startswith(p)), "")
                copies = [n for n in NAMES if n != name and held[n].get(key) == content]
                if (name, prefix) in left_alone:
                    fates[name, key] = Healing.FORGED
                elif copies or not prefix:
                    fates[name, key] = Healing.HEALED
                else:
                    fates[name, key] = Healing.LOST_EVERYWHERE
        return fates

    def compare_audit(self, result: AuditResult) -> None:
        lines = result.damage
        found = {(line.replica, key_of_line(line.aip_id, line.path, self.truth)) for line in lines}
        held = self.held()
        wrong = {(n, k) for n in NAMES for k in self.truth if held[n].get(k) != self.truth[k]}
        assert found == wrong

    def compare_bytes(
        self,
        before: dict[str, Content],
        after: dict[str, Content],
        wanted: dict[tuple[str, str], Healing],
    ) -> None:
        for name in NAMES:
            for key in self.truth:
                if wanted.get((name, key)) == Healing.HEALED:
                    assert after[name].get(key) == self.truth[key], f"not healed: {name} {key}"
                else:
                    assert after[name].get(key) == before[name].get(key), f"{name} {key}"

    def compare_result(self, result: RepairResult, wanted: dict[tuple[str, str], Healing]) -> None:
        told = {
            (line.replica, key_of_line(line.aip_id, line.path, self.truth)): line.healing
            for line in result.files
        }
        assert told == wanted


def key_of_line(aip_id: str, path: str, truth: Content) -> str:
    """The key that a line of a result speaks of."""
    if not aip_id:
        return path
    return next(key for key in truth if key.endswith(f"{aip_id}/{path}"))


def key_of_damage(damage: Damage) -> str:
    """The key that an open row of damage speaks of."""
    if not damage.aip_id:
        return f"{damage.place.value}/{damage.content_path}"
    return key_of(damage.place, damage.aip_id, damage.content_path)


def suspects(held: dict[str, Content], truth: Content, prefix: str) -> set[str]:
    """The replicas on which nothing of an object may be touched without a person's word."""
    newest = truth[f"{prefix}inventory.json"]
    known = [c for k, c in truth.items() if k.startswith(prefix) and k.endswith("inventory.json")]
    forged = {
        name
        for name in NAMES
        for folder in (prefix, f"{prefix}v1/", f"{prefix}v2/")
        if agrees_with_itself(held[name], folder)
        and held[name][f"{folder}inventory.json"] not in known
    }
    roots = {name: held[name].get(f"{prefix}inventory.json") for name in NAMES}
    votes = Counter(root for root in roots.values() if root is not None)
    against = [
        votes[root]
        for name, root in roots.items()
        if root is not None and root not in known and agrees_with_itself(held[name], prefix)
    ]
    if votes[newest] > max(against, default=0):
        return forged
    return forged | {name for name in NAMES if roots[name] != newest}


def agrees_with_itself(held: Content, folder: str) -> bool:
    """Whether an inventory can be read and is the one that its sidecar names."""
    content = held.get(f"{folder}inventory.json")
    sidecar = held.get(f"{folder}inventory.json.sha512", b"")
    if content is None:
        return False
    try:
        json.loads(content)
    except ValueError:
        return False
    return sidecar.split(b" ")[0] == hashlib.sha512(content).hexdigest().encode()


def forged_object(held: Content, prefix: str, key: str, forged: bytes) -> Content:
    """The object's new bytes when ``key`` is ``forged`` and every inventory agrees."""
    changed = {key: forged}
    for inventory in [k for k in held if k.startswith(prefix) and k.endswith("inventory.json")]:
        text = held[inventory]
        for algorithm in ("sha512", "sha256"):
            old, new = (hashlib.new(algorithm, c).hexdigest() for c in (held[key], forged))
            text = text.replace(old.encode(), new.encode())
        changed[inventory] = text
        digest = hashlib.sha512(text).hexdigest()
        changed[f"{inventory}.sha512"] = f"{digest} inventory.json\n".encode()
    return changed


def run_machine(examples: int = 60, steps: int = 8, *, shrink: bool = True) -> None:
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        Repairs,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_repair_heals_what_can_be_healed_and_touches_nothing_else() -> None:
    run_machine(25, 4)


class Bugs:
    """Repairs with a mistake in them, each as a function that plants it."""

    @staticmethod
    def trusts_its_source(patch: pytest.MonkeyPatch) -> None:
        """The source is not read before it is copied; whatever it has is what it must be."""

        def elsewhere(archive: Repository, wound: Wound) -> tuple[str, Source, int] | None:
            for replica in archive.replicas:
                if replica.name != wound.replica.name:
                    with suppress(Exception):
                        size = replica.backend.stat(wound.key).size_bytes
                        return replica.name, StoredSource(replica.backend, wound.key), size
            return None

        def replace(wound: Wound, _now: Examined, source: Source, _size: int) -> str:
            with source.open() as stream:
                overwrite(wound, stream.read())
            return ""

        patch.setattr(healing, "_intact_elsewhere", elsewhere)
        patch.setattr(healing, "_replace", replace)

    @staticmethod
    def throws_damaged_bytes_away(patch: pytest.MonkeyPatch) -> None:
        def replace(wound: Wound, _now: Examined, source: Source, _size: int) -> str:
            with source.open() as stream:
                overwrite(wound, stream.read())
            return ""

        patch.setattr(healing, "_replace", replace)

    @staticmethod
    def empties_the_key_first(patch: pytest.MonkeyPatch) -> None:
        whole = healing._replace

        def replace(wound: Wound, now: Examined, source: Source, size_bytes: int) -> str:
            if now.verdict is not Verdict.ABSENT:
                wound.replica.backend.set_aside(wound.key, reason="altered")
                overwrite(wound, None)
                now = Examined(wound.item, Verdict.ABSENT)
            return whole(wound, now, source, size_bytes)

        patch.setattr(healing, "_replace", replace)

    @staticmethod
    def believes_the_catalogue_against_forgeries(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(forgery.Suspicion, "concerns", lambda *_arguments: False)

    @staticmethod
    def counts_no_votes(patch: pytest.MonkeyPatch) -> None:
        """A damaged inventory is overwritten though more copies agree on another one."""

        class Nobody(Counter[str]):
            def __missing__(self, key: str) -> int:
                return 1

            def __getitem__(self, key: str) -> int:
                return 1_000 if key == self.newest else 0

            newest = ""

        def votes(digests: Iterator[str]) -> Nobody:
            counted = Nobody(digests)
            inventory = template().truth[template().objects[0] + "inventory.json"]
            counted.newest = hashlib.sha256(inventory).hexdigest()
            return counted

        patch.setattr(forgery, "Counter", votes)

    @staticmethod
    def gives_up_at_the_first_loss(patch: pytest.MonkeyPatch) -> None:
        whole, lost = healing._heal, [False]

        def heal(archive: Repository, wound: Wound, *, dry_run: bool) -> RepairedFile:
            line = whole(archive, wound, dry_run=dry_run or lost[0])
            lost[0] = lost[0] or line.healing is Healing.LOST_EVERYWHERE
            return line

        patch.setattr(healing, "_heal", heal)

    @staticmethod
    def forgets_a_replica(patch: pytest.MonkeyPatch) -> None:
        whole = repair_wounds.wounds

        def wounds(
            archive: Repository, damages: list[Damage], done: list[RepairedFile]
        ) -> Iterator[Wound]:
            return whole(archive, [d for d in damages if d.replica != "gamma"], done)

        patch.setattr(healing, "wounds", wounds)

    @staticmethod
    def says_healed_what_it_did_not_heal(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(healing, "_replace", lambda *_arguments: "")
        patch.setattr(
            healing,
            "_look",
            lambda replica, item: Examined(
                item,
                Verdict.ALTERED if calls(replica, item.key) == 1 else Verdict.INTACT,
                1,
                item.expected,
            ),
        )

    @staticmethod
    def heals_whole_objects_from_one_copy(patch: pytest.MonkeyPatch) -> None:
        """Every file of the object is taken from the first replica, damaged there or not."""
        whole = healing._heal

        def heal(archive: Repository, wound: Wound, *, dry_run: bool) -> RepairedFile:
            line = whole(archive, wound, dry_run=dry_run)
            source = archive.replicas[0]
            prefix = wound.key.removesuffix(wound.damage.content_path)
            if wound.damage.aip_id and wound.replica.name != source.name:
                for info in source.backend.list(prefix):
                    with source.backend.open(info.key) as stream:
                        inner(wound.replica).damage(info.key, stream.read())
            return line

        patch.setattr(healing, "_heal", heal)


_CALLS: Counter[tuple[str, str]] = Counter()


def calls(replica: Replica, key: str) -> int:
    _CALLS[replica.name, key] += 1
    return _CALLS[replica.name, key]


def inner(replica: Replica) -> MemoryBackend:
    """The store in memory behind a replica, whatever wraps it."""
    backend = getattr(replica.backend, "inner", replica.backend)
    assert isinstance(backend, MemoryBackend)
    return backend


def overwrite(wound: Wound, content: bytes | None) -> None:
    """The key holds ``content``, past every rule of the store; a dead process does nothing."""
    wound.replica.backend.stat(MARKER)
    inner(wound.replica).damage(wound.key, content)


MARKER = "kho/replica.json"

PLANTED = [
    Bugs.trusts_its_source,
    Bugs.throws_damaged_bytes_away,
    Bugs.empties_the_key_first,
    Bugs.believes_the_catalogue_against_forgeries,
    Bugs.counts_no_votes,
    Bugs.gives_up_at_the_first_loss,
    Bugs.forgets_a_replica,
    Bugs.says_healed_what_it_did_not_heal,
    Bugs.heals_whole_objects_from_one_copy,
]


@pytest.mark.parametrize("plant", PLANTED, ids=[bug.__name__ for bug in PLANTED])
def test_a_planted_bug_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError, ExceptionGroup)):
        run_machine(80, 4, shrink=False)


def test_a_repair_killed_at_every_call_leaves_each_key_damaged_or_healed() -> None:
    machine = Repairs()
    machine.begin()
    bed, root = machine.template.bed, machine.template.folder / "archive"
    prefix = machine.template.objects[0]
    content = next(k for k in machine.template.keys if k.startswith(prefix) and ".txt" in k)
    machine.harm("alpha", content, "flip")
    machine.harm("beta", f"{prefix}inventory.json", "cut")
    machine.harm("gamma", f"{prefix}inventory.json.sha512", "lose")
    machine.harm("gamma", content, "empty")
    with bed.open() as archive:
        audited(archive)
    shutil.copytree(root, machine.template.folder / "audited")
    damaged = {name: dict(memory._content_by_key) for name, memory in machine.stores.items()}
    fuse = Fuse()
    machine.die_at(fuse)
    assert fuse.calls > 40
    for crash_at in range(1, fuse.calls + 1):
        shutil.rmtree(root)
        shutil.copytree(machine.template.folder / "audited", root)
        for name, memory in machine.stores.items():
            memory._content_by_key = dict(damaged[name])
        machine.die_at(Fuse(crash_at))
        with bed.open() as archive:
            assert repaired(archive).not_healed == 0
        assert all(held == machine.truth for held in machine.held().values())


def test_the_model_tells_a_forgery_from_damage() -> None:
    machine = Repairs()
    machine.begin()
    machine.forge(0, "beta", as_others=False)
    fates = set(machine.expected().values())
    assert fates == {Healing.FORGED}
    machine.begin()
    machine.harm("beta", f"{machine.template.objects[0]}inventory.json", "flip")
    assert set(machine.expected().values()) == {Healing.HEALED}


def test_ids_and_places_are_what_the_keys_of_the_model_take_them_for() -> None:
    for prefix in template().objects:
        assert prefix.startswith(f"{Place.ARCHIVE.value}/")
        assert AipId(prefix.rstrip("/").rpartition("%3a")[2])
