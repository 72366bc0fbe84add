"""A replica that missed a version is behind, not damaged; what it has is cared for as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store, store_next
from preservation.audit_items import AuditScope
from preservation.fixity import audit
from preservation.repair import repair
from repository.fill import fill
from repository.ocfl.claims import VersionRef
from repository.ocfl.reader import read_object
from repository.ocfl.validator import inspect_backend
from schemas.events import Agent
from schemas.ids import AipId
from schemas.nouns import Place
from storage_backends.faulty import FaultyBackend, flipped
from storage_backends.memory import MemoryBackend

EVERYTHING = AuditScope(everything=True)
NAMES = ("alpha", "beta", "gamma")


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in NAMES}
    return make_bed(tmp_path / "archive", stores, min_copies=2)


def a_copy_that_missed_version_2(bed: TestBed) -> str:
    """The object's prefix; gamma was away when its second version came."""
    gamma = bed.backends["gamma"]
    assert isinstance(gamma, FaultyBackend)
    with bed.open() as archive:
        aip_id = AipId(store(archive).aip_id)
        gamma.outage = True
        store_next(archive, aip_id, {"metadata/other/note.txt": b"ghi chu"})
    gamma.outage = False
    return VersionRef(Place.ARCHIVE, aip_id, 1).object_prefix


def harm(bed: TestBed, name: str, key: str) -> None:
    backend = bed.backends[name]
    assert isinstance(backend, FaultyBackend)
    assert isinstance(backend.inner, MemoryBackend)
    backend.inner.damage(key, flipped(backend.read_head(key)[0]))


def test_what_a_replica_never_got_is_not_damage(bed: TestBed) -> None:
    a_copy_that_missed_version_2(bed)
    with bed.open() as archive:
        result = audit(archive, EVERYTHING, seed=3)
        assert (result.damage, result.strays, result.is_trustworthy) == ((), (), True)


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha512"])
def test_a_damaged_root_inventory_is_healed_to_the_version_that_is_there(
    bed: TestBed, name: str
) -> None:
    """The newest inventory over the older content would commit what is not there."""
    prefix = a_copy_that_missed_version_2(bed)
    harm(bed, "gamma", prefix + name)
    with bed.open() as archive:
        result = audit(archive, EVERYTHING, seed=3)
        assert [(line.replica, line.path) for line in result.damage] == [("gamma", name)]
        repair(archive, agent=Agent("tester", "person"), beyond_breaker=True)
        assert read_object(bed.backends["gamma"], prefix).inventory.head == "v1"
        assert {r.outcome for r in inspect_backend(bed.backends["gamma"], "ocfl/")} == {"valid"}


def test_a_filled_copy_is_audited_at_the_newest_version(bed: TestBed) -> None:
    prefix = a_copy_that_missed_version_2(bed)
    with bed.open() as archive:
        assert fill(archive).failures == []
        harm(bed, "gamma", f"{prefix}v2/inventory.json")
        (line,) = audit(archive, EVERYTHING, seed=3).damage
        assert (line.replica, line.path) == ("gamma", "v2/inventory.json")
