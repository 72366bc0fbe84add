"""An audit's journal line goes everywhere: of secret dossiers it names no file (decision 0022)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.archives import TestBed, make_bed, store
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.fixity import audit
from preservation.repair import repair
from repository.archive import Repository
from repository.discretion import discreet_audit
from repository.ocfl.claims import put_small
from repository.ocfl.layout import object_prefix
from schemas.events import Agent, EventType
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Access, Place
from storage_backends.faulty import FaultyBackend, flipped
from storage_backends.memory import MemoryBackend

NAME = "danh-sach-nguon-tin"
FILES = {f"{NAME}.txt".encode(): b"kept close"}
REPAIR = EventType.REPAIR.value
EVERYTHING = AuditScope(everything=True)


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    return make_bed(tmp_path, stores)


def received(archive: Repository, access: Access) -> AipId:
    return AipId(store(archive, FILES, access=access).aip_id)


def beta(bed: TestBed) -> FaultyBackend:
    store_ = bed.backends["beta"]
    assert isinstance(store_, FaultyBackend)
    return store_


def key_of(aip_id: AipId, path: str) -> str:
    return object_prefix(Place.ARCHIVE, ocfl_id(aip_id)) + path


def data_path(archive: Repository, aip_id: AipId) -> str:
    files = archive.catalogue.files(aip_id, Place.ARCHIVE)
    return next(file.content_path for file in files if NAME in file.content_path)


def audited(archive: Repository) -> tuple[AuditResult, dict[str, Any]]:
    """The result as the operator gets it, and the line that every replica gets."""
    result = audit(archive, EVERYTHING, seed=7)
    *_, line = archive.catalogue.ledger_lines(kind="audit")
    return result, line.body


def test_a_damaged_file_of_a_secret_dossier_is_named_by_its_digest(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = received(archive, Access.SECRET)
        path = data_path(archive, aip_id)
        beta(bed).alter(key_of(aip_id, path), flipped)
        result, body = audited(archive)
        (expected,) = (
            file.sha256 for file in archive.catalogue.files(aip_id) if file.content_path == path
        )
    assert [line.path for line in result.damage] == [path], "whoever runs it is shown the path"
    assert [(line["aip_id"], line["path"]) for line in body["damage"]] == [
        (aip_id, f"sha256:{expected}")
    ]
    assert NAME not in str(body)


def test_files_of_other_dossiers_are_told_by_path(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = received(archive, Access.RESTRICTED)
        path = data_path(archive, aip_id)
        beta(bed).alter(key_of(aip_id, path), flipped)
        _result, body = audited(archive)
    assert [line["path"] for line in body["damage"]] == [path]


def test_an_inventory_has_the_same_name_in_every_object_and_keeps_it(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = received(archive, Access.SECRET)
        beta(bed).alter(key_of(aip_id, "inventory.json"), flipped)
        _result, body = audited(archive)
    assert "inventory.json" in [line["path"] for line in body["damage"]]


def test_a_stray_file_in_a_secret_dossier_is_told_without_its_name(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = received(archive, Access.SECRET)
        stray = key_of(aip_id, f"v1/content/{NAME}.bak")
        put_small(archive.replica("beta").backend, stray, b"stray")
        result, body = audited(archive)
    assert result.strays == (("beta", stray),)
    assert [tuple(one) for one in body["strays"]] == [("beta", key_of(aip_id, "(withheld)"))]


def test_what_every_replica_holds_after_a_repair_names_no_file_either(bed: TestBed) -> None:
    with bed.open() as archive:
        aip_id = received(archive, Access.SECRET)
        inner = beta(bed).inner
        assert isinstance(inner, MemoryBackend)
        inner.damage(key_of(aip_id, data_path(archive, aip_id)), b"other bytes")
        audit(archive, EVERYTHING, seed=7)
        before = archive.catalogue.ledger_head().seq
        assert repair(archive, agent=Agent("tester", "person")).healed == 1
        lines = list(archive.catalogue.ledger_lines(after_seq=before))
    (facts,) = (line.body["facts"] for line in lines if line.body.get("type") == REPAIR)
    assert facts == {"replica": "beta", "files": "(withheld)"}
    journals = [info.key for info in bed.backends["alpha"].list("kho/journal/") if info.size_bytes]
    assert journals
    for key in journals:
        with bed.backends["alpha"].open(key) as stream:
            assert NAME.encode() not in stream.read()


SECRET = AipId("11111111-0000-4000-8000-000000000000")
OPEN = AipId("22222222-0000-4000-8000-000000000000")


def told(**parts: Any) -> dict[str, Any]:
    """An audit's body told discreetly; one file of ``SECRET`` is known."""
    body = {"damage": [], "strays": [], "flaky": [], "canaries": {"missed": []}, **parts}
    return discreet_audit(
        body, lambda aip_id: {"v1/content/a.txt": "ab" * 32} if aip_id == SECRET else None
    )


def test_an_unsteady_file_is_told_by_its_digest() -> None:
    secret, other = key_of(SECRET, "v1/content/a.txt"), key_of(OPEN, "v1/content/a.txt")
    body = told(flaky=[("beta", secret), ("beta", other)])
    wanted = key_of(SECRET, f"sha256:{'ab' * 32}")
    assert body["flaky"] == [("beta", wanted), ("beta", other)]


def test_a_canary_that_was_missed_is_told_without_the_name_it_was_hung_on() -> None:
    missed = f"beta: flipped: {key_of(SECRET, 'v1/content/a.txt')}"
    plain = "beta: one listed entry too many"
    body = told(canaries={"planted": 2, "found": 0, "missed": [missed, plain]})
    assert body["canaries"]["missed"] == [
        f"beta: flipped: {key_of(SECRET, 'sha256:' + 'ab' * 32)}",
        plain,
    ]
    assert body["canaries"]["planted"] == 2


def test_a_path_that_no_inventory_has_is_withheld_altogether() -> None:
    line = {"replica": "beta", "aip_id": SECRET, "path": "v9/content/x.txt", "verdict": "absent"}
    own = {"replica": "beta", "aip_id": "", "path": "ocfl/0=ocfl_1.1", "verdict": "absent"}
    body = told(damage=[line, own])
    assert [each["path"] for each in body["damage"]] == ["(withheld)", "ocfl/0=ocfl_1.1"]
