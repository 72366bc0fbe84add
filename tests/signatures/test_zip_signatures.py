"""ASiC, ODF and OOXML: every part is covered by a sound signature, or nothing passes."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.signatures import outcomes, question, reported, trust
from kit.signed_cms import signed_cms
from kit.signed_zips import (
    asic_cades,
    asic_simple,
    asic_xades,
    docx,
    odf,
    with_parts,
    zipped,
)
from preservation.signatures.kinds import Carrier, carrier_of
from schemas.nouns import SignatureReport


def _reported(content: bytes, carrier: Carrier = Carrier.ASIC) -> SignatureReport:
    return reported(content, carrier=carrier)


_GOOD: dict[str, tuple[Callable[[], bytes], Carrier]] = {
    "ASiC-E with XAdES": (asic_xades, Carrier.ASIC),
    "ASiC-E with CAdES": (asic_cades, Carrier.ASIC),
    "ASiC-S": (asic_simple, Carrier.ASIC),
    "ODF": (odf, Carrier.ODF),
    "OOXML": (docx, Carrier.OOXML),
}


@pytest.mark.parametrize("kind", _GOOD)
def test_a_container_whose_parts_are_all_signed_passes(kind: str, tmp_path: Path) -> None:
    build, carrier = _GOOD[kind]
    report = _reported(build(), carrier)
    assert (report.decision, outcomes(report.signatures)) == ("accept", ["TOTAL-PASSED"])
    assert report.signatures[0].kind.startswith(f"{carrier}-")
    path = tmp_path / "staged"
    path.write_bytes(build())
    assert carrier_of(path) == carrier


@pytest.mark.parametrize("kind", _GOOD)
def test_the_signer_of_a_container_is_judged_like_any_other(kind: str) -> None:
    build, carrier = _GOOD[kind]
    revoked = _reported(build("revoked"), carrier)  # type: ignore[call-arg]  # all take a label
    assert outcomes(revoked.signatures) == ["INDETERMINATE/REVOKED_NO_POE"]
    expired = _reported(build("expired"), carrier)  # type: ignore[call-arg]
    assert (expired.decision, expired.signatures[0].signer) == ("warn", "expired")


_SPOILED: dict[str, tuple[Callable[[], bytes], Carrier, str]] = {
    "ASiC-E data changed": (
        lambda: with_parts(asic_xades(), {"phu-luc.txt": b"Phu luc khac"}),
        Carrier.ASIC,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "ASiC-E data removed": (
        lambda: with_parts(asic_xades(), {"phu-luc.txt": None}),
        Carrier.ASIC,
        "INDETERMINATE/SIGNED_DATA_NOT_FOUND",
    ),
    "ASiC-E data added": (
        lambda: with_parts(asic_xades(), {"them.txt": b"khong ky"}),
        Carrier.ASIC,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "ASiC-E one object unsigned": (
        lambda: asic_xades(covered=("phu-luc.txt",)),
        Carrier.ASIC,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "ASiC-E CAdES data changed": (
        lambda: with_parts(asic_cades(), {"phu-luc.txt": b"Phu luc khac"}),
        Carrier.ASIC,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "ASiC-E CAdES data removed": (
        lambda: with_parts(asic_cades(), {"phu-luc.txt": None}),
        Carrier.ASIC,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "ASiC-E CAdES data added": (
        lambda: with_parts(asic_cades(), {"them.txt": b"khong ky"}),
        Carrier.ASIC,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "ASiC-S data changed": (
        lambda: with_parts(asic_simple(), {"qd.txt": b"So 16/QD-UBND"}),
        Carrier.ASIC,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "ASiC-S data added": (
        lambda: with_parts(asic_simple(), {"them.txt": b"khong ky"}),
        Carrier.ASIC,
        "INDETERMINATE/SIGNED_DATA_NOT_FOUND",
    ),
    "ODF content changed": (
        lambda: with_parts(odf(), {"content.xml": b"<office>16</office>"}),
        Carrier.ODF,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "ODF macro added": (
        lambda: with_parts(odf(), {"Basic/script.xml": b"<evil/>"}),
        Carrier.ODF,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "OOXML text changed": (
        lambda: with_parts(
            docx(), {"word/document.xml": b"<w:document xmlns:w='urn:w'>16</w:document>"}
        ),
        Carrier.OOXML,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "OOXML part removed": (
        lambda: with_parts(docx(), {"word/styles.xml": None}),
        Carrier.OOXML,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "OOXML part added": (
        lambda: with_parts(docx(), {"word/vbaProject.bin": b"macro"}),
        Carrier.OOXML,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "OOXML relationship not signed": (
        lambda: docx(sign=("rId1",)),
        Carrier.OOXML,
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "OOXML relationship redirected": (
        lambda: with_parts(docx(), {"word/_rels/document.xml.rels": _redirected(docx())}),
        Carrier.OOXML,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "OOXML content type changed": (
        lambda: with_parts(docx(), {"[Content_Types].xml": _retyped(docx())}),
        Carrier.OOXML,
        "TOTAL-FAILED/HASH_FAILURE",
    ),
}


def _part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def _redirected(content: bytes) -> bytes:
    return _part(content, "word/_rels/document.xml.rels").replace(b"styles.xml", b"other.xml")


def _retyped(content: bytes) -> bytes:
    return _part(content, "[Content_Types].xml").replace(b"image/png", b"text/html")


@pytest.mark.parametrize("attack", _SPOILED)
def test_what_is_changed_removed_or_added_is_never_accepted(attack: str) -> None:
    build, carrier, outcome = _SPOILED[attack]
    report = _reported(build(), carrier)
    assert outcomes(report.signatures)[0] == outcome
    assert report.decision == "hold"


def test_office_properties_need_no_signature() -> None:
    changed = with_parts(docx(), {"docProps/app.xml": b"<Properties>other</Properties>"})
    assert _reported(changed, Carrier.OOXML).decision == "accept"


def test_a_time_stamp_over_one_object_is_judged() -> None:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    report = _reported(asic_simple(stamp=moment))
    (result,) = report.signatures
    assert (outcomes([result]), result.proven_at) == (
        ["TOTAL-PASSED"],
        "2026-06-01T00:00:00.000Z",
    )
    changed = with_parts(asic_simple(stamp=moment), {"qd.txt": b"x"})
    assert _reported(changed).decision == "hold"


def test_a_package_whose_types_come_last_is_still_an_office_package(tmp_path: Path) -> None:
    """The first look sees only the start; the names inside decide."""
    with zipfile.ZipFile(io.BytesIO(docx())) as archive:
        parts = {name: archive.read(name) for name in reversed(archive.namelist())}
    report = _reported(zipped(parts), Carrier.ASIC)
    assert (report.decision, outcomes(report.signatures)) == ("accept", ["TOTAL-PASSED"])


def test_an_old_container_passes_as_of_a_proven_moment() -> None:
    then = datetime(2022, 6, 1, tzinfo=UTC)
    asked = question(trust(moments=(then,)), then, proven=True)
    for build, carrier in _GOOD.values():
        report = reported(build("expired"), asked, carrier)  # type: ignore[call-arg]
        assert report.decision == "accept"


def _twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/signatures.xml", b"<a/>")
        archive.writestr("a.txt", b"signed")
        archive.writestr("A.txt", b"shown")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        _twice(),
        zipped({"a": b"x", "../META-INF/signatures.xml": b"<a/>"}),
        zipped({"a": b"x", "META-INF/signatures.xml": b"<!DOCTYPE a><a/>"}),
        asic_xades()[:-30],
        b"PK\x03\x04 not really",
    ],
    ids=["two of one name", "outside", "doctype", "cut", "no zip"],
)
def test_an_unsafe_container_is_held_unread(content: bytes) -> None:
    report = _reported(content)
    assert (report.decision, report.findings) == ("hold", ("SIG-UNREADABLE",))


def test_a_member_that_inflates_beyond_the_cap_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preservation.signatures.parts.PART_CAP_BYTES", 1000)
    bomb = with_parts(asic_xades(), {"phu-luc.txt": bytes(100_000)})
    assert _reported(bomb).findings == ("SIG-UNREADABLE",)


def _forged_with_its_own_content() -> bytes:
    """The manifest is replaced; the signature brings the one that was signed along."""
    content = asic_cades()
    signed = _part(content, "META-INF/ASiCManifest001.xml")
    return with_parts(
        content,
        {
            "quyet dinh.txt": b"So 99",
            "META-INF/ASiCManifest001.xml": signed.replace(_digest(_SIGNED), _digest(b"So 99")),
            "META-INF/signature001.p7s": signed_cms("leader", content=signed, detached=False),
        },
    )


_SIGNED = b"So 15/QD-UBND"


def _digest(content: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(content).digest())


def test_a_signature_that_brings_another_content_says_nothing_of_the_container() -> None:
    value: dict[str, bytes | None]
    value = {"META-INF/signature.p7s": signed_cms("leader", content=b"other", detached=False)}
    assert _reported(with_parts(asic_simple(), value)).decision == "hold"
    assert _reported(_forged_with_its_own_content()).decision == "hold"
    value = {"META-INF/signature.p7s": signed_cms("leader", content=_SIGNED, detached=False)}
    assert _reported(with_parts(asic_simple(), value)).decision == "accept"


@pytest.mark.parametrize("build", [asic_xades, asic_cades, asic_simple, odf])
def test_a_stranger_among_the_signatures_is_told(build: Callable[[], bytes]) -> None:
    report = _reported(with_parts(build(), {"META-INF/them.txt": b"999"}))
    assert (report.decision, report.signatures[0].detail) == ("warn", "META-INF/them.txt")


@pytest.mark.parametrize("spoil", [lambda c: b"MZ" + c, lambda c: c + b"more"])
def test_bytes_around_a_container_are_told(spoil: Callable[[bytes], bytes]) -> None:
    report = _reported(spoil(asic_xades()))
    assert (report.decision, report.findings[-1]) == ("warn", "SIG-TRAILING-BYTES")
