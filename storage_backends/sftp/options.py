"""What kho.toml may say of a replica on SFTP, and where its secrets are instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from storage_backends.registry import UnknownOption, UnknownStore, without_secrets
from storage_backends.s3.options import SecretInSettings, fitting, refuse_secrets

_PORT = 22


@dataclass(frozen=True, slots=True)
class SftpOptions:
    """Options of a replica whose url is ``sftp://user@host:port/folder``."""

    host_key: str = ""
    """The server's public key, `ssh-ed25519 AAAA…`: any other server is refused."""
    known_hosts: str = ""
    """A file of known host keys, instead of `host_key`; seen from the archive's folder."""
    key_file: str = ""
    """The private key to log in with, seen from the archive's folder; empty for the keys of
    the running agent."""
    passphrase_file: str = ""
    """A file whose first line opens `key_file`; seen from the archive's folder."""
    timeout_s: int = 60
    """A connection without any progress for so many seconds has failed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who logs in where, and the absolute folder of the replica."""

    user: str
    host: str
    port: int
    folder: str

    @property
    def known_as(self) -> str:
        """The host as a file of known hosts names it."""
        return self.host if self.port == _PORT else f"[{self.host}]:{self.port}"


def read_options(name: str, stated: Mapping[str, str | int | bool]) -> SftpOptions:
    """The options, every one known and possible; a secret among them is refused."""
    refuse_secrets(name, stated)
    options: SftpOptions = fitting(name, "sftp", SftpOptions(), stated)
    if bool(options.host_key) == bool(options.known_hosts):
        raise UnknownOption(
            backend=name, kind="sftp", option="host_key or known_hosts: one of them"
        )
    return options


def read_target(name: str, url: str) -> Target:
    """What ``sftp://user@host:port/folder`` names; :class:`UnknownStore` when it does not."""
    parts = urlsplit(url)
    if parts.password is not None:
        raise SecretInSettings(backend=name, option="url")
    folder = unquote(parts.path).rstrip("/")
    usable = parts.hostname and parts.username and folder.startswith("/")
    if not usable or parts.query or parts.fragment or "\0" in folder:
        raise UnknownStore(backend=name, url=without_secrets(url), reason="not-an-sftp-folder")
    return Target(unquote(parts.username or ""), parts.hostname or "", parts.port or _PORT, folder)
