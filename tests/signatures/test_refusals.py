"""What path validation passes and we do not: other purposes, short curves, words unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys  # type: ignore[import-untyped]  # asn1crypto has no types
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pyhanko.sign.signers import SimpleSigner

from kit.pki import NOW, pki
from kit.signatures import outcomes, question, trust
from kit.signed_cms import CONTENT, signed_cms
from preservation.signatures.companions import CONTENT as WHOLE
from preservation.signatures.job import facts_of
from preservation.signatures.kinds import Carrier
from preservation.signatures.trust import TrustSnapshot

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def _issued(purposes: list[ObjectIdentifier], curve: ec.EllipticCurve) -> SimpleSigner:
    """A signer whose certificate ``sub`` issued for these purposes."""
    key = ec.generate_private_key(curve)
    others = "key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    usage = dict.fromkeys(f"{others} encipher_only decipher_only".split(), False)
    issuer = x509.load_der_x509_certificate(pki().certificate("sub").dump())
    leader = x509.load_der_x509_certificate(pki().certificate("leader").dump())
    published = leader.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=ai do"))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2028, 1, 1, tzinfo=UTC))
        .add_extension(published.value, critical=False)
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
        )
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    made = builder.sign(_key("sub"), hashes.SHA256())
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        asn1_x509.Certificate.load(made.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(private),
        pki().store("sub"),
    )


def _key(label: str) -> Any:
    return load_der_private_key(pki().key(label).dump(), None)


def _outcome(value: bytes, folder: Path, given: tuple[TrustSnapshot, str] | None = None) -> str:
    content = folder / "content"
    content.write_bytes(CONTENT)
    asked = question(given)
    (told,) = outcomes(facts_of(BytesIO(value), Carrier.CMS, asked, {WHOLE: content}).results)
    return told


@pytest.mark.parametrize(
    ("purposes", "curve", "outcome"),
    [
        ([], ec.SECP256R1(), "TOTAL-PASSED"),
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], ec.SECP256R1(), "TOTAL-PASSED"),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], ec.SECP256R1(), "TOTAL-PASSED"),
        ([ExtendedKeyUsageOID.SERVER_AUTH, DOCUMENT_SIGNING], ec.SECP256R1(), "TOTAL-PASSED"),
        *(
            ([purpose], ec.SECP256R1(), "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE")
            for purpose in (
                ExtendedKeyUsageOID.SERVER_AUTH,
                ExtendedKeyUsageOID.CODE_SIGNING,
                ExtendedKeyUsageOID.TIME_STAMPING,
                ExtendedKeyUsageOID.OCSP_SIGNING,
            )
        ),
        ([], ec.SECP192R1(), "INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE"),
    ],
)
def test_a_certificate_for_something_else_or_of_a_short_curve_does_not_pass(
    purposes: list[ObjectIdentifier], curve: ec.EllipticCurve, outcome: str, tmp_path: Path
) -> None:
    signing = _issued(purposes, curve).async_sign_general_data(CONTENT, "sha256", detached=True)
    assert _outcome(asyncio.run(signing).dump(), tmp_path) == outcome


def _list(since: datetime, *, delta: bool = False, lifted: bool = False) -> bytes:
    """A list of ``sub`` that tells of the leader's certificate."""
    issuer = x509.load_der_x509_certificate(pki().certificate("sub").dump())
    entry = x509.RevokedCertificateBuilder().serial_number(
        pki().certificate("leader").serial_number
    )
    entry = entry.revocation_date(MAY)
    if lifted:
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.remove_from_crl), False)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(since)
        .next_update(since + timedelta(days=60))
        .add_revoked_certificate(entry.build())
    )
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    return builder.sign(_key("sub"), hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (dict, "TOTAL-PASSED"),
        (lambda: {"crls/x.crl": _list(MAY)}, "INDETERMINATE/REVOKED_NO_POE"),
        (
            lambda: {
                "crls/full.crl": pki().crl("sub", MAY),
                "crls/x.crl": _list(NOW - timedelta(days=1), delta=True),
            },
            "INDETERMINATE/REVOKED_NO_POE",
        ),
        (
            lambda: {"crls/x.crl": _list(NOW - timedelta(days=1), delta=True, lifted=True)},
            "TOTAL-PASSED",
        ),
        (
            lambda: {
                "crls/full.crl": pki().crl("sub", NOW),
                "crls/x.crl": _list(MAY, delta=True),
            },
            "TOTAL-PASSED",
        ),
    ],
    ids=["nothing", "a list", "a delta list", "lifted", "an old delta list"],
)
def test_a_good_response_does_not_outweigh_a_list_that_says_revoked(
    told: Callable[[], dict[str, bytes]], outcome: str, tmp_path: Path
) -> None:
    folder = pki().folder(tmp_path / "trust", crls=("root",), responses=("leader",))
    for name, content in told().items():
        (folder / name).write_bytes(content)
    snapshot = TrustSnapshot.load(folder)
    given = snapshot, str(snapshot.write_manifest(folder))
    assert _outcome(signed_cms("leader"), tmp_path, given) == outcome


def test_many_delta_lists_do_not_hide_the_full_one(tmp_path: Path) -> None:
    folder = pki().folder(tmp_path / "trust", moment=NOW - timedelta(days=9))
    for day in range(5):
        since = NOW - timedelta(days=day + 1)
        (folder / f"crls/{day}.crl").write_bytes(_list(since, delta=True, lifted=True))
    snapshot = TrustSnapshot.load(folder)
    given = snapshot, str(snapshot.write_manifest(folder))
    assert _outcome(signed_cms("leader"), tmp_path, given) == _outcome(
        signed_cms("leader"), tmp_path, trust(moments=(NOW - timedelta(days=9),))
    )
