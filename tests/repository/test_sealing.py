"""The ledger is sealed into AIPs, once, and told by them when the journal is gone or altered."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, make_settings, store
from kit.crashing import Fuse, fused
from repository.archive import NoReplicaAllowed, Repository
from repository.catalogue import Catalogue
from repository.creation import create_archive
from repository.journal import chain
from repository.journal_files import JOURNAL, LedgerBroken, journal_key, read_lines
from repository.ledger_check import check_ledger
from repository.ledger_sealed import found_on, sealed_lines
from repository.rebuild import rebuild_catalogue
from repository.replica import Replica, attach_by_marker
from repository.sealing import PROFILE, range_of, seal_ledger
from schemas.nouns import Access, Place
from schemas.progress import NoProgress
from schemas.records import encode_line
from storage_backends.faulty import SimulatedCrash
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


def memory(bed: TestBed, name: str) -> MemoryBackend:
    backend = bed.backends[name]
    assert isinstance(backend, MemoryBackend)
    return backend


def lose_journal(bed: TestBed, name: str) -> None:
    for info in list(memory(bed, name).list(JOURNAL)):
        memory(bed, name).damage(info.key, None)


def ledger_codes(archive: Repository) -> list[str]:
    return [s.dossier_code for s in archive.catalogue.aips() if range_of(s.dossier_code)]


def test_the_lines_since_the_last_sealing_become_one_aip_that_is_kept_like_any_other(
    bed: TestBed,
) -> None:
    with bed.open() as archive:
        head = archive.ledger_head()
        (sealed,) = seal_ledger(archive)
        assert (sealed.first, sealed.last, sealed.head, sealed.state) == (1, 9, head, "stored")
        (copy, other) = archive.catalogue.copies(archive.catalogue.find(sealed.aip_id)[0].aip_id)
        assert {copy.replica, other.replica} == {"alpha", "beta"}


def test_nothing_is_sealed_when_only_sealing_happened(bed: TestBed) -> None:
    with bed.open() as archive:
        assert len(seal_ledger(archive)) == 1
        assert seal_ledger(archive) == []
    with bed.open() as archive:
        assert seal_ledger(archive) == []
        store(archive, {b"a.txt": b"another day"})
        (second,) = seal_ledger(archive)
        assert (second.first, second.last) == (10, 15)


def test_years_of_lines_become_several_aips_of_bounded_size(bed: TestBed) -> None:
    with bed.open() as archive:
        made = seal_ledger(archive, most_lines=4)
        assert [(one.first, one.last) for one in made][:2] == [(1, 4), (5, 8)]
        assert all(b.first == a.last + 1 for a, b in itertools.pairwise(made))
        assert made[-1].last >= 9
        assert seal_ledger(archive) == []
    assert (
        list(sealed_lines(replica_of(bed, "beta")))[:9]
        == list(read_lines(bed.backends["alpha"]))[:9]
    )


def test_a_line_that_does_not_follow_is_not_sealed(bed: TestBed) -> None:
    with bed.open() as archive:
        archive.prepare_to_write()
        (line,) = [each for each in archive.catalogue.ledger_lines() if each.seq == 5]
        with archive.catalogue._database.write() as connection:
            connection.exec_driver_sql(
                'UPDATE ledger_line SET body = \'{"aip_id":"x"}\' WHERE seq = ?', (line.seq,)
            )
        with pytest.raises(LedgerBroken):
            seal_ledger(archive)
        assert ledger_codes(archive) == []


def test_a_sealed_ledger_is_as_closed_as_the_most_closed_dossier_it_tells_of(
    tmp_path: Path,
) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta", "net")}
    settings = make_settings(tmp_path / "archive", tuple(stores))
    replicas = [
        type(r)(name=r.name, url=r.url, site=r.site, networked=r.name == "net")
        for r in settings.replicas
    ]
    settings = make_settings(tmp_path / "archive", tuple(stores), replicas=tuple(replicas))
    create_archive(settings, backends=stores)
    with Repository.open(settings, backends=stores) as archive:
        store(archive, {b"a.txt": b"open to members"})
        (first,) = seal_ledger(archive)
        store(archive, {b"a.txt": b"secret"}, access=Access.SECRET)
        (second,) = seal_ledger(archive)
        net = attach_by_marker(settings.replicas[2], stores["net"])
        assert [aip.aip_id for aip in found_on(net)] == [first.aip_id]
        alpha = attach_by_marker(settings.replicas[0], stores["alpha"])
        assert [aip.aip_id for aip in found_on(alpha)] == [first.aip_id, second.aip_id]
    # The replica that may not hold it does not miss it; the others compare both.
    assert check_ledger(net).is_sound
    checked = check_ledger(alpha)
    assert checked.is_sound
    assert checked.sealed_aips == 2


def test_a_ledger_that_too_few_replicas_may_hold_is_not_sealed(tmp_path: Path) -> None:
    stores = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    settings = make_settings(tmp_path / "archive", tuple(stores))
    public = [
        type(r)(name=r.name, url=r.url, site=r.site, max_access="public")
        for r in settings.replicas
    ]
    settings = make_settings(tmp_path / "archive", tuple(stores), replicas=tuple(public))
    create_archive(settings, backends=stores)
    with Repository.open(settings, backends=stores) as archive:
        store(archive, {b"a.txt": b"for everyone"}, access=Access.PUBLIC)
        with pytest.raises(NoReplicaAllowed):
            seal_ledger(archive)


def test_a_sealing_killed_at_any_call_leaves_one_ledger_aip(tmp_path: Path) -> None:
    def prepared(number: int) -> TestBed:
        made = make_bed(tmp_path / str(number))
        with made.open() as archive:
            store(archive, {b"a.txt": b"a"})
        return made

    counted, fuse = prepared(0), Fuse()
    with counted.open(fused(counted.backends, fuse)) as archive:
        seal_ledger(archive)
    assert fuse.calls > 40
    for crash_at in range(1, fuse.calls, 5):
        bed = prepared(crash_at)
        archive = bed.open(fused(bed.backends, Fuse(crash_at)))
        with pytest.raises(SimulatedCrash):
            seal_ledger(archive)
        if archive._writer is not None:
            archive._writer.release()
        archive.catalogue.close()
        with bed.open() as archive:
            seal_ledger(archive)
            seal_ledger(archive)
            ranges = sorted(filter(None, map(range_of, ledger_codes(archive))))
            # One AIP tells of the dossier; what recovery did about it may be told by the same.
            assert [found for found in ranges if found[0] <= 3] == ranges[:1]
            assert ranges[0][0] == 1
            assert [b[0] for b in ranges[1:]] == [a[1] + 1 for a in ranges[:-1]]
            receipts = [r for r in archive.catalogue.receipts() if r.profile == PROFILE]
            assert len(receipts) == len(ranges)
        for name in ("alpha", "beta"):
            assert check_ledger(replica_of(bed, name), every_object=True).is_sound


def test_journal_and_ledger_aips_are_compared_on_any_one_replica(bed: TestBed) -> None:
    with bed.open() as archive:
        head = archive.ledger_head()
        seal_ledger(archive)
    checked = check_ledger(replica_of(bed, "beta"), [head])
    assert checked.is_sound
    assert (checked.sealed_aips, checked.sealed_lines, checked.read_from) == (1, 9, "journal")


def test_the_ledger_aips_alone_tell_the_ledger_when_the_journal_is_lost(bed: TestBed) -> None:
    with bed.open() as archive:
        head = archive.ledger_head()
        seal_ledger(archive)
    lose_journal(bed, "alpha")
    checked = check_ledger(replica_of(bed, "alpha"), [head])
    assert (checked.read_from, checked.lines, checked.head) == ("ledger AIPs", 9, head)
    assert checked.witnessed == {head: True}
    assert not checked.broken_at
    assert not checked.is_sound


def test_a_journal_rewritten_as_a_whole_differs_from_the_ledger_aips(bed: TestBed) -> None:
    with bed.open() as archive:
        seal_ledger(archive)
    lines = [(each.kind, dict(each.body)) for each in read_lines(bed.backends["alpha"])]
    lines[4][1]["verified_at"] = "2020-01-01T00:00:00.000Z"
    forged = chain(lines, seq=0, prev="", moment="2026-11-22T09:00:00.000Z")
    lose_journal(bed, "alpha")
    memory(bed, "alpha").damage(journal_key(1), b"".join(map(encode_line, forged)))
    checked = check_ledger(replica_of(bed, "alpha"))
    assert not checked.broken_at
    assert checked.differs_at == 1
    assert not checked.is_sound


def test_a_forger_who_also_drops_the_sealing_from_the_journal_is_still_found(
    bed: TestBed,
) -> None:
    with bed.open() as archive:
        seal_ledger(archive)
    forged = chain([("event", {"id": "x"})] * 9, seq=0, prev="", moment="2026-11-22T09:00:00.000Z")
    lose_journal(bed, "alpha")
    memory(bed, "alpha").damage(journal_key(1), b"".join(map(encode_line, forged)))
    assert check_ledger(replica_of(bed, "alpha")).differs_at == 1


def test_a_journal_cut_off_before_what_was_sealed_is_found(bed: TestBed) -> None:
    with bed.open() as archive:
        seal_ledger(archive)
    for info in sorted(memory(bed, "alpha").list(JOURNAL), key=lambda i: i.key)[2:]:
        memory(bed, "alpha").damage(info.key, None)
    checked = check_ledger(replica_of(bed, "alpha"))
    assert not checked.broken_at
    assert checked.differs_at == checked.lines + 1


def test_an_altered_ledger_aip_is_named_and_not_believed(bed: TestBed) -> None:
    with bed.open() as archive:
        (sealed,) = seal_ledger(archive)
    store_ = memory(bed, "alpha")
    (key,) = [
        i.key for i in store_.list(f"{Place.ARCHIVE.value}/") if re.search(r"ledger-\d", i.key)
    ]
    with store_.open(key) as stream:
        content = stream.read()
    store_.damage(key, content.replace(b"verified", b"VERIFIED", 1))
    checked = check_ledger(replica_of(bed, "alpha"))
    assert checked.sealed_unreadable == (sealed.aip_id,)
    assert not checked.is_sound
    assert check_ledger(replica_of(bed, "beta")).is_sound


def test_a_catalogue_is_rebuilt_from_ledger_aips_where_every_journal_is_lost(
    bed: TestBed, tmp_path: Path
) -> None:
    with bed.open() as archive:
        seal_ledger(archive)
        receipts = [r.receipt_id for r in archive.catalogue.receipts() if r.profile != PROFILE]
    for name in ("alpha", "beta"):
        lose_journal(bed, name)
    with Catalogue.open(f"sqlite:///{tmp_path / 'new.sqlite'}", create=True) as fresh:
        report = rebuild_catalogue(fresh, [replica_of(bed, "beta")], progress=NoProgress())
        assert report.ledger_lines == 9
        assert [r.receipt_id for r in fresh.receipts()] == receipts
        fresh.dump(io.StringIO())
