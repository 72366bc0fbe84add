"""Trust is data: imported, used, retired, and every bit of it kept."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import pem  # type: ignore[import-untyped]  # asn1crypto has no types

from ingest.desk import open_desk
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kit.archives import TestBed, make_bed
from kit.desk import OPERATOR, SOFTWARE
from kit.pki import NOW, pki
from kit.signed_pdfs import signed_pdf
from preservation.signatures.recognise import recognised
from preservation.signatures.trust import TrustRole
from preservation.trust_keeping import (
    HoldsPrivateKey,
    NothingToRetire,
    NotTrustMaterial,
    RetiredBefore,
    SetNameUnusable,
    current_trust,
    import_trust,
    kept_trust,
    retire_trust,
)
from repository.archive import Repository
from schemas.records import Receipt

AGENTS = (SOFTWARE, OPERATOR)


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    folder.mkdir()
    (folder / "root.cer").write_bytes(pki().certificate("root").dump())
    return folder


def import_all(archive: Repository, folder: Path) -> None:
    import_trust(archive, [folder], anchor_set="cong-vu", agents=AGENTS)
    others = folder.parent / "others"
    others.mkdir(exist_ok=True)
    (others / "sub.cer").write_bytes(pki().certificate("sub").dump())
    for issuer in ("root", "sub"):
        (others / f"{issuer}.crl").write_bytes(pki().crl(issuer, NOW))
    import_trust(archive, [others], agents=AGENTS)


def receive(archive: Repository, source: Path) -> Receipt:
    settings = IngestSettings(workers=1)
    with open_desk(
        archive, settings, operator=OPERATOR, software=SOFTWARE, trust=current_trust(archive)
    ) as desk:
        return ingest(source, desk, fonds="TL05")


def test_nothing_is_trusted_before_anything_is_imported(bed: TestBed) -> None:
    with bed.open() as archive:
        assert not current_trust(archive).has_anchors


def test_what_is_imported_is_recognised_and_in_use(bed: TestBed, material: Path) -> None:
    with bed.open() as archive:
        import_all(archive, material)
        snapshot = current_trust(archive)
        roles = sorted(file.role for file in snapshot.files)
        assert roles == [
            TrustRole.ANCHOR,
            TrustRole.CRL,
            TrustRole.CRL,
            TrustRole.INTERMEDIATE,
        ]
        (anchor,) = [kept for kept in kept_trust(archive) if kept.file.role is TrustRole.ANCHOR]
        assert anchor.file.anchor_set == "cong-vu"
        assert anchor.facts[0].self_signed
        assert anchor.facts[0].subject


def test_a_file_that_is_no_trust_material_stops_the_whole_import(
    bed: TestBed, material: Path
) -> None:
    (material / "letter.txt").write_text("Kính gửi")
    with bed.open() as archive:
        with pytest.raises(NotTrustMaterial):
            import_trust(archive, [material], anchor_set="cong-vu", agents=AGENTS)
        assert not kept_trust(archive)


def _pem(label: str) -> bytes:
    armoured: bytes = pem.armor("CERTIFICATE", pki().certificate(label).dump())
    return armoured


@pytest.mark.parametrize(
    ("refusal", "content"),
    [
        (HoldsPrivateKey, lambda: _pem("sub") + pem.armor("PRIVATE KEY", pki().key("sub").dump())),
        (NotTrustMaterial, lambda: _pem("sub") + pem.armor("X", b"\x30\x03\x02\x01\x01")),
        (NotTrustMaterial, lambda: _pem("sub") + _pem("root")[:-30]),
        (NotTrustMaterial, lambda: _pem("sub")[:-30]),
    ],
)
def test_what_is_only_in_part_trust_material_is_never_stored(
    bed: TestBed, material: Path, refusal: type[Exception], content: Callable[[], bytes]
) -> None:
    (material / "mixed.pem").write_bytes(content())
    with bed.open() as archive:
        with pytest.raises(refusal):
            import_trust(archive, [material], agents=AGENTS)
        assert not kept_trust(archive)


def test_a_byte_order_mark_before_a_certificate_does_no_harm() -> None:
    (fact,) = recognised(codecs.BOM_UTF8 + _pem("root"))
    assert fact.self_signed


@pytest.mark.parametrize("name", ["..", "../x", "/abs", "a/b", ".", " ", "a" * 65])
def test_a_set_is_named_like_a_folder(bed: TestBed, material: Path, name: str) -> None:
    with bed.open() as archive, pytest.raises(SetNameUnusable):
        import_trust(archive, [material], anchor_set=name, agents=AGENTS)


def test_what_was_retired_is_not_taken_for_new(bed: TestBed, material: Path) -> None:
    with bed.open() as archive:
        import_trust(archive, [material], anchor_set="cong-vu", agents=AGENTS)
        (anchor,) = kept_trust(archive)
        retire_trust(archive, [anchor.file.sha256], reason="lộ khoá", agents=AGENTS)
        with pytest.raises(RetiredBefore, match="lộ khoá"):
            import_trust(archive, [material], anchor_set="cong-vu", agents=AGENTS)


def test_what_is_retired_is_kept_and_no_longer_used(bed: TestBed, material: Path) -> None:
    with bed.open() as archive:
        import_all(archive, material)
        (anchor,) = [kept for kept in kept_trust(archive) if kept.file.role is TrustRole.ANCHOR]
        with pytest.raises(NothingToRetire):
            retire_trust(archive, [anchor.file.sha256[:4]], reason="too short", agents=AGENTS)
        retire_trust(archive, [anchor.file.sha256[:12]], reason="thay khoá", agents=AGENTS)
        assert not current_trust(archive).has_anchors
        (again,) = [kept for kept in kept_trust(archive) if kept.file.role is TrustRole.ANCHOR]
        assert again.retired == "thay khoá"


def test_a_signature_is_trusted_once_its_root_and_lists_are_imported(
    tmp_path: Path, material: Path
) -> None:
    bed = make_bed(tmp_path / "dated")
    bed.clock.start = datetime.combine(NOW.date(), NOW.time(), tzinfo=UTC)
    source = tmp_path / "nop"
    source.mkdir()
    (source / "quyet-dinh.pdf").write_bytes(signed_pdf("leader", "B-T"))
    with bed.open() as archive:
        before = receive(archive, source)
        assert "trust" in before.not_checked
        import_all(archive, material)
        (source / "khac.txt").write_text("another submission")
        after = receive(archive, source)
    assert "trust" not in after.not_checked
    told = {finding.code for finding in after.findings if finding.code.startswith("SIG-")}
    assert "SIG-UNKNOWN-ISSUER" not in told
