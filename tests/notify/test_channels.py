"""Mail, web and programs, against real servers on this machine."""

from __future__ import annotations

import email
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from kho.notify.channels import Channel, ChannelFailed, Mail, Message, Secrets, open_channels
from kho.notify.notices import Notice, body_of, subject_of
from kho.notify.settings import (
    CommandSettings,
    NotifySettings,
    SmtpSettings,
    WebhookSettings,
)
from kit.smtp_server import SmtpServer, running_smtp
from kit.tls import make_tls

NOTICE = Notice(
    repository_id="11111111-2222-4333-8444-555555555555",
    kind="damage",
    state="raised",
    moment="2026-11-22T12:00:00.000Z",
    since="2026-11-22T12:00:00.000Z",
    count=3,
    replicas=("beta",),
    ledger_head="ab" * 32,
)
MESSAGE = Message(
    NOTICE,
    subject_of(NOTICE, "vi"),
    body_of(NOTICE, "vi"),
    datetime(2026, 11, 22, 12, tzinfo=UTC),
)


def channel_of(
    root: Path, settings: NotifySettings, environment: dict[str, str] | None = None
) -> Channel:
    (channel,) = open_channels(settings, Secrets(root, environment or {}))
    return channel


def mail(root: Path, server: SmtpServer, **changes: Any) -> Channel:
    given = {
        "host": "127.0.0.1",
        "port": server.port,
        "sender": "kho@luutru.vn",
        "to": ("truc@luutru.vn", "it@luutru.vn"),
        "security": "none",
    }
    return channel_of(root, NotifySettings(smtp=(SmtpSettings(**{**given, **changes}),)))


@pytest.mark.loopback
def test_mail_arrives_in_vietnamese_with_what_to_do(tmp_path: Path) -> None:
    with running_smtp(SmtpServer()) as server:
        mail(tmp_path, server).send(MESSAGE)
    (raw,) = server.mails
    got = email.message_from_string(raw, policy=default)
    assert got["Subject"] == "Kho 11111111: 3 tệp bị hỏng trên beta"
    assert got["To"] == "truc@luutru.vn, it@luutru.vn"
    assert got["Message-ID"].endswith("@luutru.vn>")
    body = got.get_content()
    assert "kho repair --dry-run" in body
    assert "ab" * 32 in body
    assert [line for line in server.lines if line.startswith("rcpt")] == [
        "rcpt TO:<truc@luutru.vn>",
        "rcpt TO:<it@luutru.vn>",
    ]


@pytest.mark.loopback
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_is_encrypted_before_the_password_is_sent(tmp_path: Path, security: str) -> None:
    context, trusted = make_tls(tmp_path)
    (tmp_path / "password").write_text("bi mat\n", encoding="utf-8")
    server = SmtpServer(user="kho", password="bi mat", context=context, implicit=security == "tls")
    with running_smtp(server):
        mail(
            tmp_path,
            server,
            security=security,
            ca_file=trusted.name,
            user="kho",
            password_file="password",
        ).send(MESSAGE)
    assert server.logged_in == ["kho"]
    assert len(server.mails) == 1


@pytest.mark.loopback
def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(tmp_path: Path) -> None:
    context, _trusted = make_tls(tmp_path)
    server = SmtpServer(user="kho", password="x", context=context)
    with running_smtp(server), pytest.raises(ChannelFailed):
        mail(tmp_path, server, security="starttls").send(MESSAGE)
    assert (server.mails, server.logged_in) == ([], [])


@pytest.mark.loopback
def test_a_server_without_starttls_gets_nothing(tmp_path: Path) -> None:
    with running_smtp(SmtpServer()) as server, pytest.raises(ChannelFailed):
        mail(tmp_path, server, security="starttls").send(MESSAGE)
    assert server.mails == []


@pytest.mark.loopback
def test_a_wrong_password_and_a_refusal_are_told_without_what_the_server_says(
    tmp_path: Path,
) -> None:
    with running_smtp(SmtpServer(user="kho", password="right")) as server:
        (tmp_path / "password").write_text("wrong", encoding="utf-8")
        with pytest.raises(ChannelFailed) as caught:
            mail(tmp_path, server, user="kho", password_file="password").send(MESSAGE)
    assert caught.value.fields == {"channel": "smtp-1", "reason": "SMTP 535"}
    refusing = SmtpServer(refuse="550 kho@luutru.vn unknown")
    with running_smtp(refusing), pytest.raises(ChannelFailed) as caught:
        mail(tmp_path, refusing).send(MESSAGE)
    assert caught.value.fields["reason"] == "SMTP 550"


def test_a_password_is_never_sent_in_the_clear_to_another_machine(tmp_path: Path) -> None:
    settings = SmtpSettings(
        host="mail.luutru.vn", sender="a@b", to=("c@d",), security="none", user="kho"
    )
    channel = Mail("smtp-1", settings, Secrets(tmp_path, {}))
    with pytest.raises(ValueError, match="in the clear"):
        channel._log_in(None, "x")  # type: ignore[arg-type]  # refused before anything is asked


@pytest.mark.parametrize(("file", "variable"), [("nowhere", ""), ("", "KHO_SMTP_PASSWORD")])
def test_a_password_that_is_not_there_is_said_before_anybody_is_asked(
    tmp_path: Path, file: str, variable: str
) -> None:
    channel = mail(tmp_path, SmtpServer(port=1), password_file=file, password_env=variable)
    with pytest.raises(ChannelFailed):
        channel.send(MESSAGE)


@dataclass
class Posted:
    """What a web server was sent."""

    port: int = 0
    status: int = 200
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)


@contextmanager
def running_web(posted: Posted, **tls: Any) -> Iterator[Posted]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.paths.append(self.path)
            posted.tokens.append(self.headers["Authorization"])
            posted.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(posted.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls["context"].wrap_socket(server.socket, server_side=True)
        posted.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield posted
        finally:
            server.shutdown()
            thread.join()


def webhook(root: Path, url: str, **changes: Any) -> Channel:
    settings = NotifySettings(webhook=(WebhookSettings(url=url, **changes),))
    return channel_of(root, settings, {"KHO_TOKEN": "thẻ".encode().hex()})


@pytest.mark.loopback
def test_a_webhook_gets_the_notice_as_json(tmp_path: Path) -> None:
    with running_web(Posted()) as posted:
        webhook(tmp_path, f"http://127.0.0.1:{posted.port}/kho?a=1", token_env="KHO_TOKEN").send(
            MESSAGE
        )
    assert posted.paths == ["/kho?a=1"]
    assert json.loads(posted.bodies[0])["replicas"] == ["beta"]
    assert json.loads(posted.bodies[0])["format"] == "kho.notice/1"
    assert posted.tokens == [f"Bearer {'thẻ'.encode().hex()}"]


@pytest.mark.loopback
def test_a_webhook_over_tls_trusts_whom_it_was_told_to(tmp_path: Path) -> None:
    context, trusted = make_tls(tmp_path)
    with running_web(Posted(), context=context) as posted:
        url = f"https://127.0.0.1:{posted.port}/"
        webhook(tmp_path, url, ca_file=trusted.name).send(MESSAGE)
        with pytest.raises(ChannelFailed):
            webhook(tmp_path, url).send(MESSAGE)
    assert len(posted.bodies) == 1


@pytest.mark.loopback
@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_a_redirection_is_not_followed_and_an_error_is_one(tmp_path: Path, status: int) -> None:
    with running_web(Posted(status=status)) as posted, pytest.raises(ChannelFailed) as caught:
        webhook(tmp_path, f"http://127.0.0.1:{posted.port}/kho").send(MESSAGE)
    assert posted.paths == ["/kho"]
    assert caught.value.fields["reason"] == f"HTTP {status}"


@pytest.mark.parametrize("url", ["ftp://x/y", "/etc/passwd", "file:///etc/passwd"])
def test_a_webhook_is_on_the_web(tmp_path: Path, url: str) -> None:
    with pytest.raises(ChannelFailed):
        webhook(tmp_path, url).send(MESSAGE)


def program(root: Path, *argv: str) -> Channel:
    return channel_of(root, NotifySettings(command=(CommandSettings(argv=argv, timeout_s=30),)))


def test_a_program_gets_the_notice_on_standard_input_and_no_shell(tmp_path: Path) -> None:
    target = tmp_path / "got it; rm -rf x"
    program(tmp_path, "/usr/bin/tee", str(target)).send(MESSAGE)
    assert json.loads(target.read_text())["count"] == 3


@pytest.mark.parametrize("argv", [("tee", "x"), (), ("/bin/false",), ("/nowhere/at/all",)])
def test_a_program_that_cannot_run_or_fails_is_a_failed_channel(
    tmp_path: Path, argv: tuple[str, ...]
) -> None:
    with pytest.raises(ChannelFailed):
        program(tmp_path, *argv).send(MESSAGE)


def test_without_channels_there_is_nothing_to_open(tmp_path: Path) -> None:
    assert open_channels(NotifySettings(), Secrets(tmp_path, {})) == ()
