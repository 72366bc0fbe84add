"""What is spared is only repetition: names, certificates and signatures are judged as before."""

from __future__ import annotations

import pytest
from asn1crypto import algos, cms, x509  # type: ignore[import-untyped]  # asn1crypto has no types
from cryptography.exceptions import InvalidSignature
from pyhanko.sign import general
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from kit.pki import pki
from kit.signatures import judged, outcomes
from kit.signed_pdfs import signed_pdf, spoiled
from preservation.signatures.quicker import quicker, remembered


@pytest.fixture(autouse=True)
def _quick() -> None:
    quicker()


def _name(**parts: str) -> x509.Name:
    return x509.Name.build(parts)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"common_name": "Cơ quan A", "country_name": "VN"}, True),
        ({"common_name": "CƠ  QUAN a", "country_name": "vn"}, True),
        ({"common_name": "Cơ quan B", "country_name": "VN"}, False),
        ({"country_name": "VN"}, False),
        ({"organization_name": "Cơ quan A", "country_name": "VN"}, False),
    ],
)
def test_names_are_equal_as_rfc_5280_has_it(other: dict[str, str], same: bool) -> None:
    this = _name(common_name="Cơ quan A", country_name="VN")
    for _ in range(2):
        assert (this == _name(**other)) is same
        assert (this != _name(**other)) is not same
    assert this != "Cơ quan A"


def test_a_certificate_matches_by_issuer_and_number_both() -> None:
    leader, organ, stranger = map(pki().certificate, ("leader", "organ", "stranger"))

    def asked(issuer: x509.Certificate, number: x509.Certificate) -> object:
        return cms.IssuerAndSerialNumber(
            {"issuer": issuer.issuer, "serial_number": number.serial_number}
        )

    assert general.match_issuer_serial(asked(leader, leader), leader)
    assert not general.match_issuer_serial(asked(leader, organ), leader)
    assert not general.match_issuer_serial(asked(stranger, leader), leader)


def test_a_certificate_of_the_same_bytes_is_parsed_once_and_of_others_is_another() -> None:
    der = pki().certificate("leader").dump()
    first = remembered(x509.Certificate.load(der))
    assert remembered(x509.Certificate.load(der)) is first
    assert remembered(x509.Certificate.load(pki().certificate("organ").dump())) is not first


def test_a_good_signature_is_remembered_by_all_that_decides_it() -> None:
    validator = DefaultSignatureValidator()
    certificate = pki().certificate("leader")
    signed = certificate["tbs_certificate"].dump()
    key = pki().certificate("sub").public_key
    signature = certificate["signature_value"].native
    how = certificate["signature_algorithm"]
    other = pki().certificate("root").public_key
    weaker = algos.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"})
    for _ in range(2):
        validator.validate_signature(signature, signed, key, how)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(signature, signed + b"x", key, how)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(signature[:-1] + b"\x00", signed, key, how)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(signature, signed, other, how)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(signature, signed, key, weaker)


def test_a_file_that_fails_after_a_good_one_of_the_same_signer_still_fails() -> None:
    good = signed_pdf("leader", "B-T")
    assert outcomes(judged(good).results) == ["TOTAL-PASSED"]
    assert outcomes(judged(spoiled(good)).results) == ["TOTAL-FAILED/HASH_FAILURE"]
    assert outcomes(judged(good).results) == ["TOTAL-PASSED"]
