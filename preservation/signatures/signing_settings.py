"""Settings of the archive's own signature; no key and no passphrase is ever among them."""

from __future__ import annotations

import msgspec


class SigningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[signing]``: the key with which receipts and restore proofs are signed."""

    pkcs12: str = ""
    """A PKCS#12 file (`.p12`, `.pfx`) with key and certificate; or give the next two."""
    key: str = ""
    """A private key in PEM or DER."""
    certificate: str = ""
    """The certificate of `key`, in PEM or DER."""
    chain: tuple[str, ...] = ()
    """Certificates of the authorities above it, which signatures then carry."""
    passphrase_file: str = ""
    """A file whose first line is the passphrase; it must be readable by its owner only."""
    passphrase_env: str = ""
    """Name of the environment variable that holds the passphrase."""

    @property
    def configured(self) -> bool:
        """Whether the archive signs."""
        return bool(self.pkcs12 or self.key)
