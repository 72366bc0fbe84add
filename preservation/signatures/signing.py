"""The archive's own signature: a detached CMS value (CAdES baseline B) over written bytes.

Receipts and restore proofs are signed with it. Whoever has the bytes, the signature and the
certificate can check it with OpenSSL and without Kho.

SigningError
├── SigningKeyUnusable     the key, its certificate or the passphrase will not do
├── CertificateUnreadable  a certificate to compare with cannot be read
└── SigningKeyExposed      others than its owner may read the key or the passphrase
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pyhanko.keys import load_cert_from_pemder
from pyhanko.sign.signers import SimpleSigner

from preservation.signatures.signing_settings import SigningSettings
from schemas.errors import ConfigError

SUFFIX = ".p7s"
_DIGEST = "sha256"


class SigningError(ConfigError):
    """Nothing was signed."""

    code = "SIGNING"


class SigningKeyUnusable(SigningError):
    """The key, its certificate or its passphrase will not do; ``where`` says which file."""

    code = "SIGNING-KEY-UNUSABLE"


class CertificateUnreadable(SigningError):
    """There is no single certificate in ``where``."""

    code = "SIGNING-CERTIFICATE-UNREADABLE"


class SigningKeyExposed(SigningError):
    """Others than the owner may read ``where``."""

    code = "SIGNING-KEY-EXPOSED"


class ArchiveSigner:
    """Signs for the archive with one key."""

    def __init__(self, signer: SimpleSigner) -> None:
        self._signer = signer
        certificate = signer.signing_cert
        assert certificate is not None  # noqa: S101 - loaded with its certificate
        self._certificate = certificate

    @property
    def name(self) -> str:
        """Whose certificate it is."""
        return str(self._certificate.subject.human_friendly)

    @property
    def certificate_sha256(self) -> str:
        """The certificate's fingerprint, for a verifier to hold on to."""
        return bytes(self._certificate.sha256).hex()

    @property
    def until(self) -> datetime:
        """When the certificate expires."""
        until: datetime = self._certificate.not_valid_after
        return until

    def sign(self, content: bytes) -> bytes:
        """The detached CMS value over exactly these bytes, in DER."""
        value = asyncio.run(
            self._signer.async_sign_general_data(content, _DIGEST, detached=True, use_cades=True)
        )
        return bytes(value.dump())


def load_signer(settings: SigningSettings, passphrase: bytes | None = None) -> ArchiveSigner:
    """The configured key, ready to sign. :class:`SigningKeyUnusable`, :class:`SigningKeyExposed`.

    A key that others may read is refused: whatever it signed would prove nothing.
    """
    where = settings.pkcs12 or settings.key
    _must_be_private(Path(where))
    with _quiet():
        if settings.pkcs12:
            signer = SimpleSigner.load_pkcs12(
                settings.pkcs12, ca_chain_files=settings.chain or None, passphrase=passphrase
            )
        else:
            signer = SimpleSigner.load(
                settings.key,
                settings.certificate,
                ca_chain_files=settings.chain or None,
                key_passphrase=passphrase,
            )
    if signer is None or signer.signing_cert is None:
        raise SigningKeyUnusable(where=where)
    _must_match(signer, where)
    return ArchiveSigner(signer)


def certificate_sha256(path: Path) -> str:
    """The fingerprint of the one certificate in a PEM or DER file. CertificateUnreadable."""
    try:
        return bytes(load_cert_from_pemder(str(path)).sha256).hex()
    except (OSError, ValueError, TypeError) as error:
        raise CertificateUnreadable(where=str(path)) from error


def read_passphrase(path: Path) -> bytes:
    """The first line of a passphrase file. :class:`SigningKeyExposed`, OSError."""
    _must_be_private(path)
    return path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")


def _must_match(signer: SimpleSigner, where: str) -> None:
    """A key that is not the certificate's would sign what nobody can verify."""
    try:
        signed = asyncio.run(signer.async_sign_general_data(b"", _DIGEST, use_cades=True))
        _verify_own(signed, signer)
    except Exception as error:
        raise SigningKeyUnusable(where=where) from error


def _verify_own(signed: object, signer: SimpleSigner) -> None:
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    content = signed["content"]  # type: ignore[index]  # asn1crypto has no types
    info = content["signer_infos"][0]
    intact, valid = validate_sig_integrity(
        info,
        signer.signing_cert,
        expected_content_type="data",
        actual_digest=bytes.fromhex(_EMPTY_SHA256),
    )
    if not (intact and valid):
        raise ValueError("the key is not the certificate's")


_EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _must_be_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SigningKeyUnusable(where=str(path)) from error
    if stat.S_IMODE(mode) & 0o077:
        raise SigningKeyExposed(where=str(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """pyHanko logs a whole trace, with the path, for a wrong passphrase; the error says it."""
    logger = logging.getLogger("pyhanko")
    before = logger.disabled, logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.disabled, _ = before
        logger.setLevel(before[1])
