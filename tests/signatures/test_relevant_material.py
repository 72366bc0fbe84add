"""Out of every CRL ever imported, a judgement sees the few that matter, and judges the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from kit.pki import NOW, pki
from kit.signatures import outcomes, question, reported, trust
from kit.signed_pdfs import signed_pdf
from preservation.signatures.material import Material, material
from preservation.signatures.relevant import relevant
from preservation.signatures.trust import TrustSnapshot

_YEARS = tuple(NOW - timedelta(days=30 * months) for months in range(84))


@cache
def _everything() -> tuple[TrustSnapshot, str]:
    """Seven years of monthly lists of both authorities."""
    return trust(moments=_YEARS)


def _material() -> Material:
    snapshot, manifest = _everything()
    return material(snapshot.sha256, manifest)


def _dates(found: Material) -> list[datetime]:
    return sorted(c.crl_data["tbs_cert_list"]["this_update"].native for c in found.crls)


def test_a_live_judgement_sees_the_newest_lists_of_its_chain_only() -> None:
    whole = _material()
    assert len(whole.crls) == 168
    found = relevant(whole, [pki().certificate("leader"), pki().certificate("sub")], NOW)
    assert len(found.crls) == 6
    assert all(NOW - timedelta(days=100) < date <= NOW for date in _dates(found))


def test_the_lists_are_those_of_the_issuers_in_the_chain() -> None:
    found = relevant(_material(), [pki().certificate("leader")], NOW)
    issuers = {c.crl_data.issuer.native["common_name"] for c in found.crls}
    assert issuers == {"sub"}
    chain = [pki().certificate("leader"), pki().certificate("sub")]
    issuers = {
        c.crl_data.issuer.native["common_name"] for c in relevant(_material(), chain, NOW).crls
    }
    assert issuers == {"sub", "root"}


def test_a_proven_moment_sees_lists_on_both_sides_up_to_the_certificates_end() -> None:
    then = datetime(2022, 6, 15, tzinfo=UTC)
    end = datetime(2022, 8, 1, tzinfo=UTC)
    found = relevant(_material(), [pki().certificate("expired")], then, until=end)
    dates = _dates(found)
    assert dates[0] < then < dates[-1] <= end


def test_a_stranger_needs_none_of_it() -> None:
    assert relevant(_material(), [pki().certificate("stranger")], NOW).crls == []


def test_all_the_lists_together_give_the_verdicts_of_the_right_ones() -> None:
    asked = question(_everything())
    assert reported(signed_pdf("leader", "B-T"), asked).decision == "accept"
    assert outcomes(reported(signed_pdf("revoked"), asked).signatures) == [
        "INDETERMINATE/REVOKED_NO_POE"
    ]
    old = signed_pdf("expired", "B-T", moment=datetime(2022, 6, 1, tzinfo=UTC))
    report = reported(old, asked)
    assert outcomes(report.signatures) == ["TOTAL-PASSED"]
    assert report.signatures[0].time == "proven"
