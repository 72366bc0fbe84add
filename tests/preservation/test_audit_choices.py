"""Audits by the slower digest, of a random sample, and stopped between two files."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from preservation.audit_items import AuditScope, due_items
from preservation.fixity import audit
from repository.administrative import store_administrative
from schemas.events import Agent
from storage_backends.faulty import FaultyBackend, flipped
from storage_backends.memory import MemoryBackend

DEEP = AuditScope(algorithm="sha512", due_after_days=365)


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    made = make_bed(tmp_path / "archive", stores)
    with made.open() as archive:
        for number in range(4):
            store(archive, {b"a.txt": f"dossier {number}".encode(), b"rong.txt": b""})
    return made


def test_an_audit_by_sha512_of_whole_copies_finds_nothing(bed: TestBed) -> None:
    with bed.open() as archive:
        result = audit(archive, DEEP, seed=7)
    assert result.complete
    assert (result.damage, result.altered) == ((), 0)
    assert result.canaries.found == result.canaries.planted


def test_a_look_by_sha512_counts_for_both_cycles_and_one_by_sha256_only_for_its_own(
    bed: TestBed,
) -> None:
    with bed.open() as archive:
        assert audit(archive, AuditScope(), seed=1).files > 20
        assert not list(due_items(archive, AuditScope(), "alpha"))
        assert len(list(due_items(archive, DEEP, "alpha"))) > 20
        audit(archive, DEEP, seed=2)
        assert not list(due_items(archive, DEEP, "alpha"))
        audit(archive, AuditScope(everything=True), seed=3)
        assert not list(due_items(archive, DEEP, "alpha"))


def test_a_share_of_what_was_never_read_leaves_nothing_overdue_waiting(bed: TestBed) -> None:
    share = replace(DEEP, never_limit=5)
    with bed.open() as archive:
        first = {item.key for item in due_items(archive, share, "alpha")}
        audit(archive, share, seed=1)
        second = {item.key for item in due_items(archive, share, "alpha")}
        assert (len(first), len(second), first & second) == (5, 5, set())
        bed.clock.start += timedelta(days=366)
        later = {item.key for item in due_items(archive, share, "alpha")}
        assert later == first | second, "overdue is never put off"
        everything = {item.key for item in due_items(archive, DEEP, "alpha")}
        assert len(everything) > 20


def test_an_audit_by_sha512_finds_damage(bed: TestBed) -> None:
    beta = bed.backends["beta"]
    assert isinstance(beta, FaultyBackend)
    key = next(i.key for i in beta.list("ocfl/") if i.key.endswith("/a.txt"))
    beta.alter(key, flipped)
    with bed.open() as archive:
        (line,) = audit(archive, DEEP, seed=7).damage
    assert (line.replica, line.verdict) == ("beta", "altered")


def test_empty_files_of_our_own_raise_no_false_alarm_whatever_the_seed(tmp_path: Path) -> None:
    """Their size is not in the catalogue, and nothing can be flipped in them."""
    bed = make_bed(tmp_path / "archive")
    with bed.open() as archive:
        store_administrative(
            archive,
            kind="policy",
            title="x",
            files={"x": b"x", "nothing": b""},
            agents=[Agent("tester", "person")],
            detail="",
        )
        for seed in range(25):
            scope = AuditScope(sample_files=12, sample_seed=str(seed), replicas=("alpha",))
            result = audit(archive, scope, seed=seed)
            assert result.canaries.missed == ()


def test_a_sample_reads_so_many_files_and_looks_for_no_strays(bed: TestBed) -> None:
    scope = AuditScope(sample_files=5, sample_seed="a")
    with bed.open() as archive:
        result = audit(archive, scope, seed=7)
        assert (result.files, result.unexpected) == (10, 0)
        assert result.is_trustworthy
        first = [item.key for item in due_items(archive, scope, "alpha")]
        assert len(set(first)) == 5
        assert [item.key for item in due_items(archive, scope, "alpha")] == first
        other = AuditScope(sample_files=5, sample_seed="b")
        assert [item.key for item in due_items(archive, other, "alpha")] != first


def test_a_sample_may_be_larger_than_the_replica(bed: TestBed) -> None:
    with bed.open() as archive:
        drawn = archive.catalogue.sample_files("alpha", 1000, random.Random(1))
        assert len(drawn) > 20
        assert archive.catalogue.sample_files("nobody", 10, random.Random(1)) == ()


def test_a_stopped_audit_keeps_what_it_has_seen_and_calls_itself_incomplete(
    bed: TestBed,
) -> None:
    looks = count()
    with bed.open() as archive:
        result = audit(archive, AuditScope(), seed=7, stop=lambda: next(looks) >= 10)
        assert not result.complete
        assert result.is_trustworthy
        assert 0 < result.files < result.due
        before = [len(list(due_items(archive, AuditScope(), n))) for n in ("alpha", "beta")]
        assert before[0] < before[1]
        assert audit(archive, AuditScope(), seed=8).complete
        assert not list(due_items(archive, AuditScope(), "alpha"))


def test_every_audit_says_the_head_of_the_ledger_that_holds_it(bed: TestBed) -> None:
    with bed.open() as archive:
        before = archive.ledger_head()
        result = audit(archive, AuditScope(), seed=7)
        assert result.ledger_head == archive.ledger_head() != before
        (line,) = archive.catalogue.ledger_lines(kind="audit")
        assert line.body["ledger_head"] == before
