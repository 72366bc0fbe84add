"""Settings of notifications: through which channels, how often. Passwords are never among them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class SmtpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[notify.smtp]]``: mail through one server; a table for each."""

    host: str
    """The mail server."""
    sender: str
    """The address that mail comes from."""
    to: tuple[str, ...]
    """The addresses that it goes to."""
    port: Port = 587
    """The server's port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: the connection becomes encrypted or nothing is sent; `tls`: it is from the
    first byte (port 465); `none`: in the clear; a password is never sent that way."""
    user: str = ""
    """The user to log in as; empty for a server that asks for none."""
    password_file: str = ""
    """A file whose first line is the password; seen from the archive's folder."""
    password_env: str = ""
    """The environment variable that holds the password, where there is no file."""
    ca_file: str = ""
    """Certificates that vouch for the server; empty for those of the system."""
    timeout_s: AtLeastOne = 30
    """How long to wait for the server."""


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[notify.webhook]]``: JSON posted to one address; a table for each."""

    url: str
    """`https://…` or `http://…`; exactly this address is asked, redirections are not followed."""
    token_file: str = ""
    """A file whose first line is sent as `Authorization: Bearer …`."""
    token_env: str = ""
    """The environment variable that holds the token, where there is no file."""
    ca_file: str = ""
    """Certificates that vouch for the server; empty for those of the system."""
    timeout_s: AtLeastOne = 30
    """How long to wait for the server."""


class CommandSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[notify.command]]``: a program of yours, given the JSON on standard input."""

    argv: tuple[str, ...]
    """The program, by its whole path, and its arguments; no shell is involved."""
    timeout_s: AtLeastOne = 60
    """After so long the program is ended and counts as failed."""


class NotifySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[notify]``: who is told of trouble. Without a channel nobody is, and nothing is sent."""

    every_hours: AtLeastOne = 24
    """The same kind of trouble is told again after so many hours, if it lasts."""
    smtp: tuple[SmtpSettings, ...] = ()
    """Mail."""
    webhook: tuple[WebhookSettings, ...] = ()
    """Web addresses."""
    command: tuple[CommandSettings, ...] = ()
    """Programs."""
