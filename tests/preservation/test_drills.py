"""A drill really gives a sample back, sees what is wrong with it, and leaves nothing behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from preservation.drill import NothingToDrill, ReplicaAway, draw, drill
from preservation.drill_result import DrillResult
from repository.ocfl.inventory import INVENTORY, SIDECAR, sidecar_of
from schemas.nouns import Access, Verdict
from storage_backends.faulty import FaultyBackend, flipped
from storage_backends.memory import MemoryBackend


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    made = make_bed(tmp_path / "archive", stores)
    with made.open() as archive:
        for number in range(6):
            store(archive, {b"a.txt": f"dossier {number}".encode(), b"b/c.txt": b"the same"})
    return made


def faulty(bed: TestBed, name: str) -> FaultyBackend:
    backend = bed.backends[name]
    assert isinstance(backend, FaultyBackend)
    return backend


def drilled(bed: TestBed, **options: object) -> DrillResult:
    with bed.open() as archive:
        result = drill(archive, seed="7", **options)  # type: ignore[arg-type]  # test options
    assert not (Path(bed.settings.root) / "scratch").exists()
    return result


def test_a_sample_comes_back_whole_and_is_measured(bed: TestBed) -> None:
    result = drilled(bed, replica="alpha", aips=3, monotonic=iter((0.0, 2.0)).__next__)
    assert (len(result.aips), result.failed, result.seconds) == (3, 0, 2.0)
    assert result.files >= 6
    assert result.bytes_per_s == result.bytes // 2
    assert result.whole_seconds > 0
    assert result.is_trustworthy
    assert result.canaries_found == 2


def test_the_seed_draws_the_same_sample_again_and_the_ledger_keeps_it(bed: TestBed) -> None:
    result = drilled(bed, replica="alpha", aips=2)
    with bed.open() as archive:
        assert tuple(draw(archive, "alpha", 2, result.seed)) == result.aips
        assert len({tuple(draw(archive, "alpha", 2, str(n))) for n in range(20)}) > 5
        (line,) = archive.catalogue.ledger_lines(kind="drill")
        assert line.body["drill_id"] == result.drill_id
        assert line.hash == result.ledger_head


def test_replicas_take_turns(bed: TestBed) -> None:
    assert [drilled(bed, aips=1).replica for _ in range(4)] == ["alpha", "beta", "alpha", "beta"]


def test_damage_on_the_replica_fails_the_drill_and_is_named(bed: TestBed) -> None:
    for info in list(faulty(bed, "beta").list("ocfl/")):
        if info.key.endswith("/a.txt"):
            faulty(bed, "beta").alter(info.key, flipped)
    result = drilled(bed, replica="beta", aips=6)
    assert result.failed == 6
    assert {f.path for f in result.failures} == {"representations/rep1/data/a.txt"}
    assert drilled(bed, replica="alpha", aips=6).failed == 0


def test_the_journal_does_not_name_the_files_of_a_secret_dossier(bed: TestBed) -> None:
    with bed.open() as archive:
        receipt = store(archive, {b"mat.txt": b"kept close"}, access=Access.SECRET)
    for info in list(faulty(bed, "beta").list("ocfl/")):
        if info.key.endswith("/mat.txt"):
            faulty(bed, "beta").alter(info.key, flipped)
    result = drilled(bed, replica="beta", aips=7)
    assert [(f.aip_id, f.path) for f in result.failures] == [
        (receipt.aip_id, "representations/rep1/data/mat.txt")
    ]
    with bed.open() as archive:
        (line,) = archive.catalogue.ledger_lines(kind="drill")
    assert [failure["path"] for failure in line.body["failures"]] == ["(withheld)"]


def test_a_replica_that_lost_everything_fails_the_drill(bed: TestBed) -> None:
    store_ = faulty(bed, "beta").inner
    assert isinstance(store_, MemoryBackend)
    for info in list(store_.list("ocfl/")):
        store_.damage(info.key, None)
    result = drilled(bed, replica="beta", aips=2)
    assert result.failed == result.files > 0
    assert {failure.verdict for failure in result.failures} == {"absent"}


def test_a_forged_object_that_agrees_with_itself_does_not_pass(bed: TestBed) -> None:
    with bed.open() as archive:
        (aip_id,) = draw(archive, "beta", 1, "7")
    store_ = faulty(bed, "beta").inner
    assert isinstance(store_, MemoryBackend)
    keys = [i.key for i in store_.list("ocfl/") if aip_id in i.key]
    data = next(key for key in keys if key.endswith("/a.txt"))
    with store_.open(data) as stream:
        honest = stream.read()
    store_.damage(data, forged := honest.swapcase())
    old, new = hashlib.sha512(honest).hexdigest(), hashlib.sha512(forged).hexdigest()
    for key in keys:
        if key.endswith(INVENTORY):
            content = store_.read_head(key)[0].replace(old.encode(), new.encode())
            store_.damage(key, content)
            store_.damage(key.removesuffix(INVENTORY) + SIDECAR, sidecar_of(content))
    result = drilled(bed, replica="beta", aips=1)
    assert [(f.path, f.verdict) for f in result.failures] == [
        ("representations/rep1/data/a.txt", "altered")
    ]


def test_what_a_killed_drill_left_is_cleaned_by_the_next(bed: TestBed) -> None:
    left = Path(bed.settings.root) / "scratch" / "some-aip"
    left.mkdir(parents=True)
    (left / "x").write_bytes(b"x")
    assert drilled(bed, aips=1).failed == 0


def test_a_comparison_that_sees_nothing_is_not_believed(
    bed: TestBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preservation.drill._look", lambda path, file: (Verdict.INTACT, 1))
    result = drilled(bed, aips=1)
    assert not result.failed
    assert not result.is_trustworthy


def test_a_replica_that_is_away_is_not_drilled(bed: TestBed) -> None:
    faulty(bed, "beta").outage = True
    with pytest.raises(ReplicaAway):
        drilled(bed, replica="beta")
    assert drilled(bed).replica == "alpha"


def test_an_empty_archive_has_nothing_to_prove(tmp_path: Path) -> None:
    bed = make_bed(tmp_path / "empty")
    with pytest.raises(NothingToDrill):
        drilled(bed)
