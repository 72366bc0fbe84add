"""A broken journal is written anew only from lines that the newest hash proves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from repository.archive import Repository
from repository.journal import chain
from repository.journal_files import JOURNAL, LedgerBroken, LedgerForked, journal_key, read_lines
from repository.ledger_check import check_ledger
from repository.ledger_repair import LedgerHealed, LedgerUnproved, repair_ledgers
from repository.rebuild_check import compare_with_replicas
from schemas.events import Agent
from schemas.progress import NoProgress
from schemas.records import encode_line
from storage_backends.aside import ASIDE
from storage_backends.memory import MemoryBackend

AGENT = Agent("An", "person", "")


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    made = make_bed(tmp_path / "archive")
    with made.open() as archive:
        for number in range(3):
            store(archive, {b"a.txt": str(number).encode()})
    return made


def memory(bed: TestBed, name: str) -> MemoryBackend:
    backend = bed.backends[name]
    assert isinstance(backend, MemoryBackend)
    return backend


def keys(bed: TestBed, name: str) -> list[str]:
    return sorted(info.key for info in bed.backends[name].list(JOURNAL))


def spoil(bed: TestBed, name: str, number: int) -> bytes:
    """The ``number``-th file of the journal has one byte less; what it is now."""
    backend, key = memory(bed, name), keys(bed, name)[number]
    content = backend.read_head(key)[0][1:]
    backend.damage(key, content)
    return content


def healed(archive: Repository) -> dict[str, LedgerHealed]:
    return {each.replica: each for each in repair_ledgers(archive, agent=AGENT)}


def are_sound(archive: Repository) -> bool:
    checked = [check_ledger(replica, [archive.ledger_head()]) for replica in archive.replicas]
    return all(one.is_sound for one in checked) and len({one.head for one in checked}) == 1


def test_a_damaged_line_is_healed_and_its_bytes_are_kept(bed: TestBed) -> None:
    damaged = spoil(bed, "alpha", 1)
    with bed.open() as archive:
        done = healed(archive)
        assert set(done) == {"alpha"}
        assert are_sound(archive)
        assert archive.catalogue.ledger_head().seq == done["alpha"].lines + 1, "and it is told"
    kept = memory(bed, "alpha").list(done["alpha"].aside)
    assert damaged in [memory(bed, "alpha").read_head(info.key)[0] for info in kept]


def test_different_damage_on_every_replica_is_healed(bed: TestBed) -> None:
    spoil(bed, "alpha", 0)
    spoil(bed, "beta", 1)
    with bed.open() as archive:
        assert set(healed(archive)) == {"alpha", "beta"}
        assert are_sound(archive)


def test_a_line_that_somebody_added_stops_writers_until_it_is_taken_out(bed: TestBed) -> None:
    with bed.open() as archive:
        seq, _hash = archive.catalogue.ledger_head()
    (forged,) = chain([("event", {})], seq=seq, prev="00" * 32, moment="2026-01-01T00:00:00.000Z")
    memory(bed, "beta").damage(journal_key(seq + 1), encode_line(forged))
    with bed.open() as archive, pytest.raises(LedgerBroken):
        archive.prepare_to_write()
    with bed.open() as archive:
        assert set(healed(archive)) == {"beta"}
        store(archive, {b"a.txt": b"more"})
        assert are_sound(archive)


def test_what_only_the_catalogue_tells_is_not_believed(bed: TestBed) -> None:
    for name in ("alpha", "beta"):
        spoil(bed, name, -1)
    before = {name: list(memory(bed, name).list("")) for name in ("alpha", "beta")}
    with bed.open() as archive, pytest.raises(LedgerUnproved):
        repair_ledgers(archive, agent=AGENT)
    assert before == {name: list(memory(bed, name).list("")) for name in ("alpha", "beta")}


def test_another_sound_history_is_for_a_person(bed: TestBed) -> None:
    spoil(bed, "alpha", 0)
    backend = memory(bed, "beta")
    lines = list(read_lines(backend))
    others = chain(
        [("event", {"n": str(n)}) for n in range(len(lines))], seq=0, prev="", moment=""
    )
    for key in keys(bed, "beta")[1:]:
        backend.damage(key, None)
    backend.damage(keys(bed, "beta")[0], b"".join(map(encode_line, others)))
    with bed.open() as archive, pytest.raises(LedgerForked):
        repair_ledgers(archive, agent=AGENT)


def test_a_dry_run_changes_nothing(bed: TestBed) -> None:
    damaged = spoil(bed, "alpha", 1)
    with bed.open() as archive:
        (planned,) = repair_ledgers(archive, agent=AGENT, dry_run=True)
    assert (planned.replica, planned.aside) == ("alpha", "")
    assert memory(bed, "alpha").read_head(keys(bed, "alpha")[1])[0] == damaged
    assert not list(memory(bed, "alpha").list(ASIDE))


def test_an_interrupted_repair_is_finished_by_the_next_writer(bed: TestBed) -> None:
    memory(bed, "alpha").move_aside(JOURNAL, reason="broken journal")
    with bed.open() as archive:
        archive.prepare_to_write()
        assert are_sound(archive)


def lose(bed: TestBed, name: str, number: int) -> None:
    memory(bed, name).damage(keys(bed, name)[number], None)


@pytest.mark.parametrize("hurt", [spoil, lose])
def test_the_catalogue_is_rebuilt_past_a_broken_journal(
    bed: TestBed, hurt: Callable[[TestBed, str, int], object]
) -> None:
    hurt(bed, "alpha", 1)
    with bed.open() as archive:
        found = compare_with_replicas(archive, progress=NoProgress())
    assert found.differences == []
    assert [row[:2] for row in found.unreadable] == [("alpha", JOURNAL)]
