"""A throw-away signing authority, for the demonstration and nothing else.

Its keys live in memory for one run. What it signs proves only that signatures are looked at.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta

from asn1crypto import keys, pem, x509  # type: ignore[import-untyped]  # has no types
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

_YEAR = timedelta(days=365)


class ThrowawayAuthority:
    """A root and one certificate for each signer asked for, made on the spot."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Kho demonstration root", "Demonstration")
        self._root = (
            self._builder(name, name, self._key.public_key())
            .add_extension(certificates.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def sign_pdf(self, pdf: bytes, *, signer: str, organization: str, field: str) -> bytes:
        """``pdf`` with one more signature, as an incremental update."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = certificates.KeyUsage(
            digital_signature=True,
            content_commitment=True,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._builder(_name(signer, organization), self._root.subject, key.public_key())
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        store = SimpleCertificateStore()
        store.register(_loaded(self._root))
        private = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        simple = signers.SimpleSigner(
            signing_cert=_loaded(certificate),
            signing_key=keys.PrivateKeyInfo.load(private),
            cert_registry=store,
        )
        out = io.BytesIO()
        signers.sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)),
            signers.PdfSignatureMetadata(
                field_name=field, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
            ),
            signer=simple,
            output=out,
        )
        return out.getvalue()

    def _builder(
        self,
        subject: certificates.Name,
        issuer: certificates.Name,
        public_key: ec.EllipticCurvePublicKey,
    ) -> certificates.CertificateBuilder:
        return (
            certificates.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(certificates.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + _YEAR)
        )


def _name(common: str, organization: str) -> certificates.Name:
    return certificates.Name(
        [
            certificates.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            certificates.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            certificates.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _loaded(certificate: certificates.Certificate) -> x509.Certificate:
    der = certificate.public_bytes(serialization.Encoding.DER)
    if pem.detect(der):
        raise ValueError("a DER certificate was expected")
    return x509.Certificate.load(der)
