"""What an SFTP server does, in Kho's words.

AccessDenied  ── LoginRefused
ConfigError   ── HostKeyUnknown · HostKeyChanged · KeyUnreadable · FolderMissing
                 RenameUnsupported
"""

from __future__ import annotations

from schemas.errors import ConfigError
from storage_backends.interface import AccessDenied, BackendUnavailable


class LoginRefused(AccessDenied):
    """The server knows no such user, or not the key."""

    code = "SFTP-LOGIN-REFUSED"


class HostKeyUnknown(ConfigError):
    """The settings know no key of this server, so it is not trusted; ``key`` is what it shows."""

    code = "SFTP-HOST-KEY-UNKNOWN"
    exit_code = 4


class HostKeyChanged(ConfigError):
    """The server shows another key than the settings pin: nothing was sent to it."""

    code = "SFTP-HOST-KEY-CHANGED"
    exit_code = 4


class KeyUnreadable(ConfigError):
    """The private key, its passphrase or the pinned key cannot be read."""

    code = "SFTP-KEY"


class FolderMissing(BackendUnavailable):
    """The replica's folder is not there: a disk is not mounted, or the url is wrong."""

    code = "SFTP-FOLDER-MISSING"


class RenameUnsupported(ConfigError):
    """The server cannot replace a file in one step, which heads and repairs need."""

    code = "SFTP-NO-RENAME"
    exit_code = 4
