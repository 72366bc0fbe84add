"""Connections to one SFTP server: its key is checked before anything is said to it."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko.hostkeys import InvalidHostKey

from schemas.errors import KhoError
from schemas.logs import keep_to_themselves
from storage_backends.interface import BackendUnavailable
from storage_backends.sftp.errors import (
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnreadable,
    LoginRefused,
)
from storage_backends.sftp.options import SftpOptions, Target

_CHANNELS_PER_CONNECTION = 8
"""OpenSSH allows 10 sessions on one connection unless told otherwise."""
_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
BROKEN = (EOFError, paramiko.SSHException, socket.timeout, ConnectionError)
"""What a channel raises that is of no use any more."""


class Connections:
    """Hands out SFTP channels, each to one user at a time, over as few connections as do."""

    def __init__(self, name: str, target: Target, options: SftpOptions) -> None:
        keep_to_themselves("paramiko")
        self._name = name
        self._target = target
        self._options = options
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._users_by_transport: dict[Any, int] = {}
        self._closed = False

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of one's own; a broken one is thrown away afterwards."""
        channel = self.take()
        try:
            yield channel
        except BROKEN:
            self.discard(channel)
            raise
        except BaseException:
            self.give_back(channel)
            raise
        self.give_back(channel)

    def take(self) -> Any:
        """An idle channel, or a new one; BackendUnavailable, LoginRefused or ConfigError."""
        with self._lock:
            while self._idle:
                channel = self._idle.pop()
                if channel.get_channel().get_transport().is_active():
                    return channel
            for transport in [t for t in self._users_by_transport if not t.is_active()]:
                del self._users_by_transport[transport]
            transport = next(
                (t for t, n in self._users_by_transport.items() if n < _CHANNELS_PER_CONNECTION),
                None,
            )
            if transport is None:
                transport = self._connected()
                self._users_by_transport[transport] = 0
            self._users_by_transport[transport] += 1
        try:
            channel = paramiko.SFTPClient.from_transport(transport)
            channel.get_channel().settimeout(self._options.timeout_s)
        except (*BROKEN, OSError) as error:
            transport.close()
            raise self._unavailable(error) from error
        return channel

    def give_back(self, channel: Any) -> None:
        """The channel may be used by others."""
        with self._lock:
            if not self._closed:
                self._idle.append(channel)

    def discard(self, channel: Any) -> None:
        """The channel and its connection are closed."""
        with suppress(*BROKEN, OSError):
            channel.get_channel().get_transport().close()

    def close(self) -> None:
        """Every connection is closed."""
        with self._lock:
            self._closed = True
            self._idle.clear()
            transports, self._users_by_transport = list(self._users_by_transport), {}
        for transport in transports:
            transport.close()

    def _connected(self) -> Any:
        pinned = self._pinned_keys()
        try:
            plain = socket.create_connection(
                (self._target.host, self._target.port), min(self._options.timeout_s, 15)
            )
        except OSError as error:
            raise self._unavailable(error) from error
        transport = paramiko.Transport(plain)
        try:
            self._prefer(transport, pinned)
            transport.start_client(timeout=self._options.timeout_s)
            self._check_host(transport.get_remote_server_key(), pinned)
            self._log_in(transport)
        except KhoError:
            transport.close()
            raise
        except (*BROKEN, OSError) as error:
            transport.close()
            raise self._unavailable(error) from error
        return transport

    def _pinned_keys(self) -> dict[str, str]:
        """Base64 of the keys that the settings pin, by their type."""
        if self._options.host_key:
            kind, _, rest = self._options.host_key.strip().partition(" ")
            key = rest.split(" ")[0]
            if not _is_key(key):
                raise KeyUnreadable(backend=self._name, file="host_key", reason="no type and key")
            return {kind: key}
        try:
            known = paramiko.HostKeys(self._options.known_hosts)
        except (OSError, ValueError, paramiko.SSHException, InvalidHostKey) as error:
            raise KeyUnreadable(
                backend=self._name, file=self._options.known_hosts, reason=str(error)
            ) from error
        found = known.lookup(self._target.known_as) or {}
        return {kind: found[kind].get_base64() for kind in found}

    def _prefer(self, transport: Any, pinned: dict[str, str]) -> None:
        """The server is asked for a key of a type that is pinned, if it has one."""
        security = transport.get_security_options()
        wanted = [
            algorithm
            for kind in pinned
            for algorithm in (_RSA_SIGNATURES if kind == "ssh-rsa" else (kind,))
            if algorithm in security.key_types
        ]
        others = [algorithm for algorithm in security.key_types if algorithm not in wanted]
        security.key_types = (*wanted, *others)

    def _check_host(self, key: Any, pinned: dict[str, str]) -> None:
        shown = f"{key.get_name()} {key.get_base64()}"
        facts = {"backend": self._name, "host": self._target.known_as, "key": shown}
        if not pinned:
            raise HostKeyUnknown(**facts)
        if pinned.get(key.get_name()) != key.get_base64():
            raise HostKeyChanged(**facts)

    def _log_in(self, transport: Any) -> None:
        keys = [self._own_key()] if self._options.key_file else list(paramiko.Agent().get_keys())
        reason = "no key: the agent has none"
        for key in keys:
            try:
                if not transport.auth_publickey(self._target.user, key):
                    return
                reason = "the key alone is not enough"
            except paramiko.AuthenticationException as error:
                reason = str(error)
        raise LoginRefused(
            backend=self._name, key="", user=self._target.user, host=self._target.known_as,
            reason=reason,
        )  # fmt: skip

    def _own_key(self) -> Any:
        file = self._options.key_file
        try:
            passphrase = None
            if self._options.passphrase_file:
                lines = Path(self._options.passphrase_file).read_text("utf-8").splitlines()
                passphrase = lines[0] if lines else None
            return paramiko.PKey.from_path(
                file, passphrase.encode() if passphrase is not None else None
            )
        except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
            raise KeyUnreadable(backend=self._name, file=file, reason=str(error)) from error

    def _unavailable(self, error: Exception) -> BackendUnavailable:
        reason = str(error) or type(error).__name__
        where = f"sftp://{self._target.known_as}"
        return BackendUnavailable(backend=self._name, key=where, reason=reason)


def _is_key(text: str) -> bool:
    """Whether a text can be a public key in base64."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False
