"""The archive's signature over files that commands write; where no key is set, none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kho.cli.session import Session
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from preservation.signatures.signing import ArchiveSigner


class NoPassphrase(ConfigError):
    """The variable that should hold the passphrase is not set."""

    code = "SIGNING-NO-PASSPHRASE"


def signer_of(session: Session) -> ArchiveSigner | None:
    """The archive's signer; None where ``[signing]`` names no key."""
    settings = session.settings.signing
    if not settings.configured:
        return None
    from preservation.signatures.signing import load_signer, read_passphrase

    passphrase = None
    if settings.passphrase_file:
        passphrase = read_passphrase(Path(settings.passphrase_file))
    elif name := settings.passphrase_env:
        stated = session.environment.get(name)
        if stated is None:
            raise NoPassphrase(name=name)
        passphrase = stated.encode()
    return load_signer(settings, passphrase)


def configured_signer(session: Session) -> ArchiveSigner | None:
    """The archive's signer; None where there is no archive either: an empty machine signs not."""
    from kho.config import NoRepository

    try:
        return signer_of(session)
    except NoRepository:
        return None


def sign_file(session: Session, path: Path, signer: ArchiveSigner | None) -> Path | None:
    """The signature beside the file, told to the person; None where the archive has no key."""
    if signer is None:
        session.note("CLI-RECEIPT-UNSIGNED")
        return None
    from preservation.signatures.signing import SUFFIX

    signature = path.with_name(path.name + SUFFIX)
    signature.write_bytes(signer.sign(path.read_bytes()))
    session.note(
        "CLI-RECEIPT-SIGNED",
        file=str(signature),
        name=signer.name,
        sha256=signer.certificate_sha256,
    )
    return signature
