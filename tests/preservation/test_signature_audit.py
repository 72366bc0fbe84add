"""Signatures are judged again as of the proven ingest time, and every verdict stays."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit.archives import TestBed
from kit.crashing import Fuse, fused
from kit.pki import NOW
from kit.signed_archives import (
    AGENTS,
    dated_bed,
    import_lists,
    import_roots,
    receive,
    stored_bytes,
    stored_verdicts,
)
from kit.signed_cms import signed_cms
from kit.signed_pdfs import countersigned_pdf, plain_pdf, signed_pdf, spoiled
from preservation.signature_audit import SignatureScope, audit_signatures
from preservation.signature_result import SignatureAudit
from repository.aip.verdicts import evidence_of
from repository.archive import Repository
from repository.catalogue import SignedFile
from repository.rebuild import rebuild_archive_catalogue
from schemas.ids import AipId
from schemas.progress import NoProgress
from schemas.records import Receipt
from storage_backends.faulty import SimulatedCrash

THEN = datetime(2022, 6, 15, 8, 0, tzinfo=UTC)
"""When the certificate *expired* was good."""
DATA = "representations/rep1/data/"


def audit(archive: Repository, **scope: object) -> SignatureAudit:
    made = SignatureScope(**scope)  # type: ignore[arg-type]  # the test's own fields
    return audit_signatures(archive, made, agents=AGENTS, workers=1)


def kept(folder: Path, moment: datetime, files: Mapping[bytes, bytes]) -> tuple[TestBed, Receipt]:
    """An archive that trusted the root and knew of no revocation when the files came."""
    bed = dated_bed(folder / "archive", moment)
    with bed.open() as archive:
        import_roots(archive, folder)
        return bed, receive(archive, folder / "nop", files)


def dump(bed: TestBed) -> str:
    out = io.StringIO()
    with bed.open() as archive:
        archive.catalogue.dump(out)
    return out.getvalue()


def test_a_good_file_of_long_ago_passes_once_the_list_of_its_time_is_imported(
    tmp_path: Path,
) -> None:
    bed, receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    assert (receipt.outcome, receipt.warnings > 0) == ("accepted", True)
    bed.clock.start = NOW
    with bed.open() as archive:
        at_ingest = stored_verdicts(archive, receipt.aip_id)["a.pdf"]
        assert at_ingest.decision == "warn"
        nothing_new = audit(archive)
        assert (nothing_new.up_to_date, nothing_new.files) == (1, 0)
        import_lists(archive, tmp_path, THEN)
        result = audit(archive)
    (change,) = result.changes
    assert (change.before, change.after, change.direction) == ("warn", "accept", "better")
    assert change.signatures[0].indication == "TOTAL-PASSED"
    assert change.proven
    assert change.as_of.startswith("2022-06-15T08:")
    assert change.signatures[0].time == "proven"
    with bed.open() as archive:
        again = audit(archive)
        assert (again.up_to_date, again.files) == (1, 0)
        (later,) = archive.catalogue.verdicts(AipId(receipt.aip_id))
        assert later.verdict.decision == "accept"
        assert stored_verdicts(archive, receipt.aip_id)["a.pdf"] == at_ingest, "never replaced"
        rows = list(archive.catalogue.signatures())
        assert [latest for _aip, _facts, latest in rows] == ["accept"]
    before = dump(bed)
    rebuild_archive_catalogue(bed.settings, backends=bed.backends, progress=NoProgress())
    assert dump(bed) == before, "the verdicts come back from any replica's journal"


def test_an_ingest_after_the_certificate_ended_proves_nothing_about_its_life(
    tmp_path: Path,
) -> None:
    bed, receipt = kept(tmp_path, NOW, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        import_lists(archive, tmp_path, NOW)
        result = audit(archive)
        assert not result.changes
        assert receipt.warnings


def test_a_revocation_before_ingest_that_becomes_known_later_makes_it_worse(
    tmp_path: Path,
) -> None:
    ingest = datetime(2025, 1, 5, 8, 0, tzinfo=UTC)
    bed = dated_bed(tmp_path / "archive", ingest)
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        import_lists(archive, tmp_path, datetime(2024, 12, 30, tzinfo=UTC))
        receipt = receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("revoked", "B-B")})
        assert stored_verdicts(archive, receipt.aip_id)["a.pdf"].decision == "accept"
        bed.clock.start = NOW
        import_lists(archive, tmp_path, datetime(2025, 3, 15, tzinfo=UTC))
        result = audit(archive)
    (change,) = result.changes
    assert (change.before, change.after, change.direction) == ("accept", "hold", "worse")
    assert (result.worse, result.better) == (1, 0)
    assert change.findings == ("SIG-REVOKED",)
    with bed.open() as archive:
        told = [
            e for e in archive.catalogue.ledger_lines(kind="event") if e.body["facts"].get("worse")
        ]
    assert [line.body["facts"]["worse_aips"] for line in told] == [receipt.aip_id]


def test_a_revocation_after_ingest_touches_nothing(tmp_path: Path) -> None:
    bed, receipt = kept(
        tmp_path, datetime(2024, 12, 1, 8, tzinfo=UTC), {b"a.pdf": signed_pdf("revoked", "B-B")}
    )
    with bed.open() as archive:
        bed.clock.start = NOW
        import_lists(archive, tmp_path, datetime(2025, 3, 15, tzinfo=UTC))
        (change,) = audit(archive).changes
    assert (change.before, change.after) == ("warn", "accept")
    assert receipt.outcome == "accepted"


def test_no_good_file_gets_worse_by_being_judged_as_of_its_ingest(tmp_path: Path) -> None:
    """Stamped in time, archived, signed twice: whatever passed when it came still passes."""
    stamped = datetime(2022, 3, 10, 3, 0, tzinfo=UTC)
    files = {
        b"stamped.pdf": signed_pdf("expired", "B-T", moment=stamped),
        b"old-authority.pdf": signed_pdf("expired", "B-T", moment=stamped, tsa="oldtsa"),
        b"long-term.pdf": signed_pdf("expired", "B-LT", moment=stamped),
        b"archived.pdf": signed_pdf("expired", "B-LTA", moment=stamped),
        b"present.pdf": signed_pdf("leader", "B-LTA"),
        b"twice.pdf": countersigned_pdf("B-T"),
        b"plain.pdf": signed_pdf("organ", "B-B"),
        b"revoked-later.pdf": signed_pdf(
            "revoked", "B-T", moment=datetime(2024, 11, 1, 3, 0, tzinfo=UTC)
        ),
        b"broken.pdf": spoiled(signed_pdf("leader", "B-B")),
    }
    bed = dated_bed(tmp_path / "archive")
    with bed.open() as archive:
        import_roots(archive, tmp_path)
        for moment in (NOW, datetime(2022, 6, 1, tzinfo=UTC)):
            import_lists(archive, tmp_path, moment)
        receipt = receive(archive, tmp_path / "nop", files)
        before = {n: v.decision for n, v in stored_verdicts_held(archive, receipt).items()}
        bed.clock.start = NOW + timedelta(days=7000)
        import_lists(archive, tmp_path, NOW + timedelta(days=60))
        result = audit(archive, everything=True)
    assert before["broken.pdf"] == "hold"
    assert {before[n] for n in before if n not in ("broken.pdf", "old-authority.pdf")} == {
        "accept"
    }
    assert result.files == len(files)
    assert not [(c.path, c.before, c.after) for c in result.changes if c.direction == "worse"]


def stored_verdicts_held(archive: Repository, receipt: Receipt) -> dict[str, SignedFile]:
    """By file name, as the catalogue has them, wherever the dossier lies."""
    (summary,) = archive.catalogue.find(receipt.aip_id)
    files = archive.catalogue.signed_files(summary.aip_id, summary.place)
    return {Path(file.logical_path).name: file for file in files}


def test_a_detached_signature_is_judged_again_with_what_it_covers(tmp_path: Path) -> None:
    content = b"van ban" * 100
    files = {b"a.txt": content, b"a.txt.p7s": signed_cms("expired", content=content)}
    bed, receipt = kept(tmp_path, THEN, files)
    bed.clock.start = NOW
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        (change,) = audit(archive).changes
    assert (change.path, change.after) == (f"{DATA}a.txt.p7s", "accept")
    assert receipt.aip_id == change.aip_id


def test_a_run_that_is_out_of_time_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    bed, _receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        cut = audit(archive, limit_s=0.0)
        assert (cut.complete, cut.files) == (False, 0)
        whole = audit(archive)
        assert (whole.complete, whole.better) == (True, 1)
        assert audit(archive).up_to_date == 1


def test_scope_is_one_fonds_or_one_dossier(tmp_path: Path) -> None:
    bed, receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        other = {b"b.pdf": signed_pdf("expired", "B-B", content=plain_pdf(9))}
        second = receive(archive, tmp_path / "second", other)
        import_lists(archive, tmp_path, THEN)
        assert audit(archive, fonds="none").files == 0
        one = audit(archive, aip_id=AipId(receipt.aip_id))
        assert [change.aip_id for change in one.changes] == [receipt.aip_id]
        rest = audit(archive, fonds="TL05")
        assert [change.aip_id for change in rest.changes] == [second.aip_id]


def test_a_damaged_copy_is_passed_over_and_a_lost_file_is_told(tmp_path: Path) -> None:
    bed, receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        key = next(
            info.key for info in bed.backends["alpha"].list("ocfl/") if info.key.endswith("/a.pdf")
        )
        for number, name in enumerate(("alpha", "beta")):
            held = bed.backends[name]._content_by_key  # type: ignore[attr-defined]  # damage
            held[key] = b"x" + held[key][1:]
            result = audit(archive, everything=True)
            assert (result.better + result.unchanged, len(result.not_looked_at)) == (
                1 - number,
                number,
            )
    assert result.not_looked_at[0].aip_id == receipt.aip_id


def test_a_file_that_no_replica_gave_whole_is_judged_once_one_does(tmp_path: Path) -> None:
    bed, _receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        whole = {}
        for name in ("alpha", "beta"):
            held = bed.backends[name]._content_by_key  # type: ignore[attr-defined]  # damage
            key = next(key for key in held if key.endswith("/a.pdf"))
            whole[name, key] = held[key]
            held[key] = b"x" + held[key][1:]
        assert len(audit(archive).not_looked_at) == 1
        for (name, key), content in whole.items():
            bed.backends[name]._content_by_key[key] = content  # type: ignore[attr-defined]  # healed
        result = audit(archive)
        assert (result.up_to_date, result.better) == (0, 1)
        assert audit(archive).up_to_date == 1


def test_a_run_that_is_stopped_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    bed, _receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        stopped = audit_signatures(
            archive, SignatureScope(), agents=AGENTS, workers=1, stop=lambda: True
        )
        assert (stopped.complete, stopped.files) == (False, 0)
        assert audit(archive).better == 1


SECRET = """\
Mã hồ sơ;Tiêu đề hồ sơ;THBQ;Từ ngày;Đến ngày;Tên tệp;Loại văn bản;Ngày văn bản;Trích yếu;\
Chế độ sử dụng
01.VP;Hồ sơ mật;Vĩnh viễn;1/1/2022;31/12/2022;nguon-tin.pdf;Tờ trình;5/3/2022;Tờ trình;Mật
"""


def test_the_journal_names_neither_file_nor_signer_of_a_secret_dossier(tmp_path: Path) -> None:
    signed = signed_pdf("expired", "B-B")
    files = {
        b"nguon-tin.pdf": signed,
        b"nguon-tin-2.pdf": signed,
        b"khac.pdf": signed_pdf("expired", "B-B", content=plain_pdf(9)),
        b"metadata.csv": SECRET.encode(),
    }
    bed, receipt = kept(tmp_path, THEN, files)
    bed.clock.start = NOW
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
        result = audit(archive)
        lines = list(archive.catalogue.ledger_lines(kind="signature-verdict"))
        later = archive.catalogue.verdicts(AipId(receipt.aip_id))
        rows = list(archive.catalogue.signatures())
        again = audit(archive, everything=True)
    names = [f"{DATA}khac.pdf", f"{DATA}nguon-tin-2.pdf", f"{DATA}nguon-tin.pdf"]
    assert sorted(change.path for change in result.changes) == names
    told = "".join(str(line.body) for line in lines)
    assert len(lines) == 3
    for secret in ("nguon-tin", "khac", "expired"):
        assert secret not in told
    assert sorted(one.verdict.path for one in later) == names, "the catalogue knows them"
    assert {one.verdict.signatures[0].signer for one in later} == {"expired"}
    assert [latest for _aip, _facts, latest in rows] == ["accept"] * 3
    assert (again.unchanged, again.changes) == (3, ())
    before = dump(bed)
    rebuild_archive_catalogue(bed.settings, backends=bed.backends, progress=NoProgress())
    assert dump(bed) == before, "and one made anew knows them too"


def test_a_crash_never_leaves_a_verdict_without_its_evidence(tmp_path: Path) -> None:
    bed, receipt = kept(tmp_path, THEN, {b"a.pdf": signed_pdf("expired", "B-B")})
    with bed.open() as archive:
        import_lists(archive, tmp_path, THEN)
    fuse = Fuse()
    counting = dated_bed(tmp_path / "count", THEN)
    with counting.open() as archive:
        (tmp_path / "c").mkdir()
        import_roots(archive, tmp_path / "c")
        receive(archive, tmp_path / "nop")
        import_lists(archive, tmp_path / "c", THEN)
    with counting.open(fused(counting.backends, fuse)) as archive:
        audit(archive)
    for part in range(5):
        archive = bed.open(fused(bed.backends, Fuse(fuse.calls * (part + 4) // 9)))
        with contextlib.suppress(SimulatedCrash):
            audit(archive, everything=True)
        if archive._writer is not None:
            archive._writer.release()
        archive.catalogue.close()
        with bed.open() as after:
            after.prepare_to_write()
            assert_evidence_is_there(after, receipt)
    with bed.open() as archive:
        audit(archive, everything=True)
        assert assert_evidence_is_there(archive, receipt)


def assert_evidence_is_there(archive: Repository, receipt: Receipt) -> int:
    """Every digest in every journalled verdict is on every replica where the line says."""
    lines = archive.catalogue.ledger_lines(kind="signature-verdict")
    found = 0
    for line in lines:
        assert line.body["aip_id"] == receipt.aip_id
        places = {place["ref"]: place for place in line.body["evidence"]}
        latest = archive.catalogue.verdicts(AipId(receipt.aip_id))
        named = next(one for one in latest if one.seq == line.seq).verdict
        assert set(places) == evidence_of(named.signatures)
        for replica in archive.replicas:
            for ref, place in places.items():
                content = stored_bytes(archive, place["aip_id"], place["path"], replica.name)
                assert hashlib.sha256(content).hexdigest() == ref.partition(":")[2]
                found += 1
    return found
