"""Channels: how a notice leaves the house. Each asks exactly the endpoint it was given."""

from __future__ import annotations

import http.client
import smtplib
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path, PurePath
from typing import Protocol
from urllib.parse import urlsplit

from kho.notify.notices import Notice
from kho.notify.settings import (
    CommandSettings,
    NotifySettings,
    SmtpSettings,
    WebhookSettings,
)
from schemas.errors import KhoError
from schemas.records import encode

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class ChannelFailed(KhoError):
    """A notice did not go through ``channel``; ``reason`` is the server's or the system's."""

    code = "NOTIFY-FAILED"
    exit_code = 4


@dataclass(frozen=True, slots=True)
class Message:
    """A notice with its words and its moment."""

    notice: Notice
    subject: str
    body: str
    moment: datetime


class Channel(Protocol):
    """One way to tell somebody. ``name`` tells channels apart and names no address."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None:
        """The message was taken by the other side; :class:`ChannelFailed` otherwise."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where passwords and tokens come from: files seen from ``root``, or the environment."""

    root: Path
    environment: Mapping[str, str]

    def find(self, file: str, variable: str) -> str:
        """The first line of the file, else the variable's value; empty where neither is named.

        OSError for a file that cannot be read, KeyError for a variable that is not set.
        """
        if file:
            return (self.root / file).read_text(encoding="utf-8").partition("\n")[0].strip()
        return self.environment[variable] if variable else ""


def open_channels(settings: NotifySettings, secrets: Secrets) -> tuple[Channel, ...]:
    """A channel for each table; nothing is connected yet."""
    return (
        *(Mail(f"smtp-{n}", one, secrets) for n, one in enumerate(settings.smtp, 1)),
        *(Webhook(f"webhook-{n}", one, secrets) for n, one in enumerate(settings.webhook, 1)),
        *(Program(f"command-{n}", one) for n, one in enumerate(settings.command, 1)),
    )


def channel_names(settings: NotifySettings) -> tuple[str, ...]:
    """The names of the channels that are configured now; others are told of no more."""
    return tuple(one.name for one in open_channels(settings, Secrets(Path(), {})))


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail through one server."""

    name: str
    settings: SmtpSettings
    secrets: Secrets

    def send(self, message: Message) -> None:
        """The server took the mail for every address."""
        try:
            password = self.secrets.find(self.settings.password_file, self.settings.password_env)
            with self._connect() as server:
                if self.settings.user:
                    self._log_in(server, password)
                refused = server.send_message(self._mail(message))
        except (OSError, KeyError, ValueError, smtplib.SMTPException) as error:
            raise ChannelFailed(channel=self.name, reason=_reason(error)) from error
        if refused:
            raise ChannelFailed(channel=self.name, reason=f"{len(refused)} addresses refused")

    def _connect(self) -> smtplib.SMTP:
        one = self.settings
        # A name of our own: smtplib would ask a resolver for it otherwise.
        name, wait_s = "localhost", float(one.timeout_s)
        context = ssl.create_default_context(cafile=self._ca_file())
        if one.security == "tls":
            return smtplib.SMTP_SSL(one.host, one.port, name, timeout=wait_s, context=context)
        server = smtplib.SMTP(one.host, one.port, name, timeout=wait_s)
        if one.security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _ca_file(self) -> str | None:
        return str(self.secrets.root / self.settings.ca_file) if self.settings.ca_file else None

    def _log_in(self, server: smtplib.SMTP, password: str) -> None:
        if self.settings.security == "none" and self.settings.host not in _HERE:
            raise ValueError("no password is sent in the clear: set security")
        server.login(self.settings.user, password)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = self.settings.sender
        mail["To"] = ", ".join(self.settings.to)
        mail["Date"] = format_datetime(message.moment)
        mail["Message-ID"] = make_msgid(domain=self.settings.sender.rpartition("@")[2] or "kho")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        return mail


@dataclass(frozen=True, slots=True)
class Webhook:
    """JSON posted to one address; no proxy, no redirection."""

    name: str
    settings: WebhookSettings
    secrets: Secrets

    def send(self, message: Message) -> None:
        """The address answered with a status of the 200s."""
        try:
            token = self.secrets.find(self.settings.token_file, self.settings.token_env)
            status = self._post(encode(message.notice), token)
        except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
            raise ChannelFailed(channel=self.name, reason=_reason(error)) from error
        if not 200 <= status < 300:
            raise ChannelFailed(channel=self.name, reason=f"HTTP {status}")

    def _post(self, content: bytes, token: str) -> int:
        parts = urlsplit(self.settings.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the url is neither http nor https")
        headers = {"Content-Type": "application/json", "User-Agent": "kho"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = self._connection(parts.scheme, parts.hostname, parts.port)
        try:
            target = parts.path or "/"
            target += f"?{parts.query}" if parts.query else ""
            connection.request("POST", target, content, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        timeout = self.settings.timeout_s
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        file = self.settings.ca_file
        context = ssl.create_default_context(
            cafile=str(self.secrets.root / file) if file else None
        )
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


@dataclass(frozen=True, slots=True)
class Program:
    """A program, given the notice as JSON on standard input; no shell."""

    name: str
    settings: CommandSettings

    def send(self, message: Message) -> None:
        """The program ended with 0."""
        argv = self.settings.argv
        if not argv or not PurePath(argv[0]).is_absolute():
            raise ChannelFailed(channel=self.name, reason="argv[0] is not a whole path")
        try:
            finished = subprocess.run(  # noqa: S603 - the operator's own program
                argv,
                input=encode(message.notice),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
                timeout=self.settings.timeout_s,
                start_new_session=True,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ChannelFailed(channel=self.name, reason=_reason(error)) from error
        if finished.returncode:
            raise ChannelFailed(channel=self.name, reason=f"exit {finished.returncode}")


def _reason(error: Exception) -> str:
    """What went wrong, without what servers echo back (addresses, user names)."""
    match error:
        case smtplib.SMTPResponseException():
            return f"SMTP {error.smtp_code}"
        case KeyError():
            return f"{error} is not set in the environment"
        case subprocess.TimeoutExpired():
            return f"no answer in {error.timeout:.0f} s"
        case OSError() if error.strerror:
            return error.strerror
        case ValueError():
            return str(error)
        case _:
            return type(error).__name__
