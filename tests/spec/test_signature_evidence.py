"""What a verdict rests on is stored once, before the verdict counts, wherever the dossier is."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kit.archives import TestBed
from kit.crashing import Fuse, fused
from kit.pki import NOW
from kit.signed_archives import (
    AGENTS,
    dated_bed,
    import_lists,
    import_roots,
    receive,
    signed_desk,
    stored_bytes,
    stored_evidence,
    stored_verdicts,
)
from kit.signed_pdfs import plain_pdf, signed_pdf, spoiled
from repository.administrative import FONDS, administrative_aips
from repository.aip.verdicts import evidence_of
from repository.archive import Repository
from repository.evidence import KIND, evidence_store
from schemas.ids import AipId
from schemas.nouns import Access
from schemas.records import Receipt
from storage_backends.faulty import SimulatedCrash


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    made = dated_bed(tmp_path / "archive")
    with made.open() as archive:
        import_roots(archive, tmp_path)
        import_lists(archive, tmp_path)
    return made


def assert_nothing_dangles(archive: Repository) -> int:
    """Every digest that a dossier's verdicts name can be read from each replica; how many."""
    found = 0
    for summary in archive.catalogue.aips():
        if summary.fonds == FONDS:
            continue
        named = set()
        for verdict in stored_verdicts(archive, summary.aip_id).values():
            named |= evidence_of(verdict.signatures)
        for replica in archive.replicas if named else ():
            record = stored_evidence(archive, summary.aip_id, replica.name)
            assert {place.ref for place in record.kept} == named
            assert not record.missing
            for place in record.kept:
                content = stored_bytes(archive, place.aip_id, place.path, replica.name)
                assert hashlib.sha256(content).hexdigest() == place.ref.partition(":")[2]
        found += len(named)
    return found


def test_all_that_a_verdict_used_is_stored_and_the_dossier_says_where(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.pdf": signed_pdf("leader", "B-LTA"), b"b.txt": b"van ban"}
    with bed.open() as archive:
        receipt = receive(archive, tmp_path / "nop", files)
        assert receipt.outcome == "accepted"
        assert assert_nothing_dangles(archive) > 6
        verdict = stored_verdicts(archive, receipt.aip_id)["a.pdf"]
        record = stored_evidence(archive, receipt.aip_id)
    assert verdict.decision == "accept"
    assert verdict.sha256 == hashlib.sha256(files[b"a.pdf"]).hexdigest()
    assert verdict.basis is not None
    assert "pyhanko" in verdict.basis.tools
    assert len(verdict.basis.trust_sha256) == len(verdict.basis.policy_sha256) == 64
    kinds = {place.ref.partition(":")[0] for place in record.kept}
    assert kinds == {"certificate", "crl", "timestamp"}


def test_what_is_known_is_not_stored_again(bed: TestBed, tmp_path: Path) -> None:
    with bed.open() as archive:
        first = receive(archive, tmp_path / "one", {b"a.pdf": signed_pdf("leader", "B-B")})
        assert len(administrative_aips(archive, KIND)) == 1
        trust = {one.aip_id for one in administrative_aips(archive, "trust")}
        places = {p.ref: p.aip_id for p in stored_evidence(archive, first.aip_id).kept}
        lists = {aip for ref, aip in places.items() if ref.startswith("crl:")}
        assert lists <= trust, "an imported list is stored already, as trust material"
        again = signed_pdf("leader", "B-B", content=plain_pdf(10))
        second = receive(archive, tmp_path / "two", {b"b.pdf": again})
        assert len(administrative_aips(archive, KIND)) == 1
        third = receive(archive, tmp_path / "three", {b"c.pdf": signed_pdf("organ", "B-B")})
        assert len(administrative_aips(archive, KIND)) == 2
        assert second.aip_id != third.aip_id
        assert assert_nothing_dangles(archive)


def test_a_dossier_without_signatures_leaves_no_evidence(bed: TestBed, tmp_path: Path) -> None:
    with bed.open() as archive:
        receive(archive, tmp_path / "nop", {b"a.txt": b"van ban"})
        assert not administrative_aips(archive, KIND)


def test_a_rejected_or_broken_file_is_no_reason_to_lose_evidence(
    bed: TestBed, tmp_path: Path
) -> None:
    files = {b"a.pdf": spoiled(signed_pdf("leader", "B-T")), b"b.pdf": signed_pdf("organ", "B-T")}
    with bed.open() as archive:
        receipt = receive(archive, tmp_path / "nop", files)
    assert receipt.outcome == "held"


def one_ingest(bed: TestBed, source: Path, fuse: Fuse) -> Receipt:
    archive = bed.open(fused(bed.backends, fuse))
    try:
        with signed_desk(archive) as desk:
            return ingest(source, desk, fonds="TL05")
    finally:
        # The kernel takes a dead process's locks and connections; nothing else is tidied.
        if archive._writer is not None:
            archive._writer.release()
        archive.catalogue.close()


@pytest.mark.parametrize("part", range(8))
def test_a_crash_leaves_evidence_without_a_verdict_at_worst(
    bed: TestBed, tmp_path: Path, part: int
) -> None:
    source = tmp_path / "nop"
    source.mkdir()
    (source / "a.pdf").write_bytes(signed_pdf("leader", "B-T"))
    counted = Fuse()
    calls = 0
    other = dated_bed(tmp_path / "count")
    with other.open() as archive:
        (tmp_path / "c").mkdir()
        import_roots(archive, tmp_path / "c")
        import_lists(archive, tmp_path / "c")
    one_ingest(other, source, counted)
    calls = counted.calls
    crash_at = 12 + (calls - 14) * part // 7
    with pytest.raises(SimulatedCrash):
        one_ingest(bed, source, Fuse(crash_at))
    with bed.open() as archive:
        archive.prepare_to_write()
        assert_nothing_dangles(archive)
        receipt = receive(archive, source)
        assert receipt.aip_id
        assert len(administrative_aips(archive, KIND)) == 1
        assert assert_nothing_dangles(archive)


def test_evidence_of_a_secret_dossier_is_stored_anew_for_one_that_may_go_further(
    bed: TestBed, tmp_path: Path
) -> None:
    content = b"a certificate"
    ref = f"certificate:{hashlib.sha256(content).hexdigest()}"
    with bed.open() as archive:
        store = evidence_store(archive, tmp_path, agents=AGENTS)
        (store.folder / ref.partition(":")[2]).write_bytes(content)
        dossier = AipId("11111111-0000-4000-8000-000000000000")
        (secret,) = store.keep([ref], needed_by=dossier, access=Access.SECRET).kept
        (public,) = store.keep([ref], needed_by=dossier, access=Access.PUBLIC).kept
        (again,) = store.keep([ref], needed_by=dossier, access=Access.SECRET).kept
        levels = {s.aip_id: s.access for s in administrative_aips(archive, KIND)}
    assert (levels[AipId(secret.aip_id)], levels[AipId(public.aip_id)]) == (
        Access.SECRET,
        Access.RESTRICTED,
    )
    assert again == secret


def test_evidence_that_is_not_what_its_name_says_is_told_missing(
    bed: TestBed, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"right").hexdigest()
    with bed.open() as archive:
        store = evidence_store(archive, tmp_path, agents=AGENTS)
        (store.folder / digest).write_bytes(b"wrong")
        dossier = AipId("11111111-0000-4000-8000-000000000000")
        record = store.keep([f"crl:{digest}"], needed_by=dossier, access=Access.RESTRICTED)
    assert record.missing == (f"crl:{digest}",)
    assert not record.kept


def test_a_file_seen_before_is_not_verified_again_while_the_verdict_holds(
    bed: TestBed, tmp_path: Path
) -> None:
    annex = signed_pdf("leader", "B-T")

    def judged(number: int) -> tuple[str, str]:
        source = tmp_path / f"nop{number}"
        source.mkdir()
        (source / "a.pdf").write_bytes(annex)
        (source / "b.txt").write_text(f"van ban {number}")
        with bed.open() as archive:
            verdict = stored_verdicts(archive, receive(archive, source).aip_id)["a.pdf"]
            assert_nothing_dangles(archive)
        assert verdict.basis is not None
        return verdict.decision, verdict.basis.moment

    first = judged(1)
    assert first[0] == "accept"
    assert judged(2) == first, "another dossier, another process, the same annex"
    bed.clock.start = NOW + timedelta(days=20)
    with bed.open() as archive:
        import_lists(archive, tmp_path, NOW + timedelta(days=18))
    renewed = judged(3)
    assert renewed[1] > first[1], "other trust material"
    bed.clock.start = NOW + timedelta(days=60)
    assert judged(4)[0] == "warn", "the lists ended meanwhile, so it was looked at again"
