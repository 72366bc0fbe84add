"""The ledger of any one replica is proved without the catalogue; a rewritten one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from repository.journal import chain
from repository.journal_files import JOURNAL, LedgerForked, read_lines
from repository.ledger_check import check_ledger
from repository.replica import Replica, attach_by_marker
from schemas.records import encode_line
from storage_backends.faulty import FaultyBackend
from storage_backends.interface import AccessDenied, BackendUnavailable, NoSpace, StorageError
from storage_backends.memory import MemoryBackend


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    made = make_bed(tmp_path / "archive")
    with made.open() as archive:
        for number in range(3):
            store(archive, {b"a.txt": str(number).encode()})
    return made


def replica_of(bed: TestBed, name: str) -> Replica:
    settings = next(r for r in bed.settings.replicas if r.name == name)
    return attach_by_marker(settings, bed.backends[name])


def journal_keys(bed: TestBed, name: str) -> list[str]:
    return sorted(info.key for info in bed.backends[name].list(JOURNAL))


def rewrite(bed: TestBed, name: str, key: str, content: bytes) -> None:
    backend = bed.backends[name]
    assert isinstance(backend, MemoryBackend)
    backend.damage(key, content)


def test_every_replica_alone_proves_the_whole_history(bed: TestBed) -> None:
    with bed.open() as archive:
        head = archive.ledger_head()
    one, two = (check_ledger(replica_of(bed, name), [head]) for name in ("alpha", "beta"))
    assert one.is_sound
    assert two.is_sound
    assert one.head == two.head == head
    assert one.lines == 9
    assert one.lines_sha256 == two.lines_sha256


def test_a_changed_line_is_found_where_it_stands(bed: TestBed) -> None:
    key = journal_keys(bed, "alpha")[1]
    content = bed.backends["alpha"].read_head(key)[0]
    rewrite(bed, "alpha", key, content.replace(b"verified", b"VERIFIED", 1))
    checked = check_ledger(replica_of(bed, "alpha"))
    assert not checked.is_sound
    assert checked.broken_at == 4


def test_a_missing_file_of_the_journal_breaks_the_chain(bed: TestBed) -> None:
    backend = bed.backends["alpha"]
    assert isinstance(backend, MemoryBackend)
    backend.damage(journal_keys(bed, "alpha")[1], None)
    assert check_ledger(replica_of(bed, "alpha")).broken_at


def test_a_history_rewritten_as_a_whole_lacks_the_hash_that_outsiders_hold(bed: TestBed) -> None:
    with bed.open() as archive:
        head = archive.ledger_head()
    keys = journal_keys(bed, "alpha")
    forged = chain([("event", {"id": "x"})] * 9, seq=0, prev="", moment="2026-11-22T09:00:00.000Z")
    backend = bed.backends["alpha"]
    assert isinstance(backend, MemoryBackend)
    for key in keys[1:]:
        backend.damage(key, None)
    backend.damage(keys[0], b"".join(map(encode_line, forged)))
    checked = check_ledger(replica_of(bed, "alpha"), [head])
    assert not checked.broken_at
    assert not checked.is_sound


def test_a_writer_refuses_to_go_on_when_a_replica_tells_another_history(bed: TestBed) -> None:
    keys = journal_keys(bed, "alpha")
    forged = chain([("event", {"id": "x"})] * 9, seq=0, prev="", moment="2026-11-22T09:00:00.000Z")
    backend = bed.backends["alpha"]
    assert isinstance(backend, MemoryBackend)
    for key in keys[1:]:
        backend.damage(key, None)
    backend.damage(keys[0], b"".join(map(encode_line, forged)))
    with bed.open() as archive, pytest.raises(LedgerForked):
        archive.prepare_to_write()


def test_a_replica_that_was_away_gets_the_lines_it_missed(tmp_path: Path) -> None:
    beta = FaultyBackend(MemoryBackend("beta"))
    bed = make_bed(tmp_path / "archive", {"alpha": MemoryBackend("alpha"), "beta": beta})
    beta.outage = True
    with bed.open() as archive:
        store(archive)
    beta.outage = False
    with bed.open() as archive:
        archive.prepare_to_write()
    heads = {check_ledger(replica_of(bed, name)).head for name in ("alpha", "beta")}
    assert len(heads) == 1


@pytest.mark.parametrize("verb", ["put_new", "list"])
@pytest.mark.parametrize("kind", [NoSpace, AccessDenied, BackendUnavailable])
def test_a_replica_that_takes_no_lines_keeps_nobody_from_writing(
    tmp_path: Path, verb: str, kind: type[StorageError]
) -> None:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path, stores, min_copies=1)
    with bed.open() as archive:
        store(archive)
    stores["beta"].fail(verb, kind, key="kho/journal/", times=999)
    for name in (b"mot.txt", b"hai.txt"):
        with bed.open() as archive:
            store(archive, {name: name})
            told = archive.unreachable if kind is BackendUnavailable else archive.behind
            behind = told.get("beta")
    assert isinstance(behind, kind)
    stores["beta"].heal()
    with bed.open() as archive:
        archive.prepare_to_write()
        assert not archive.behind
        lines = {name: list(read_lines(made)) for name, made in stores.items()}
    assert lines["alpha"] == lines["beta"]
