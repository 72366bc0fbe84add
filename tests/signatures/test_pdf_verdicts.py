"""The verdict table: what each kind of signed PDF proves, offline, with imported CRLs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pyhanko.sign.fields import SigSeedSubFilter

from kit.pki import NOW
from kit.signatures import judged, outcomes, question, reported, trust
from kit.signed_pdfs import (
    SIGNED,
    countersigned_pdf,
    plain_pdf,
    signed_pdf,
    spoiled,
    with_changed_page,
)

_ADBE = SigSeedSubFilter.ADOBE_PKCS7_DETACHED
_2022 = datetime(2022, 6, 1, tzinfo=UTC)
_2024 = datetime(2024, 6, 1, tzinfo=UTC)

# builder, indication, decision, time, level
_TABLE: dict[str, tuple[Callable[[], bytes], str, str, str, str]] = {
    "B-B": (lambda: signed_pdf("leader", "B-B"), "TOTAL-PASSED", "accept", "claimed", "B"),
    "adbe": (
        lambda: signed_pdf("leader", "B-B", subfilter=_ADBE),
        "TOTAL-PASSED",
        "accept",
        "claimed",
        "B",
    ),
    "adbe with a time stamp": (
        lambda: signed_pdf("leader", "B-T", subfilter=_ADBE),
        "TOTAL-PASSED",
        "accept",
        "proven",
        "T",
    ),
    "B-T": (lambda: signed_pdf("leader", "B-T"), "TOTAL-PASSED", "accept", "proven", "T"),
    "B-LT": (lambda: signed_pdf("leader", "B-LT"), "TOTAL-PASSED", "accept", "proven", "LT"),
    "B-LTA": (lambda: signed_pdf("leader", "B-LTA"), "TOTAL-PASSED", "accept", "proven", "LTA"),
    "RSA": (lambda: signed_pdf("rsa", "B-B"), "TOTAL-PASSED", "accept", "claimed", "B"),
    "revoked": (
        lambda: signed_pdf("revoked", "B-B"),
        "INDETERMINATE/REVOKED_NO_POE",
        "hold",
        "claimed",
        "B",
    ),
    "revoked, stamped later": (
        lambda: signed_pdf("revoked", "B-T"),
        "INDETERMINATE/REVOKED_NO_POE",
        "hold",
        "proven",
        "T",
    ),
    "revoked, stamped before": (
        lambda: signed_pdf("revoked", "B-T", moment=_2024),
        "TOTAL-PASSED",
        "accept",
        "proven",
        "T",
    ),
    "expired": (
        lambda: signed_pdf("expired", "B-B"),
        "INDETERMINATE/OUT_OF_BOUNDS_NO_POE",
        "warn",
        "claimed",
        "B",
    ),
    "expired, stamped in time, no CRL of that time": (
        lambda: signed_pdf("expired", "B-T", moment=_2022),
        "INDETERMINATE/OUT_OF_BOUNDS_NO_POE",
        "warn",
        "proven",
        "T",
    ),
    "expired, with the CRLs of its time inside": (
        lambda: signed_pdf("expired", "B-LT", moment=_2022),
        "TOTAL-PASSED",
        "accept",
        "proven",
        "LT",
    ),
    "expired, with them in Adobe's attribute": (
        lambda: signed_pdf("expired", "B-LT", subfilter=_ADBE, moment=_2022),
        "TOTAL-PASSED",
        "accept",
        "proven",
        "T",
    ),
    "expired, B-LTA": (
        lambda: signed_pdf("expired", "B-LTA", moment=_2022),
        "TOTAL-PASSED",
        "accept",
        "proven",
        "LTA",
    ),
    "expired, stamped after the end": (
        lambda: signed_pdf("expired", "B-T", moment=_2024),
        "INDETERMINATE/OUT_OF_BOUNDS_NO_POE",
        "warn",
        "proven",
        "T",
    ),
    "SHA-1": (
        lambda: signed_pdf("rsa", "B-B", md="sha1"),
        "INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE",
        "warn",
        "claimed",
        "B",
    ),
    "RSA-1024": (
        lambda: signed_pdf("weak", "B-B"),
        "INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE",
        "warn",
        "claimed",
        "B",
    ),
    "self-signed": (
        lambda: signed_pdf("lone", "B-B"),
        "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE",
        "warn",
        "claimed",
        "B",
    ),
    "unknown issuer": (
        lambda: signed_pdf("stranger", "B-B"),
        "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND",
        "warn",
        "claimed",
        "B",
    ),
    "TLS certificate": (
        lambda: signed_pdf("tls", "B-B"),
        "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE",
        "warn",
        "claimed",
        "B",
    ),
    "no key usage at all": (
        lambda: signed_pdf("nousage", "B-B"),
        "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE",
        "warn",
        "claimed",
        "B",
    ),
    "one byte changed": (
        lambda: spoiled(signed_pdf("leader", "B-B")),
        "TOTAL-FAILED/HASH_FAILURE",
        "hold",
        "claimed",
        "B",
    ),
}


@pytest.mark.parametrize("row", _TABLE)
def test_each_kind_of_signature_gets_its_verdict(row: str) -> None:
    build, indication, decision, time, level = _TABLE[row]
    report = reported(build())
    first = report.signatures[0]
    assert outcomes([first]) == [indication]
    assert (report.decision, first.time, first.level) == (decision, time, level)


def test_leader_then_organ_pass_each_and_the_second_is_a_form_filling_change() -> None:
    report = reported(countersigned_pdf())
    assert outcomes(report.signatures) == ["TOTAL-PASSED"] * 2
    assert [(s.signer, s.coverage, s.changes) for s in report.signatures] == [
        ("leader", "revision", "form"),
        ("organ", "file", "none"),
    ]
    assert report.decision == "accept"


def test_a_passed_signature_names_signer_issuer_anchor_and_what_it_rests_on() -> None:
    (result,) = judged(signed_pdf("leader", "B-T")).results
    assert (result.signer, result.organisation, result.anchor) == (
        "leader",
        "Cơ quan thử",
        "cong-vu",
    )
    assert "sub" in result.issuer
    assert result.proven_at == "2026-06-10T03:00:00.000Z"
    kinds = [entry.partition(":")[0] for entry in result.evidence]
    assert kinds.count("certificate") == 3 + 1, "the signer's chain, and the authority's"
    assert kinds.count("timestamp") == 1
    assert kinds.count("crl") == 2


def test_without_revocation_data_a_good_signature_is_only_a_warning() -> None:
    report = reported(signed_pdf("leader", "B-B"), question(trust(crls=())))
    assert outcomes(report.signatures) == ["INDETERMINATE/CERTIFICATE_CHAIN_GENERAL_FAILURE"]
    assert report.findings == ("SIG-NO-REVOCATION-DATA",)
    assert report.signatures[0].integrity == "intact"


def test_b_lta_passes_without_any_revocation_data_from_outside() -> None:
    report = reported(signed_pdf("leader", "B-LTA"), question(trust(crls=())))
    assert outcomes(report.signatures)[0] == "TOTAL-PASSED"


def test_an_ocsp_response_serves_as_revocation_data() -> None:
    given = trust(crls=("root",), responses=("leader",))
    assert reported(signed_pdf("leader", "B-B"), question(given)).decision == "accept"
    revoked = trust(crls=("root",), responses=("revoked",))
    assert outcomes(judged(signed_pdf("revoked", "B-B"), question(revoked)).results) == [
        "INDETERMINATE/REVOKED_NO_POE"
    ]


def test_without_anchors_integrity_is_examined_and_trust_is_never_claimed() -> None:
    nothing = question(trust(anchors=(), crls=()))
    report = reported(signed_pdf("leader", "B-T"), nothing)
    (result,) = report.signatures
    assert (result.integrity, result.trust) == ("intact", "not_established")
    assert report.decision == "warn"
    assert "SIG-NO-TRUST-CONFIGURED" in report.findings
    assert result.indication != "TOTAL-PASSED"
    broken = reported(spoiled(signed_pdf("leader", "B-B")), nothing)
    assert (broken.decision, broken.signatures[0].integrity) == ("hold", "broken")


def test_a_self_signed_certificate_is_trusted_only_when_it_was_imported() -> None:
    content = signed_pdf("lone", "B-B")
    assert "SIG-SELF-SIGNED" in reported(content).findings
    assert judged(content).results[0].trust == "untrusted"
    imported = reported(content, question(trust(anchors=("root", "lone"))))
    assert "SIG-SELF-SIGNED" not in imported.findings


def test_a_time_stamp_of_a_certificate_without_that_purpose_proves_no_time() -> None:
    report = reported(signed_pdf("leader", "B-T", tsa="faketsa"))
    (result,) = report.signatures
    assert (result.time, result.proven_at) == ("claimed", "")
    assert "SIG-TIMESTAMP-NOT-TRUSTED" in report.findings
    assert report.decision == "warn"


def test_an_old_signature_passes_as_of_a_proven_moment_with_the_crls_of_that_time() -> None:
    content = signed_pdf("expired", "B-B")
    assert reported(content).findings[0] == "SIG-EXPIRED"
    then = trust(moments=(_2022,))
    report = reported(content, question(then, _2022, proven=True))
    assert outcomes(report.signatures) == ["TOTAL-PASSED"]
    assert (report.decision, report.signatures[0].time) == ("accept", "proven")


def test_a_later_crl_that_still_knows_the_certificate_serves_for_a_proven_moment() -> None:
    content = signed_pdf("leader", "B-B")
    later = question(trust(moments=(NOW,)), datetime(2025, 3, 1, tzinfo=UTC), proven=True)
    assert outcomes(judged(content, later).results) == ["TOTAL-PASSED"]
    before = datetime(2024, 7, 1, tzinfo=UTC)
    after = datetime(2025, 7, 1, tzinfo=UTC)
    revoked = signed_pdf("revoked", "B-B")
    assert outcomes(judged(revoked, question(trust(), before, proven=True)).results) == [
        "TOTAL-PASSED"
    ]
    assert outcomes(judged(revoked, question(trust(), after, proven=True)).results) == [
        "INDETERMINATE/REVOKED_NO_POE"
    ]


def test_a_crl_issued_after_the_certificate_ended_proves_nothing_about_it() -> None:
    silent = question(trust(moments=(NOW,)), _2022, proven=True)
    (result,) = judged(signed_pdf("expired", "B-B"), silent).results
    assert result.indication == "INDETERMINATE"
    assert result.sub_indication == "CERTIFICATE_CHAIN_GENERAL_FAILURE"


def test_a_tampered_file_fails_as_of_any_moment() -> None:
    asked = question(trust(moments=(_2022,)), _2022, proven=True)
    assert outcomes(judged(spoiled(signed_pdf("expired", "B-B")), asked).results) == [
        "TOTAL-FAILED/HASH_FAILURE"
    ]


@pytest.mark.parametrize("level", ["B-B", "B-LTA"])
def test_an_unsigned_page_after_signing_is_never_accepted(level: str) -> None:
    report = reported(with_changed_page(signed_pdf("leader", level)))
    assert report.decision == "hold"
    assert set(outcomes(report.signatures)) == {"INDETERMINATE/UNSIGNED_CHANGES"}
    assert all(s.integrity == "broken" for s in report.signatures)


def test_a_pdf_without_signatures_says_so() -> None:
    report = reported(plain_pdf())
    assert (report.decision, report.signatures) == ("none", ())


def test_the_fixed_dates_of_the_infrastructure_are_consistent() -> None:
    assert _2022 < _2024 < SIGNED < NOW
