"""Audits say exactly what is damaged, prove that they looked, and repair heals it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, store
from preservation import fixity
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.examine import Examined, Item, examine, key_of
from preservation.fixity import audit
from preservation.repair import BreakerTripped, repair
from preservation.repair_result import Healing
from repository.archive import Repository
from schemas.digests import Algorithm
from schemas.events import Agent
from schemas.ids import AipId
from schemas.nouns import Outcome, Place, Verdict
from storage_backends.faulty import FaultyBackend, flipped, truncated
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

EVERYTHING = AuditScope(everything=True)
OPERATOR = Agent("tester", "person")


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    return make_bed(tmp_path / "archive", stores)


def data_key(archive: Repository, name: str) -> str:
    (summary,) = archive.catalogue.aips()
    file = next(f for f in archive.catalogue.files(summary.aip_id) if name in f.logical_path)
    return key_of(summary.place, summary.aip_id, file.content_path)


def run(archive: Repository, scope: AuditScope = EVERYTHING) -> AuditResult:
    return audit(archive, scope, seed=7)


def faulty(archive: Repository, name: str) -> FaultyBackend:
    backend = archive.replica(name).backend
    assert isinstance(backend, FaultyBackend)
    return backend


def test_a_clean_audit_reads_every_stored_byte_and_finds_its_canaries(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        result = run(archive)
        stored = sum(len(list(r.backend.list("ocfl/"))) for r in archive.replicas)
        holding = sum(len(list(r.backend.list("holding/"))) for r in archive.replicas)
    assert result.complete
    assert result.is_trustworthy
    assert result.files == result.intact == stored + holding
    assert not result.damage
    assert result.unexpected == 0
    assert result.canaries.planted == result.canaries.found > 10


@pytest.mark.parametrize(
    ("harm", "verdict"),
    [
        (lambda store, key: store.alter(key, flipped), Verdict.ALTERED),
        (lambda store, key: store.alter(key, truncated), Verdict.ALTERED),
        (lambda store, key: store.alter(key, lambda _content: b""), Verdict.ALTERED),
        (lambda store, key: store.hide(key), Verdict.ABSENT),
        (lambda store, key: store.make_unreadable(key), Verdict.UNREADABLE),
    ],
)
def test_an_audit_names_exactly_the_damaged_file(
    bed: TestBed, harm: object, verdict: Verdict
) -> None:
    with bed.open() as archive:
        store(archive)
        key = data_key(archive, "a.txt")
        harm(faulty(archive, "beta"), key)  # type: ignore[operator]  # a lambda of the table
        result = run(archive)
        assert result.is_trustworthy
        (damage,) = result.damage
        assert key.endswith(damage.path)
        assert (damage.replica, damage.verdict) == ("beta", verdict.value)


def test_what_nothing_accounts_for_is_reported_and_left_alone(bed: TestBed) -> None:
    from repository.ocfl.claims import put_small

    with bed.open() as archive:
        store(archive)
        stray = data_key(archive, "a.txt") + ".bak"
        put_small(archive.replica("beta").backend, stray, b"stray")
        result = run(archive)
        assert result.strays == (("beta", stray),)
        assert result.found_damage
        assert archive.replica("beta").backend.stat(stray).size_bytes == 5


def test_what_was_just_verified_is_not_due(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        first = run(archive, AuditScope())
        second = run(archive, AuditScope())
    assert first.files > second.files
    # Only the files that make the two roots are looked at every time.
    assert second.files == 2 * 6


def test_a_replica_that_is_down_is_unreachable_and_not_damaged(tmp_path: Path) -> None:
    beta = FaultyBackend(MemoryBackend("beta"))
    bed = make_bed(tmp_path / "archive", {"alpha": MemoryBackend("alpha"), "beta": beta})
    with bed.open() as archive:
        store(archive)
    with bed.open() as archive:
        beta.outage = True
        result = run(archive)
        assert not result.damage
        assert result.unreachable == ("beta",)


def test_a_replica_lost_on_the_way_ends_its_part_without_damage(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        archive.prepare_to_write()
        faulty(archive, "beta").outage = True
        result = run(archive)
        assert not result.damage
        assert not result.complete
        assert result.unreachable == ("beta",)


@pytest.mark.parametrize("limit", ["bytes", "time"])
def test_a_run_that_reaches_its_limit_ends_trusted_and_the_next_goes_on(
    bed: TestBed, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixity, "WINDOW_FILES", 5)
    ticks = iter(range(1_000_000))
    scopes = {"bytes": AuditScope(limit_bytes=2_500), "time": AuditScope(limit_s=20)}
    with bed.open() as archive:
        store(archive, {f"{n}.txt".encode(): bytes([n]) * 99 for n in range(20)})
        run(archive, AuditScope(limit_bytes=1))
        seen = []
        for _run in range(60):
            result = audit(archive, scopes[limit], seed=7, monotonic=lambda: float(next(ticks)))
            assert result.is_trustworthy
            assert result.complete
            seen.append(result.files)
            if result.files == 2 * 6:
                break
        assert len(seen) > 3
        assert run(archive, AuditScope()).files == 2 * 6


def test_a_limit_of_bytes_is_kept_below_a_thousand_files_and_nothing_starves(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive, {f"{n}.txt".encode(): bytes([n]) * 10_000 for n in range(20)})
        limited = AuditScope(limit_bytes=30_000)
        first = run(archive, limited)
        assert first.is_trustworthy
        assert first.complete
        assert 0 < first.bytes < 2 * 60_000  # on two replicas, one window beyond at most
        for _run in range(40):
            result = run(archive, AuditScope(limit_bytes=1))
            assert result.bytes < 2 * 60_000
            if result.files == 2 * 6:
                break
        assert run(archive, AuditScope()).files == 2 * 6


def test_a_limit_of_time_is_looked_at_after_a_few_large_files(bed: TestBed) -> None:
    with bed.open() as archive:
        items = [
            Item(f"ocfl/{n}", "", AipId("x"), Place.ARCHIVE, "", size_bytes=1 << 30)
            for n in range(100)
        ]
        timed = fixity._Run(
            "", archive.replicas[0], AuditScope(limit_s=1), lambda: 0.0, lambda: False
        )
        assert [len(window) for window in fixity._windows(timed, items)] == [16] * 6 + [4]


def test_held_submissions_are_audited_and_healed_like_the_archive(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive, outcome=Outcome.HELD)
        key = data_key(archive, "a.txt")
        assert key.startswith("holding/")
        spoil(faulty(archive, "beta").inner, key)
        assert [line.verdict for line in run(archive).damage] == ["altered"]
        assert repair(archive, agent=OPERATOR).healed == 1
        assert not run(archive).found_damage


class Lazy:
    """Broken examiners: each forgets something that an audit must do."""

    @staticmethod
    def skips_a_file(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        return examine(backend, items[1:], algorithm=algorithm)

    @staticmethod
    def trusts_the_size(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for found in examine(backend, items, algorithm=algorithm):
            whole = found.item.size_bytes in (None, found.size_bytes)
            same = found.verdict is Verdict.ALTERED and whole
            yield Examined(found.item, Verdict.INTACT) if same else found

    @staticmethod
    def swallows_errors(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for found in examine(backend, items, algorithm=algorithm):
            broken = found.verdict is Verdict.UNREADABLE
            yield Examined(found.item, Verdict.INTACT) if broken else found

    @staticmethod
    def takes_absence_for_silence(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        for found in examine(backend, items, algorithm=algorithm):
            gone = found.verdict is Verdict.ABSENT
            yield Examined(found.item, Verdict.UNREADABLE) if gone else found

    @staticmethod
    def remembers_yesterday(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm
    ) -> Iterator[Examined]:
        return (Examined(item, Verdict.INTACT) for item in items)


@pytest.mark.parametrize(
    "broken",
    [
        Lazy.skips_a_file,
        Lazy.trusts_the_size,
        Lazy.swallows_errors,
        Lazy.takes_absence_for_silence,
        Lazy.remembers_yesterday,
    ],
)
def test_an_auditor_that_does_not_look_is_caught_by_its_canaries(
    bed: TestBed, broken: object
) -> None:
    with bed.open() as archive:
        store(archive)
        result = audit(archive, EVERYTHING, seed=3, examiner=broken)  # type: ignore[arg-type]  # broken on purpose
        assert not result.is_trustworthy
        assert result.canaries.missed


def test_canaries_never_reach_the_list_of_damage(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        for seed in range(5):
            assert not audit(archive, EVERYTHING, seed=seed).damage
        assert not list(archive.catalogue.damage())


def test_a_disguise_on_what_is_really_damaged_proves_nothing_either_way(bed: TestBed) -> None:
    """A lost file cannot be presented as flipped, nor a flipped one as flipped once more."""
    with bed.open() as archive:
        store(archive)
        (summary,) = archive.catalogue.aips()
        paths = [f.content_path for f in archive.catalogue.files(summary.aip_id)]
        keys = [key_of(summary.place, summary.aip_id, path) for path in paths]
        beta = faulty(archive, "beta")
        for number, key in enumerate(keys):
            if number % 2:
                beta.hide(key)
            else:
                spoil(beta.inner, key)
        for seed in range(8):
            result = audit(archive, AuditScope(everything=True, replicas=("beta",)), seed=seed)
            assert result.is_trustworthy, result.canaries.missed
            assert len(result.damage) == len(keys)


def test_repair_heals_from_a_copy_that_was_just_proved(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        keys = [data_key(archive, name) for name in ("a.txt", "METS.xml", "inventory.json")]
        backend = faulty(archive, "beta").inner
        for key in keys:
            spoil(backend, key)
        assert len(run(archive).damage) == len(keys)
        result = repair(archive, agent=OPERATOR)
        assert (result.healed, result.not_healed) == (len(keys), 0)
        assert all(file.source == "alpha" for file in result.files)
        assert not run(archive).damage
        assert [event.type for event in archive.catalogue.events(result.files[0].aip_id)]  # type: ignore[arg-type]  # printed id


def test_a_dry_run_changes_nothing(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        spoil(faulty(archive, "beta").inner, data_key(archive, "a.txt"))
        run(archive)
        result = repair(archive, agent=OPERATOR, dry_run=True)
        assert [file.healing for file in result.files] == [Healing.WOULD_HEAL]
        assert len(run(archive).damage) == 1


def test_different_files_damaged_on_every_copy_heal_each_other(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        spoil(faulty(archive, "alpha").inner, data_key(archive, "a.txt"))
        spoil(faulty(archive, "beta").inner, data_key(archive, "b.txt"))
        assert len(run(archive).damage) == 2
        assert repair(archive, agent=OPERATOR).not_healed == 0
        assert not run(archive).damage


def test_what_every_copy_has_lost_is_said_and_the_rest_is_healed(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive)
        for name in ("alpha", "beta"):
            spoil(faulty(archive, name).inner, data_key(archive, "a.txt"))
        spoil(faulty(archive, "beta").inner, data_key(archive, "b.txt"))
        run(archive)
        result = repair(archive, agent=OPERATOR)
        healings = sorted(file.healing for file in result.files)
        assert healings == [Healing.HEALED, Healing.LOST_EVERYWHERE, Healing.LOST_EVERYWHERE]


def test_sudden_mass_damage_stops_repair_and_asks_a_person(bed: TestBed) -> None:
    with bed.open() as archive:
        store(archive, {f"{n}.txt".encode(): f"van ban {n}".encode() for n in range(30)})
        backend = faulty(archive, "beta").inner
        for number in range(20):
            spoil(backend, data_key(archive, f"data/{number}.txt"))
        run(archive)
        with pytest.raises(BreakerTripped):
            repair(archive, agent=OPERATOR)
        assert repair(archive, agent=OPERATOR, beyond_breaker=True).not_healed == 0


def test_random_damage_is_found_exactly_and_healed_wholly(bed: TestBed) -> None:
    rng = random.Random(11)
    with bed.open() as archive:
        store(archive, {**FILES, **{f"{n}.bin".encode(): bytes([n]) * 50 for n in range(6)}})
        (summary,) = archive.catalogue.aips()
        paths = sorted({f.content_path for f in archive.catalogue.files(summary.aip_id)})
        for _round in range(5):
            hurt = set(rng.sample(paths, 4))
            for path in hurt:
                name = rng.choice(("alpha", "beta"))
                key = key_of(summary.place, summary.aip_id, path)
                spoil(faulty(archive, name).inner, key)
            assert {line.path for line in run(archive).damage} == hurt
            assert repair(archive, agent=OPERATOR).not_healed == 0
            assert not run(archive).damage


def spoil(backend: StorageBackend, key: str) -> None:
    """One bit of the stored bytes flips behind the store's back."""
    assert isinstance(backend, MemoryBackend)
    content = backend._content_by_key[key]
    backend._content_by_key[key] = flipped(content) if content else b"x"
