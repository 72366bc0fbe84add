"""What a file of trust material is, before it is imported: certificate, CRL or OCSP response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asn1crypto import crl, ocsp  # type: ignore[import-untyped]  # asn1crypto has no types

from preservation.signatures.material import certificates_in, ders_in
from preservation.signatures.trust import TrustRole
from schemas.moments import format_moment


@dataclass(frozen=True, slots=True)
class TrustFact:
    """One certificate, list or response in a file, in words an operator can check.

    ``from_`` and ``until`` are the validity of a certificate, or this and the next update.
    """

    role: TrustRole
    subject: str
    issuer: str
    from_: str
    until: str
    serial: str = ""
    self_signed: bool = False


def recognised(content: bytes) -> tuple[TrustFact, ...]:
    """Everything that the file holds; empty unless all of it is trust material.

    A worker refuses the whole file for one part that it cannot read, so it is refused here,
    before it is kept. Certificates are told as intermediates: making one an anchor is the
    operator's decision.
    """
    facts: list[TrustFact] = []
    try:
        ders = list(ders_in(content))
    except ValueError:  # a PEM file that was cut off
        return ()
    for der in ders:
        found = _facts(der)
        if not found:
            return ()
        facts += found
    return tuple(facts)


def _facts(der: bytes) -> list[TrustFact]:
    for read in (_crl, _ocsp, _certificates):
        try:
            return read(der)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return []


def _crl(der: bytes) -> list[TrustFact]:
    body = crl.CertificateList.load(der, strict=True)["tbs_cert_list"]
    issuer = body["issuer"].human_friendly
    return [
        TrustFact(
            TrustRole.CRL,
            issuer,
            issuer,
            format_moment(body["this_update"].native),
            _moment(body["next_update"].native),
        )
    ]


def _ocsp(der: bytes) -> list[TrustFact]:
    data = ocsp.OCSPResponse.load(der, strict=True).basic_ocsp_response["tbs_response_data"]
    return [
        TrustFact(
            TrustRole.OCSP,
            "",
            "",
            format_moment(single["this_update"].native),
            _moment(single["next_update"].native),
            serial=f"{single['cert_id']['serial_number'].native:x}",
        )
        for single in data["responses"]
    ]


def _certificates(der: bytes) -> list[TrustFact]:
    return [
        TrustFact(
            TrustRole.INTERMEDIATE,
            certificate.subject.human_friendly,
            certificate.issuer.human_friendly,
            format_moment(certificate.not_valid_before),
            format_moment(certificate.not_valid_after),
            serial=f"{certificate.serial_number:x}",
            self_signed=certificate.self_signed != "no",
        )
        for certificate in certificates_in(der)
    ]


def _moment(value: Any) -> str:
    return format_moment(value) if value is not None else ""
