"""Where authorities publish revocation data, and whether what came from there is theirs.

Addresses are read out of certificates; asking them is somebody else's business
(``preservation.trust_network``), and only for hosts that the settings name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import core, crl, ocsp, x509  # type: ignore[import-untyped]  # has no types
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from preservation.signatures.material import certificates_in, ders_in
from preservation.signatures.trust import TrustRole, TrustSnapshot

_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask an address: a list by GET, or a response about one certificate by POST."""

    role: TrustRole
    url: str
    body: bytes | None = None
    kind: str = ""
    subject: str = ""
    """sha256 of the certificate that an OCSP question is about."""


class Publications:
    """The certificates that matter, and what their authorities publish about them."""

    def __init__(self, snapshot: TrustSnapshot, more: Iterable[Path] = ()) -> None:
        """``snapshot`` is in use; ``more`` are certificates that verdicts rest on."""
        trusted = (TrustRole.ANCHOR, TrustRole.INTERMEDIATE)
        paths = [Path(file.path) for file in snapshot.files if file.role in trusted]
        self._known = {c.sha256: c for path in (*paths, *more) for c in _certificates(path)}
        self._validator = DefaultSignatureValidator()

    def questions(self, now: datetime) -> list[Question]:
        """Every list, once, and one OCSP question for each living certificate of no authority."""
        lists = {
            Question(TrustRole.CRL, url)
            for certificate in self._known.values()
            for url in _list_urls(certificate)
        }
        responses = [
            Question(
                TrustRole.OCSP,
                url,
                _request(certificate, issuer).dump(),
                "application/ocsp-request",
                certificate.sha256.hex(),
            )
            for certificate in self._known.values()
            if not certificate.ca and certificate.not_valid_after > now
            for issuer in self._issuers(certificate.issuer)[:1]
            for url in _response_urls(certificate)
        ]
        ordered = sorted(responses, key=lambda question: (question.url, question.subject))
        return [*sorted(lists, key=lambda question: question.url), *ordered]

    def is_answer(self, question: Question, content: bytes) -> bool:
        """Whether ``content`` is a list, signed by an authority that is known, or a response
        about the certificate asked for. Trust in it is established when it is used."""
        try:
            if question.role is TrustRole.CRL:
                return self._is_list(crl.CertificateList.load(content, strict=True))
            return self._is_response(question, ocsp.OCSPResponse.load(content, strict=True))
        except (ValueError, TypeError, KeyError, RecursionError):
            return False

    def _is_list(self, found: Any) -> bool:
        for issuer in self._issuers(found.issuer):
            try:
                self._validator.validate_signature(
                    found["signature"].native,
                    found["tbs_cert_list"].dump(),
                    issuer.public_key,
                    found["signature_algorithm"],
                )
            except Exception:  # noqa: BLE001, S112  whatever is wrong with it: not this one's
                continue
            return True
        return False

    def _is_response(self, question: Question, found: Any) -> bool:
        serials = {c.serial_number for h, c in self._known.items() if h.hex() == question.subject}
        answered = found.basic_ocsp_response["tbs_response_data"]["responses"]
        return any(one["cert_id"]["serial_number"].native in serials for one in answered)

    def _issuers(self, name: Any) -> list[Any]:
        wanted = name.hashable
        return [c for c in self._known.values() if c.ca and c.subject.hashable == wanted]


def _certificates(path: Path) -> Iterator[Any]:
    try:
        for der in ders_in(path.read_bytes()):
            yield from certificates_in(der)
    except (ValueError, TypeError, KeyError, OSError):
        return


def _list_urls(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = list(certificate.crl_distribution_points)
        urls = [point.url for point in points]
    except (ValueError, TypeError, KeyError):
        return
    yield from (url for url in urls if url and url.lower().startswith(_WEB))


def _response_urls(certificate: x509.Certificate) -> Iterator[str]:
    try:
        urls = list(certificate.ocsp_urls)
    except (ValueError, TypeError, KeyError):
        return
    yield from (url for url in urls[:1] if url.lower().startswith(_WEB))


def _request(certificate: x509.Certificate, issuer: x509.Certificate) -> Any:
    """A plain RFC 6960 request about one certificate, without a nonce: answers are kept."""
    wanted = ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": "sha1", "parameters": core.Null()},
            "issuer_name_hash": issuer.subject.sha1,
            "issuer_key_hash": issuer.public_key.sha1,
            "serial_number": certificate.serial_number,
        }
    )
    return ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": wanted}]}})
